import type { Quota } from "./rate-limit.ts";

/** What the config declares of a lane. */
export interface LaneLimits {
  /** Requests a ms; undefined: as fast as the API announces and allows. */
  readonly ratePerMs: number | undefined;
  /** Requests under way at once; undefined: it follows the latency (L6). */
  readonly concurrency: number | undefined;
}

/** Concurrency without a declaration: where it starts and how far it goes (L6). */
const CONCURRENCY_START = 8;
const CONCURRENCY_MAX = 64;

/** L4: announced rates are used up to this share; the rest is for clocks that differ and requests that bunch. */
const ANNOUNCED_SHARE = 0.98;

/** An answer this many times slower than the fastest seen means that more requests at once no longer help. */
const SLOW_FACTOR = 2.5;

/** R7: failures are paid from a budget that successes and time refill: 20 % of requests plus 10 a second. */
const BUDGET_MAX = 100;
const BUDGET_PER_SUCCESS = 0.2;
const BUDGET_PER_MS = 0.01;

/** While the circuit is open, single probes go out at these intervals. */
const PROBE_BASE_MS = 1_000;
const PROBE_CAP_MS = 30_000;

export type Admission =
  | { readonly kind: "go" }
  /** Not before this moment, on the monotonic clock. */
  | { readonly kind: "wait"; readonly untilMs: number; readonly why: LaneWait }
  /** When a request under way has ended. */
  | { readonly kind: "full" };

export type LaneWait = "pace" | "throttled" | "quota" | "circuit";

/** How a request ended, as far as the lane is concerned. */
export interface LaneReport {
  readonly result: "ok" | "throttled" | "failed" | "not-sent";
  readonly startedMs: number;
  readonly endedMs: number;
  readonly retryAfterMs: number | undefined;
  readonly quotas: readonly Quota[];
}

/**
 * The limiter of one origin and credential as a value: when the next request may go is a computation, waiting is somebody else's
 * loop. Times are on the monotonic clock, ms.
 */
export class Lane {
  readonly #limits: LaneLimits;
  #inFlight = 0;
  #concurrency: number;
  #nextMs = 0;
  #pausedUntilMs = 0;
  #pausedWhy: LaneWait = "throttled";
  #pausedAtMs = Number.NEGATIVE_INFINITY;
  /** ms between requests that the API's announcements ask for; 0: none. */
  #announcedMs = 0;
  #windowMs: number | undefined;
  #windowBeganMs: number | undefined;
  #remaining = 0;
  #fastestMs = Number.POSITIVE_INFINITY;
  #budget = BUDGET_MAX;
  #budgetAtMs = 0;
  #openSinceProbe = 0;

  constructor(limits: LaneLimits) {
    this.#limits = limits;
    this.#concurrency = limits.concurrency ?? CONCURRENCY_START;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Until when the lane is paused by the API's own word; undefined when it is not. */
  pausedUntil(nowMs: number): number | undefined {
    return this.#pausedUntilMs > nowMs && this.#pausedWhy !== "circuit" ? this.#pausedUntilMs : undefined;
  }

  /** Takes up a pause that an earlier process was told (L7). */
  pause(untilMs: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, untilMs);
    this.#pausedWhy = "throttled";
  }

