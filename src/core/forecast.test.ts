import assert from "node:assert/strict";
import { test } from "node:test";
import { Calls, forecastOf } from "./forecast.ts";

const calls = (together: { size: number; bytes: number } | undefined, bytes: readonly number[]): number => {
  const counted = new Calls();
  for (const each of bytes) counted.add(together, each);
  return counted.number;
};

test("requests are counted as they are filled: by number, and by bytes", () => {
  const ten = Array.from({ length: 10 }, () => 100);
  assert.equal(calls(undefined, ten), 10);
  assert.equal(calls({ size: 4, bytes: 1_000_000 }, ten), 3);
  assert.equal(calls({ size: 100, bytes: 250 }, ten), 5);
  assert.equal(calls({ size: 100, bytes: 50 }, ten), 10, "what is too large for any goes alone");
  assert.equal(calls({ size: 4, bytes: 1_000_000 }, []), 0);
});

test("a forecast counts withheld deletes not at all, and pages of the source not against the destination's limit", () => {
  const volume = { bytes: 7, lookUps: 20, later: 0, writes: new Calls(), deletes: new Calls() };
  for (let number = 0; number < 100; number++) volume.writes.add(undefined, 0);
  volume.deletes.add(undefined, 0);
  const pace = { perSecond: 2, isDeclared: true };
  assert.deepEqual(forecastOf(3, volume, true, pace), {
    requests: 123,
    bytes: 7,
    minutes: 1,
    basis: "120 to the destination at 2/s, the limit that is declared",
  });
  assert.equal(forecastOf(3, volume, false, undefined).requests, 124);
});
