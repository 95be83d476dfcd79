import assert from "node:assert/strict";
import { test } from "node:test";
import { Lane, type LaneLimits, type LaneReport } from "./lane.ts";

const FREE: LaneLimits = { ratePerMs: undefined, concurrency: undefined };

/** Starts a request, which must be let in; the result is its report when it succeeds after 10 ms. */
function start(lane: Lane, nowMs: number): LaneReport {
  const admission = lane.admit(nowMs);
  assert.equal(admission.kind, "go");
  const ticket = admission.kind === "go" ? admission.ticket : -1;
  const ends = { startedMs: nowMs, endedMs: nowMs + 10 };
  return { ticket, kind: "write", result: "ok", ...ends, retryAfterMs: undefined, quotas: [] };
}

/** A lane that has seen a first answer, so that more than one request may go; at 10 ms. */
function warm(limits: LaneLimits = FREE): Lane {
  const lane = new Lane(limits);
  lane.leave(start(lane, 0));
  return lane;
}

function startAll(lane: Lane, nowMs: number): LaneReport[] {
  const reports: LaneReport[] = [];
  for (let admission = lane.admit(nowMs); admission.kind === "go"; admission = lane.admit(nowMs)) {
    const ends = { startedMs: nowMs, endedMs: nowMs + 10 };
    reports.push({
      ticket: admission.ticket,
      kind: "write",
      result: "ok",
      ...ends,
      retryAfterMs: undefined,
      quotas: [],
    });
  }
  return reports;
}

test("L4: the first request goes alone, since its answer may announce a limit", () => {
  const lane = new Lane({ ratePerMs: undefined, concurrency: 5 });
  const first = start(lane, 0);
  assert.deepEqual(lane.admit(0), { kind: "full" });
  lane.leave(first);
  assert.equal(startAll(lane, 10).length, 5);
});

test("L4: a declared rate spaces requests evenly, whatever was saved up", () => {
  const lane = warm({ ratePerMs: 0.01, concurrency: 100 });
  assert.deepEqual(lane.admit(99), { kind: "wait", untilMs: 100, why: "pace" });
  assert.equal(startAll(lane, 60_000).length, 1, "a minute of silence buys no burst");
});

test("L4: a fast rate may catch up with a late timer, for 20 ms at most", () => {
  const lane = warm({ ratePerMs: 1, concurrency: 1_000 });
  assert.equal(startAll(lane, 15).length, 15);
  assert.equal(startAll(lane, 60_000).length, 1);
});

test("L3: refusals of everything under way are one episode with one decrease, and the longest Retry-After counts", () => {
  const lane = warm();
  const reports = startAll(lane, 10);
  assert.equal(reports.length, 8);
  for (const [index, report] of reports.entries())
    lane.leave({ ...report, result: "throttled", retryAfterMs: index === 3 ? 5_000 : 1_000 });
  assert.deepEqual(lane.admit(20), { kind: "wait", untilMs: 5_020, why: "asked" });
  const probe = start(lane, 5_020);
  assert.equal(lane.admit(5_020).kind, "full", "after a pause, one probe goes first");
  lane.leave(probe);
  const next = lane.admit(5_030);
  assert.ok(next.kind === "wait" && next.why === "pace", "what was learned of the limit paces the rest");
});

test("R4, L7: what the API asked for is remembered, also where a refusal that names no time pauses for longer", () => {
  const lane = warm();
  const [first, second] = startAll(lane, 10) as [LaneReport, LaneReport];
  lane.leave({ ...first, result: "throttled", retryAfterMs: 500 });
  assert.equal(lane.pausedUntil(20), first.endedMs + 500);
  lane.leave({ ...second, result: "throttled" });
  assert.equal(lane.pausedUntil(20), first.endedMs + 500);
  const other = warm();
  const [third, fourth] = startAll(other, 10) as [LaneReport, LaneReport];
  other.leave({ ...third, result: "throttled" });
  other.leave({ ...fourth, result: "throttled", retryAfterMs: 500 });
  assert.equal(other.pausedUntil(20), fourth.endedMs + 500);
});

