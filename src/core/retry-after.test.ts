import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseHttpDate, parseRetryAfter } from "./retry-after.ts";

const now = Date.UTC(1994, 10, 6, 8, 49, 7);

test("R5: digits, decimals and the three forms of an HTTP date", () => {
  assert.equal(parseRetryAfter("120", now), 120_000);
  assert.equal(parseRetryAfter("1.5", now), 1_500);
  assert.equal(parseRetryAfter("0.0001", now), 1);
  assert.equal(parseRetryAfter(" 2 ", now), 2_000);
  for (const date of ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"])
    assert.equal(parseRetryAfter(date, now), 30_000, date);
  assert.equal(parseRetryAfter("Sun, 06 Nov 1994 08:00:00 GMT", now), 0);
  assert.equal(parseRetryAfter("9999999999", now), 9_999_999_999_000);
});

test("R5: anything else is ignored", () => {
  for (const text of [
    "",
    "-1",
    "1m0s",
    "soon",
    "1e3",
    "0x10",
    "NaN",
    "Infinity",
    "+5",
    "1,5",
    "2026-01-01T00:00:00Z",
    "120; 5",
    "99999999999999999999",
    "Sun, 99 Nov 1994 08:49:37 GMT",
  ]) {
    assert.equal(parseRetryAfter(text, now), undefined, text);
  }
  assert.equal(parseRetryAfter(undefined, now), undefined);
});

test("R5: whatever is sent, the result is a finite wait or nothing", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const ms = parseRetryAfter(text, now);
      assert.ok(ms === undefined || (Number.isFinite(ms) && ms >= 0));
    }),
  );
});

test("R5: dates written by toUTCString are read back", () => {
  fc.assert(
    fc.property(fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }), (date) =>
      assert.equal(parseHttpDate(date.toUTCString()), Math.floor(date.getTime() / 1_000) * 1_000),
    ),
  );
});
