import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createClock, systemClock } from "./clock.ts";

/** Timers that fire when they are told to, and that refuse what Node cannot count. */
function timekeeping() {
  let nowMs = 0;
  let pending: { readonly atMs: number; readonly fire: () => void } | undefined;
  const clock = createClock({
    wallMs: () => nowMs,
    monotonicMs: () => nowMs,
    soon: queueMicrotask,
    set: (fireTimer, ms) => {
      assert.ok(ms >= 0 && ms <= 2 ** 31 - 1, `Node cannot count ${ms} ms`);
      const timer = { atMs: nowMs + ms, fire: fireTimer };
      pending = timer;
      return () => {
        if (pending === timer) pending = undefined;
      };
    },
  });
  /** Lets the pending timer fire; false when there is none. */
  const fire = (): boolean => {
    if (pending === undefined) return false;
    const { atMs, fire: fireTimer } = pending;
    pending = undefined;
    nowMs = atMs;
    fireTimer();
    return true;
  };
  return { clock, fire, now: () => nowMs };
}

test("R6: a delay of any length fires once and when it is due", () => {
  fc.assert(
    fc.property(fc.double({ min: -10, max: 1e12, noNaN: true }), (ms) => {
      const { clock, fire, now } = timekeeping();
      let fired = 0;
      clock.after(ms, () => {
        fired += 1;
      });
      while (fire());
      assert.equal(fired, 1);
      assert.equal(now(), Math.max(0, ms));
    }),
  );
});

test("R6: a long delay that was cancelled never fires, in whichever part it is", () => {
  for (const parts of [0, 1, 2]) {
    const { clock, fire } = timekeeping();
    const timer = clock.after(3 * 2 ** 31, () => assert.fail("it was cancelled"));
    for (let part = 0; part < parts; part++) fire();
    timer.cancel();
    timer.cancel();
    assert.equal(fire(), false);
  }
});

test("a sleep ends with the signal's reason, and leaves no timer", async () => {
  const { clock, fire } = timekeeping();
  const abortion = new AbortController();
  const sleeping = clock.sleep(1_000, abortion.signal);
  abortion.abort(new Error("stop"));
  await assert.rejects(sleeping, /stop/);
  assert.equal(fire(), false);
  await assert.rejects(clock.sleep(0, abortion.signal), /stop/);
  await clock.sleep(-5);
});

test("the system's clock waits as long as it is told", async () => {
  const beganMs = systemClock.monotonicMs();
  await systemClock.sleep(20);
  assert.ok(systemClock.monotonicMs() - beganMs >= 19);
  assert.ok(Math.abs(systemClock.wallMs() - Date.now()) < 1_000);
});

test("what is to be done soon is done after what has come, and before any timer", async () => {
  const order: string[] = [];
  await new Promise<void>((done) => {
    systemClock.after(1, () => done(void order.push("timer")));
    systemClock.soon(() => order.push("soon"));
    queueMicrotask(() => order.push("microtask"));
  });
  assert.deepEqual(order, ["microtask", "soon", "timer"]);
});
