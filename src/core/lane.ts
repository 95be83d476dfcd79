import { Circuit } from "./circuit.ts";
import { Concurrency, type RequestKind } from "./concurrency.ts";
import { LanePace } from "./lane-pace.ts";
import { isObject, member, type Json } from "./json.ts";
import { rateMemoryOf, type RateMemory } from "./rate-memory.ts";
import type { Quota } from "./rate-limit.ts";
import type { WindowMemory } from "./rate-limit-window.ts";

/** What the config declares of a lane. */
export interface LaneLimits {
  /** Requests a ms; undefined: as fast as the API announces and allows. */
  readonly ratePerMs: number | undefined;
  /** Requests under way at once; undefined: it follows the answers (L6). */
  readonly concurrency: number | undefined;
}

export type Admission =
  /** It counts as under way until `leave`, which takes its number. */
  | { readonly kind: "go"; readonly ticket: number }
  /** Not before this moment, on the monotonic clock; then ask again. */
  | { readonly kind: "wait"; readonly untilMs: number; readonly why: LaneWait }
  /** When a request under way has ended. */
  | { readonly kind: "full" };

/**
 * `pace`: an even rate. `asked`: the API named the time. `throttled`: it refused for speed and named none. `quota`: nothing is left until
 * the reset. `circuit`: it is down.
 */
export type LaneWait = "pace" | "asked" | "throttled" | "quota" | "circuit";

/** How a request ended, as far as the lane is concerned. */
export interface LaneReport {
  readonly ticket: number;
  readonly kind: RequestKind;
  /** `failed`: not sent, reset, 5xx. `abandoned`: we gave it up ourselves, which says nothing of the API. */
  readonly result: "ok" | "throttled" | "failed" | "timeout" | "abandoned";
  readonly startedMs: number;
  readonly endedMs: number;
  readonly retryAfterMs: number | undefined;
  readonly quotas: readonly Quota[];
}

const FULL: Admission = { kind: "full" };

/**
 * The limiter of one origin and credential as a value: when the next request may go is a computation, waiting is somebody else's loop.
 * Pure; times are on the monotonic clock, ms.
 *
 * The first request goes alone, since its answer may announce a limit; so does the first one after a pause.
 */
export class Lane {
  readonly #concurrency: Concurrency;
  readonly #pace: LanePace;
  readonly #circuit = new Circuit();
  #inFlight = 0;
  #started = 0;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #pausedWhy: LaneWait = "asked";
  /** Of that, what the API itself asked for. */
  #askedUntilMs = Number.NEGATIVE_INFINITY;
  #pausedAtMs = Number.NEGATIVE_INFINITY;
  /** One request at a time, until an answer shows that more may go. */
  #isProbing = true;

