import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { exactNumber } from "./json.ts";
import { NESTING_MAX, toJson } from "./json-value.ts";

const reasonOf = (value: unknown): string => {
  const reading = toJson(value);
  assert.ok(!reading.ok);
  return reading.reason;
};

test("JSON values are themselves, in plain lists and objects", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const reading = toJson(value);
      assert.ok(reading.ok);
      assert.equal(JSON.stringify(reading.value), JSON.stringify(value));
    }),
  );
  assert.deepEqual(toJson(undefined), { ok: true, value: undefined });
});

test("marks on lists and missing prototypes do not travel on", () => {
  const marked = Object.assign([1], { sequence: true });
  const bare = Object.assign(Object.create(null) as object, { list: marked, left: undefined });
  const reading = toJson(bare);
  assert.ok(reading.ok);
  assert.deepEqual(reading.value, { list: [1] });
});

test("S5: exact numbers stay, a BigInt keeps its digits, __proto__ is a member", () => {
  const exact = exactNumber("1.10");
  assert.deepEqual(toJson(exact), { ok: true, value: exact });
  const big = toJson({ id: 9007199254740993n });
  assert.ok(big.ok);
  assert.equal(JSON.stringify(big.value), '{"id":9007199254740993}');
  const reading = toJson(JSON.parse('{"__proto__":{"a":1}}'));
  assert.ok(reading.ok);
  assert.equal(JSON.stringify(reading.value), '{"__proto__":{"a":1}}');
  assert.equal(({} as { a?: number }).a, undefined);
});

test("what JSON would change without a word is refused, with its place", () => {
  assert.match(reasonOf(Number.NaN), /it is NaN, which is not JSON/);
  assert.match(reasonOf({ a: [1, Number.POSITIVE_INFINITY] }), /its `a\[1\]` is Infinity/);
  assert.match(reasonOf({ at: new Date(0) }), /its `at` is a Date \(1970-01-01T00:00:00\.000Z\)/);
  assert.match(reasonOf(new Date(Number.NaN)), /a Date \(invalid\)/);
  assert.match(reasonOf(new Map([["a", 1]])), /a Map/);
  assert.match(
    reasonOf(() => 1),
    /a function/,
  );
  assert.match(reasonOf(Symbol("x")), /a symbol/);
  assert.match(reasonOf([undefined]), /its `\[0\]` is undefined/);
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  assert.match(reasonOf(cycle), new RegExp(`nested deeper than ${NESTING_MAX}`));
});
