import type { Clock, Timer } from "../core/clock.ts";

/** Node fires a longer delay after 1 ms (R6). */
const DELAY_MAX_MS = 2 ** 31 - 1;

/** What the clock is made of; Node's own, unless a test brings others. */
export interface Timekeeping {
  readonly wallMs: () => number;
  readonly monotonicMs: () => number;
  /** Calls `then` after at most {@link DELAY_MAX_MS}; returns what takes it back. */
  readonly set: (then: () => void, ms: number) => () => void;
  /** Calls `then` after this turn of the event loop. */
  readonly soon: (then: () => void) => void;
}

const node: Timekeeping = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  set: (then, ms) => {
    const timeout = setTimeout(then, ms);
    return () => clearTimeout(timeout);
  },
  soon: setImmediate,
};

export function createClock({ wallMs, monotonicMs, set, soon }: Timekeeping): Clock {
  const after = (ms: number, then: () => void): Timer => {
    if (ms <= DELAY_MAX_MS) return { cancel: set(then, Math.max(0, ms)) };
    return afterLong(monotonicMs() + ms, then);
  };

  /** R6: in steps that a timer can count, each measured anew. */
  const afterLong = (untilMs: number, then: () => void): Timer => {
    let cancel: () => void;
    const step = (): void => {
      const leftMs = untilMs - monotonicMs();
      cancel = leftMs > DELAY_MAX_MS ? set(step, DELAY_MAX_MS) : set(then, Math.max(0, leftMs));
    };
    step();
    return { cancel: () => cancel() };
  };

  const sleep: Clock["sleep"] = (ms, signal) => {
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    if (ms <= 0) return Promise.resolve();
    return new Promise((done, failed) => {
      const abort = (): void => {
        timer.cancel();
        failed(signal?.reason as Error);
      };
      const timer = after(ms, () => {
        signal?.removeEventListener("abort", abort);
        done();
      });
      signal?.addEventListener("abort", abort, { once: true });
    });
  };

  return { wallMs, monotonicMs, sleep, after, soon };
}

/** The real clock. */
export const systemClock: Clock = createClock(node);
