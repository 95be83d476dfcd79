import type { Destination, Finding, LookUp } from "../core/destination.ts";
import type { JsonObject } from "../core/json.ts";
import type { Operation } from "../core/operation.ts";
import { Patience } from "../core/patience.ts";
import { holds } from "../core/holds.ts";
import { decideRetry } from "../core/retry.ts";
import { clearedFields } from "../core/sync.ts";
import type { RunContext } from "./context.ts";
import { noteHold, noteOutage, noteRefusedCredentials } from "./given-up.ts";
import type { SearchReason } from "./after-search.ts";

/** What looking for a record in the live destination came to. */
export type Search =
  /** It is there and holds what the operation wants. */
  | { readonly kind: "level"; readonly destinationId: string | undefined; readonly etag: string | undefined }
  | {
      readonly kind: "different";
      readonly destinationId: string | undefined;
      readonly record: JsonObject;
      readonly etag: string | undefined;
      /** It has all that is wanted, and something in the place of what the mapping left out. */
      readonly isLeftOver?: boolean;
    }
  /** It is certainly not there: no look-up saw it once every request given up had its time to land. */
  | { readonly kind: "absent" }
  | { readonly kind: "unclear"; readonly message: string }
  | { readonly kind: "stopped"; readonly message: string };

/** How an operation's record is looked up; undefined where the destination cannot be asked for it: `read` alone takes an id that is known. */
export const lookUpOf = (
  { destinationId }: Pick<Operation, "destinationId">,
  { lookUp, readBack }: Destination,
): LookUp | undefined => lookUp ?? (destinationId === undefined ? undefined : readBack);

interface Looking {
  readonly look?: LookUp | undefined;
  /** What is found may be of somebody else, or older than the first write of this ledger: any field in it may be one to be cleared. */
  readonly isForeign?: boolean;
}

/** How often a look-up is repeated while an absence cannot be believed yet. */
const PROBE_BASE_MS = 1_000;
const PROBE_CAP_MS = 30_000;

/**
 * Looks until the answer can be believed. Finding it is believed at once. Not finding it is believed only when the request in
 * doubt can no longer land (`lateWrite`) and an index that lags has caught up since (`visibilityLag`): one miss is not absence (U3, U6).
 */
export async function search(
  operation: Operation,
  reason: SearchReason,
  context: RunContext,
  { look = lookUpOf(operation, context.sync.destination), isForeign = false }: Looking = {},
): Promise<Search> {
  const { clock, chance } = context.ports;
  const { destination, retry } = context.sync;
  if (look === undefined)
    return { kind: "unclear", message: "the destination cannot be asked: no `find` or `read` is declared" };
  const policy = retry.destination;
  const patience = new Patience(policy.deadlineMs);
  const believedMs = believedFrom(operation, reason, context);
  const goneMs = clock.wallMs() + lagOf(operation, destination);
  let failures = 0;
  for (let probe = 0; ; probe++) {
    if (context.stop.aborted) return { kind: "stopped", message: "the run stopped before it could be looked up" };
    const patienceMs = patience.leftMs;
    const finding = await look(operation.record, operation.destinationId, {
      signal: context.kill,
      stop: context.stop,
      patienceMs,
    });
    let delayMs = Math.min(PROBE_CAP_MS, PROBE_BASE_MS * 2 ** probe);
    if (finding.kind !== "unclear") context.outage?.answered();
    switch (finding.kind) {
      case "found":
        context.counts.requests += 1;
        if (operation.kind === "delete") {
          // The delete in doubt may still land.
          const leftMs = believedMs - clock.wallMs();
          if (leftMs <= 0) return differentOf(finding);
          delayMs = Math.min(delayMs, leftMs);
          break;
        }
        return judged(finding, operation, context, isForeign);
      case "absent": {
        context.counts.requests += 1;
        const isDelete = operation.kind === "delete";
        // What is not there any more is deleted, whatever may still land; but a search may not show yet what is there (U6).
        const untilMs = isDelete ? goneMs : believedMs;
        const leftMs = untilMs - clock.wallMs();
        if (leftMs <= 0) return isDelete ? GONE : { kind: "absent" };
        delayMs = Math.min(delayMs, leftMs);
        context.say({
          type: "waiting",
          untilMs,
          reason:
            reason === "exists" || isDelete
              ? `the destination has ${operation.record.key}, and may not show it yet`
              : `a request for ${operation.record.key} was given up and may still land`,
        });
        break;
      }
      case "unclear": {
        if (context.stop.aborted) return { kind: "stopped", message: "the run stopped while it was looked up" };
        const made = finding.attempt;
        context.sent(destination.connection, made.evidence);
        // What the answer says may be of no use, and is an answer all the same.
        if ((made.evidence.answer?.status ?? 500) < 500) context.outage?.answered();
        else noteOutage(made, context);
        failures += 1;
        patience.spend(made.evidence.durationMs);
        const state = { attempts: failures, leftMs: patience.leftMs, everUnknown: false };
        const now = { wallMs: clock.wallMs(), random: chance.random() };
        const next = decideRetry(policy, A_READ, state, made.outcome, now);
        if (next.kind === "stop") noteRefusedCredentials(next, made, context);
        if (next.kind === "hold") noteHold(next, made, context);
        if (next.kind !== "again")
          return {
            kind: "unclear",
            message: `it could not be looked up: ${next.kind === "applied" ? "the answer is not a record" : next.message}`,
          };
        delayMs = next.delayMs;
        patience.spend(delayMs);
        break;
      }
    }
    await clock.sleep(delayMs, context.stop).catch(() => undefined);
  }
}

function judged(
  found: Extract<Finding, { kind: "found" }>,
  { record: { mapped } }: Operation,
  { sync }: RunContext,
  isForeign: boolean,
): Search {
  const { destinationId, etag, record } = found;
  if (!holds(record, mapped)) return differentOf(found);
  if (holds(record, mapped, clearedFields(sync), isForeign)) return { kind: "level", destinationId, etag };
  return { ...differentOf(found), isLeftOver: true } as Search;
}

/** A delete has nothing to do. */
const GONE: Search = { kind: "level", destinationId: undefined, etag: undefined };

const differentOf = ({ destinationId, record, etag }: Extract<Finding, { kind: "found" }>): Search => ({
  kind: "different",
  destinationId,
  record,
  etag,
});

const A_READ = { repeatable: true, keyed: false, lookUp: false };

/** How long a record that is there may stay invisible to a look-up; what is read under its id is seen at once. */
const lagOf = ({ destinationId }: Operation, { traits, readBack }: Destination): number =>
  destinationId !== undefined && readBack !== undefined ? 0 : (traits.find?.visibilityLagMs ?? 0);

/** Wall clock from which "not there" is the truth. */
function believedFrom(operation: Operation, reason: SearchReason, context: RunContext): number {
  const { traits } = context.sync.destination;
  const { lastSentMs } = operation.progress;
  const lagMs = traits.find?.visibilityLagMs ?? 0;
  // U6: somebody has just been told that it is there, and the search may not show it yet.
  const seenMs = reason === "exists" ? context.ports.clock.wallMs() + lagMs : 0;
  if (reason === "before" || lastSentMs === undefined) return seenMs;
  // What lands at the last moment is shown as late again.
  return Math.max(seenMs, lastSentMs + traits.lateWriteMs + lagMs);
}
