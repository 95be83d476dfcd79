import { AnnouncedShare, SHARE_AT_FIRST } from "./announced-share.ts";
import type { Quota } from "./rate-limit.ts";

/**
 * Longer windows are budgets, not rates: spread evenly, 5,000 requests a day would be one in 17 s. They only stop a lane once nothing
 * is left.
 */
const PACED_WINDOW_MAX_MS = 3_600_000;

const NEVER = Number.POSITIVE_INFINITY;

/** So many requests are not held for somebody else's: the wire makes them count earlier or later over there than here. */
const EXPLAINED_SHARE = 0.1;
const EXPLAINED_MAX = 4;

/** A server writes its Date once a second: now and then one answer carries the old one, never several in a row. */
const LONGER_IN_A_ROW = 3;

/** A rise of what is left by this share of the limit is a new window. */
const RENEWED_SHARE = 0.25;

/** Own requests are counted in this many slices of the window. */
const SLICES = 16;

/** What a lane remembers of a limit (L7). */
export interface WindowMemory {
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
}

/**
 * One announced limit, followed from answer to answer: how fast requests may go, and until when none may. Pure: times are arguments, on the
 * monotonic clock, ms.
 *
 * Three models hide behind the same headers, and all are served by an even pace of `limit / window`: a fixed window (the count starts again at
 * the reset), a sliding one (each request counts for a window), a bucket (requests drip out). What the headers say is left matters only where
 * it is less than our own requests explain: then somebody else uses the limit too, or the window is longer than believed, and what is left has
 * to last until the reset. Were it always obeyed, a sliding window would halve the pace: at full use next to nothing is ever left.
 */
export class RateLimitWindow {
  readonly name: string;
  #limit: number;
  #windowMs: number | undefined;
  #isWindowAnnounced: boolean;
  /** Longest time to a reset seen: an unannounced window is at least that long. */
  #longestResetMs = 0;
  #longerInARow = 0;
  /** When the count was last seen to start again, and the shortest time between two such moments. */
  #renewedMs: number | undefined;
  #shortestRenewalMs = NEVER;
  /** A reset in 0 s was seen: the API rounds down, so its times are up to one step too short. */
  #roundsDown = false;
  #seenMs: number;
  /** An earlier process saw it, and this one has not yet. */
  #isRemembered = false;
  /** Answers since then that did not speak of it. */
  #missed = 0;
  /** Number of the request whose answer is believed; requests after it are not counted in `remaining`. */
  #ticket = -1;
  #remaining: number | undefined;
  #resetFromMs = 0;
  #resetByMs = 0;
  /** Requests that somebody else made in the window. */
  #foreign = 0;
  readonly #share = new AnnouncedShare();
  readonly #slices = new Float64Array(SLICES);
  #slice = 0;

  constructor(quota: Quota, nowMs: number) {
    this.name = quota.name;
    this.#limit = quota.limit ?? 0;
    this.#windowMs = quota.windowMs;
    this.#isWindowAnnounced = quota.windowMs !== undefined;
    this.#seenMs = nowMs;
  }

  /** Takes up what an earlier process learned (L7). */
  static from({ name, limit, windowMs }: WindowMemory, nowMs: number): RateLimitWindow {
    const window = new RateLimitWindow(
      { name, limit, windowMs, remaining: undefined, resetMs: undefined, coarseMs: 0 },
      nowMs,
    );
    window.#isWindowAnnounced = false;
    window.#longestResetMs = windowMs;
    window.#isRemembered = true;
    return window;
  }

