/**
 * L4: an announced rate is used up to this share. The rest is for wires that bunch requests and clocks that differ. Where the API
 * says that something was left of a whole window all the same, the share grows, up to the second of these.
 */
export const SHARE_AT_FIRST = 0.94;
const SHARE_MAX = 0.99;

/** A window in which so much of the pace was kept was one of full use. */
const USED_SHARE = 0.95;

/** After a refusal the share is less by so many requests of the window, and grows no more for so long; twice as long each time. */
const REFUSED_STEP = 2;
const CONTENT_MS = 60_000;
const CONTENT_MAX_MS = 3_600_000;

const NEVER = Number.POSITIVE_INFINITY;

/** What an answer says of a window, and what was used of it. */
interface Seen {
  readonly limit: number;
  readonly remaining: number;
  readonly windowMs: number;
  /** Own requests of the last window. */
  readonly own: number;
  /** Nobody else uses the limit. */
  readonly isAlone: boolean;
}

/** How much of an announced limit is used. Pure; times are ms on the monotonic clock. */
export class AnnouncedShare {
  #share = SHARE_AT_FIRST;
  /** The least that was said to be left, and since when that is watched. */
  #lowest = NEVER;
  #lowestFromMs = 0;
  /** Until when no more is tried, and for how long after the next refusal. */
  #contentUntilMs = 0;
  #contentMs = CONTENT_MS;

  get value(): number {
    return this.#share;
  }

  /** An answer came. What was left in a whole window of full use may be used as well; half of it at a time. */
  note({ limit, remaining, windowMs, own, isAlone }: Seen, nowMs: number): void {
    this.#lowest = Math.max(0, Math.min(this.#lowest, remaining));
    if (nowMs < this.#lowestFromMs + windowMs) return;
    if (isAlone && own >= limit * this.#share * USED_SHARE && nowMs >= this.#contentUntilMs)
      this.#share = Math.min(SHARE_MAX, this.#share + this.#lowest / 2 / limit);
    this.#lowest = NEVER;
    this.#lowestFromMs = nowMs;
  }

  /** A request was refused although the pace was kept. */
  refused(limit: number, nowMs: number): void {
    if (this.#share === SHARE_AT_FIRST) return;
    this.#share = Math.max(SHARE_AT_FIRST, this.#share - REFUSED_STEP / limit);
    this.#contentUntilMs = nowMs + this.#contentMs;
    this.#contentMs = Math.min(2 * this.#contentMs, CONTENT_MAX_MS);
  }
}
