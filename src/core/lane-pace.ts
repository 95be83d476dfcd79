import { LearnedRate, type RateMemory } from "./learned-rate.ts";
import { RateLimitWindow, type WindowMemory } from "./rate-limit-window.ts";
import type { Quota } from "./rate-limit.ts";

/**
 * A start may be this late and the next one is on time all the same: timers tick in ms, and the process is busy at times. Whoever is later
 * than that was not held up by a timer, and has saved up nothing: a silence never ends in a burst.
 */
const CATCH_UP_MS = 20;

/** After a refusal the pace drops to this share of what it was, once an episode (L3), and to no less than the least. */
const REFUSED_SHARE = 0.92;
const LEAST_SHARE = 0.5;
/** It comes back by a tenth a minute: a limit that somebody else uses too is not tried more often than that. */
const SHARE_PER_MS = 0.1 / 60_000;

/** More limits than any API announces; whatever comes on top is ignored. */
const WINDOWS_MAX = 16;

/**
 * The rate side of a lane: at what distance requests follow one another (L4). What is declared and what the API announces all apply; the
 * slowest counts. Where neither is there, the rate is learned from refusals (L5). Pure; times are ms on the monotonic clock.
 */
export class LanePace {
  #declaredPerMs: number | undefined;
  #windows: RateLimitWindow[] = [];
  /** When the last request was due; the next one is due a gap later. */
  #slotMs = Number.NEGATIVE_INFINITY;
  readonly #learned = new LearnedRate();
  #share = 1;
  #shareAtMs = 0;

  /** @param declaredPerMs requests a ms that the config allows; undefined: what the API announces */
  constructor(declaredPerMs: number | undefined) {
    this.#declaredPerMs = declaredPerMs;
  }

  /** A further declared rate: the lower one counts. */
  tighten(declaredPerMs: number): void {
    this.#declaredPerMs = Math.min(this.#declaredPerMs ?? declaredPerMs, declaredPerMs);
  }

  /** True when a rate is known, declared or announced. */
  get isKnown(): boolean {
    return this.#declaredPerMs !== undefined || this.#windows.some(({ perSecond }) => perSecond !== undefined);
  }

  /** The lowest known limit in requests a second, for people; what was learned where none is known. */
  get perSecond(): number | undefined {
    const rates = this.#windows.map(({ perSecond }) => perSecond).filter((rate) => rate !== undefined);
    if (this.#declaredPerMs !== undefined) rates.push(this.#declaredPerMs * 1_000);
    if (rates.length > 0) return Math.min(...rates);
    return this.#learned.perMs === undefined ? undefined : this.#learned.perMs * 1_000;
  }

  get memory(): readonly WindowMemory[] {
    return this.#windows.map(({ memory }) => memory).filter((memory) => memory !== undefined);
  }

  /** The rate that was learned; undefined where none had to be. */
  get learned(): RateMemory | undefined {
    return this.#learned.memory;
  }

  /** Takes up what an earlier process learned (L7). */
  resume(memories: readonly WindowMemory[], learned: RateMemory | undefined, nowMs: number): void {
    if (learned !== undefined) this.#learned.resume(learned, nowMs);
    this.#windows = memories.slice(0, WINDOWS_MAX).map((memory) => RateLimitWindow.from(memory, nowMs));
  }

  /** When the next request is due: now or earlier when it may go. It is worth asking again at this moment, not before. */
  dueMs(nowMs: number, started: number): number {
    const gapMs = this.#gapMs(nowMs, started);
    if (gapMs === 0) return nowMs;
    const dueMs = this.#slotMs + gapMs;
    if (dueMs <= nowMs) return dueMs;
    // What was announced may run out before that, and with it the reason to wait so long.
    let earliestMs = dueMs;
    for (const window of this.#windows) earliestMs = Math.min(earliestMs, window.changesAtMs(nowMs));
    return earliestMs;
  }

  /** Until when nothing is left of some limit; undefined when something is. */
  closedUntilMs(nowMs: number, started: number): number | undefined {
    let untilMs: number | undefined;
    for (const window of this.#windows) {
      const closedMs = window.closedUntilMs(nowMs, started);
      if (closedMs !== undefined && closedMs > (untilMs ?? 0)) untilMs = closedMs;
    }
    return untilMs;
  }

  /** A request starts, and this many are under way without it. */
  start(nowMs: number, started: number, underWay: number): void {
    const dueMs = this.#slotMs + this.#gapMs(nowMs, started);
    const isDue = dueMs > nowMs - CATCH_UP_MS;
    this.#slotMs = isDue ? Math.min(dueMs, nowMs) : nowMs;
    if (!this.isKnown) this.#learned.started(nowMs, underWay, isDue);
    for (const window of this.#windows) window.count(nowMs);
  }

  /** The answer to request number `ticket` announces these. */
  note(quotas: readonly Quota[], ticket: number, started: number, nowMs: number): void {
    for (const quota of quotas) {
      let window = this.#windows.find(({ name }) => name === quota.name);
      if (window === undefined) {
        if (this.#windows.length >= WINDOWS_MAX) continue;
        window = new RateLimitWindow(quota, nowMs);
        this.#windows.push(window);
      }
      window.note(quota, ticket, started, nowMs);
    }
    if (this.#windows.length > quotas.length) this.#windows = this.#windows.filter((window) => !window.isStale(nowMs));
  }

  /** A request was served. */
  served(nowMs: number): void {
    if (!this.isKnown) this.#learned.served(nowMs);
  }

  /** The lane goes on after refusals. */
  resumed(nowMs: number): void {
    if (!this.isKnown) this.#learned.resumed(nowMs);
  }

  /**
   * Requests were refused for speed although they kept to the pace. Gives the ms until it is worth asking whether more may go; undefined
   * where a known limit says nothing of it.
   */
  refused(nowMs: number): number | undefined {
    if (!this.isKnown) return this.#learned.refused(nowMs);
    this.#share = Math.max(LEAST_SHARE, this.#shareNow(nowMs) * REFUSED_SHARE);
    this.#shareAtMs = nowMs;
    return undefined;
  }

  #gapMs(nowMs: number, started: number): number {
    let gapMs = this.#declaredPerMs === undefined ? 0 : 1 / this.#declaredPerMs;
    for (const window of this.#windows) gapMs = Math.max(gapMs, window.gapMs(nowMs, started));
    if (!this.isKnown && this.#learned.perMs !== undefined) gapMs = Math.max(gapMs, 1 / this.#learned.perMs);
    return gapMs === 0 ? 0 : gapMs / this.#shareNow(nowMs);
  }

  #shareNow(nowMs: number): number {
    return this.#share === 1 ? 1 : Math.min(1, this.#share + (nowMs - this.#shareAtMs) * SHARE_PER_MS);
  }
}
