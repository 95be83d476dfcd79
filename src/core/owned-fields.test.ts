import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { unheldFields } from "./difference.ts";
import { holds } from "./holds.ts";
import type { JsonObject } from "./json.ts";
import { MEMBERS_MAX, OwnedFields, type StoredFields } from "./owned-fields.ts";

const learned = (...records: readonly JsonObject[]): OwnedFields => {
  const owned = new OwnedFields("m", null);
  for (const record of records) owned.learn(record);
  return owned;
};

suite("fields that a mapping owns", () => {
  test("U6: what the mapping has left out of them, the destination must not hold either", () => {
    const { fields } = new OwnedFields("m", { name: null, note: null });
    assert.ok(!holds({ name: "a", note: "x" }, { name: "a" }, fields));
    assert.ok(!holds({ name: "a", note: false }, { name: "a" }, fields));
    assert.ok(!holds({ name: "a", note: 0 }, { name: "a" }, fields));
    assert.ok(holds({ name: "a", note: "x" }, { name: "a" }), "where it may");
    assert.ok(holds({ name: "a", created: "today" }, { name: "a" }, fields), "what the API adds is its own");
  });

  test("U6: null and what is empty are nothing", () => {
    const { fields } = learned({ note: { text: "x" } });
    for (const nothing of [null, "", [], {}, { text: null }, { text: "", id: 7 }])
      assert.ok(holds({ note: nothing }, {}, fields), JSON.stringify(nothing));
    assert.ok(!holds({ note: { text: "y", id: 7 } }, {}, fields));
  });

  test("U6: a field that one record has is owned in all, at any depth and in the items of lists", () => {
    const { fields } = learned({ to: { city: "x", zip: "1" } }, { lines: [{ sku: "a" }, { sku: "b", gift: true }] });
    assert.ok(!holds({ to: { city: "x", zip: "1" } }, { to: { city: "x" } }, fields));
    assert.ok(holds({ to: { city: "x", country: "CH" } }, { to: { city: "x" } }, fields));
    assert.ok(!holds({ lines: [{ sku: "a", gift: true }] }, { lines: [{ sku: "a" }] }, fields));
    assert.ok(holds({ lines: [{ sku: "a", id: 1 }] }, { lines: [{ sku: "a" }] }, fields));
  });

  test("U6: the differences name what was left out", () => {
    const { fields } = learned({ name: "", to: { zip: "" } });
    const found = { name: "a", to: { zip: "1", id: 7 }, created: "today" };
    assert.deepEqual(unheldFields(found, { name: "a", to: {} }, fields), [
      { path: "to.zip", before: '"1"', after: undefined },
    ]);
    assert.deepEqual(unheldFields(found, { name: "a" }, fields), [
      { path: "to", before: '{"id":7,"zip":"1"}', after: undefined },
    ]);
  });

  test("U6: of somebody else's record, any member may be one that the mapping would have cleared, where its text does not say", () => {
    const { fields } = new OwnedFields("m", { name: null, to: null, at: { x: null } });
    const found = { id: 7, name: "a", to: { city: "x", zip: "1" }, at: { x: 1, y: 2 } };
    assert.ok(holds(found, { name: "a", to: { city: "x", zip: "1" }, at: { x: 1 } }, fields, true));
    assert.ok(!holds(found, { name: "a", to: { city: "x" }, at: { x: 1 } }, fields, true));
    assert.ok(holds(found, { name: "a", to: { city: "x" }, at: { x: 1 } }, fields));
    assert.ok(!holds(found, found.at, learned().fields, true), "the record as it is");
    assert.ok(holds({ a: 1, b: null }, { a: 1 }, learned().fields, true));
  });

  test("what was learned is kept, once, and for the same mapping alone", () => {
    const owned = new OwnedFields("m", { name: null });
    const first = owned.unkept;
    assert.ok(first !== undefined, "that there was nothing to learn is worth knowing, too");
    owned.kept(first);
    owned.learn({ name: "a" });
    assert.equal(owned.unkept, undefined, "its text names it");
    owned.learn({ name: { last: "b" }, ["__proto__"]: "c" });
    const stored = owned.unkept;
    assert.ok(stored !== undefined);
    owned.learn({ more: 1 });
    owned.kept(stored);
    assert.ok(owned.unkept !== undefined, "more has been learned meanwhile");
    owned.kept(owned.unkept);
    assert.equal(owned.unkept, undefined);

    const again = new OwnedFields("m", null);
    assert.equal(again.isRestored, false);
    again.restore(stored);
    assert.deepEqual([again.isRestored, again.unkept], [true, undefined]);
    assert.deepEqual([...again.fields.within.keys()], ["name", "__proto__"]);
    assert.deepEqual([...(again.fields.within.get("name")?.within.keys() ?? [])], ["last"]);
    const other = new OwnedFields("another", null);
    other.restore(stored);
    assert.deepEqual([other.isRestored, other.fields.within.size], [false, 0]);
  });

  test("where data are used as names, what a record has counts alone; what is beside them is owned all the same", () => {
    const stock = Object.fromEntries(Array.from({ length: MEMBERS_MAX + 1 }, (_, index) => [`w${index}`, 1]));
    const owned = learned({ stock: { w1: 1 } }, { stock }, { stock: { other: 1 } }, { note: "x" });
    const again = new OwnedFields("m", null);
    again.restore(owned.unkept as StoredFields);
    for (const { fields } of [owned, again]) {
      assert.ok(holds({ stock: { w1: 1, w2: 2 } }, { stock: { w1: 1 } }, fields));
      assert.ok(!holds({ stock: { w1: 1 }, note: "x" }, { stock: { w1: 1 } }, fields));
      assert.ok(!holds({ stock: { w1: 1 } }, {}, fields));
    }
  });

  test("items that the mapping spells out one by one may have other fields", () => {
    const { fields } = new OwnedFields("m", { contacts: "data" });
    const wanted = { contacts: [{ kind: "a" }, { kind: "b", country: "CH" }] };
    assert.ok(
      holds(
        {
          contacts: [
            { kind: "a", country: "DE" },
            { kind: "b", country: "CH" },
          ],
        },
        wanted,
        fields,
      ),
    );
    assert.ok(!holds({ contacts: [{ kind: "a" }] }, {}, fields));
  });
});
