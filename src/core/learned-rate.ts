import { isObject, member, type Json } from "./json.ts";

/** How long a rate must hold without a refusal before a higher one is tried; it doubles with each refusal (L5). */
const HOLD_MS = 20_000;
const HOLD_MAX_MS = 600_000;
/** Before any rate was tried in vain, it need not hold for as long. */
const HOLD_OF_NEW_MS = 5_000;
/** It need not be longer than so many requests take: a trial costs two or three refusals, and one in a hundred is the most there should be. */
const HOLD_REQUESTS = 600;
/** The next rate to try is higher by this, by twice as much after each that held and by half as much after each that did not. */
const STEP = 0.1;
const STEP_MIN = 0.01;
const STEP_MAX = 0.4;

/** Of what was measured this share is used, and somewhat more where it was measured with few requests; less of it where nothing was known before. */
const SHARE = 0.985;
const SHARE_OF_NEW = 0.9;
/** A refusal at a rate that had held before: the wire bunches requests. */
const AGAIN_SHARE = 0.97;
/** Where pauses take more than the rest of this, a rate held only because something had been saved up. */
const ON_CREDIT_SHARE = 0.93;
/** Less than this share of the rate was served: the limit is another one now. */
const CHANGED_SHARE = 0.7;
const CHANGED_ABOVE = 1.025;

/** After a refusal, a single request asks whether more may go: first after so many gaps, within these bounds, then ever less often. */
const PAUSE_GAPS = 4;
const PAUSE_MIN_MS = 50;
const PAUSE_MAX_MS = 1_000;
const PAUSE_GROWTH = 2;
const PAUSE_CAP_MS = 30_000;

/** Without anything under way, no more than this counts as time in which requests could have gone. */
const IDLE_MAX_MS = 1_000;
const IDLE_MAX_GAPS = 3;

/** Slower than one request in a quarter of an hour is no limit but an API that is closed. */
const LEAST_PER_MS = 1 / 900_000;
/** The first estimate is at least one a second, and each further one at least this share of the one before. */
const FIRST_LEAST_PER_MS = 1 / 1_000;
const DROP_SHARE = 0.25;
/** So many episodes in a row, each at a lower rate, are not about the rate. */
const IN_VAIN_MAX = 12;

/** What is worth remembering (L7). */
export interface RateMemory {
  readonly perMs: number;
  readonly holdMs: number;
}

/**
 * The limit of an API that announces none, learned from its refusals (L5). Pure; times are ms on the monotonic clock.
 *
 * Nothing limits until the first refusal. Refusals at one time are one episode; it ends with the first request that is served again, and what was
 * served since the last episode, over the time that took with the pause, is what the API gives: in a window that is used up the pause is the rest of
 * it, and a bucket is empty at both ends. The rate then stays a little below that, and once it has held, a higher one is tried.
 */
export class LearnedRate {
  #perMs: number | undefined;
  /** The rate that held before a higher one was tried. */
  #heldPerMs: number | undefined;
  /** Of what was served, and in which time, what belongs to rates before that. */
  #before = { served: 0, activeMs: 0 };
  /** The last rate that was refused. */
  #refusedPerMs: number | undefined;
  #holdMs = HOLD_MS;
  #holdUntilMs = Number.POSITIVE_INFINITY;
  #step = STEP;
  /** Episodes in a row that no rate has held between, and the most that was measured in one. */
  #inVain = 0;
  #mostPerMs = 0;
  #refusedMs: number | undefined;
  #pauses = 0;
  #served = 0;
  #activeMs = 0;
  #markMs: number | undefined;
  /** Starts since the rate was set, and how many of them came as soon as it allowed. */
  #starts = 0;
  #dueStarts = 0;

  /** Requests a ms; undefined before the first refusal. */
  get perMs(): number | undefined {
    return this.#perMs;
  }

  get memory(): RateMemory | undefined {
    return this.#perMs === undefined ? undefined : { perMs: this.#perMs, holdMs: this.#holdMs };
  }

  /** Takes up what an earlier process learned (L7). */
  resume({ perMs, holdMs }: RateMemory, nowMs: number): void {
    this.#perMs = Math.max(perMs, LEAST_PER_MS);
    this.#holdMs = Math.min(Math.max(holdMs, HOLD_MS), HOLD_MAX_MS);
    // It has held since then for all that is known; and runs that are shorter than it should hold would never try a higher one.
    this.#holdUntilMs = nowMs + HOLD_OF_NEW_MS;
  }

