import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseExact } from "./exact-json.ts";

test("S5: numbers that a double would change keep their text", () => {
  for (const number of [
    "9007199254740993",
    "1.10",
    "1e2",
    "1E400",
    "-0",
    "0.1000000000000000055511151231257827",
    "12345678901234567890",
    "1.0",
    "-9007199254740993.10",
  ]) {
    assert.equal(
      JSON.stringify(parseExact(`{"n":${number},"list":[${number}]}`)),
      `{"n":${number},"list":[${number}]}`,
    );
  }
});

test("S5: whatever number a text holds, writing it again gives the same digits", () => {
  const number = fc.tuple(
    fc.constantFrom("", "-"),
    fc.stringMatching(/^(0|[1-9]\d{0,25})$/),
    fc.option(fc.stringMatching(/^\d{1,25}$/)),
    fc.option(fc.tuple(fc.constantFrom("e", "E"), fc.constantFrom("", "+", "-"), fc.stringMatching(/^\d{1,3}$/))),
  );
  fc.assert(
    fc.property(number, ([sign, whole, fraction, exponent]) => {
      const text =
        sign + whole + (fraction === null ? "" : `.${fraction}`) + (exponent === null ? "" : exponent.join(""));
      assert.equal(JSON.stringify(parseExact(`[${text}]`)), `[${text}]`);
    }),
    { numRuns: 2_000 },
  );
});

test("everything else is as JSON.parse has it", () => {
  fc.assert(
    fc.property(fc.json(), (text) => assert.deepEqual(JSON.parse(JSON.stringify(parseExact(text))), JSON.parse(text))),
  );
});

test("S5: __proto__ is a member and reaches no prototype", () => {
  const parsed = parseExact('{"__proto__":{"admin":true},"n":1.10}') as Record<string, unknown>;
  assert.ok(Object.hasOwn(parsed, "__proto__"));
  assert.equal(parsed["admin"], undefined);
});
