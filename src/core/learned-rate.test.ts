import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  fixedWindow,
  leakyBucket,
  sendAll,
  slidingWindow,
  tokenBucket,
  type Model,
  type SendOptions,
  type Verdict,
} from "../testing/limited-server.ts";
import { seededChance } from "../testing/seeded-chance.ts";
import { Lane } from "./lane.ts";

const MINUTE_MS = 60_000;
const RUN_MS = 20 * MINUTE_MS;

/** What is to be used of the capacity, by how the API limits. */
const CASES: readonly (readonly [name: string, model: Model, bar: number, windowsMs: readonly number[]])[] = [
  ["a token bucket", tokenBucket, 0.95, [1_000, 10_000, 60_000]],
  ["a fixed window", fixedWindow, 0.9, [1_000, 10_000, 60_000]],
  ["a sliding window", slidingWindow, 0.85, [1_000, 10_000, 60_000]],
  ["a leaky bucket", leakyBucket, 0.95, [1_000]],
];

const RATES = [2, 10, 100];

const OPTIONS: SendOptions = { latencyMs: 60, forMs: RUN_MS, seed: 1, retryAfter: false };

const newLane = (): Lane => new Lane({ ratePerMs: undefined, concurrency: undefined });

const limited = (model: Model, perSecond: number, windowMs: number): ((nowMs: number) => Verdict) =>
  model((perSecond * windowMs) / 1_000, windowMs);

suite("L5: a limit that is not announced is learned; 20 minutes, at most 1 % refused after the first one", () => {
  for (const [name, model, bar, windowsMs] of CASES)
    for (const perSecond of RATES)
      test(`${name} of ${perSecond}/s is used to ${bar * 100} %`, () => {
        for (const windowMs of windowsMs)
          for (const latencyMs of [20, 60])
            for (const retryAfter of [false, true]) {
              const server = limited(model, perSecond, windowMs);
              const sent = sendAll(server, () => [], { ...OPTIONS, latencyMs, retryAfter, seed: latencyMs });
              const used = sent.served / ((perSecond * RUN_MS) / 1_000);
              const refused = sent.refused - sent.refusedAtFirst;
              const what = `${windowMs} ms, latency ${latencyMs} ms, Retry-After ${retryAfter}`;
              assert.ok(used >= bar, `${what}: ${(used * 100).toFixed(1)} % used`);
              assert.ok(refused <= (sent.served + refused) * 0.01, `${what}: ${refused} of ${sent.served} refused`);
            }
      });
});

suite("L5: a limit that changes during the run is learned anew", () => {
  for (const [name, model, , [windowMs = 1_000]] of CASES)
    for (const [from, to] of [
      [20, 5],
      [5, 20],
    ] as const)
      test(`${name} from ${from}/s to ${to}/s`, () => {
        const [first, second] = [limited(model, from, windowMs), limited(model, to, windowMs)];
        const lane = newLane();
        let servedLate = 0;
        const sent = sendAll(
          (nowMs) => {
            const verdict = nowMs < RUN_MS ? first(nowMs) : second(nowMs);
            if (verdict.isServed && nowMs > RUN_MS * 1.5) servedLate += 1;
            return verdict;
          },
          () => [],
          { ...OPTIONS, lane, forMs: 2 * RUN_MS },
        );
        const used = servedLate / ((to * RUN_MS) / 2_000);
        assert.ok(used >= 0.6, `${(used * 100).toFixed(1)} % used in the last quarter`);
        const refused = sent.refused - sent.refusedAtFirst;
        assert.ok(refused <= sent.served * 0.015, `${refused} of ${sent.served} refused`);
      });
});

