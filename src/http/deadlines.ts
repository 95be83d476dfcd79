import type { Clock, Timer } from "../core/clock.ts";

/** Something with a moment at which it must be looked at. */
export interface Timed {
  /** Gives the next moment at which to look, or undefined when there is none. Must not be called after it was removed. */
  look(nowMs: number): number | undefined;
}

const NEVER = Number.POSITIVE_INFINITY;

/**
 * One timer for many limits that mostly never come: it sleeps until the nearest could be over, and looks at all of them then. A limit that
 * moves away, as with each chunk of an answer, does not touch it, and neither does one that ends in time.
 */
export class Deadlines {
  readonly clock: Clock;
  readonly #all = new Set<Timed>();
  #timer: Timer | undefined;
  #atMs = NEVER;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** `timed` is looked at at this moment or before; called again when its limit comes closer. */
  watch(timed: Timed, atMs: number, nowMs: number): void {
    this.#all.add(timed);
    if (atMs < this.#atMs) this.#arm(atMs, nowMs);
  }

  /** Nothing is left to be looked at; harmless when it was removed already. */
  remove(timed: Timed): void {
    this.#all.delete(timed);
    if (this.#all.size === 0) this.#disarm();
  }

  #arm(atMs: number, nowMs: number): void {
    this.#timer?.cancel();
    this.#atMs = atMs;
    this.#timer = this.clock.after(atMs - nowMs, this.#lookAround);
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#atMs = NEVER;
  }

  readonly #lookAround = (): void => {
    this.#timer = undefined;
    this.#atMs = NEVER;
    const nowMs = this.clock.monotonicMs();
    let nextMs = NEVER;
    for (const timed of this.#all) nextMs = Math.min(nextMs, timed.look(nowMs) ?? NEVER);
    if (this.#all.size > 0 && nextMs < this.#atMs) this.#arm(nextMs, nowMs);
  };
}
