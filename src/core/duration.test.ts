import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { formatDuration, parseDuration } from "./duration.ts";

test("durations are read as milliseconds", () => {
  for (const [text, ms] of [
    ["500ms", 500],
    ["2s", 2_000],
    ["1.5m", 90_000],
    ["15min", 900_000],
    ["24h", 86_400_000],
    ["7d", 604_800_000],
    ["0s", 0],
    [" 2 s ", 2_000],
  ] as const)
    assert.deepEqual(parseDuration(text), { ok: true, value: ms }, text);
});

test("a number without a unit is refused with a proposal", () => {
  const reading = parseDuration("30");
  assert.ok(!reading.ok);
  assert.match(reading.reason, /`30s` for seconds or `30ms`/);
});

test("what is no duration is refused with a reason", () => {
  for (const text of [
    "",
    "s",
    "-1s",
    "1h30m",
    "2 weeks",
    "1e3s",
    "NaN",
    "Infinitys",
    "5 constructor",
    "0.1ms",
    "99999d",
  ])
    assert.ok(!parseDuration(text).ok, text);
});

test("a formatted duration reads back as the same milliseconds", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10_000_000_000 }), (ms) => {
      assert.deepEqual(parseDuration(formatDuration(ms)), { ok: true, value: ms });
    }),
  );
  assert.equal(formatDuration(90_000), "90s");
  assert.equal(formatDuration(86_400_000), "1d");
  assert.equal(formatDuration(1_500), "1500ms");
});