  constructor(limits: LaneLimits) {
    this.#concurrency = new Concurrency(limits.concurrency);
    this.#pace = new LanePace(limits.ratePerMs);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** How many requests may be under way at once. */
  get concurrency(): number {
    return this.#concurrency.limit;
  }

  /** The known rate limit in requests a second, for people. */
  get perSecond(): number | undefined {
    return this.#pace.perSecond;
  }

  /** Until when the lane is paused by the API's own word; undefined when it is not. */
  pausedUntil(nowMs: number): number | undefined {
    const closedMs = this.#pace.closedUntilMs(nowMs, this.#started) ?? 0;
    const untilMs = Math.max(closedMs, this.#askedUntilMs);
    return untilMs > nowMs ? untilMs : undefined;
  }

  /** What was learned, as JSON, for the next process (L7). */
  learned(nowMs: number): string {
    const pausedUntilMs = this.pausedUntil(nowMs);
    return JSON.stringify({
      concurrency: this.#concurrency.memory,
      windows: this.#pace.memory,
      rate: this.#pace.learned,
      pausedForMs: pausedUntilMs === undefined ? undefined : Math.ceil(pausedUntilMs - nowMs),
    });
  }

  /**
   * Takes up what an earlier process learned; a text that it cannot read is ignored.
   *
   * @param blockedForMs how long it is, by the wall clock, until the API is to be asked again. No longer than it was when that was written: a wall
   * clock that was set back meanwhile must not make a pause of minutes one of days.
   */
  resume(learned: string, nowMs: number, blockedForMs?: number): void {
    const { concurrency, windows, rate, pausedForMs } = memoryOf(learned);
    if (concurrency !== undefined) this.#concurrency.resume(concurrency);
    this.#pace.resume(windows, rate, nowMs);
    if (blockedForMs === undefined) return;
    this.#pauseUntil(nowMs + Math.min(blockedForMs, pausedForMs ?? blockedForMs), "asked");
  }

  /** Applies further limits; of two of a kind the lower one counts. */
  tighten(limits: LaneLimits): void {
    if (limits.ratePerMs !== undefined) this.#pace.tighten(limits.ratePerMs);
    if (limits.concurrency !== undefined) this.#concurrency.tighten(limits.concurrency);
  }

  /** May a request go now? `go` counts it as under way until `leave`. */
  admit(nowMs: number): Admission {
    if (this.#pausedUntilMs > nowMs) return { kind: "wait", untilMs: this.#pausedUntilMs, why: this.#pausedWhy };
    const openUntilMs = this.#circuit.openUntilMs;
    if (openUntilMs !== undefined && openUntilMs > nowMs) return { kind: "wait", untilMs: openUntilMs, why: "circuit" };
    const most = this.#isProbing || openUntilMs !== undefined ? 1 : this.#concurrency.limit;
    if (this.#inFlight >= most) return FULL;
    const closedUntilMs = this.#pace.closedUntilMs(nowMs, this.#started);
    if (closedUntilMs !== undefined) return { kind: "wait", untilMs: closedUntilMs, why: "quota" };
    const dueMs = this.#pace.dueMs(nowMs, this.#started);
    if (dueMs > nowMs) return { kind: "wait", untilMs: dueMs, why: "pace" };
    return this.#start(nowMs);
  }

  leave(report: LaneReport): void {
    const { ticket, kind, result, startedMs, endedMs, quotas } = report;
    this.#inFlight -= 1;
    // Of an answer that never came, or of a gateway in front of the API, silence says nothing.
    if (quotas.length > 0 || result === "ok" || result === "throttled")
      this.#pace.note(quotas, ticket, this.#started, endedMs);
    switch (result) {
      case "ok":
        this.#circuit.succeeded(endedMs);
        this.#concurrency.answered(kind, endedMs - startedMs, endedMs);
        this.#pace.served(endedMs);
        if (startedMs >= this.#pausedAtMs) {
          this.#pace.resumed(endedMs);
          this.#isProbing = false;
        }
        break;
      case "throttled":
        // It is there and it answers.
        this.#circuit.succeeded(endedMs);
        this.#refused(report);
        break;
      // Whatever came of these, they were not refused for speed.
      case "timeout":
        this.#circuit.failed(startedMs, endedMs);
        this.#concurrency.overloaded(startedMs, endedMs);
        this.#pace.served(endedMs);
        break;
      case "failed":
        this.#circuit.failed(startedMs, endedMs);
        this.#pace.served(endedMs);
        break;
      case "abandoned":
        break;
    }
    if (result !== "throttled" && report.retryAfterMs !== undefined)
      this.#pauseUntil(endedMs + report.retryAfterMs, "asked");
  }

  #start(nowMs: number): Admission {
    this.#pace.start(nowMs, this.#started, this.#inFlight);
    this.#inFlight += 1;
    this.#started += 1;
    this.#concurrency.started(this.#inFlight);
    return { kind: "go", ticket: this.#started - 1 };
  }

  /** L3: refusals of requests that were under way when the lane paused belong to that pause: one episode, one decrease. */
  #refused(report: LaneReport): void {
    const { startedMs, endedMs } = report;
    this.#pace.countRefusal();
    if (startedMs >= this.#pausedAtMs) {
      this.#pausedAtMs = endedMs;
      this.#isProbing = true;
      const resetMs = soonestReset(report.quotas);
      const pauseMs = this.#pace.refused(endedMs, report.retryAfterMs !== undefined || resetMs !== undefined);
      if (report.retryAfterMs === undefined) this.#pauseUntil(endedMs + (resetMs ?? pauseMs), "throttled");
    }
    // R4: the longest time that any of them was told is a floor.
    if (report.retryAfterMs !== undefined) this.#pauseUntil(endedMs + report.retryAfterMs, "asked");
  }

  #pauseUntil(untilMs: number, why: LaneWait): void {
    if (why === "asked") this.#askedUntilMs = Math.max(untilMs, this.#askedUntilMs);
    if (untilMs <= this.#pausedUntilMs) return;
    this.#pausedUntilMs = untilMs;
    this.#pausedWhy = why;
  }
}

/** L2: without a Retry-After, what the refusal's own headers say of the reset. A reset of 0 s is no time to wait. */
function soonestReset(quotas: readonly Quota[]): number | undefined {
  const resets = quotas.flatMap(({ remaining, resetMs }) =>
    remaining === 0 && resetMs !== undefined ? [resetMs] : [],
  );
  const longestMs = Math.max(...resets);
  return longestMs > 0 ? longestMs : undefined;
}

interface Memory {
  readonly concurrency: number | undefined;
  readonly windows: readonly WindowMemory[];
  readonly rate: RateMemory | undefined;
  readonly pausedForMs: number | undefined;
}

function memoryOf(learned: string): Memory {
  let memory: Json;
  try {
    memory = JSON.parse(learned) as Json;
  } catch {
    return { concurrency: undefined, windows: [], rate: undefined, pausedForMs: undefined };
  }
  const concurrency = positive(member(memory, "concurrency"));
  const windows = member(memory, "windows");
  return {
    concurrency,
    windows: Array.isArray(windows) ? windows.flatMap((window: Json) => windowOf(window)) : [],
    rate: rateMemoryOf(member(memory, "rate")),
    pausedForMs: positive(member(memory, "pausedForMs")),
  };
}

function windowOf(value: Json): readonly WindowMemory[] {
  if (!isObject(value)) return [];
  const [name, limit, windowMs] = [
    member(value, "name"),
    positive(member(value, "limit")),
    positive(member(value, "windowMs")),
  ];
  return typeof name === "string" && limit !== undefined && windowMs !== undefined ? [{ name, limit, windowMs }] : [];
}

const positive = (value: Json | undefined): number | undefined =>
  typeof value === "number" && Number.isFinite(value) && value > 0 ? value : undefined;