suite("L5: refusals that do not follow the rate do not slow it down", () => {
  // Each of them costs 50 ms of pause and the 60 ms that the next request takes until more may go, some 130 ms in all. So without any limit there
  // could be 1 in (1 / share) requests at 1,000 a second and 130 ms: 885, 435 and 133 a second. Half of that must remain.
  for (const [share, floor] of [
    [0.001, 440],
    [0.01, 220],
    [0.05, 66],
    // So many that a limit is likelier at first.
    [0.12, 10],
  ] as const)
    test(`a random ${share * 100} % of them: at least ${floor}/s in the second ten minutes`, () => {
      for (const seed of share === 0.001 ? [1] : [1, 2, 3]) {
        const chance = seededChance(seed);
        let late = 0;
        const server = (nowMs: number): Verdict => {
          const isServed = chance.random() >= share;
          if (isServed && nowMs >= RUN_MS / 2) late += 1;
          return { isServed, remaining: 1, resetMs: 0 };
        };
        const sent = sendAll(server, () => [], { ...OPTIONS, seed });
        const rate = late / (RUN_MS / 2_000);
        assert.ok(rate >= floor, `seed ${seed}: ${rate.toFixed(1)}/s`);
        assert.ok(sent.refused <= (sent.served + sent.refused) * share * 1.2, `${sent.refused} refused`);
      }
    });

  test("and with a limit of 20/s beside them, that is used", () => {
    for (const share of [0.001, 0.01]) {
      const [chance, limit] = [seededChance(7), limited(tokenBucket, 20, 1_000)];
      let late = 0;
      const server = (nowMs: number): Verdict => {
        const verdict = limit(nowMs);
        const isServed = verdict.isServed && chance.random() >= share;
        if (isServed && nowMs >= RUN_MS / 2) late += 1;
        return { ...verdict, isServed };
      };
      const sent = sendAll(server, () => [], OPTIONS);
      assert.ok(late >= 0.8 * 20 * (RUN_MS / 2_000), `${late} served in the second ten minutes`);
      const refused = sent.refused - sent.refusedAtFirst;
      assert.ok(refused <= sent.served * (2 * share + 0.01), `${refused} of ${sent.served} refused`);
    }
  });

  test("L7: nor are many short runs slowed down, each of which remembers the one before", () => {
    const chance = seededChance(5);
    let learned: string | undefined;
    let served = 0;
    for (let run = 0; run < 120; run++) {
      const lane = newLane();
      if (learned !== undefined) lane.resume(learned, 0);
      const server = (): Verdict => ({ isServed: chance.random() >= 0.01, remaining: 1, resetMs: 0 });
      ({ served } = sendAll(server, () => [], { ...OPTIONS, lane, forMs: 20_000 }));
      learned = lane.learned(20_000);
    }
    assert.ok(served >= 220 * 20, `${served} served in the last 20 s`);
  });
});

suite("L5: an outage in which everything is refused does not cost the rate that held before it", () => {
  const OUTAGE_FROM_MS = RUN_MS;
  for (const [name, lastsMs] of [
    ["40 s", 40_000],
    ["5 minutes", 5 * MINUTE_MS],
  ] as const)
    for (const [model, windowMs] of [
      [tokenBucket, 1_000],
      [fixedWindow, 60_000],
    ] as const)
      test(`${name}, ${model === tokenBucket ? "a token bucket" : "a fixed window of a minute"} of 20/s`, () => {
        const limit = limited(model, 20, windowMs);
        const endsMs = OUTAGE_FROM_MS + lastsMs;
        let after = 0;
        const server = (nowMs: number): Verdict => {
          if (nowMs >= OUTAGE_FROM_MS && nowMs < endsMs) return { isServed: false, remaining: 0, resetMs: 0 };
          const verdict = limit(nowMs);
          if (verdict.isServed && nowMs >= endsMs) after += 1;
          return verdict;
        };
        const forMs = endsMs + 5 * MINUTE_MS;
        const sent = sendAll(server, () => [], { ...OPTIONS, forMs });
        assert.ok(after >= 0.85 * 20 * 300, `${after} served in the five minutes after it`);
        const refused = sent.refused - sent.refusedAtFirst;
        assert.ok(refused <= sent.served * 0.01, `${refused} of ${sent.served} refused`);
      });

  test("an unlimited API is unlimited again", () => {
    let after = 0;
    const endsMs = 6 * MINUTE_MS;
    const server = (nowMs: number): Verdict => {
      const isServed = nowMs < 3 * MINUTE_MS || nowMs >= 3 * MINUTE_MS + 40_000;
      if (isServed && nowMs >= endsMs - MINUTE_MS) after += 1;
      return { isServed, remaining: 1, resetMs: 0 };
    };
    sendAll(server, () => [], { ...OPTIONS, forMs: endsMs });
    assert.ok(after >= 60 * 900, `${after} served in the last minute`);
  });
});