  /**
   * A request starts.
   *
   * @param underWay how many are under way without it
   * @param isDue it came as soon as the rate allowed
   */
  started(nowMs: number, underWay: number, isDue: boolean): void {
    this.#pass(nowMs, underWay === 0);
    this.#starts += 1;
    if (isDue) this.#dueStarts += 1;
    if (this.#perMs === undefined || nowMs < this.#holdUntilMs || this.#refusedMs !== undefined) return;
    // A rate that nobody used up has not been shown to hold.
    if (this.#dueStarts * 2 < this.#starts) return this.#hold(nowMs);
    this.#inVain = 0;
    this.#mostPerMs = 0;
    const held = this.#perMs;
    const above = this.#heldPerMs === undefined ? 0 : held / (this.#refusedPerMs ?? held);
    // Well above what was refused once, the limit is another one by now.
    const holdMs = above > CHANGED_ABOVE ? HOLD_MS : this.#holdMs;
    this.#set(held * (1 + this.#step), holdMs, above >= 1 ? this.#step * 2 : this.#step);
    this.#heldPerMs = held;
    // What comes now is measured together with the rate that held.
    this.#served -= this.#before.served;
    this.#activeMs -= this.#before.activeMs;
    this.#before = { served: this.#served, activeMs: this.#activeMs };
    this.#hold(nowMs);
  }

  served(nowMs: number): void {
    this.#pass(nowMs, false);
    this.#served += 1;
  }

  /** The first refusal of an episode, or that of a request that asked whether it is over. Gives the ms until the next one may ask. */
  refused(nowMs: number): number {
    this.#pass(nowMs, false);
    if (this.#refusedMs === undefined) {
      this.#refusedMs = nowMs;
      this.#pauses = 0;
    }
    const gaps = this.#perMs === undefined ? PAUSE_MAX_MS : PAUSE_GAPS / this.#perMs;
    const firstMs = Math.min(PAUSE_MAX_MS, Math.max(PAUSE_MIN_MS, gaps));
    const pauseMs = Math.min(PAUSE_CAP_MS, firstMs * PAUSE_GROWTH ** this.#pauses);
    this.#pauses += 1;
    return pauseMs;
  }

  /** A request was served that started after the refusal: the episode is over. */
  resumed(nowMs: number): void {
    if (this.#refusedMs === undefined) return;
    this.#pass(nowMs, false);
    this.#refusedMs = undefined;
    const before = this.#perMs;
    const held = this.#heldPerMs;
    if (this.#served > 0 && this.#activeMs > 0) {
      // One more may have been waiting when the pause ended.
      const measured = (this.#served + 1) / this.#activeMs;
      const share = SHARE * (1 + 0.5 / Math.sqrt(this.#served));
      this.#refusedPerMs = before;
      this.#inVain += 1;
      this.#mostPerMs = Math.max(this.#mostPerMs, measured);
      if (this.#inVain >= IN_VAIN_MAX) this.#startAgain();
      // A trial that fails says nothing against the rate that held before it, unless that was on credit.
      else if (held !== undefined)
        this.#set(measured < held * ON_CREDIT_SHARE ? measured * share : held, this.#holdMs * 2, this.#step / 2);
      else if (before !== undefined && measured >= before * CHANGED_SHARE)
        this.#set(Math.min(measured * share, before * AGAIN_SHARE), this.#holdMs * 2, this.#step / 2);
      else {
        this.#refusedPerMs = undefined;
        this.#set(measured * SHARE_OF_NEW, HOLD_OF_NEW_MS, STEP);
      }
    }
    this.#heldPerMs = undefined;
    this.#served = 0;
    this.#activeMs = 0;
    this.#before = { served: 0, activeMs: 0 };
    this.#hold(nowMs);
  }

  /** Refusals that do not follow the rate say nothing about it, and would lower it for ever. */
  #startAgain(): void {
    this.#perMs = undefined;
    this.#refusedPerMs = undefined;
    this.#set(this.#mostPerMs * SHARE_OF_NEW, HOLD_OF_NEW_MS, STEP);
    this.#inVain = 0;
    this.#mostPerMs = 0;
  }

  #set(perMs: number, holdMs: number, step: number): void {
    // One episode is not believed to say more than this: what was refused may have been an outage.
    const leastPerMs = this.#perMs === undefined ? FIRST_LEAST_PER_MS : this.#perMs * DROP_SHARE;
    this.#perMs = Math.max(LEAST_PER_MS, leastPerMs, perMs);
    const leastMs = this.#refusedPerMs === undefined ? HOLD_OF_NEW_MS : HOLD_MS;
    this.#holdMs = Math.max(leastMs, Math.min(this.#mostHoldMs(), holdMs));
    this.#step = Math.min(STEP_MAX, Math.max(STEP_MIN, step));
    this.#heldPerMs = undefined;
  }

  #mostHoldMs(): number {
    const neededMs = this.#perMs === undefined ? 0 : HOLD_REQUESTS / this.#perMs;
    return Math.min(HOLD_MAX_MS, Math.max(HOLD_MS, neededMs));
  }

  #hold(nowMs: number): void {
    this.#holdUntilMs = nowMs + this.#holdMs;
    this.#starts = 0;
    this.#dueStarts = 0;
  }

  /** Time passes. What nobody used says nothing about the limit. */
  #pass(nowMs: number, wasIdle: boolean): void {
    const passedMs = nowMs - (this.#markMs ?? nowMs);
    this.#markMs = nowMs;
    const isIdle = wasIdle && this.#refusedMs === undefined;
    const mostMs = Math.max(IDLE_MAX_MS, this.#perMs === undefined ? 0 : IDLE_MAX_GAPS / this.#perMs);
    this.#activeMs += isIdle ? Math.min(passedMs, mostMs) : passedMs;
  }
}

/** What was remembered; undefined for anything else. */
export function rateMemoryOf(value: Json | undefined): RateMemory | undefined {
  if (!isObject(value)) return undefined;
  const [perMs, holdMs] = [member(value, "perMs"), member(value, "holdMs")];
  const isUsable = (each: Json | undefined): each is number =>
    typeof each === "number" && Number.isFinite(each) && each > 0;
  return isUsable(perMs) && isUsable(holdMs) ? { perMs, holdMs } : undefined;
}
