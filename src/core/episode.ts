/** After a refusal, a single request asks whether more may go: first after so many gaps, within these bounds, then ever less often. */
const PAUSE_GAPS = 4;
const PAUSE_MIN_MS = 50;
const PAUSE_MAX_MS = 1_000;
const PAUSE_GROWTH = 2;
/** It is no longer than this, or than a gap, or than this share of the time that there have been nothing but refusals. */
const PAUSE_CAP_MS = 30_000;
const PAUSE_CAP_SHARE = 1 / 8;

/** An episode is brief that ends with the first or second request that asks; where the API names the time, after so long. */
const BRIEF_PAUSES = 2;
const BRIEF_ASKED_MS = 3_000;

/** `moment`: the first or second request that asked was served. `brief`: so it was, once the time had passed that the API named. */
export type Duration = "moment" | "brief" | "long";

/** Refusals, from the first to the next request that is served (L3), as a value. Pure; times are ms on the monotonic clock. */
export class Episode {
  readonly #sinceMs: number;
  #pauses = 0;
  #isAsked = false;

  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  /** The API named the time: the pause may be longer than its limit needs. */
  get isAsked(): boolean {
    return this.#isAsked;
  }

  /**
   * The first refusal, or that of a request that asked whether it is over. Gives the ms until the next one may ask.
   *
   * @param isAsked the API says itself how long to wait
   * @param gapMs between requests as they went before; undefined: they were not spaced
   */
  refused(nowMs: number, isAsked: boolean, gapMs: number | undefined = PAUSE_MAX_MS): number {
    if (isAsked) this.#isAsked = true;
    const firstMs = Math.max(PAUSE_MIN_MS, gapMs, Math.min(PAUSE_MAX_MS, PAUSE_GAPS * gapMs));
    const capMs = Math.max(PAUSE_CAP_MS, gapMs, (nowMs - this.#sinceMs) * PAUSE_CAP_SHARE);
    const pauseMs = Math.min(capMs, firstMs * PAUSE_GROWTH ** this.#pauses);
    this.#pauses += 1;
    return pauseMs;
  }

  /** How long it lasted until now. */
  pauseMs(nowMs: number): number {
    return nowMs - this.#sinceMs;
  }

  /** @param gapMs between requests as they went before */
  duration(nowMs: number, gapMs: number): Duration {
    if (this.#pauses > BRIEF_PAUSES) return "long";
    if (!this.#isAsked) return "moment";
    return this.pauseMs(nowMs) <= Math.max(BRIEF_ASKED_MS, BRIEF_PAUSES * gapMs) ? "brief" : "long";
  }
}
