import type { Write } from "./destination.ts";
import type { DesiredRecord } from "./record.ts";

export type OperationKind = "create" | "update" | "delete";

/**
 * Where a journalled operation stands (U1). A row exists only while it is unresolved; that row *is* the mark that the
 * destination may hold either version, so a key with a row is never planned as unchanged (A, B, A).
 *
 * ```
 *            ┌────────── throttled, not sent ──▶ parked ──┐
 * sent ──────┼────────── lost answer ──────────▶ unknown ─┼──▶ (gone: applied or rejected)
 *   ▲        └── applied, a stale write may land ▶ verifying
 *   └── waiting (behind another operation of the same key)
 * ```
 * - `sent`: the durable intent; from here on it may have been sent. Left over from an earlier run, it is unknown.
 * - `unknown`: an attempt may have been applied, and it is not known whether it was.
 * - `parked`: certainly not applied; to be tried again from `notBeforeMs`.
 * - `waiting`: a newer version behind an unresolved one (U2); planned anew when that is resolved.
 * - `verifying`: applied, but an older write with other content may still land until `verifyAtMs` (U3).
 */
export type OperationState = "sent" | "unknown" | "parked" | "waiting" | "verifying";

/** One planned write. Its number is unique in a ledger and grows. */
export interface Operation {
  readonly number: number;
  readonly kind: OperationKind;
  readonly state: OperationState;
  readonly record: DesiredRecord;
  readonly destinationId: string | undefined;
  /** The version of the destination's record that it is based on (U4); kept in no row, since it is read again when it is not known. */
  readonly etag?: string | undefined;
  /** A look-up has shown that nothing is there, so it goes on condition that nothing is (U4); in no row, as above. */
  readonly isAbsent?: boolean;
  /** The bytes to send. Undefined only while `waiting`. */
  readonly write: Write | undefined;
  /** Chosen at random before the first byte leaves and stored with the intent (K1, K3). */
  readonly idempotencyKey: string | undefined;
  /** It was in doubt in this run: whatever was found out of it, it goes in no other company. */
  readonly isAlone?: boolean;
  readonly progress: Progress;
}

/** What the attempts so far came to; survives restarts. Times are wall clock, ms. */
export interface Progress {
  readonly attempts: number;
  /** True once any attempt was unknown: a later refusal or throttle does not clear it (R2). */
  readonly everUnknown: boolean;
  /** When the idempotency key was first put on the wire, or might have been (K4). */
  readonly firstSentMs: number | undefined;
  readonly lastSentMs: number | undefined;
  /** Not to be tried before (R4). */
  readonly notBeforeMs: number | undefined;
  /** Until when an earlier write of this key with other content may still land (U3). */
  readonly staleUntilMs: number | undefined;
  /** Until when a write with the same content, which an earlier run left, may still land. */
  readonly twinUntilMs: number | undefined;
  /** What the last attempt came to, in words. */
  readonly lastMessage: string | undefined;
}

export const FRESH: Progress = {
  attempts: 0,
  everUnknown: false,
  firstSentMs: undefined,
  lastSentMs: undefined,
  notBeforeMs: undefined,
  staleUntilMs: undefined,
  twinUntilMs: undefined,
  lastMessage: undefined,
};

/** Until when an older write of the key may still land, whatever its content; undefined when there is none. */
export function landsUntilMs({ staleUntilMs, twinUntilMs }: Progress): number | undefined {
  return Math.max(staleUntilMs ?? 0, twinUntilMs ?? 0) || undefined;
}
