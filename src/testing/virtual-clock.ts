import type { Clock, Timer } from "../core/clock.ts";
import { timerQueue, type QueuedTimer } from "./timer-queue.ts";

/** A round instant, so that dates in test output are easy to read. */
const EPOCH_MS = Date.UTC(2026, 0, 1);

/** More timers than any test has use for: something re-arms itself for ever. */
const TIMERS_MAX = 10_000_000;

/** A clock that stands still until it is moved: hours pass in no time, and the same steps give the same order of events (T1). */
export class VirtualClock implements Clock {
  readonly #queue = timerQueue();
  #wallOffsetMs: number;
  #nowMs = 0;
  #order = 0;
  #isAutomatic = false;
  #isTurning = false;

  /** @param epochMs what the wall clock shows at the start */
  constructor(epochMs: number = EPOCH_MS) {
    this.#wallOffsetMs = epochMs;
  }

  /** Timers that are set. */
  get pending(): number {
    return this.#queue.size;
  }

  wallMs(): number {
    return this.#wallOffsetMs + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  /** Moves the wall clock alone, as an administrator or a time server would (R6). */
  jumpWall(ms: number): void {
    this.#wallOffsetMs += ms;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    if (ms <= 0) return Promise.resolve();
    return new Promise((done, failed) => {
      const abort = (): void => {
        timer.cancel();
        failed(signal?.reason as Error);
      };
      const timer = this.after(ms, () => {
        signal?.removeEventListener("abort", abort);
        done();
      });
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  after(ms: number, then: () => void): Timer {
    const timer: QueuedTimer = { dueMs: this.#nowMs + Math.max(0, ms), order: this.#order++, fire: then, isOff: false };
    this.#queue.add(timer);
    if (this.#isAutomatic) this.#turn();
    return { cancel: () => this.#queue.cancel(timer) };
  }

  soon(then: () => void): void {
    queueMicrotask(then);
  }

  /** Moves the time, firing what is due in its order; between two timers everything that they started settles first. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settled();
    while (this.#fireNext(untilMs)) await settled();
    this.#nowMs = untilMs;
  }

  /** Jumps from timer to timer until `promise` settles. Rejects when nothing is left that could settle it. */
  async drive<Result>(promise: Promise<Result>): Promise<Result> {
    let isDone = false;
    const watched = promise.finally(() => (isDone = true));
    watched.catch(() => undefined);
    await settled();
    for (let fired = 0; !isDone; fired++) {
      if (fired > TIMERS_MAX) throw new Error(`the promise is still pending after ${TIMERS_MAX} timers`);
      if (!this.#fireNext(NEVER))
        throw new Error("the virtual clock has no timer left, and the promise is still pending");
      await settled();
    }
    return watched;
  }

  /** Jumps from timer to timer until none is left. */
  async runUntilIdle(): Promise<void> {
    await settled();
    for (let fired = 0; this.#fireNext(NEVER); fired++) {
      if (fired > TIMERS_MAX) throw new Error(`the virtual clock is not idle after ${TIMERS_MAX} timers`);
      await settled();
    }
  }

  /** From now on it jumps to the next timer by itself whenever nothing else is left to do. Returns what ends that. */
  autoAdvance(): () => void {
    this.#isAutomatic = true;
    this.#turn();
    return () => {
      this.#isAutomatic = false;
    };
  }

  #turn(): void {
    if (this.#isTurning) return;
    this.#isTurning = true;
    void settled().then(() => {
      this.#isTurning = false;
      if (this.#isAutomatic && this.#fireNext(NEVER)) this.#turn();
    });
  }

  /** Fires the earliest timer that is due by then; false when there is none. */
  #fireNext(untilMs: number): boolean {
    const timer = this.#queue.take(untilMs);
    if (timer === undefined) return false;
    this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
    timer.fire();
    return true;
  }
}

const NEVER = Number.POSITIVE_INFINITY;

/** Resolves when every microtask that is queued now, and every one that those queue, has run. */
function settled(): Promise<void> {
  return new Promise((done) => {
    // oxlint-disable-next-line no-restricted-globals -- a turn of the event loop takes no time
    setImmediate(done);
  });
}