test("L3: a refusal that names no time pauses for 1 s, then 2, 4, up to 30; a success starts anew", () => {
  const lane = warm();
  const pauses: number[] = [];
  let nowMs = 10;
  const refuse = (): void => {
    const report = start(lane, nowMs);
    lane.leave({ ...report, result: "throttled" });
    const admission = lane.admit(report.endedMs);
    assert.ok(admission.kind === "wait" && admission.why === "throttled");
    pauses.push(admission.untilMs - report.endedMs);
    nowMs = admission.untilMs;
  };
  for (let episode = 0; episode < 7; episode++) refuse();
  assert.deepEqual(pauses, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  lane.leave(start(lane, nowMs));
  nowMs += 60_000;
  refuse();
  assert.equal(pauses.at(-1), 1_000);
});

test("L2: a refusal without Retry-After waits for the reset that its own headers announce", () => {
  const lane = warm();
  const quota = { name: "", limit: 10, remaining: 0, windowMs: undefined, resetMs: 7_000, coarseMs: 0 };
  lane.leave({ ...start(lane, 10), result: "throttled", quotas: [quota] });
  assert.deepEqual(lane.admit(20), { kind: "wait", untilMs: 7_020, why: "throttled" });
});

test("L3: an answer to a request from before the pause does not end the probing", () => {
  const lane = warm({ ratePerMs: undefined, concurrency: 2 });
  const [refused, slow] = startAll(lane, 10) as [LaneReport, LaneReport];
  lane.leave({ ...refused, result: "throttled", retryAfterMs: 100 });
  lane.leave({ ...slow, endedMs: 115 });
  assert.equal(startAll(lane, 120).length, 1);
});

test("L4: nothing goes while nothing is left and somebody else used it up, until the reset", () => {
  const lane = new Lane(FREE);
  const quota = { name: "", limit: 5_000, remaining: 0, windowMs: undefined, resetMs: 40_000, coarseMs: 1_000 };
  lane.leave({ ...start(lane, 0), quotas: [quota] });
  assert.deepEqual(lane.admit(20), { kind: "wait", untilMs: 40_010, why: "quota" });
  assert.equal(lane.pausedUntil(20), 40_010, "the next process must know");
  assert.equal(lane.admit(40_010).kind, "go");
});

test("L4: an answer that was overtaken does not bring back what a later one saw used up", () => {
  const lane = warm({ ratePerMs: undefined, concurrency: 2 });
  const quota = { name: "", limit: 5_000, windowMs: undefined, resetMs: 40_000, coarseMs: 1_000 };
  const [early, late] = startAll(lane, 10) as [LaneReport, LaneReport];
  lane.leave({ ...late, quotas: [{ ...quota, remaining: 0 }] });
  lane.leave({ ...early, endedMs: 30, quotas: [{ ...quota, remaining: 1_000 }] });
  assert.deepEqual(lane.admit(40), { kind: "wait", untilMs: 40_020, why: "quota" });
});

test("L4: what somebody else left is spread until the reset", () => {
  const lane = new Lane({ ratePerMs: undefined, concurrency: 50 });
  const quota = { name: "", limit: 600, remaining: 10, windowMs: 60_000, resetMs: 20_000, coarseMs: 0 };
  lane.leave({ ...start(lane, 0), quotas: [quota] });
  const next = lane.admit(10);
  assert.ok(next.kind === "wait" && next.untilMs > 2_000 && next.untilMs < 2_300, JSON.stringify(next));
});

test("L4: several limits apply together; a daily one does not pace, and stops the lane once it is used up", () => {
  const lane = new Lane({ ratePerMs: undefined, concurrency: 50 });
  const burst = { name: "burst", limit: 10, remaining: 9, windowMs: 1_000, resetMs: 900, coarseMs: 0 };
  const daily = { name: "daily", limit: 1_000, remaining: 500, windowMs: 86_400_000, resetMs: 3_600_000, coarseMs: 0 };
  lane.leave({ ...start(lane, 0), quotas: [burst, daily] });
  assert.equal(lane.perSecond, 10);
  const next = lane.admit(10);
  assert.ok(next.kind === "wait" && next.untilMs > 100 && next.untilMs < 110, JSON.stringify(next));
  lane.leave({ ...start(lane, 200), quotas: [burst, { ...daily, remaining: 0 }] });
  assert.deepEqual(lane.admit(400), { kind: "wait", untilMs: 3_600_210, why: "quota" });
});

test("R7: when failures outrun the budget the circuit opens, and one probe at a time goes out until one succeeds", () => {
  const lane = warm({ ratePerMs: undefined, concurrency: 200 });
  for (const report of startAll(lane, 10)) lane.leave({ ...report, result: "failed" });
  const open = lane.admit(20);
  assert.ok(open.kind === "wait" && open.why === "circuit" && open.untilMs === 1_020, JSON.stringify(open));
  const failing = start(lane, 1_020);
  assert.equal(lane.admit(1_020).kind, "full");
  lane.leave({ ...failing, result: "failed" });
  assert.deepEqual(lane.admit(1_031), { kind: "wait", untilMs: 3_030, why: "circuit" });
  lane.leave(start(lane, 3_030));
  assert.ok(startAll(lane, 3_040).length > 1);
});

test("R7: a few failures do not open the circuit, and what we abandoned ourselves is none", () => {
  const lane = warm({ ratePerMs: undefined, concurrency: 200 });
  for (const [index, report] of startAll(lane, 10).entries())
    lane.leave({ ...report, result: index < 50 ? "failed" : "abandoned" });
  assert.equal(lane.admit(20).kind, "go");
});

test("L7: what was learned is taken up by the next process", () => {
  const lane = new Lane(FREE);
  const quota = { name: "burst", limit: 600, remaining: 599, windowMs: 60_000, resetMs: 60_000, coarseMs: 0 };
  lane.leave({ ...start(lane, 0), quotas: [quota] });
  const next = new Lane(FREE);
  next.resume(lane.learned(10), 0);
  assert.equal(next.perSecond, 10);
  next.leave(start(next, 0));
  const second = next.admit(10);
  assert.ok(second.kind === "wait" && second.why === "pace");
});

test("L7: a memory that cannot be read is no memory", () => {
  for (const text of [
    "",
    "{",
    "null",
    "[]",
    '{"concurrency":-1,"windows":[{"name":1},null,{"name":"a","limit":0,"windowMs":1}]}',
  ]) {
    const lane = new Lane(FREE);
    lane.resume(text, 0);
    assert.equal(lane.perSecond, undefined, text);
    lane.leave(start(lane, 0));
    assert.equal(startAll(lane, 10).length, 8, text);
  }
});

test("L7: a pause that an earlier process was told is kept", () => {
  const lane = new Lane({ ratePerMs: undefined, concurrency: 1 });
  lane.resume("", 0, 5_000);
  assert.equal(lane.pausedUntil(0), 5_000);
  assert.deepEqual(lane.admit(0), { kind: "wait", untilMs: 5_000, why: "asked" });
});
