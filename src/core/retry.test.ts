import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Outcome } from "./outcome.ts";
import { decideRetry, type Repeatability, type RetryState } from "./retry.ts";
import type { RetryPolicy } from "./sync.ts";

const policy: RetryPolicy = { attempts: 6, baseMs: 500, throttledBaseMs: 1_000, capMs: 30_000, deadlineMs: 900_000 };
const put: Repeatability = { repeatable: true, keyed: false, lookUp: false };
const keyed: Repeatability = { repeatable: false, keyed: true, lookUp: false };
const bare: Repeatability = { repeatable: false, keyed: false, lookUp: false };
const found: Repeatability = { repeatable: false, keyed: false, lookUp: true };
const first: RetryState = { attempts: 1, leftMs: 900_000, everUnknown: false };
const now = { wallMs: 1_700_000_000_000, random: 0.5 };

const unknown: Outcome = { kind: "unknown", message: "the answer was lost" };
const notSent: Outcome = { kind: "not-sent", message: "connection refused" };
const throttled = (retryAfterMs?: number): Outcome => ({
  kind: "throttled",
  status: 429,
  message: "slow down",
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});
const refused = (reason: "other" | "exists" | "keyMismatch" | "credentials"): Outcome => ({
  kind: "refused",
  status: 422,
  reason,
  message: "no",
});

test("R2: a bare write of unknown outcome is never sent again, whatever came before or after", () => {
  for (const outcome of [unknown, notSent, throttled(), throttled(5_000)]) {
    const next = decideRetry(policy, bare, { ...first, everUnknown: true }, outcome, now);
    assert.deepEqual(
      { kind: next.kind, state: next.kind === "hold" ? next.state : undefined },
      { kind: "hold", state: "unknown" },
    );
  }
});

test("R2: an unknown write is repeated under its own address, or under its key, or looked up", () => {
  const state = { ...first, everUnknown: true };
  assert.equal(decideRetry(policy, put, state, unknown, now).kind, "again");
  assert.equal(decideRetry(policy, keyed, state, unknown, now).kind, "again");
  assert.equal(decideRetry(policy, found, state, unknown, now).kind, "look-up");
});

test("R2: a refusal after an unknown attempt clears nothing, except under the same key", () => {
  const state = { ...first, attempts: 2, everUnknown: true };
  assert.equal(decideRetry(policy, put, state, refused("other"), now).kind, "hold");
  assert.equal(decideRetry(policy, { ...put, lookUp: true }, state, refused("other"), now).kind, "look-up");
  assert.equal(decideRetry(policy, keyed, state, refused("other"), now).kind, "rejected");
  assert.equal(decideRetry(policy, put, { ...state, everUnknown: false }, refused("other"), now).kind, "rejected");
});

test("R3: full jitter between nothing and min(cap, base * 2^n)", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempts, random) => {
      const next = decideRetry(policy, put, { ...first, attempts }, unknown, { ...now, random });
      assert.ok(next.kind === "again");
      assert.equal(next.delayMs, random * Math.min(30_000, 500 * 2 ** (attempts - 1)));
    }),
  );
});

test("R3: throttling starts at its own, longer base", () => {
  const next = decideRetry(policy, put, first, throttled(), now);
  assert.deepEqual(next, { kind: "again", delayMs: 500, message: "slow down" });
});

test("R3a: out of attempts or time, not sent and throttled are parked, unknown stays unknown, and none is rejected", () => {
  const spent = { ...first, attempts: 6 };
  const states = [notSent, throttled(), unknown].map((outcome) => {
    const next = decideRetry(policy, put, { ...spent, everUnknown: outcome.kind === "unknown" }, outcome, now);
    return next.kind === "hold" ? next.state : next.kind;
  });
  assert.deepEqual(states, ["parked", "parked", "unknown"]);
  const late = decideRetry(policy, put, { ...first, leftMs: 0 }, notSent, now);
  assert.equal(late.kind, "hold");
});

test("R3a: a parked operation that was ever unknown stays unknown", () => {
  const next = decideRetry(policy, put, { attempts: 6, leftMs: 900_000, everUnknown: true }, notSent, now);
  assert.ok(next.kind === "hold" && next.state === "unknown");
});

test("R4: Retry-After is a floor that jitter only lengthens", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 600_000 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (retryAfterMs, random) => {
        const next = decideRetry(policy, put, first, throttled(retryAfterMs), { ...now, random });
        assert.ok(next.kind === "again" && next.delayMs >= retryAfterMs && next.delayMs <= retryAfterMs * 1.1);
      },
    ),
  );
});

test("R4: a Retry-After longer than the operation may wait parks it until then; it is never clamped", () => {
  const next = decideRetry(policy, put, first, throttled(3_600_000), now);
  assert.deepEqual(next, { kind: "hold", state: "parked", notBeforeMs: now.wallMs + 3_600_000, message: "slow down" });
});

test("K5: a key mismatch is kept for a person and never gets a fresh key", () => {
  const next = decideRetry(policy, { ...keyed, lookUp: true }, first, refused("keyMismatch"), now);
  assert.ok(next.kind === "hold" && next.state === "unknown");
});

test("K5: a stored failure under the same key is looked up instead of asked for again", () => {
  const replayed: Outcome = { kind: "unknown", message: "500 again", replayed: true };
  assert.equal(decideRetry(policy, { ...keyed, lookUp: true }, first, replayed, now).kind, "look-up");
  assert.equal(decideRetry(policy, keyed, first, replayed, now).kind, "hold");
});

test("U5: `exists` is looked up, since only our own external id tells whose record it is", () => {
  assert.equal(decideRetry(policy, found, first, refused("exists"), now).kind, "look-up");
  assert.equal(decideRetry(policy, keyed, first, refused("exists"), now).kind, "rejected");
});

test("credentials that are refused stop the run and reject no record", () => {
  assert.deepEqual(decideRetry(policy, put, first, refused("credentials"), now), {
    kind: "stop",
    state: "parked",
    message: "no",
  });
});

test("what is the same whenever it is tried is tried once", () => {
  const lasting = { kind: "not-sent", message: "self-signed certificate", isLasting: true } as const;
  const hold = { kind: "hold", notBeforeMs: undefined, message: lasting.message } as const;
  assert.deepEqual(decideRetry(policy, put, first, lasting, now), { ...hold, state: "parked" });
  const inDoubt = decideRetry(policy, put, { ...first, everUnknown: true }, lasting, now);
  assert.deepEqual(inDoubt, { ...hold, state: "unknown" });
});
