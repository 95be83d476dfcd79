/** What an API served, and in which time. Pure; times are ms on the monotonic clock. */
export class Throughput {
  #served = 0;
  #activeMs = 0;
  /** How much of both belongs to what came before the stretch that is under way. */
  #before = { served: 0, activeMs: 0 };
  #markMs: number | undefined;

  get served(): number {
    return this.#served;
  }

  get activeMs(): number {
    return this.#activeMs;
  }

  /** Requests a ms. One more may have been waiting at the end. */
  get perMs(): number {
    return (this.#served + 1) / Math.max(1, this.#activeMs);
  }

  serve(): void {
    this.#served += 1;
  }

  /**
   * Time passes. Gives how much of it counts.
   *
   * @param mostMs no more than this counts
   */
  pass(nowMs: number, mostMs: number): number {
    const ms = Math.min(nowMs - (this.#markMs ?? nowMs), mostMs);
    this.#activeMs += ms;
    this.#markMs = nowMs;
    return ms;
  }

  /** A stretch begins; the one that ends now still counts, and what was before it does not any more. */
  turn(): void {
    this.#served -= this.#before.served;
    this.#activeMs -= this.#before.activeMs;
    this.#before = { served: this.#served, activeMs: this.#activeMs };
  }

  /** A stretch begins, and what was before counts whole. */
  continue(): void {
    this.#before = { served: 0, activeMs: 0 };
  }

  /** Nothing that was before counts. */
  restart(): void {
    this.#served = 0;
    this.#activeMs = 0;
    this.continue();
  }
}
