import { Lane, type LaneLimits } from "../core/lane.ts";
import type { Quota } from "../core/rate-limit.ts";
import { seededChance } from "./seeded-chance.ts";

/** What a server says to one request: whether it counts it, what is left, and in how many ms there is more. */
export interface Verdict {
  readonly isServed: boolean;
  readonly remaining: number;
  readonly resetMs: number;
}

/** How a server limits, as a function of when a request arrives. */
export type Model = (limit: number, windowMs: number) => (nowMs: number) => Verdict;

/** Counts start again at fixed instants, which are not those of our clock. */
export const fixedWindow: Model = (limit, windowMs) => {
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
export const slidingWindow: Model = (limit, windowMs) => {
  const served: number[] = [];
  return (nowMs) => {
    while (served[0] !== undefined && served[0] <= nowMs - windowMs) served.shift();
    const isServed = served.length < limit;
    if (isServed) served.push(nowMs);
    return { isServed, remaining: limit - served.length, resetMs: (served[0] ?? nowMs) + windowMs - nowMs };
  };
};

/** The same, but the reset is always a whole window away. */
export const slidingWindowFullReset: Model = (limit, windowMs) => {
  const serve = slidingWindow(limit, windowMs);
  return (nowMs) => ({ ...serve(nowMs), resetMs: windowMs });
};

/** A bucket of `limit` tokens that fills at `limit / window`; the reset is when it is full. */
export const tokenBucket: Model = (limit, windowMs) => {
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

/** A bucket that holds little: requests that come evenly pass, and hardly any others. */
export const leakyBucket: Model = (limit, windowMs) => {
  const ratePerMs = limit / windowMs;
  const most = Math.max(2, ratePerMs * 200);
  let level = 0;
  let atMs = 0;
  return (nowMs) => {
    level = Math.max(0, level - (nowMs - atMs) * ratePerMs);
    atMs = nowMs;
    const isServed = level + 1 <= most + 1e-9 || level < 1e-9;
    if (isServed) level += 1;
    return {
      isServed,
      remaining: Math.max(0, Math.floor(most - level)),
      resetMs: Math.max(0, (level + 1 - most) / ratePerMs),
    };
  };
};

export interface SendOptions {
  readonly limits?: LaneLimits;
  /** One that knows something already; a new one when absent. */
  readonly lane?: Lane;
  readonly latencyMs: number;
  readonly forMs: number;
  readonly seed: number;
  /** Answers a refusal with a Retry-After of whole seconds. */
  readonly retryAfter: boolean;
  /** Requests that somebody else makes with the same credential, a second. */
  readonly foreignPerSecond?: number;
}

export interface Sent {
  readonly served: number;
  readonly refused: number;
  /** Of the requests of the first minute. */
  readonly refusedAtFirst: number;
}

/** Sends as fast as the lane lets it, over a wire that delays each request and each answer by a random time. */
export function sendAll(
  server: (nowMs: number) => Verdict,
  tell: (verdict: Verdict) => readonly Quota[],
  options: SendOptions,
): Sent {
  const lane = options.lane ?? new Lane(options.limits ?? { ratePerMs: undefined, concurrency: undefined });
  const chance = seededChance(options.seed);
  const events: { readonly atMs: number; readonly run: () => void }[] = [];
  const at = (atMs: number, run: () => void): void => {
    const index = events.findLastIndex((event) => event.atMs <= atMs);
    events.splice(index + 1, 0, { atMs, run });
  };
  let nowMs = 0;
  let served = 0;
  let refused = 0;
  let refusedAtFirst = 0;

  const send = (ticket: number): void => {
    const startedMs = nowMs;
    // The way there is a small part of it; most is what the server does after it has counted the request.
    at(nowMs + options.latencyMs * (0.1 + 0.2 * chance.random()), () => {
      const verdict = server(nowMs);
      if (verdict.isServed) served += 1;
      else {
        refused += 1;
        if (nowMs < 60_000) refusedAtFirst += 1;
      }
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
  return { served, refused, refusedAtFirst };
}