test("L5: a slow limit is asked no more often than it can give: 8 hours of 100 an hour, and of 20 a minute", () => {
  const HOURS_MS = 8 * 60 * MINUTE_MS;
  for (const [limit, windowMs, most] of [
    [100, 60 * MINUTE_MS, 0.03],
    [20, MINUTE_MS, 0.01],
    [1, 10_000, 0.02],
  ] as const) {
    const server = tokenBucket(limit, windowMs);
    const sent = sendAll(server, () => [], { ...OPTIONS, forMs: HOURS_MS });
    const what = `${limit} in ${windowMs} ms`;
    assert.ok(sent.served >= 0.95 * limit * (HOURS_MS / windowMs), `${what}: ${sent.served} served`);
    const refused = sent.refused - sent.refusedAtFirst;
    assert.ok(refused <= sent.served * most, `${what}: ${refused} of ${sent.served} refused`);
  }
  // An hour in which nothing is served looks like an outage at first, which is asked about in between.
  const sent = sendAll(fixedWindow(100, 60 * MINUTE_MS), () => [], { ...OPTIONS, forMs: HOURS_MS });
  assert.ok(sent.served >= 0.95 * 800, `${sent.served} served`);
  assert.ok(sent.refused - sent.refusedAtFirst <= sent.served * 0.2, `${sent.refused} refused`);
});

test("L5: where answers take 1 to 3 s, many are refused at once, so a higher rate is tried less often", () => {
  for (const latencyMs of [1_000, 3_000])
    for (const retryAfter of [false, true]) {
      const options = { ...OPTIONS, latencyMs, retryAfter };
      const sent = sendAll(limited(slidingWindow, 10, MINUTE_MS), () => [], options);
      const what = `${latencyMs} ms, Retry-After ${retryAfter}`;
      assert.ok(sent.served >= 0.85 * 10 * (RUN_MS / 1_000), `${what}: ${sent.served} served`);
      const refused = sent.refused - sent.refusedAtFirst;
      assert.ok(refused <= sent.served * 0.012, `${what}: ${refused} of ${sent.served} refused`);
    }
});

test("L7: what was learned survives a restart, which learns nothing by hammering", () => {
  for (const [, model, bar] of CASES) {
    const server = limited(model, 10, 1_000);
    const lane = newLane();
    sendAll(server, () => [], { ...OPTIONS, lane });
    const restarted = newLane();
    restarted.resume(lane.learned(RUN_MS), 0);
    assert.equal(restarted.perSecond, lane.perSecond);
    const sent = sendAll(limited(model, 10, 1_000), () => [], { ...OPTIONS, lane: restarted, forMs: MINUTE_MS });
    assert.ok(sent.served >= bar * 600 * 0.95, `${sent.served} served in the first minute`);
    assert.ok(sent.refused <= 6, `${sent.refused} refused`);
  }
});

test("L5: without a refusal nothing is limited, and what is idle is not taken for a limit", () => {
  const lane = newLane();
  const sent = sendAll(
    () => ({ isServed: true, remaining: 1, resetMs: 0 }),
    () => [],
    {
      ...OPTIONS,
      lane,
      forMs: MINUTE_MS,
    },
  );
  assert.equal(lane.perSecond, undefined);
  assert.ok(sent.served > 30_000, `${sent.served} served`);
});

test("L5: nonsense that was remembered is ignored", () => {
  for (const rate of [{ perMs: -1, holdMs: 1 }, { perMs: "1", holdMs: 1 }, { perMs: null }, 7, null]) {
    const lane = newLane();
    lane.resume(JSON.stringify({ rate }), 0);
    assert.equal(lane.perSecond, undefined);
  }
});
