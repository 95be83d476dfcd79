/** A rate has held only where so many of the requests that it allows were sent, and as many of them as soon as it allowed. */
const USED_SHARE = 0.5;

/** The time for which a rate must hold before a higher one is tried. Pure; times are ms on the monotonic clock. */
export class Probation {
  readonly #fromMs: number;
  readonly #untilMs: number;
  #starts = 0;
  #dueStarts = 0;

  constructor(nowMs: number, forMs: number) {
    this.#fromMs = nowMs;
    this.#untilMs = nowMs + forMs;
  }

  /**
   * A request starts.
   *
   * @param isDue it came as soon as the rate allowed
   */
  started(isDue: boolean): void {
    this.#starts += 1;
    if (isDue) this.#dueStarts += 1;
  }

  isOver(nowMs: number): boolean {
    return nowMs >= this.#untilMs;
  }

  passedMs(nowMs: number): number {
    return nowMs - this.#fromMs;
  }

  /** A rate that nobody used up has not been shown to hold. */
  isUsed(perMs: number, nowMs: number): boolean {
    return this.#dueStarts >= this.#starts * USED_SHARE && this.#starts >= perMs * this.passedMs(nowMs) * USED_SHARE;
  }
}
