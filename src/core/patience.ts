/**
 * How much of its deadline an operation has left (R9). What its attempts and the waits between them take is spent; waiting for its turn in a lane
 * that moves is not: behind a limit of one a second most of two thousand operations would run out of time before their first attempt.
 */
export class Patience {
  #leftMs: number;

  constructor(deadlineMs: number) {
    this.#leftMs = deadlineMs;
  }

  /** Never negative. */
  get leftMs(): number {
    return this.#leftMs;
  }

  spend(ms: number): void {
    this.#leftMs = Math.max(0, this.#leftMs - ms);
  }
}
