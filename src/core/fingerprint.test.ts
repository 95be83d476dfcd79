import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { canonical, fingerprint } from "./fingerprint.ts";
import { exactNumber, type Json } from "./json.ts";

/** The same content with the members of every object in another order. */
function shuffled(value: Json): Json {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== "object" || value === null) return value;
  const names = Object.keys(value).reverse();
  const copy: Record<string, Json> = Object.create(null) as Record<string, Json>;
  for (const name of names) copy[name] = shuffled((value as Record<string, Json>)[name] as Json);
  return copy;
}

test("equal content has one fingerprint, whatever the order of members", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) =>
      assert.equal(fingerprint(value as Json), fingerprint(shuffled(value as Json))),
    ),
  );
});

test("the canonical text means the same as the value", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) =>
      assert.deepEqual(JSON.parse(canonical(value as Json)), JSON.parse(JSON.stringify(value))),
    ),
  );
});

test("S5: exact numbers keep their text, so 1.10 and 1.1 differ", () => {
  assert.equal(
    canonical({ b: exactNumber("9007199254740993"), a: exactNumber("1.10") }),
    '{"a":1.10,"b":9007199254740993}',
  );
  assert.notEqual(fingerprint({ price: exactNumber("1.10") }), fingerprint({ price: 1.1 }));
});

test("S5: a member named __proto__ counts like any other", () => {
  const hostile = JSON.parse('{"b":1,"__proto__":{"x":1},"a":2}') as Json;
  assert.equal(canonical(hostile), '{"__proto__":{"x":1},"a":2,"b":1}');
});

test("members that look like list indexes do not disturb the order", () => {
  assert.equal(fingerprint({ b: 1, 2: 2, 10: 3, a: 4 }), fingerprint({ a: 4, 10: 3, b: 1, 2: 2 }));
});
