import assert from "node:assert/strict";
import { test } from "node:test";
import type { LaneMemory } from "./core/ledger.ts";
import type { Entry } from "./http/gate.ts";
import { KeptLanes } from "./kept-lanes.ts";
import { VirtualClock } from "./testing/virtual-clock.ts";

const PATIENT = { signal: new AbortController().signal, patienceMs: 1e9 };

/** A ledger whose disk takes 10 ms, and that fails where it is told to. */
async function keeping(saveLane: (memory: LaneMemory) => void = () => undefined) {
  const clock = new VirtualClock(1_000_000);
  const saved: LaneMemory[] = [];
  const kept = await KeptLanes.of(clock, {
    lanes: async () => [],
    saveLane: async (memory) => {
      saveLane(memory);
      saved.push(memory);
      await clock.sleep(10);
    },
  });
  const gate = kept.lanes.of("https://a.example", "", { ratePerMs: undefined, concurrency: undefined });
  const refuse = (retryAfterMs: number): void => {
    const entry = gate.enter(PATIENT) as Extract<Entry, { kind: "go" }>;
    const times = { startedMs: entry.startedMs, endedMs: clock.monotonicMs() };
    gate.leave({ ticket: entry.ticket, kind: "write", result: "throttled", ...times, retryAfterMs, quotas: [] });
  };
  return { clock, kept, saved, refuse };
}

test("L7: a pause is being written down when the request that was told of it has left", async () => {
  const { saved, refuse } = await keeping();
  refuse(60_000);
  assert.deepEqual(
    saved.map(({ blockedUntilMs }) => blockedUntilMs),
    [1_060_000],
  );
});

test("L7: what is known in the end is written once, after what was being written", async () => {
  const { clock, kept, saved, refuse } = await keeping();
  refuse(1_000);
  await clock.drive(kept.save());
  assert.equal(saved.length, 1, "it is known already");
  await clock.advance(990);
  refuse(5_000);
  await clock.drive(kept.save());
  assert.deepEqual(
    saved.map(({ blockedUntilMs }) => blockedUntilMs),
    [1_001_000, 1_006_000],
  );
});

test("L7: what could not be written down is tried again at the end of the run", async () => {
  let isFull = true;
  const { clock, kept, saved, refuse } = await keeping(() => {
    if (isFull) throw new Error("the disk is full");
  });
  refuse(60_000);
  isFull = false;
  await clock.drive(kept.save());
  assert.deepEqual(
    saved.map(({ blockedUntilMs }) => blockedUntilMs),
    [1_060_000],
  );
});

test("L7: a ledger that cannot be written does not end the run", async () => {
  const { clock, kept, saved, refuse } = await keeping(() => {
    throw new Error("the disk is full");
  });
  refuse(60_000);
  await clock.drive(kept.save());
  assert.equal(saved.length, 0);
});