  /** May a request go now? `go` counts it as under way until `leave`. */
  admit(nowMs: number): Admission {
    if (this.#pausedUntilMs > nowMs) return { kind: "wait", untilMs: this.#pausedUntilMs, why: this.#pausedWhy };
    const most = this.#openSinceProbe > 0 ? 1 : Math.max(1, Math.floor(this.#concurrency));
    if (this.#inFlight >= most) return { kind: "full" };
    const gapMs = this.#gapMs();
    if (gapMs > 0) {
      if (this.#nextMs > nowMs) return { kind: "wait", untilMs: this.#nextMs, why: "pace" };
      // A late start does not save up: at most one interval of credit, so the rate is held without bursts.
      this.#nextMs = Math.max(this.#nextMs, nowMs - gapMs) + gapMs;
    }
    this.#inFlight += 1;
    return { kind: "go" };
  }

  leave(report: LaneReport): void {
    this.#inFlight -= 1;
    this.#followConcurrency(report);
    this.#followCircuit(report);
    for (const quota of report.quotas) this.#followQuota(quota, report.endedMs);
    if (report.result === "throttled" || report.retryAfterMs !== undefined) this.#throttled(report);
  }

  #gapMs(): number {
    const declaredMs = this.#limits.ratePerMs === undefined ? 0 : 1 / this.#limits.ratePerMs;
    return Math.max(declaredMs, this.#announcedMs);
  }

  /** L3: refusals of requests that were under way when the lane paused belong to that pause: one episode, one decrease. */
  #throttled({ startedMs, endedMs, retryAfterMs }: LaneReport): void {
    const isNewEpisode = startedMs >= this.#pausedAtMs;
    if (isNewEpisode) {
      this.#pausedAtMs = endedMs;
      if (this.#limits.concurrency === undefined) this.#concurrency = Math.max(1, this.#concurrency / 2);
    }
    // Without a Retry-After the operation's own backoff waits; the lane only slows down.
    if (retryAfterMs === undefined) return;
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, endedMs + retryAfterMs);
    this.#pausedWhy = "throttled";
  }

  /** L4: an even pace of `limit / window`, slower only when less is left than that pace needs; nothing while nothing is left. */
  #followQuota({ limit, remaining, windowMs, resetMs, coarseMs }: Quota, nowMs: number): void {
    if (remaining !== undefined) {
      // More is left than before, and more than answers out of order explain.
      if (remaining > this.#remaining + this.#inFlight) this.#beginWindow(coarseMs, nowMs);
      this.#remaining = remaining;
    }
    const window = windowMs ?? this.#windowMs;
    const even = limit !== undefined && window !== undefined && limit > 0 ? window / limit / ANNOUNCED_SHARE : 0;
    this.#announcedMs = even;
    if (remaining === undefined || resetMs === undefined) return;
    // Requests under way have not been counted by the answer.
    const left = remaining - this.#inFlight;
    const soonestMs = Math.max(0, resetMs - coarseMs);
    if (left <= 0) {
      this.#pausedUntilMs = Math.max(this.#pausedUntilMs, Math.min(nowMs + resetMs, this.#windowEnd(window, nowMs)));
      this.#pausedWhy = "quota";
      return;
    }
    // Somebody else uses the same limit, or the window began before this process: what is left must last until the reset.
    this.#announcedMs = Math.max(even, soonestMs / left / ANNOUNCED_SHARE);
  }

  /** When the window that was seen to begin ends; whole seconds in an announcement are too coarse for short windows. */
  #windowEnd(windowMs: number | undefined, nowMs: number): number {
    if (windowMs === undefined || this.#windowBeganMs === undefined) return Number.POSITIVE_INFINITY;
    const endMs = this.#windowBeganMs + windowMs;
    return endMs > nowMs ? endMs : Number.POSITIVE_INFINITY;
  }

  /** A new window begins, at the latest now. The time since the one before is the length of an unannounced window, or a multiple. */
  #beginWindow(coarseMs: number, nowMs: number): void {
    if (this.#windowBeganMs !== undefined) {
      const lengthMs = nowMs - this.#windowBeganMs;
      // A beginning is seen up to a pace late; where the API counts in whole seconds, so do its windows.
      const likelyMs = coarseMs > 0 ? Math.max(1, Math.round(lengthMs / coarseMs)) * coarseMs : lengthMs;
      this.#windowMs = Math.min(this.#windowMs ?? likelyMs, likelyMs);
    }
    this.#windowBeganMs = nowMs;
  }

  /** L6: one more at a time while it is used and answers are not slower; fewer when they are. */
  #followConcurrency({ result, startedMs, endedMs }: LaneReport): void {
    // A failure says nothing of how much at once is too much; an outage is the circuit's to notice.
    if (this.#limits.concurrency !== undefined || result === "not-sent" || result === "failed") return;
    const tookMs = endedMs - startedMs;
    this.#fastestMs = Math.min(this.#fastestMs * 1.001, tookMs);
    const isUsed = this.#inFlight + 1 >= Math.floor(this.#concurrency);
    if (isUsed && tookMs <= Math.max(this.#fastestMs * SLOW_FACTOR, 5))
      this.#concurrency = Math.min(CONCURRENCY_MAX, this.#concurrency + 1 / this.#concurrency);
    else if (tookMs > this.#fastestMs * SLOW_FACTOR * 2 && this.#concurrency > CONCURRENCY_START)
      this.#concurrency -= 1 / this.#concurrency;
  }

  /** R7: when failures outrun the budget, the API is down: single probes until one succeeds. */
  #followCircuit({ result, endedMs }: LaneReport): void {
    this.#budget = Math.min(BUDGET_MAX, this.#budget + (endedMs - this.#budgetAtMs) * BUDGET_PER_MS);
    this.#budgetAtMs = endedMs;
    if (result === "ok" || result === "throttled") {
      this.#budget = Math.min(BUDGET_MAX, this.#budget + BUDGET_PER_SUCCESS);
      this.#openSinceProbe = 0;
      return;
    }
    this.#budget -= 1;
    if (this.#budget > 0 && this.#openSinceProbe === 0) return;
    this.#budget = Math.max(0, this.#budget);
    const delayMs = Math.min(PROBE_CAP_MS, PROBE_BASE_MS * 2 ** this.#openSinceProbe);
    this.#openSinceProbe += 1;
    if (endedMs + delayMs <= this.#pausedUntilMs) return;
    this.#pausedUntilMs = endedMs + delayMs;
    this.#pausedWhy = "circuit";
  }
}
