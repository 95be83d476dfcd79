import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { VirtualClock } from "./virtual-clock.ts";

test("T1: timers fire in order of time, then of creation, whatever is cancelled", async () => {
  const timer = fc.record({ ms: fc.integer({ min: -5, max: 50 }), isCancelled: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(timer, { maxLength: 300 }), async (timers) => {
      const clock = new VirtualClock();
      const fired: number[] = [];
      const set = timers.map(({ ms }, index) => clock.after(ms, () => fired.push(index)));
      for (const [index, { isCancelled }] of timers.entries()) if (isCancelled) set[index]?.cancel();
      const expected = [...timers.entries()]
        .filter(([, { isCancelled }]) => !isCancelled)
        .toSorted(([a, one], [b, other]) => Math.max(0, one.ms) - Math.max(0, other.ms) || a - b)
        .map(([index]) => index);
      assert.equal(clock.pending, expected.length);
      await clock.runUntilIdle();
      assert.deepEqual(fired, expected);
      assert.equal(clock.pending, 0);
    }),
    { numRuns: 30 },
  );
});

test("T1: what a timer starts settles before the next one fires", async () => {
  const clock = new VirtualClock();
  const seen: string[] = [];
  clock.after(10, () => {
    void (async () => {
      for (let step = 0; step < 50; step++) await Promise.resolve();
      seen.push("settled");
      await clock.sleep(5);
      seen.push("slept");
    })();
  });
  clock.after(15, () => seen.push("second"));
  clock.after(16, () => seen.push("third"));
  await clock.advance(16);
  assert.deepEqual(seen, ["settled", "second", "slept", "third"]);
  assert.equal(clock.monotonicMs(), 16);
});

test("time moves only as far as it is told", async () => {
  const clock = new VirtualClock(1_000);
  let fired = false;
  clock.after(10, () => (fired = true));
  await clock.advance(9);
  assert.equal(fired, false);
  assert.equal(clock.wallMs(), 1_009);
  clock.jumpWall(-500);
  assert.deepEqual([clock.wallMs(), clock.monotonicMs()], [509, 9]);
});

test("drive jumps until the promise settles, and says when nothing could settle it", async () => {
  const clock = new VirtualClock();
  assert.equal(await clock.drive(clock.sleep(86_400_000).then(() => "done")), "done");
  await assert.rejects(clock.drive(new Promise(() => undefined)), /no timer left/);
});

test("with autoAdvance, days pass as soon as there is nothing else to do", async () => {
  const clock = new VirtualClock();
  const end = clock.autoAdvance();
  await clock.sleep(86_400_000);
  await clock.sleep(5);
  assert.equal(clock.monotonicMs(), 86_400_005);
  end();
  const asleep = clock.sleep(1);
  await new Promise((done) => setImmediate(done));
  assert.equal(clock.pending, 1);
  await clock.advance(1);
  await asleep;
});

test("an aborted sleep rejects with the reason and leaves no timer", async () => {
  const clock = new VirtualClock();
  const abortion = new AbortController();
  const asleep = clock.sleep(5, abortion.signal);
  abortion.abort(new Error("stop"));
  await assert.rejects(asleep, /stop/);
  assert.equal(clock.pending, 0);
});
