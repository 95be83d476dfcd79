import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { likelyCursor, likelyKey } from "./field-proposal.ts";
import type { JsonObject } from "./json.ts";
import { readKey } from "./key.ts";
import { valueAt } from "./record-list.ts";

const rows = (count: number, make: (index: number) => JsonObject): readonly JsonObject[] =>
  Array.from({ length: count }, (_, index) => make(index));

suite("the key that records seem to have", () => {
  const cases: readonly (readonly [
    what: string,
    records: readonly JsonObject[],
    key: readonly (readonly string[])[],
  ])[] = [
    ["`id` before any other", rows(3, (n) => ({ code: `c${n}`, id: n })), [["id"]]],
    ["0 is a key", rows(2, (n) => ({ id: n })), [["id"]]],
    ["not an id that two records share", rows(3, (n) => ({ id: n % 2, uuid: `u${n}` })), [["uuid"]]],
    ["not an id that one record lacks", rows(3, (n) => ({ id: n === 1 ? null : n, sku: `s${n}` })), [["sku"]]],
    ["deeper where there is none above", rows(3, (n) => ({ sys: { id: `${n}` }, kind: "a" })), [["sys", "id"]]],
    [
      "two parts that tell apart only together",
      rows(4, (n) => ({ orderId: n >> 1, lineId: n & 1 })),
      [["orderId"], ["lineId"]],
    ],
    ["no name, though it differs by chance", rows(3, (n) => ({ name: `n${n}`, price: n })), []],
    ["a plain field, where many records differ in it", rows(20, (n) => ({ ref: `r${n}`, kind: "a" })), [["ref"]]],
    ["nothing of no records", [], []],
  ];
  for (const [what, records, key] of cases) test(what, () => assert.deepEqual(likelyKey(records), key));

  test("whatever is proposed, every record has it, and each its own", () => {
    const value = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom("", "a", "b", null, true));
    const record = fc.record({ id: value, orderId: value, lineId: value, code: value }, { requiredKeys: [] });
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 12 }), (records) => {
        const key = likelyKey(records as readonly JsonObject[]);
        if (key.length === 0) return;
        const keys = (records as readonly JsonObject[]).map((each) => readKey(key.map((part) => valueAt(each, part))));
        assert.ok(keys.every(({ ok }) => ok));
        assert.equal(new Set(keys.map((each) => (each.ok ? each.key : ""))).size, records.length);
      }),
    );
  });
});

suite("the field that tells when a record last changed", () => {
  const at = (n: number): string => `2024-01-01T00:00:0${n}Z`;
  test("by its name and its values, and never a time of creation", () => {
    assert.deepEqual(likelyCursor(rows(3, (n) => ({ created_at: at(n), updated_at: at(n) }))), {
      path: ["updated_at"],
      type: "timestamp",
    });
    assert.deepEqual(likelyCursor(rows(3, (n) => ({ lastModifiedAt: at(n) }))), {
      path: ["lastModifiedAt"],
      type: "timestamp",
    });
    assert.deepEqual(likelyCursor(rows(3, (n) => ({ updated: 1_700_000_000 + n }))), {
      path: ["updated"],
      type: "integer",
    });
    assert.equal(likelyCursor(rows(3, (n) => ({ created_at: at(n) }))), undefined);
  });
  test("not a text, a small number, or what is one time this and one time that", () => {
    assert.equal(likelyCursor(rows(3, () => ({ updated_at: "yesterday" }))), undefined);
    assert.equal(likelyCursor(rows(3, (n) => ({ updated: n }))), undefined);
    assert.equal(likelyCursor([{ updated_at: at(1) }, { updated_at: "soon" }]), undefined);
  });
  test("records that never changed may have none", () => {
    assert.deepEqual(likelyCursor([{ updated_at: at(1) }, { updated_at: null }, {}])?.path, ["updated_at"]);
  });
});
