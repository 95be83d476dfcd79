import { unreachable } from "./invariant.ts";
import type { Outcome, RefusalReason } from "./outcome.ts";
import type { RetryPolicy } from "./sync.ts";

/** How a request may be repeated once its outcome is not known (R2). */
export interface Repeatability {
  /** Its method and address make twice the same as once. */
  readonly repeatable: boolean;
  /** It carries an idempotency key that the API still remembers. */
  readonly keyed: boolean;
  /** The destination can be asked whether it landed. */
  readonly lookUp: boolean;
}

/** Where the attempts at one request stand. */
export interface RetryState {
  /** Attempts made in this run, the one being judged included. */
  readonly attempts: number;
  /** What is left of its deadline, ms. */
  readonly leftMs: number;
  /** True when any attempt, this one or one before a restart, was unknown (R2). */
  readonly everUnknown: boolean;
}

/** What to do after an attempt. */
export type Next =
  | { readonly kind: "applied" }
  | { readonly kind: "rejected"; readonly reason: RefusalReason; readonly message: string }
  /** The same bytes again, after `delayMs`. */
  | { readonly kind: "again"; readonly delayMs: number; readonly message: string }
  /** Ask the destination whether it landed, after `delayMs`. */
  | { readonly kind: "look-up"; readonly delayMs: number; readonly message: string }
  /** Keep it for a later run: `parked` when it was certainly not applied, `unknown` otherwise (R3a). */
  | {
      readonly kind: "hold";
      readonly state: "parked" | "unknown";
      readonly notBeforeMs: number | undefined;
      readonly message: string;
    }
  /** Nothing can succeed with these credentials: the run stops, the record keeps its place. */
  | { readonly kind: "stop"; readonly state: "parked" | "unknown"; readonly message: string };

interface Moment {
  readonly wallMs: number;
  /** Uniform in [0, 1). */
  readonly random: number;
}

/**
 * Decides what follows an attempt. Pure: the only place that knows when a request may be repeated (R2, R3, R3a, R4).
 */
export function decideRetry(
  policy: RetryPolicy,
  may: Repeatability,
  state: RetryState,
  outcome: Outcome,
  now: Moment,
): Next {
  switch (outcome.kind) {
    case "applied":
      return { kind: "applied" };
    case "refused":
      return afterRefusal(may, state, outcome);
    case "unknown":
      if (outcome.replayed === true) return unresolved(may, outcome.message, 0);
      if (!may.repeatable && !may.keyed)
        return unresolved(may, outcome.message, backoffMs(policy.baseMs, policy, state, now));
      return again(policy, state, outcome, policy.baseMs, now);
    case "not-sent":
    case "throttled":
      // R2: an earlier unknown attempt is not cleared by a later refusal to serve; a bare write then must not be sent again.
      if (state.everUnknown && !may.repeatable && !may.keyed)
        return unresolved(may, outcome.message, backoffMs(policy.baseMs, policy, state, now));
      return again(policy, state, outcome, outcome.kind === "throttled" ? policy.throttledBaseMs : policy.baseMs, now);
    default:
      return unreachable(outcome);
  }
}

function afterRefusal(may: Repeatability, state: RetryState, outcome: Extract<Outcome, { kind: "refused" }>): Next {
  const { reason, message } = outcome;
  if (reason === "credentials") return { kind: "stop", state: state.everUnknown ? "unknown" : "parked", message };
  // K5: the API remembers other bytes under this key. A fresh key could double the record, so a person must look.
  if (reason === "keyMismatch") return { kind: "hold", state: "unknown", notBeforeMs: undefined, message };
  // U5: "already there" may be our own write, or someone else's; only a look-up by our own external id can tell.
  if (reason === "exists" && may.lookUp) return { kind: "look-up", delayMs: 0, message };
  // R2: the answer under the same key speaks for all attempts; any other refusal speaks only for the last one.
  if (state.everUnknown && !may.keyed) {
    return may.lookUp
      ? { kind: "look-up", delayMs: 0, message }
      : { kind: "hold", state: "unknown", notBeforeMs: undefined, message };
  }
  return { kind: "rejected", reason, message };
}

/** R2: without a safe way to repeat it, a write of unknown outcome is looked up, or kept for a person. */
function unresolved(may: Repeatability, message: string, delayMs: number): Next {
  if (may.lookUp) return { kind: "look-up", delayMs, message };
  return { kind: "hold", state: "unknown", notBeforeMs: undefined, message };
}

function again(
  policy: RetryPolicy,
  state: RetryState,
  outcome: Extract<Outcome, { kind: "unknown" | "not-sent" | "throttled" }>,
  baseMs: number,
  now: Moment,
): Next {
  // R4: the API's own floor is never shortened; jitter only lengthens it, so that many waiters do not return at once.
  const floorMs = outcome.retryAfterMs;
  const jitterMs = backoffMs(baseMs, policy, state, now);
  const delayMs = floorMs === undefined ? jitterMs : floorMs + Math.min(jitterMs, floorMs * FLOOR_JITTER);
  const isLasting = outcome.kind === "not-sent" && outcome.isLasting === true;
  if (!isLasting && state.attempts < policy.attempts && delayMs <= state.leftMs)
    return { kind: "again", delayMs, message: outcome.message };
  // R3a: out of attempts or time is no refusal: the operation stays, parked or unknown.
  return {
    kind: "hold",
    state: state.everUnknown || outcome.kind === "unknown" ? "unknown" : "parked",
    notBeforeMs: floorMs === undefined ? undefined : now.wallMs + floorMs,
    message: outcome.message,
  };
}

/** At most this share is added to a Retry-After. */
const FLOOR_JITTER = 0.1;

/** R3: full jitter, `U(0, min(cap, base * 2^n))`; the n-th repetition has n = attempts - 1. */
function backoffMs(baseMs: number, policy: RetryPolicy, state: RetryState, now: Moment): number {
  return now.random * Math.min(policy.capMs, baseMs * 2 ** Math.min(state.attempts - 1, EXPONENT_MAX));
}

/** Beyond this the cap has long been reached; it keeps the power finite. */
const EXPONENT_MAX = 30;
