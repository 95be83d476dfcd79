import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compareCursors, notAfter, parseCursor, subtractFromCursor } from "./cursor.ts";

test("P1: timestamps compare by instant, whatever their zone and precision", () => {
  const pairs: [string, string, number][] = [
    ["2026-03-01T12:00:00Z", "2026-03-01T14:00:00+02:00", 0],
    ["2026-03-01T12:00:00.1Z", "2026-03-01T12:00:00.100000Z", 0],
    ["2026-03-01T12:00:00.000001Z", "2026-03-01T12:00:00.000002Z", -1],
    ["2026-03-01T12:00:00.000000002Z", "2026-03-01T12:00:00.000000001Z", 1],
    ["2026-03-01 12:00:00", "2026-03-01T12:00:00Z", 0],
    ["2026-03-01", "2026-03-01T00:00:01Z", -1],
    ["1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.4Z", 1],
  ];
  for (const [a, b, order] of pairs) assert.equal(Math.sign(compareCursors("timestamp", a, b)), order, `${a} ${b}`);
});

test("P1: a computed timestamp is written in the source's own format and zone", () => {
  const cases: [string, number, string][] = [
    ["2026-03-01T12:00:00Z", 120_000, "2026-03-01T11:58:00Z"],
    ["2026-03-01T01:00:00.123456+02:00", 3_600_000, "2026-03-01T00:00:00.123456+02:00"],
    ["2026-03-01 00:00:01", 2_000, "2026-02-28 23:59:59"],
    ["2026-03-01T00:00:00.000001Z", 1, "2026-02-28T23:59:59.999001Z"],
    ["2026-03-01T12:00:00+0530", 1_000, "2026-03-01T11:59:59+0530"],
    ["2026-03-01", 1, "2026-02-28"],
    ["2026-03-01T12:00Z", 1_000, "2026-03-01T11:59Z"],
    ["1970-01-01T00:00:00.5Z", 1_000, "1969-12-31T23:59:59.5Z"],
  ];
  for (const [text, amount, expected] of cases) assert.equal(subtractFromCursor("timestamp", text, amount), expected);
});

test("P1: subtracting never gives a later instant than asked for, and loses less than the format's step", () => {
  const stamp = fc
    .tuple(fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }), fc.stringMatching(/^\d{1,9}$/))
    .map(([date, fraction]) => `${date.toISOString().slice(0, 19)}.${fraction}Z`);
  fc.assert(
    fc.property(stamp, fc.integer({ min: 1, max: 1e9 }), (text, amount) => {
      const before = parseCursor("timestamp", text);
      const after = parseCursor("timestamp", subtractFromCursor("timestamp", text, amount));
      assert.ok(before?.type === "timestamp" && after?.type === "timestamp");
      const exact = before.instant - BigInt(amount) * 10n ** 15n;
      const step = 10n ** BigInt(18 - before.shape.digits);
      assert.ok(after.instant <= exact && exact - after.instant < step);
    }),
  );
});

test("P1: integers of any length are exact", () => {
  assert.equal(subtractFromCursor("integer", "9007199254740993", 1), "9007199254740992");
  assert.ok(compareCursors("integer", "9007199254740993", "9007199254740992") > 0);
  assert.ok(compareCursors("integer", "99", "100") < 0);
});

test("P3: a timestamp past the limit is cut to it, one before it is kept as written", () => {
  const limit = Date.UTC(2026, 2, 1, 12);
  assert.equal(notAfter("timestamp", "2026-03-01T13:00:00.123+02:00", limit), "2026-03-01T13:00:00.123+02:00");
  assert.equal(notAfter("timestamp", "2026-03-01T14:00:00.123+02:00", limit), "2026-03-01T14:00:00.000+02:00");
  assert.equal(notAfter("integer", "5", limit), "5");
});

test("what is no cursor of its type is recognised", () => {
  for (const text of ["", "yesterday", "2026-02-30", "2026-13-01", "2026-03-01T25:00:00Z", "1709294400"])
    assert.equal(parseCursor("timestamp", text), undefined, text);
  for (const text of ["", "1.5", "1e3", "abc"]) assert.equal(parseCursor("integer", text), undefined, text);
});
