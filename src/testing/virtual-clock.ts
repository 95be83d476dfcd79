import type { Clock } from "../core/clock.ts";

interface Alarm {
  readonly atMs: number;
  readonly order: number;
  readonly fire: () => void;
}

/** A clock that stands still until it is moved: hours pass in no time, and the same steps give the same order of events (T1). */
export class VirtualClock implements Clock {
  #nowMs = 0;
  #order = 0;
  #alarms: Alarm[] = [];
  readonly #epochMs: number;

  /** @param epochMs what the wall clock shows at the start */
  constructor(epochMs: number = Date.UTC(2026, 0, 1)) {
    this.#epochMs = epochMs;
  }

  wallMs(): number {
    return this.#epochMs + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((done, failed) => {
      if (signal?.aborted === true) return failed(signal.reason as Error);
      const timer = this.after(ms, finish);
      const abort = (): void => {
        timer.cancel();
        failed(signal?.reason as Error);
      };
      signal?.addEventListener("abort", abort, { once: true });
      function finish(): void {
        signal?.removeEventListener("abort", abort);
        done();
      }
    });
  }

  after(ms: number, then: () => void): { cancel(): void } {
    const alarm = { atMs: this.#nowMs + Math.max(0, ms), order: this.#order++, fire: then };
    this.#alarms.push(alarm);
    return { cancel: () => void (this.#alarms = this.#alarms.filter((other) => other !== alarm)) };
  }

  /** Moves the time, firing what is due in its order; between two alarms everything that they started settles first. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settled();
    for (let alarm = this.#next(untilMs); alarm !== undefined; alarm = this.#next(untilMs)) {
      this.#nowMs = alarm.atMs;
      this.#alarms = this.#alarms.filter((other) => other !== alarm);
      alarm.fire();
      await settled();
    }
    this.#nowMs = untilMs;
  }

  /** Jumps from alarm to alarm until `promise` settles. Rejects when nothing is left that could settle it. */
  async drive<Result>(promise: Promise<Result>): Promise<Result> {
    let isDone = false;
    const watched = promise.finally(() => (isDone = true));
    watched.catch(() => undefined);
    await settled();
    while (!isDone) {
      const alarm = this.#next(Number.POSITIVE_INFINITY);
      if (alarm === undefined) throw new Error("the virtual clock has no alarm left, and the promise is still pending");
      await this.advance(alarm.atMs - this.#nowMs);
    }
    return watched;
  }

  #next(untilMs: number): Alarm | undefined {
    let first: Alarm | undefined;
    for (const alarm of this.#alarms) {
      if (alarm.atMs > untilMs) continue;
      if (first === undefined || alarm.atMs < first.atMs || (alarm.atMs === first.atMs && alarm.order < first.order))
        first = alarm;
    }
    return first;
  }
}

/** Turns of the event loop after which work without real I/O has come to rest. */
const TURNS = 4;

async function settled(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++)
    await new Promise<void>((done) => {
      // oxlint-disable-next-line no-restricted-globals -- a turn of the event loop takes no time
      setImmediate(done);
    });
}
