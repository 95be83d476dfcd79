import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Circuit } from "./circuit.ts";

test("R7: failures of a fifth of the requests and 10 a second never open it", () => {
  const circuit = new Circuit();
  for (let nowMs = 0; nowMs < 600_000; nowMs += 100) {
    for (let count = 0; count < 40; count++) circuit.succeeded(nowMs);
    for (let count = 0; count < 9; count++) circuit.failed(nowMs, nowMs);
    assert.equal(circuit.openUntilMs, undefined);
  }
});

test("R7: an outage opens it once the budget is spent, with probes at 1, 2, 4, ... 30 s", () => {
  const circuit = new Circuit();
  let failures = 0;
  while (circuit.openUntilMs === undefined) {
    circuit.failed(0, 0);
    failures += 1;
  }
  assert.ok(failures >= 100 && failures <= 126, String(failures));
  const delays = [circuit.openUntilMs];
  for (let probe = 0; probe < 6; probe++) {
    const nowMs = circuit.openUntilMs as number;
    circuit.failed(nowMs, nowMs);
    delays.push((circuit.openUntilMs as number) - nowMs);
  }
  assert.deepEqual(delays, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
});

test("R7: failures that were under way when it opened are not probes", () => {
  const circuit = new Circuit();
  for (let count = 0; count < 200; count++) circuit.failed(0, 5);
  assert.equal(circuit.openUntilMs, 1_005);
});

test("R7: after a recovery, the next outage is noticed sooner", () => {
  const circuit = new Circuit();
  for (let count = 0; count < 200; count++) circuit.failed(0, 0);
  circuit.succeeded(1_000);
  assert.equal(circuit.openUntilMs, undefined);
  let failures = 0;
  for (; circuit.openUntilMs === undefined; failures++) circuit.failed(1_000, 1_000);
  assert.ok(failures > 10 && failures < 40, String(failures));
});

test("R7: it never opens for longer than 30 s", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ ok: fc.boolean(), afterMs: fc.nat(5_000) }), { maxLength: 2_000 }), (answers) => {
      const circuit = new Circuit();
      let nowMs = 0;
      for (const { ok, afterMs } of answers) {
        nowMs += afterMs;
        if (ok) circuit.succeeded(nowMs);
        else circuit.failed(nowMs, nowMs);
        assert.ok((circuit.openUntilMs ?? nowMs) <= nowMs + 30_000);
      }
    }),
    { numRuns: 50 },
  );
});
