import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { seededChance } from "../testing/seeded-chance.ts";
import { Lane, type LaneLimits } from "./lane.ts";
import type { Quota } from "./rate-limit.ts";

/** What a server says to one request: whether it counts it, what is left, and in how many ms there is more. */
interface Verdict {
  readonly isServed: boolean;
  readonly remaining: number;
  readonly resetMs: number;
}

/** How a server limits, as a function of when a request arrives. */
type Model = (limit: number, windowMs: number) => (nowMs: number) => Verdict;

/** Counts start again at fixed instants, which are not those of our clock. */
const fixedWindow: Model = (limit, windowMs) => {
  const phaseMs = windowMs * 0.37;
  let window = -1;
  let used = 0;
  return (nowMs) => {
    const current = Math.floor((nowMs + phaseMs) / windowMs);
    if (current !== window) [window, used] = [current, 0];
    const isServed = used < limit;
    if (isServed) used += 1;
    return { isServed, remaining: limit - used, resetMs: windowMs - ((nowMs + phaseMs) % windowMs) };
  };
};

/** A request counts for one window; the reset is when the oldest leaves. */
const slidingWindow: Model = (limit, windowMs) => {
  const served: number[] = [];
  return (nowMs) => {
    while (served[0] !== undefined && served[0] <= nowMs - windowMs) served.shift();
    const isServed = served.length < limit;
    if (isServed) served.push(nowMs);
    return { isServed, remaining: limit - served.length, resetMs: (served[0] ?? nowMs) + windowMs - nowMs };
  };
};

/** The same, but the reset is always a whole window away. */
const slidingWindowFullReset: Model = (limit, windowMs) => {
  const serve = slidingWindow(limit, windowMs);
  return (nowMs) => ({ ...serve(nowMs), resetMs: windowMs });
};

/** A bucket of `limit` tokens that fills at `limit / window`; the reset is when it is full. */
const tokenBucket: Model = (limit, windowMs) => {
  let tokens = limit;
  let atMs = 0;
  return (nowMs) => {
    tokens = Math.min(limit, tokens + ((nowMs - atMs) * limit) / windowMs);
    atMs = nowMs;
    const isServed = tokens >= 1;
    if (isServed) tokens -= 1;
    return { isServed, remaining: Math.floor(tokens), resetMs: ((limit - tokens) * windowMs) / limit };
  };
};

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

interface Options {
  readonly limits?: LaneLimits;
  readonly latencyMs: number;
  readonly forMs: number;
  readonly seed: number;
  /** Answers a refusal with a Retry-After of whole seconds. */
  readonly retryAfter: boolean;
  /** Requests that somebody else makes with the same credential, a second. */
  readonly foreignPerSecond?: number;
}

interface Result {
  readonly served: number;
  readonly refused: number;
}

/** Sends as fast as the lane lets it, over a wire that delays each request and each answer by a random time. */
function simulate(
  server: (nowMs: number) => Verdict,
  tell: (verdict: Verdict) => readonly Quota[],
  options: Options,
): Result {
  const lane = new Lane(options.limits ?? { ratePerMs: undefined, concurrency: undefined });
  const chance = seededChance(options.seed);
  const events: { readonly atMs: number; readonly run: () => void }[] = [];
  const at = (atMs: number, run: () => void): void => {
    const index = events.findLastIndex((event) => event.atMs <= atMs);
    events.splice(index + 1, 0, { atMs, run });
  };
  let nowMs = 0;
  let served = 0;
  let refused = 0;

  const send = (ticket: number): void => {
    const startedMs = nowMs;
    // The way there is a small part of it; most is what the server does after it has counted the request.
    at(nowMs + options.latencyMs * (0.1 + 0.2 * chance.random()), () => {
      const verdict = server(nowMs);
      if (verdict.isServed) served += 1;
      else refused += 1;
      at(nowMs + options.latencyMs * (0.5 + 0.6 * chance.random()), () =>
        lane.leave({
          ticket,
          kind: "write",
          result: verdict.isServed ? "ok" : "throttled",
          startedMs,
          endedMs: nowMs,
          retryAfterMs:
            verdict.isServed || !options.retryAfter ? undefined : Math.ceil(verdict.resetMs / 1_000) * 1_000,
          quotas: tell(verdict),
        }),
      );
    });
  };
  const foreign = options.foreignPerSecond ?? 0;
  if (foreign > 0) {
    const other = (): void => {
      server(nowMs);
      at(nowMs + 1_000 / foreign, other);
    };
    at(0, other);
  }
  while (nowMs < options.forMs) {
    const admission = lane.admit(nowMs);
    if (admission.kind === "go") {
      send(admission.ticket);
      continue;
    }
    const wakeMs = admission.kind === "wait" ? admission.untilMs : Number.POSITIVE_INFINITY;
    const next = events[0];
    // A timer fires up to a tick late.
    const wokenMs = wakeMs + chance.random();
    if (next === undefined || wokenMs < next.atMs) nowMs = wokenMs;
    else {
      events.shift();
      nowMs = next.atMs;
      next.run();
    }
  }
  return { served, refused };
}

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
              const result = simulate(model(limit, windowMs), (verdict) => tell(verdict, limit, windowMs), {
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

suite("L4: a reset that is an instant, measured against a Date that is old already, does not halve the rate", () => {
  // What is read is the time to the reset and the age of the Date, rounded up: 2 s for a window of 1 s.
  for (const ageMs of [5, 50, 500, 950])
    test(`a Date ${ageMs} ms old`, () => {
      const tell = seconds((value) => Math.ceil(value + ageMs / 1_000), false);
      for (const [limit, windowMs] of WINDOWS)
        for (const latencyMs of [5, 60]) {
          const forMs = Math.max(120_000, 6 * windowMs);
          const options = { latencyMs, forMs, seed: 7, retryAfter: true };
          const { served, refused } = simulate(
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
          const result = simulate(model(limit, windowMs), (verdict) => tell(verdict, limit, windowMs), options);
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
      const { served, refused } = simulate(model(20, 1_000), () => [], options);
      assert.ok(served >= 0.9 * 6_000 && served <= 6_001, String(served));
      assert.ok(refused <= 0.01 * 6_000, String(refused));
    }
});

test("L4: a large bucket is not emptied at once when the process starts", () => {
  const limits = { ratePerMs: undefined, concurrency: undefined };
  const options = { limits, latencyMs: 5, forMs: 1_000, seed: 1, retryAfter: true };
  const tell = TELLS["policy, seconds rounded up"] as Tell;
  const { served } = simulate(fixedWindow(1_200, 60_000), (verdict) => tell(verdict, 1_200, 60_000), options);
  assert.ok(served <= 21, `${served} in the first second of a limit of 1,200 a minute`);
});
