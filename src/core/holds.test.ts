import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { holds } from "./holds.ts";
import { exactNumber, type Json } from "./json.ts";

test("U6: members that the mapping does not own are ignored", () => {
  assert.ok(holds({ id: 7, name: "a", created: "today", tags: { x: 1, y: 2 } }, { name: "a", tags: { x: 1 } }));
  assert.ok(!holds({ name: "b" }, { name: "a" }));
});

test("U6: numbers are compared by value, exactly", () => {
  assert.ok(holds({ price: 1.1 }, { price: exactNumber("1.10") }));
  assert.ok(holds({ price: "1.10" }, { price: 1.1 }));
  assert.ok(holds({ n: 1200 }, { n: exactNumber("1.2e3") }));
  assert.ok(!holds({ id: 9007199254740992 }, { id: exactNumber("9007199254740993") }));
  assert.ok(!holds({ code: "1.10" }, { code: "1.1" }), "two texts are texts");
  assert.ok(holds({ zero: 0 }, { zero: exactNumber("-0.0") }));
});

test("U6: null and absent are one, lists count every item", () => {
  assert.ok(holds({}, { note: null }));
  assert.ok(!holds({ note: "x" }, { note: null }));
  assert.ok(!holds({ list: [1, 2] }, { list: [1] }));
  assert.ok(holds({ list: [{ a: 1, b: 2 }] }, { list: [{ a: 1 }] }));
  assert.ok(holds({ on: "true" }, { on: true }));
});

test("U6: every value holds itself", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => assert.ok(holds(value as Json, value as Json))));
});
