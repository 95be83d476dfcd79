import type { LaneWait } from "./lane.ts";

/**
 * What a lane is doing: requests wait for one of the reasons of {@link LaneWait}; `full`: they wait for an answer, since no more may be under way;
 * `answers`: some are under way and nobody waits; `idle`: nothing.
 */
export type LaneState = LaneWait | "full" | "answers" | "idle";

/** What a lane did in a run. */
export interface LaneStats {
  /** Origin of the API. */
  readonly origin: string;
  /** How long it was in each state, ms. */
  readonly ms: Readonly<Record<LaneState, number>>;
  readonly requests: { readonly read: number; readonly write: number };
  /** Sum of the times that answers took, ms. */
  readonly answersMs: { readonly read: number; readonly write: number };
  /** The known rate limit, requests a second; undefined where none is. */
  readonly perSecond: number | undefined;
  /** How many requests may be under way at once. */
  readonly concurrency: number;
}

const none = (): Record<LaneState, number> => ({
  pace: 0,
  asked: 0,
  throttled: 0,
  quota: 0,
  circuit: 0,
  full: 0,
  answers: 0,
  idle: 0,
});

/** Adds up how long a lane is in each state. Pure; times are ms on the monotonic clock. */
export class LaneTimes {
  readonly #ms = none();
  #state: LaneState = "idle";
  #sinceMs: number;

  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  /** From now on it is in this state. */
  enter(state: LaneState, nowMs: number): void {
    this.#ms[this.#state] += nowMs - this.#sinceMs;
    this.#state = state;
    this.#sinceMs = nowMs;
  }

  /** Up to now. */
  until(nowMs: number): Readonly<Record<LaneState, number>> {
    this.enter(this.#state, nowMs);
    return { ...this.#ms };
  }
}
