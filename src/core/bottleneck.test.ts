import assert from "node:assert/strict";
import { test } from "node:test";
import { bottleneckOf, type RunStats } from "./bottleneck.ts";
import { LaneTimes, type LaneState, type LaneStats } from "./lane-times.ts";

const NO_TIME: Record<LaneState, number> = {
  pace: 0,
  asked: 0,
  throttled: 0,
  quota: 0,
  circuit: 0,
  full: 0,
  answers: 0,
  idle: 0,
};

const laneOf = (ms: Partial<Record<LaneState, number>>, more: Partial<LaneStats> = {}): LaneStats => ({
  origin: "https://api.example",
  ms: { ...NO_TIME, ...ms },
  requests: { read: 0, write: 98 },
  answersMs: { read: 0, write: 4_900 },
  perSecond: undefined,
  concurrency: 8,
  ...more,
});

const of = (lane: LaneStats, more: Partial<RunStats> = {}): ReturnType<typeof bottleneckOf> =>
  bottleneckOf({
    wallMs: 10_000,
    cpuMs: 500,
    ledgerMs: 100,
    diskMs: 100,
    syncs: 1,
    parallel: 1,
    lanes: [lane],
    ...more,
  });

test("a limit that is used up is named, with how much of it is used", () => {
  const { because, next } = of(laneOf({ pace: 9_000, answers: 1_000 }, { perSecond: 10 }));
  assert.equal(because, "The limit of 10/s of https://api.example is the bottleneck; 98 % of it is used.");
  assert.match(next ?? "", /upsertMany/);
});

test("an API's own word counts before everything else", () => {
  assert.match(of(laneOf({ asked: 4_000, pace: 5_500 })).because, /For 40 % of the time, .* asked to wait/);
  assert.match(of(laneOf({ circuit: 6_000 })).because, /was down/);
  assert.match(of(laneOf({ throttled: 3_100, asked: 100 })).because, /For 32 % .* refused requests for speed/);
});

test("the processor, the ledger, the API's answers", () => {
  assert.match(of(laneOf({ full: 9_000 }), { cpuMs: 9_500 }).because, /computing for 95 %/);
  assert.match(of(laneOf({ idle: 9_000 }), { ledgerMs: 6_000 }).because, /The ledger took 60 %/);
  assert.match(
    of(laneOf({ full: 9_000 })).because,
    /answers in 50 ms on average, and as many requests were under way as may be: 8/,
  );
  const reading = { requests: { read: 10, write: 0 }, answersMs: { read: 9_000, write: 0 } };
  const { because, next } = of(laneOf({ answers: 9_000 }, reading));
  assert.match(because, /answers of https:\/\/api\.example were waited for: 900 ms on average/);
  assert.match(next ?? "", /pagination\.size/);
});

test("syncs that could wait at the same time, and a slow disk that nothing else hides", () => {
  const { because, next } = of(laneOf({ idle: 4_000, full: 6_000 }), { syncs: 2 });
  assert.equal(because, "The syncs ran one after the other, and no API was busy for more than 60 % of the time.");
  assert.match(next ?? "", /--parallel/);
  assert.match(of(laneOf({ idle: 4_000, full: 6_000 }), { syncs: 2, parallel: 2 }).because, /were under way/);
  assert.match(of(laneOf({ full: 9_000 }), { syncs: 2 }).because, /were under way/);
  assert.match(of(laneOf({ circuit: 4_000, idle: 6_000 }), { syncs: 2 }).because, /was down/);
  assert.match(of(laneOf({ idle: 8_000 }), { syncs: 2, cpuMs: 9_000 }).because, /computing/);
  assert.match(of(laneOf({ idle: 8_000 }), { diskMs: 7_000 }).because, /disk was waited for during 70 %/);
  assert.match(of(laneOf({ full: 9_000 }), { diskMs: 7_000 }).because, /were under way/);
});

test("where nothing stands out, nothing is made up", () => {
  assert.match(of(laneOf({ idle: 9_000, answers: 1_000 })).because, /Nothing stands out/);
  assert.match(of(laneOf({ pace: 100 }), { wallMs: 100 }).because, /too short/);
});

test("a lane's times add up to all the time there was", () => {
  const times = new LaneTimes(1_000);
  times.enter("answers", 1_500);
  times.enter("pace", 1_700);
  times.enter("pace", 1_900);
  const ms = times.until(2_500);
  assert.deepEqual([ms.idle, ms.answers, ms.pace], [500, 200, 800]);
  assert.equal(
    Object.values(ms).reduce((sum, each) => sum + each, 0),
    1_500,
  );
});
