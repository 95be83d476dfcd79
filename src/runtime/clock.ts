import type { Clock, Timer } from "../core/clock.ts";

/** Node fires a longer delay after 1 ms (R6). */
const DELAY_MAX_MS = 2 ** 31 - 1;

/** The real clock. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((done, failed) => {
      if (signal?.aborted === true) return failed(signal.reason as Error);
      const timer = startTimer(ms, finish);
      const abort = (): void => {
        timer.cancel();
        failed(signal?.reason as Error);
      };
      signal?.addEventListener("abort", abort, { once: true });
      function finish(): void {
        signal?.removeEventListener("abort", abort);
        done();
      }
    }),
  after: startTimer,
};

/** R6: a delay of any length, in steps that a timer can count. */
function startTimer(ms: number, then: () => void): Timer {
  const untilMs = performance.now() + ms;
  let handle: NodeJS.Timeout;
  const step = (): void => {
    const leftMs = untilMs - performance.now();
    handle = setTimeout(leftMs > DELAY_MAX_MS ? step : then, Math.max(0, Math.min(leftMs, DELAY_MAX_MS)));
  };
  step();
  return { cancel: () => clearTimeout(handle) };
}
