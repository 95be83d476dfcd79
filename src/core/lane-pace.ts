import { LearnedRate } from "./learned-rate.ts";
import type { RateMemory } from "./rate-memory.ts";
import { RateLimitWindow, type WindowMemory } from "./rate-limit-window.ts";
import type { Quota } from "./rate-limit.ts";

/**
 * A start may be this late and the next one is on time all the same: timers tick in ms, and the process is busy at times. Whoever is later
 * than that was not held up by a timer, and has saved up nothing: a silence never ends in a burst.
 */
const CATCH_UP_MS = 20;

/** Gaps that differ by less are the same: a learned rate goes up to a known one, and its gap is rounded. */
const SAME = 0.999;

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

  /** @param declaredPerMs requests a ms that the config allows; undefined: what the API announces */
  constructor(declaredPerMs: number | undefined) {
    this.#declaredPerMs = declaredPerMs;
  }

  /** A further declared rate: the lower one counts. */
  tighten(declaredPerMs: number): void {
    this.#declaredPerMs = Math.min(this.#declaredPerMs ?? declaredPerMs, declaredPerMs);
  }

  /** The lowest known limit in requests a second, for people: declared, announced or learned. */
  get perSecond(): number | undefined {
    const rates = [this.#knownPerMs, this.#learned.perMs].filter((rate) => rate !== undefined);
    return rates.length === 0 ? undefined : Math.min(...rates) * 1_000;
  }

  /** What is declared and announced, whatever is left of it just now. */
  get #knownPerMs(): number | undefined {
    let perMs = this.#declaredPerMs;
    for (const { perSecond } of this.#windows)
      if (perSecond !== undefined) perMs = Math.min(perMs ?? Number.POSITIVE_INFINITY, perSecond / 1_000);
    return perMs;
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
    const knownMs = this.#knownGapMs(nowMs, started);
    const learnedMs = this.#learnedGapMs;
    const dueMs = this.#slotMs + Math.max(knownMs, learnedMs);
    const isDue = dueMs > nowMs - CATCH_UP_MS;
    this.#slotMs = isDue ? Math.min(dueMs, nowMs) : nowMs;
    this.#learned.started(nowMs, underWay, isDue && learnedMs >= knownMs * SAME, this.#knownPerMs);
    for (const window of this.#windows) window.count(nowMs);
  }

  /** The answer to request number `ticket` announces these, or nothing. */
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
    if (this.#windows.length <= quotas.length) return;
    for (const window of this.#windows) if (!quotas.some(({ name }) => name === window.name)) window.miss();
    this.#windows = this.#windows.filter((window) => !window.isStale(nowMs));
  }

  /** A request was not refused for speed, whatever else came of it. */
  served(nowMs: number): void {
    this.#learned.served(nowMs);
  }

  /** The lane goes on after refusals. */
  resumed(nowMs: number): void {
    this.#learned.resumed(nowMs, this.#knownPerMs);
  }

  /** A request was refused for speed, the first of an episode or not. */
  countRefusal(): void {
    this.#learned.countRefusal();
  }

  /** Requests were refused for speed although they kept to the pace. Gives the ms until it is worth asking whether more may go. */
  refused(nowMs: number, isAsked: boolean): number {
    for (const window of this.#windows) window.refused(nowMs);
    return this.#learned.refused(nowMs, isAsked);
  }

  #gapMs(nowMs: number, started: number): number {
    return Math.max(this.#learnedGapMs, this.#knownGapMs(nowMs, started));
  }

  get #learnedGapMs(): number {
    return this.#learned.perMs === undefined ? 0 : 1 / this.#learned.perMs;
  }

  /** By what is declared and announced. */
  #knownGapMs(nowMs: number, started: number): number {
    let gapMs = this.#declaredPerMs === undefined ? 0 : 1 / this.#declaredPerMs;
    for (const window of this.#windows) gapMs = Math.max(gapMs, window.gapMs(nowMs, started));
    return gapMs;
  }
}
