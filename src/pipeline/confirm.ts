import type { Outcome } from "../core/outcome.ts";
import { Patience } from "../core/patience.ts";
import { decideRetry } from "../core/retry.ts";
import type { RunContext } from "./context.ts";
import { recordOf } from "./source-record.ts";

/** What the source says of a record that its list does not show. */
export type Confirmation =
  | { readonly kind: "gone" }
  | { readonly kind: "there" }
  | { readonly kind: "unclear"; readonly message: string };

const A_READ = { repeatable: true, keyed: false, lookUp: false };

/**
 * Asks the source for one record by its key (D2). Only 404, 410 and what `answers.missing` declares are an absence: a 403 may be one of
 * permission.
 */
export async function confirmAbsence(key: string, context: RunContext): Promise<Confirmation> {
  const { clock, chance } = context.ports;
  const { source, retry } = context.sync;
  const patience = new Patience(retry.source.deadlineMs);
  for (let attempts = 1; ; attempts++) {
    if (context.stop.aborted) return { kind: "unclear", message: "the run stopped before it could be asked" };
    const made = await source.readOne?.(key, undefined, { signal: context.kill, stop: context.stop });
    if (made === undefined) return { kind: "unclear", message: "the source cannot be asked" };
    context.sent(source.connection, made.evidence);
    if (made.record !== undefined) {
      // D1: what it marks as deleted has gone, though it still shows it.
      const record = await recordOf(made.record, false, context.sync);
      return { kind: "isTombstone" in record || record.isExcluded === true ? "gone" : "there" };
    }
    const { outcome } = made;
    if (saysGone(outcome)) return { kind: "gone" };
    if (outcome.kind === "applied") return { kind: "unclear", message: "the answer is not a record" };
    patience.spend(made.evidence.durationMs);
    const state = { attempts, leftMs: patience.leftMs, everUnknown: false };
    const now = { wallMs: clock.wallMs(), random: chance.random() };
    const next = decideRetry(retry.source, A_READ, state, outcome, now);
    if (next.kind !== "again") return { kind: "unclear", message: outcome.message };
    context.counts.retries += 1;
    patience.spend(next.delayMs);
    await clock.sleep(next.delayMs, context.stop).catch(() => undefined);
  }
}

/** A 410 on a page means an expired position; on one record it means that the record is gone (RFC 9110, 15.5.11). */
export const saysGone = (outcome: Outcome): boolean =>
  outcome.kind === "refused" && (outcome.reason === "missing" || outcome.reason === "cursorExpired");
