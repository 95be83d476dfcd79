import { fingerprint } from "../core/fingerprint.ts";
import type { Held } from "../core/ledger.ts";
import type { Resolution } from "../core/settlement.ts";
import type { NewReject } from "../core/reject.ts";
import type { HistoryEvent } from "../core/history.ts";
import type { Operation } from "../core/operation.ts";
import { GONE } from "../core/record.ts";
import type { RunContext } from "./context.ts";
import type { Ending } from "./deliver.ts";

/** What the ledger records of an ending. */
export function resolutionOf(ending: Ending, context: RunContext): Resolution {
  const { operation } = ending;
  const { number } = operation;
  const line = lineOf(ending, context);
  // U3: it took the place of what remembered that an older write may land.
  const { staleUntilMs } = operation.progress;
  const mayLandUntilMs =
    staleUntilMs !== undefined && staleUntilMs > context.ports.clock.wallMs() ? staleUntilMs : undefined;
  if (operation.kind === "delete" && !isKept(ending)) {
    const { key, cursor: sourceVersion } = operation.record;
    const atMs = context.ports.clock.wallMs();
    // What somebody else has changed, and keeps, is theirs from now on.
    if (ending.kind !== "applied" && ending.kind !== "overruled") return { kind: "withheld", number, key, line };
    return { kind: "deleted", number, key, sourceVersion, atMs, verify: verificationOf(operation, context), line };
  }
  switch (ending.kind) {
    case "applied":
      return {
        kind: "applied",
        number,
        entry: entryOf(operation, ending.destinationId, ending.etag, operation.record.hash, context),
        // A create is planned for a key without an entry, and nothing else of the key is under way until it is settled (U2).
        isNew: operation.kind === "create",
        mapped: operation.record.mapped,
        verify: verificationOf(operation, context),
        line,
      };
    case "overruled":
      return {
        kind: "applied",
        number,
        entry: entryOf(operation, ending.destinationId, ending.etag, operation.record.hash, context),
        mapped: undefined,
        verify: undefined,
        line,
      };
    case "skipped":
      // Adopted without its content: `createOnly` met a record that was there before.
      if (ending.destinationId === undefined && operation.kind === "update")
        return { kind: "needless", number, key: operation.record.key, line };
      return {
        kind: "applied",
        number,
        entry: entryOf(operation, ending.destinationId, undefined, undefined, context),
        mapped: undefined,
        verify: undefined,
        line,
      };
    case "rejected":
      return { kind: "rejected", number, reject: rejectOf(operation, ending, context), mayLandUntilMs, line };
    case "held":
      return { kind: "held", number, state: ending.state, progress: operation.progress, held: heldOf(operation), line };
    case "released":
      return { kind: "released", number, mayLandUntilMs, line };
  }
}

/** D3: a delete that was certainly not applied waits again; one that is in doubt or was refused stays what it is. */
const isKept = (ending: Ending): boolean =>
  ending.kind === "rejected" || (ending.kind === "held" && ending.state === "unknown");

function entryOf(
  operation: Operation,
  destinationId: string | undefined,
  etag: string | undefined,
  hash: string | undefined,
  context: RunContext,
) {
  const { key, keyKind, address, addressKey, cursor } = operation.record;
  return {
    key,
    keyKind,
    destinationId,
    address,
    addressFollowsKey: addressKey === key,
    hash,
    sourceVersion: cursor,
    etag,
    operation: operation.number,
    read: context.read.number,
  };
}

const heldOf = ({ record, write }: Operation): Held => ({ source: record.body, mapped: record.mapped, write });

/**
 * U3: an older write of this key may still land. With other content it must be looked for after that time, so the bytes stay;
 * with the same content only the time is kept, for the sake of a newer version that overtakes it.
 */
function verificationOf(
  operation: Operation,
  context: RunContext,
): { readonly atMs: number; readonly held: Held | undefined } | undefined {
  const { staleUntilMs = 0 } = operation.progress;
  const nowMs = context.ports.clock.wallMs();
  // Both are waited for: a newer version must know of the last of them.
  const atMs = Math.max(staleUntilMs, ownLandingMs(operation, context));
  if (atMs <= nowMs) return undefined;
  return { atMs, held: staleUntilMs > nowMs ? heldOf(operation) : undefined };
}

/** Until when an attempt of its own that was given up may land; 0 when there is none. */
export function ownLandingMs({ progress, idempotencyKey }: Operation, { sync }: RunContext): number {
  const { everUnknown, lastSentMs, twinUntilMs = 0 } = progress;
  // Whatever came of it, under its key it has no second effect.
  if (idempotencyKey !== undefined) return 0;
  const mayLand = everUnknown && lastSentMs !== undefined;
  return Math.max(twinUntilMs, mayLand ? lastSentMs + sync.destination.traits.lateWriteMs : 0);
}

function rejectOf(operation: Operation, ending: Extract<Ending, { kind: "rejected" }>, context: RunContext): NewReject {
  const { record } = operation;
  const isGone = operation.kind === "delete";
  return {
    kind: "rejected",
    key: record.key,
    code: ending.code ?? "REFUSED",
    reason: isGone ? `its delete: ${ending.message}` : ending.message,
    source: isGone && Object.keys(record.body).length === 0 ? undefined : record.body,
    sourceHash: isGone ? GONE : fingerprint(record.body),
    mapping: context.sync.mapping.fingerprint,
    evidence: ending.attempt?.evidence,
    atMs: context.ports.clock.wallMs(),
  };
}

/** The line that an ending leaves in the record's history, for `explain`. */
function lineOf(ending: Ending, context: RunContext): HistoryEvent | undefined {
  const line = detailOf(ending, context);
  if (line === undefined) return undefined;
  const { number, record } = ending.operation;
  return { key: record.key, atMs: context.ports.clock.wallMs(), event: line[0], operation: number, detail: line[1] };
}

function withoutQuery(url: string): string {
  const at = url.indexOf("?");
  return at < 0 ? url : url.slice(0, at);
}

function detailOf(ending: Ending, { sync }: RunContext): readonly [event: string, detail: string] | undefined {
  const { operation } = ending;
  const attempts = operation.progress.attempts;
  const request = operation.write === undefined ? "" : `${operation.write.method} ${withoutQuery(operation.write.url)}`;
  const tries = attempts > 1 ? `, attempt ${attempts}` : "";
  switch (ending.kind) {
    case "applied":
      return ending.how === "found"
        ? [
            "found",
            operation.kind === "delete" ? "the destination holds it no more" : "the destination already holds it",
          ]
        : [operation.kind, `${request}: ${operation.progress.lastMessage ?? "applied"}${tries}`];
    case "rejected":
      return ["rejected", `${request}: ${ending.message}`];
    case "held":
      return [ending.state, `${ending.message}${tries}`];
    case "overruled":
      return ["overruled", "somebody else has changed it in the destination, and that is kept"];
    case "skipped":
      return ending.destinationId === undefined && operation.kind === "update"
        ? undefined
        : [
            "adopted",
            `it exists in the destination, and ${sync.writes === "createOnly" ? "`writes` is createOnly" : "no `update` is declared"}`,
          ];
    case "released":
      return undefined;
  }
}
