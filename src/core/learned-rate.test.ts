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
            for (const seed of [1, 2]) {
              const server = limited(model, perSecond, windowMs);
              const sent = sendAll(server, () => [], { ...OPTIONS, latencyMs, seed });
              const used = sent.served / ((perSecond * RUN_MS) / 1_000);
              const refused = sent.refused - sent.refusedAtFirst;
              const what = `${windowMs} ms, latency ${latencyMs} ms, seed ${seed}`;
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

test("L7: what was learned survives a restart, which learns nothing by hammering", () => {
  for (const [, model, bar] of CASES) {
    const server = limited(model, 10, 1_000);
    const lane = newLane();
    sendAll(server, () => [], { ...OPTIONS, lane });
    const restarted = newLane();
    restarted.resume(lane.learned, 0);
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
