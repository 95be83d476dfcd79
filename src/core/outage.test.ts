import assert from "node:assert/strict";
import { test } from "node:test";
import { Outage } from "./outage.ts";
import type { Outcome } from "./outcome.ts";
import type { RetryPolicy } from "./sync.ts";

const POLICY: RetryPolicy = { attempts: 6, baseMs: 500, throttledBaseMs: 1_000, capMs: 30_000, deadlineMs: 900_000 };
const refused: Outcome = { kind: "not-sent", message: "connect ECONNREFUSED" };
const failed: Outcome = { kind: "unknown", status: 503, message: "503" };
const lost: Outcome = { kind: "unknown", message: "the connection broke" };
const closed: Outcome = { kind: "not-sent", retryAfterMs: 2_000, message: "it is down" };
const applied: Outcome = { kind: "applied", status: 200 };
const conflict: Outcome = { kind: "unknown", status: 409, message: "409" };

/** When it is said to be down, with one attempt a second. */
function downAt(outcomes: readonly Outcome[]): readonly [atSecond: number, as: string] | undefined {
  const outage = new Outage(POLICY);
  for (const [second, outcome] of outcomes.entries()) {
    const down = outage.note(outcome, second * 1_000);
    if (down !== undefined) return [second, down];
  }
  return undefined;
}

const often = (outcome: Outcome, times: number): Outcome[] => Array.from({ length: times }, () => outcome);

test("R3: an API that cannot be reached is given up after as long as one request is tried at most: 0.5 + 1 + 2 + 4 + 8 s", () => {
  assert.deepEqual(downAt(often(refused, 60)), [16, "unreachable"]);
});

test("R7: an API that fails is given up after the deadline of one operation, and not before", () => {
  assert.deepEqual(downAt(often(failed, 2_000)), [900, "failing"]);
  assert.deepEqual(downAt([...often(refused, 10), lost, ...often(refused, 2_000)]), [900, "failing"]);
});

test("anything that an API answers ends its outage, and a closed lane says nothing", () => {
  for (const answer of [applied, conflict])
    assert.equal(downAt([...often(refused, 15), answer, ...often(refused, 15)]), undefined);
  assert.equal(downAt(often(closed, 2_000)), undefined);
});

test("a few attempts far apart are no outage", () => {
  const outage = new Outage(POLICY);
  for (let attempt = 1; attempt < POLICY.attempts; attempt++)
    assert.equal(outage.note(refused, attempt * 3_600_000), undefined);
});
