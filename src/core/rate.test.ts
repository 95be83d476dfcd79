import { test } from "node:test";
import assert from "node:assert/strict";
import { parseRate } from "./rate.ts";

test("rates are read as requests per second", () => {
  for (const [text, perSecond] of [
    ["50/s", 50],
    ["120/min", 2],
    ["120/m", 2],
    ["3600/h", 1],
    ["86400/d", 1],
    ["0.5/s", 0.5],
    ["10 / s", 10],
  ] as const)
    assert.deepEqual(parseRate(text), { ok: true, value: perSecond }, text);
});

test("a rate without a unit is refused with a proposal", () => {
  const reading = parseRate("50");
  assert.ok(!reading.ok);
  assert.match(reading.reason, /`50\/s` for requests a second or `50\/min`/);
});

test("what is no rate is refused", () => {
  for (const text of ["", "/s", "-1/s", "0/s", "5/fortnight", "5/toString", "fast"])
    assert.ok(!parseRate(text).ok, text);
});
