import type { Outcome } from "./outcome.ts";
import type { RetryPolicy } from "./sync.ts";

/** `unreachable`: no request has left since then. `failing`: some have, and none was answered as an API does that works. */
export type Down = "unreachable" | "failing";

/**
 * Notices that a destination is down for longer than it is worth waiting for in one run. While the circuit is open (R7) single requests ask, each for
 * another operation, so that none of thousands would ever run out of attempts. Pure; times are ms on the monotonic clock.
 */
export class Outage {
  readonly #policy: RetryPolicy;
  #sinceMs: number | undefined;
  #failures = 0;
  #hasLeft = false;

  constructor(policy: RetryPolicy) {
    this.#policy = policy;
  }

  /** It has answered as an API does that works. */
  answered(): void {
    this.#sinceMs = undefined;
    this.#failures = 0;
    this.#hasLeft = false;
  }

  /** Notes how an attempt ended; says so once it has been down for so long. */
  note(outcome: Outcome, nowMs: number): Down | undefined {
    // The lane is closed: nobody has asked.
    if (outcome.kind === "not-sent" && outcome.retryAfterMs !== undefined) return undefined;
    if (!isFailure(outcome)) {
      this.answered();
      return undefined;
    }
    this.#sinceMs ??= nowMs;
    this.#failures += 1;
    this.#hasLeft ||= outcome.kind === "unknown";
    const lastsMs = nowMs - this.#sinceMs;
    if (this.#failures < this.#policy.attempts) return undefined;
    if (!this.#hasLeft && lastsMs >= longestMs(this.#policy)) return "unreachable";
    return lastsMs >= this.#policy.deadlineMs ? "failing" : undefined;
  }
}

const isFailure = (outcome: Outcome): boolean =>
  outcome.kind === "not-sent" ||
  (outcome.kind === "unknown" && (outcome.status === undefined || outcome.status >= 500));

/** R3: the longest that the waits between the attempts at one request take together. */
function longestMs({ attempts, baseMs, capMs }: RetryPolicy): number {
  let sumMs = 0;
  for (let attempt = 1; attempt < attempts; attempt++) sumMs += Math.min(capMs, baseMs * 2 ** (attempt - 1));
  return sumMs;
}
