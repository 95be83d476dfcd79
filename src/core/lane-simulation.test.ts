import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  fixedWindow,
  leakyBucket,
  sendAll,
  slidingWindow,
  slidingWindowFullReset,
  tokenBucket,
  type Model,
  type Verdict,
} from "../testing/limited-server.ts";
import { Lane } from "./lane.ts";
import type { Quota } from "./rate-limit.ts";

const MODELS: Readonly<Record<string, Model>> = { fixedWindow, slidingWindow, slidingWindowFullReset, tokenBucket };

/** How the verdict is put into headers. */
type Tell = (verdict: Verdict, limit: number, windowMs: number) => readonly Quota[];

const seconds = (round: (value: number) => number, withWindow: boolean): Tell => {
  return ({ remaining, resetMs }, limit, windowMs) => [
    {
      name: "",
      limit,
      remaining,
      windowMs: withWindow ? windowMs : undefined,
      resetMs: round(resetMs / 1_000) * 1_000,
      coarseMs: 1_000,
    },
  ];
};

const TELLS: Readonly<Record<string, Tell>> = {
  "policy, seconds rounded up": seconds(Math.ceil, true),
  "policy, seconds rounded down": seconds(Math.floor, true),
  "no window, seconds rounded up": seconds(Math.ceil, false),
  "no window, seconds rounded down": seconds(Math.floor, false),
  "no window, exact reset": ({ remaining, resetMs }, limit) => [
    { name: "", limit, remaining, windowMs: undefined, resetMs, coarseMs: 0 },
  ],
  "window, no reset": ({ remaining }, limit, windowMs) => [
    { name: "", limit, remaining, windowMs, resetMs: undefined, coarseMs: 0 },
  ],
};

const WINDOWS: readonly (readonly [limit: number, windowMs: number])[] = [
  [20, 1_000],
  [100, 5_000],
  [200, 10_000],
  [1_200, 60_000],
];

suite("L4: an announced 20/s is used to at least 90 % with at most 1 % refusals", () => {
  for (const [modelName, model] of Object.entries(MODELS))
    for (const [tellName, tell] of Object.entries(TELLS))
      test(`${modelName}, ${tellName}`, () => {
        for (const [limit, windowMs] of WINDOWS)
          for (const latencyMs of [5, 60, 300])
            for (const retryAfter of [true, false]) {
              const forMs = Math.max(120_000, 6 * windowMs);
              const result = sendAll(model(limit, windowMs), (verdict) => tell(verdict, limit, windowMs), {
                latencyMs,
                forMs,
                seed: limit + latencyMs,
                retryAfter,
              });
              const used = result.served / ((limit * forMs) / windowMs);
              const refusals = result.refused / (result.served + result.refused);
              const what = `${limit} in ${windowMs} ms, ${latencyMs} ms latency, Retry-After ${retryAfter}`;
              assert.ok(used >= 0.9, `${what}: ${(used * 100).toFixed(1)} % used`);
              assert.ok(refusals <= 0.01, `${what}: ${(refusals * 100).toFixed(2)} % refused`);
            }
      });
});

suite(
  "L4: an announced 50/s is used to 98 % without a refusal, where the wire hardly bunches; 97.8 % with the first seconds",
  () => {
    for (const [modelName, model] of Object.entries(MODELS))
      for (const [tellName, tell] of Object.entries(TELLS))
        test(`${modelName}, ${tellName}`, () => {
          for (const [limit, windowMs] of [
            [50, 1_000],
            [100, 1_000],
            [500, 10_000],
          ] as const)
            for (const latencyMs of [5, 30]) {
              const options = { latencyMs, forMs: 300_000, seed: limit, retryAfter: true };
              const { served, refused } = sendAll(
                model(limit, windowMs),
                (verdict) => tell(verdict, limit, windowMs),
                options,
              );
              const used = served / ((limit * options.forMs) / windowMs);
              const what = `${limit} in ${windowMs} ms, ${latencyMs} ms latency`;
              assert.ok(used >= 0.978, `${what}: ${(used * 100).toFixed(1)} % used`);
              // That a window of 10 s is announced as one of 9 s is found out by being refused.
              assert.ok(
                refused <= (tellName === "no window, seconds rounded down" ? 10 : 0),
                `${what}: ${refused} refused`,
              );
            }
        });
  },
);

suite("L4: a reset that is an instant, measured against a Date that is old already, does not halve the rate", () => {
  // What is read is the time to the reset and the age of the Date, rounded up: 2 s for a window of 1 s.
  for (const ageMs of [5, 50, 500, 950])
    test(`a Date ${ageMs} ms old`, () => {
      const tell = seconds((value) => Math.ceil(value + ageMs / 1_000), false);
      for (const [limit, windowMs] of WINDOWS)
        for (const latencyMs of [5, 60]) {
          const forMs = Math.max(120_000, 6 * windowMs);
          const options = { latencyMs, forMs, seed: 7, retryAfter: true };
          const { served, refused } = sendAll(
            fixedWindow(limit, windowMs),
            (verdict) => tell(verdict, limit, windowMs),
            options,
          );
          const share = served / ((forMs / windowMs) * limit);
          const where = `${limit} in ${windowMs} ms, latency ${latencyMs} ms`;
          assert.ok(share >= 0.9, `${where}: ${(share * 100).toFixed(1)} % used`);
          assert.ok(refused <= served * 0.01, `${where}: ${refused} of ${served} refused`);
        }
    });
});