  /** What is worth remembering; undefined while the length of the window is not known. */
  get memory(): WindowMemory | undefined {
    if (this.#windowMs === undefined || this.#limit === 0) return undefined;
    return { name: this.name, limit: this.#limit, windowMs: this.#windowMs };
  }

  /** Requests a second at full use, for people; undefined when it does not pace. */
  get perSecond(): number | undefined {
    const windowMs = this.#pacedMs();
    return windowMs === undefined ? undefined : (this.#limit / windowMs) * 1_000;
  }

  /** A request starts. */
  count(nowMs: number): void {
    if (this.#windowMs === undefined) return;
    this.#turn(nowMs, this.#windowMs);
    this.#slices[this.#slice % SLICES] = (this.#slices[this.#slice % SLICES] as number) + 1;
  }

  /**
   * An answer announces the limit.
   *
   * @param ticket number of the request that was answered
   * @param started requests that the lane has started so far
   */
  note(quota: Quota, ticket: number, started: number, nowMs: number): void {
    this.#followLimit(quota, started, nowMs);
    this.#seenMs = nowMs;
    this.#isRemembered = false;
    if (quota.remaining === undefined) return;
    const resetMs = quota.resetMs;
    const fromMs = resetMs === undefined ? nowMs : nowMs + Math.max(0, resetMs - quota.coarseMs);
    // Answers overtake each other: an older one counts only when it speaks of a later window.
    if (ticket < this.#ticket && fromMs <= this.#resetByMs) return;
    this.#ticket = ticket;
    this.#watchRenewal(quota.remaining, nowMs);
    this.#remaining = quota.remaining;
    this.#resetFromMs = fromMs;
    this.#resetByMs = nowMs + this.#untilMore(quota);
    const unexplained = this.#limit - this.#own(nowMs) - quota.remaining;
    this.#foreign = Math.max(0, unexplained - Math.min(EXPLAINED_MAX, this.#limit * EXPLAINED_SHARE));
    const windowMs = this.#pacedMs();
    if (windowMs === undefined) return;
    const seen = { limit: this.#limit, remaining: quota.remaining, windowMs, own: this.#own(nowMs) };
    this.#share.note({ ...seen, isAlone: this.#foreign === 0 }, nowMs);
  }

  /** A request was refused although the pace was kept. */
  refused(nowMs: number): void {
    this.#share.refused(this.#limit, nowMs);
  }

  /** Least ms between two requests now; 0 when this limit does not pace. */
  gapMs(nowMs: number, started: number): number {
    const windowMs = this.#pacedMs();
    if (windowMs === undefined && this.#windowMs !== undefined) return 0;
    const even = windowMs === undefined ? 0 : windowMs / (this.#limit * this.#share.value);
    if (this.#foreign === 0 || nowMs >= this.#resetFromMs) return even;
    const left = this.#left(started);
    if (left <= 0) return even;
    return Math.max(even, (this.#resetFromMs - nowMs) / (left * SHARE_AT_FIRST));
  }

  /** Until when nothing may go because nothing is left; undefined when something is. */
  closedUntilMs(nowMs: number, started: number): number | undefined {
    if (nowMs >= this.#resetByMs || this.#left(started) > 0) return undefined;
    // Our own even pace explains it: a sliding window or a bucket is full just now, and has room again by the next request.
    if (this.#foreign === 0 && this.#pacedMs() !== undefined) return undefined;
    return this.#resetByMs;
  }

  /** When what the last answer said is out of date; the lane then looks again. */
  changesAtMs(nowMs: number): number {
    if (nowMs < this.#resetFromMs) return this.#resetFromMs;
    return nowMs < this.#resetByMs ? this.#resetByMs : NEVER;
  }

  /** An answer does not speak of it. */
  miss(): void {
    this.#missed += 1;
  }

  /** No answer spoke of it for so long that it may be gone: another resource's limit, or a changed plan. */
  isStale(nowMs: number): boolean {
    if (this.#isRemembered) return this.#missed >= MISSED_MAX;
    return nowMs > Math.max(this.#resetByMs, this.#seenMs) + 2 * (this.#windowMs ?? 0) + STALE_MS;
  }

  /** The window, where it is one that requests are spread over. */
  #pacedMs(): number | undefined {
    return this.#limit > 0 && (this.#windowMs ?? NEVER) <= PACED_WINDOW_MAX_MS ? this.#windowMs : undefined;
  }

  /** Requests that may go: those after the believed answer's are not counted in what it said. */
  #left(started: number): number {
    return this.#remaining === undefined ? Number.POSITIVE_INFINITY : this.#remaining - (started - 1 - this.#ticket);
  }

  #followLimit(quota: Quota, started: number, nowMs: number): void {
    const limit = quota.limit ?? Math.max(this.#limit, quota.remaining ?? 0);
    if (limit !== this.#limit) {
      this.#limit = limit;
      this.#longestResetMs = 0;
      this.#renewedMs = undefined;
      this.#shortestRenewalMs = NEVER;
    }
    if (quota.windowMs !== undefined) {
      this.#isWindowAnnounced = true;
      this.#setWindow(quota.windowMs, started, nowMs);
    } else if (!this.#isWindowAnnounced && quota.resetMs !== undefined) {
      if (quota.resetMs < quota.coarseMs) this.#roundsDown = true;
      this.#noteReset(quota.resetMs, quota.coarseMs);
      // Rounded down, a window of 1 s is never announced as anything but 0 s.
      const longestMs = Math.max(this.#longestResetMs, this.#roundsDown ? quota.coarseMs : 0);
      const likelyMs = this.#lessRounding(longestMs, quota.coarseMs);
      if (likelyMs > 0) this.#setWindow(likelyMs, started, nowMs);
    }
  }

  /** One answer that makes a known window longer by no more than rounding is not believed alone; several in a row are. */
  #noteReset(resetMs: number, coarseMs: number): void {
    const isRounding =
      this.#longestResetMs > 0 && resetMs > this.#longestResetMs && resetMs - this.#longestResetMs <= coarseMs;
    this.#longerInARow = isRounding ? this.#longerInARow + 1 : 0;
    if (!isRounding || this.#longerInARow >= LONGER_IN_A_ROW)
      this.#longestResetMs = Math.max(this.#longestResetMs, resetMs);
  }

  /**
   * An instant in whole seconds, measured against a `Date` in whole seconds that may be old already, gives up to one step more than the
   * window has: a window of 1 s then reads 2 s, and half the limit would go unused. Where the count was seen to start again sooner, that
   * step is taken back; never more, since in a bucket a pause looks like a new beginning.
   */
  #lessRounding(longestMs: number, coarseMs: number): number {
    const shorterMs = longestMs - coarseMs;
    if (coarseMs === 0 || shorterMs < coarseMs) return longestMs;
    return Math.round(this.#shortestRenewalMs / coarseMs) * coarseMs <= shorterMs ? shorterMs : longestMs;
  }

  /** More is left than before, by more than single requests that leave a sliding window or drip out of a bucket. */
  #watchRenewal(remaining: number, nowMs: number): void {
    if (this.#remaining === undefined || remaining - this.#remaining < Math.max(2, this.#limit * RENEWED_SHARE)) return;
    if (this.#renewedMs !== undefined)
      this.#shortestRenewalMs = Math.min(this.#shortestRenewalMs, nowMs - this.#renewedMs);
    this.#renewedMs = nowMs;
  }

  #setWindow(windowMs: number, started: number, nowMs: number): void {
    if (windowMs === this.#windowMs && this.#slice > 0) return;
    // What was counted so far counts as just now: too much rather than too little, for one window.
    const counted = this.#slice > 0 ? this.#own(nowMs) : Math.min(started, this.#limit);
    this.#windowMs = windowMs;
    this.#slices.fill(0);
    this.#slice = this.#sliceAt(nowMs, windowMs);
    this.#slices[this.#slice % SLICES] = counted;
  }

  /** Longest time until more may be sent. */
  #untilMore({ resetMs, coarseMs }: Quota): number {
    if (resetMs !== undefined) return resetMs + (this.#roundsDown ? coarseMs : 0);
    // Without a reset, the next one fits at the latest when a window has passed.
    return this.#pacedMs() ?? 0;
  }

  /** Own requests in the last window, the oldest slice counted whole. */
  #own(nowMs: number): number {
    if (this.#windowMs === undefined) return 0;
    this.#turn(nowMs, this.#windowMs);
    let sum = 0;
    for (const counted of this.#slices) sum += counted;
    return sum;
  }

  /** Empties the slices that have left the window. */
  #turn(nowMs: number, windowMs: number): void {
    const slice = this.#sliceAt(nowMs, windowMs);
    if (slice - this.#slice >= SLICES) this.#slices.fill(0);
    else for (let at = this.#slice + 1; at <= slice; at++) this.#slices[at % SLICES] = 0;
    this.#slice = Math.max(this.#slice, slice);
  }

  /** One slice more than the window has, so that it is covered whole. Numbered from 1: 0 means that nothing was counted. */
  #sliceAt(nowMs: number, windowMs: number): number {
    return 1 + Math.floor((nowMs * (SLICES - 1)) / windowMs);
  }
}

/** Added to two windows. */
const STALE_MS = 60_000;
/** What was remembered is forgotten after so many answers without it: an API that announces a limit does so soon, if not for each of its resources. */
const MISSED_MAX = 20;
