import assert from "node:assert/strict";
import { test } from "node:test";
import { Lane, type LaneLimits, type LaneReport } from "./lane.ts";
import type { Quota } from "./rate-limit.ts";

type Server = (nowMs: number) => {
  readonly ok: boolean;
  readonly quotas: readonly Quota[];
  readonly retryAfterMs?: number;
};

/** Sends as fast as the lane lets it, for so long, to a server that answers after `latencyMs`. */
function drive(
  limits: LaneLimits,
  server: Server,
  options: { readonly latencyMs: number; readonly forMs: number },
): { sent: number; refused: number; most: number } {
  const lane = new Lane(limits);
  const underWay: { readonly startedMs: number; readonly endedMs: number; readonly answer: ReturnType<Server> }[] = [];
  let nowMs = 0;
  let sent = 0;
  let refused = 0;
  let most = 0;
  while (nowMs < options.forMs) {
    const admission = lane.admit(nowMs);
    if (admission.kind === "go") {
      const answer = server(nowMs);
      underWay.push({ startedMs: nowMs, endedMs: nowMs + options.latencyMs, answer });
      sent += 1;
      if (!answer.ok) refused += 1;
      most = Math.max(most, underWay.length);
      continue;
    }
    const next = underWay[0];
    const untilMs = admission.kind === "wait" ? admission.untilMs : Number.POSITIVE_INFINITY;
    if (next !== undefined && next.endedMs <= untilMs) {
      nowMs = Math.max(nowMs, next.endedMs);
      underWay.shift();
      const { answer } = next;
      lane.leave({
        result: answer.ok ? "ok" : "throttled",
        startedMs: next.startedMs,
        endedMs: nowMs,
        retryAfterMs: answer.retryAfterMs,
        quotas: answer.quotas,
      });
    } else nowMs = untilMs;
  }
  return { sent, refused, most };
}

/** 20 requests in each second of the clock, told in one of several ways. */
function fixedWindow(tell: (state: { remaining: number; leftMs: number }) => Quota): Server {
  let window = -1;
  let used = 0;
  return (nowMs) => {
    const now = Math.floor((nowMs + 370) / 1_000);
    if (now !== window) [window, used] = [now, 0];
    const leftMs = 1_000 - ((nowMs + 370) % 1_000);
    const ok = used < 20;
    if (ok) used += 1;
    return {
      ok,
      quotas: [tell({ remaining: 20 - used, leftMs })],
      ...(ok ? {} : { retryAfterMs: Math.ceil(leftMs / 1_000) * 1_000 }),
    };
  };
}

const announcements: Record<string, (state: { remaining: number; leftMs: number }) => Quota> = {
  "policy and exact reset": ({ remaining, leftMs }) => ({
    limit: 20,
    remaining,
    windowMs: 1_000,
    resetMs: leftMs,
    coarseMs: 0,
  }),
  "policy and whole seconds": ({ remaining, leftMs }) => ({
    limit: 20,
    remaining,
    windowMs: 1_000,
    resetMs: Math.ceil(leftMs / 1_000) * 1_000,
    coarseMs: 1_000,
  }),
  "whole seconds and no window": ({ remaining, leftMs }) => ({
    limit: 20,
    remaining,
    windowMs: undefined,
    resetMs: Math.ceil(leftMs / 1_000) * 1_000,
    coarseMs: 1_000,
  }),
  "exact reset and no window": ({ remaining, leftMs }) => ({
    limit: 20,
    remaining,
    windowMs: undefined,
    resetMs: leftMs,
    coarseMs: 0,
  }),
};

for (const [name, tell] of Object.entries(announcements)) {
  test(`L4: an announced 20/s (${name}) is used to 90 % with at most 1 % refusals`, () => {
    const { sent, refused } = drive({ ratePerMs: undefined, concurrency: undefined }, fixedWindow(tell), {
      latencyMs: 30,
      forMs: 60_000,
    });
    assert.ok(refused <= sent * 0.01, `${refused} of ${sent} refused`);
    assert.ok(sent - refused >= 0.9 * 20 * 60, `${sent - refused} of ${20 * 60} used`);
  });
}

test("L6: a declared rate is kept without bursts", () => {
  const { sent } = drive({ ratePerMs: 0.05, concurrency: 8 }, () => ({ ok: true, quotas: [] }), {
    latencyMs: 10,
    forMs: 10_000,
  });
  assert.ok(sent >= 495 && sent <= 502, String(sent));
});

test("L6: a declared concurrency is kept; without one it grows while it helps, up to its bound", () => {
  const quick: Server = () => ({ ok: true, quotas: [] });
  assert.equal(drive({ ratePerMs: undefined, concurrency: 3 }, quick, { latencyMs: 20, forMs: 2_000 }).most, 3);
  const { most } = drive({ ratePerMs: undefined, concurrency: undefined }, quick, { latencyMs: 20, forMs: 20_000 });
  assert.ok(most > 32 && most <= 64, String(most));
});

const report = (parts: Partial<LaneReport>): LaneReport => ({
  result: "ok",
  startedMs: 0,
  endedMs: 10,
  retryAfterMs: undefined,
  quotas: [],
  ...parts,
});

test("L3: all refusals that were under way are one episode", () => {
  const lane = new Lane({ ratePerMs: undefined, concurrency: undefined });
  for (let count = 0; count < 8; count++) assert.equal(lane.admit(0).kind, "go");
  for (let count = 0; count < 8; count++)
    lane.leave(report({ result: "throttled", endedMs: 10 + count, retryAfterMs: 1_000 }));
  const paused = lane.admit(20);
  assert.ok(paused.kind === "wait" && paused.untilMs === 1_017);
  let admitted = 0;
  while (lane.admit(1_100).kind === "go") admitted += 1;
  assert.equal(admitted, 4, "8 halved once");
});

test("R7: when failures outrun the budget the circuit opens, and one probe at a time goes out until one succeeds", () => {
  const lane = new Lane({ ratePerMs: undefined, concurrency: 200 });
  for (let count = 0; count < 150; count++) lane.admit(0);
  for (let count = 0; count < 150; count++) lane.leave(report({ result: "failed" }));
  const open = lane.admit(11);
  assert.ok(open.kind === "wait" && open.why === "circuit");
  assert.equal(lane.admit(open.untilMs).kind, "go");
  assert.equal(lane.admit(open.untilMs).kind, "full");
  lane.leave(report({ startedMs: open.untilMs, endedMs: open.untilMs + 5 }));
  assert.equal(lane.admit(open.untilMs + 6).kind, "go");
  assert.equal(lane.admit(open.untilMs + 6).kind, "go");
});

test("L7: a pause that an earlier process was told is kept", () => {
  const lane = new Lane({ ratePerMs: undefined, concurrency: 1 });
  lane.pause(5_000);
  assert.equal(lane.pausedUntil(0), 5_000);
  assert.deepEqual(lane.admit(0), { kind: "wait", untilMs: 5_000, why: "throttled" });
});