suite("L4: somebody else makes 10 requests a second with the same credential", () => {
  for (const [modelName, model] of Object.entries(MODELS))
    for (const [tellName, tell] of Object.entries(TELLS))
      test(`${modelName}, ${tellName}: what is left is used in part, and hardly anything is refused`, () => {
        for (const [limit, windowMs] of WINDOWS) {
          const options = { latencyMs: 60, forMs: 300_000, seed: 1, retryAfter: true, foreignPerSecond: 10 };
          const result = sendAll(model(limit, windowMs), (verdict) => tell(verdict, limit, windowMs), options);
          const all = (limit * options.forMs) / windowMs;
          assert.ok(result.served >= 0.2 * all, `${limit} in ${windowMs} ms: ${result.served} of ${all}`);
          assert.ok(result.refused <= 0.01 * all, `${limit} in ${windowMs} ms: ${result.refused} refused`);
        }
      });
});

test("L4: a declared rate is used whole, and not exceeded where the API announces nothing", () => {
  for (const model of Object.values(MODELS))
    for (const latencyMs of [5, 60]) {
      const limits = { ratePerMs: 0.02, concurrency: undefined };
      const options = { limits, latencyMs, forMs: 300_000, seed: 1, retryAfter: true };
      const { served, refused } = sendAll(model(20, 1_000), () => [], options);
      assert.ok(served >= 0.9 * 6_000 && served <= 6_001, String(served));
      assert.ok(refused <= 0.01 * 6_000, String(refused));
    }
});

test("L4: a large bucket is not emptied at once when the process starts", () => {
  const limits = { ratePerMs: undefined, concurrency: undefined };
  const options = { limits, latencyMs: 5, forMs: 1_000, seed: 1, retryAfter: true };
  const tell = TELLS["policy, seconds rounded up"] as Tell;
  const { served } = sendAll(fixedWindow(1_200, 60_000), (verdict) => tell(verdict, 1_200, 60_000), options);
  assert.ok(served <= 21, `${served} in the first second of a limit of 1,200 a minute`);
});

suite("L2: where more is declared, announced or remembered than the API gives, its refusals teach the rest", () => {
  const capacity = 10 * 1_200;
  const check = (newLane: () => Lane, model: Model, tell: Tell, what: string, windowMs = 1_000): void => {
    for (const retryAfter of [false, true]) {
      const options = { lane: newLane(), latencyMs: 60, forMs: 1_200_000, seed: 1, retryAfter };
      const server = model((10 * windowMs) / 1_000, windowMs);
      const sent = sendAll(server, (verdict) => tell(verdict, 0, 0), options);
      assert.ok(sent.served >= 0.9 * capacity, `${what}, Retry-After ${retryAfter}: ${sent.served} of ${capacity}`);
      const refused = sent.refused - sent.refusedAtFirst;
      assert.ok(refused <= sent.served * 0.01, `${what}, Retry-After ${retryAfter}: ${refused} refused`);
    }
  };
  const declared = (perSecond: number) => (): Lane =>
    new Lane({ ratePerMs: perSecond / 1_000, concurrency: undefined });
  const silent: Tell = () => [];

  // Where each Retry-After is a whole window, as it may be in the fourth model, there is not much to be used.
  for (const [name, model] of Object.entries({ fixedWindow, slidingWindow, tokenBucket, leakyBucket }))
    test(`${name} of 10/s`, () => {
      for (const perSecond of [11, 15, 50]) check(declared(perSecond), model, silent, `${perSecond}/s declared`);
      if (model !== leakyBucket) check(declared(50), model, silent, "50/s declared, a minute", 60_000);
      const announced: Tell = () => [
        { name: "", limit: 100, remaining: 60, windowMs: 1_000, resetMs: 500, coarseMs: 0 },
      ];
      check(() => new Lane({ ratePerMs: undefined, concurrency: undefined }), model, announced, "100/s announced");
    });

  const remembered = (perSecond: number) => (): Lane => {
    const lane = new Lane({ ratePerMs: undefined, concurrency: undefined });
    lane.resume(JSON.stringify({ windows: [{ name: "", limit: perSecond, windowMs: 1_000 }] }), 0);
    return lane;
  };

  test("L7: a remembered limit that is not announced any more neither limits nor licenses", () => {
    check(remembered(50), tokenBucket, silent, "50/s remembered");
    check(remembered(5), tokenBucket, silent, "5/s remembered");
  });

  test("a limit that is not announced any more is forgotten in the end", () => {
    const lane = new Lane({ ratePerMs: undefined, concurrency: undefined });
    let answers = 0;
    const tell: Tell = ({ remaining, resetMs }) =>
      (answers += 1) > 50 ? [] : [{ name: "", limit: 5, remaining, windowMs: 1_000, resetMs, coarseMs: 0 }];
    const options = { lane, latencyMs: 60, forMs: 120_000, seed: 1, retryAfter: false };
    const { served } = sendAll(
      () => ({ isServed: true, remaining: 4, resetMs: 500 }),
      (verdict) => tell(verdict, 0, 0),
      options,
    );
    assert.equal(lane.perSecond, undefined);
    assert.ok(served > 5_000, `${served} served in two minutes`);
  });
});
