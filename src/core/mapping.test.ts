import { suite, test } from "node:test";
import assert from "node:assert/strict";
import { EvenkeelError } from "./errors.ts";
import type { Expression } from "./expression.ts";
import { exactNumber, member, type Json, type JsonObject } from "./json.ts";
import { createMapping, type MappingNode } from "./mapping.ts";
import type { Mapping, MappingResult } from "./sync.ts";

const path = (name: string): MappingNode => ({
  kind: "expression",
  expression: { text: name, uses: new Set(), path: [name], evaluate: (input) => member(input, name) },
});
const compute = (text: string, evaluate: (input: Json) => unknown): MappingNode => ({
  kind: "expression",
  expression: { text, uses: new Set(), evaluate: evaluate as Expression["evaluate"] },
});
const byFunction = (evaluate: (input: Json) => unknown): MappingNode =>
  ({ ...compute("a function", evaluate), kind: "function" }) as MappingNode;
const object = (members: Record<string, MappingNode>): MappingNode => ({
  kind: "object",
  members: Object.entries(members),
});
const mappingOf = (root: MappingNode, version?: string): Mapping => createMapping({ root, version });

function now(mapping: Mapping, record: JsonObject): MappingResult {
  const result = mapping.map(record);
  assert.ok(!(result instanceof Promise));
  return result;
}
function reasonOf(result: MappingResult): string {
  assert.ok(!result.ok);
  return result.reason;
}

suite("mapping", () => {
  test("absent, it is the record as it is", () => {
    const record = { id: exactNumber("9007199254740993") };
    const result = now(createMapping({ root: undefined, version: undefined }), record);
    assert.ok(result.ok);
    assert.equal(result.mapped, record);
  });

  test("objects and lists of expressions give the shape, in the order written", () => {
    const mapping = mappingOf(
      object({
        sku: path("id"),
        address: object({ city: path("town"), none: path("absent") }),
        tags: { kind: "list", items: [path("a"), path("absent"), path("b")] },
      }),
    );
    const result = now(mapping, { id: exactNumber("1.10"), town: "Bern", a: 1, b: [2] });
    assert.equal(JSON.stringify(result), '{"ok":true,"mapped":{"sku":1.10,"address":{"city":"Bern"},"tags":[1,[2]]}}');
  });

  test("it waits only where an expression does, and keeps the order written", async () => {
    const mapping = mappingOf(
      object({
        slow: compute("slow", async (input) => member(input, "a")),
        fast: path("b"),
        deep: object({ slow: compute("slow", async () => 3) }),
      }),
    );
    const result = mapping.map({ a: 1, b: 2 });
    assert.ok(result instanceof Promise);
    assert.equal(JSON.stringify(await result), '{"ok":true,"mapped":{"slow":1,"fast":2,"deep":{"slow":3}}}');
  });

  test("one expression may map the whole record, and must give an object", async () => {
    assert.deepEqual(now(mappingOf(path("inner")), { inner: { a: 1 } }), { ok: true, mapped: { a: 1 } });
    assert.match(reasonOf(now(mappingOf(path("inner")), { inner: [1] })), /gives a list, and a record is an object/);
    assert.match(reasonOf(now(mappingOf(path("inner")), {})), /gives nothing/);
    assert.match(reasonOf(await mappingOf(compute("x", async () => 5)).map({})), /gives 5/);
  });

  test("every field that fails is named, with its value", async () => {
    const fails = compute("fails", () => {
      throw new EvenkeelError("CONFIG_EXPRESSION", "`price` is a text");
    });
    const mapping = mappingOf(
      object({
        price: fails,
        later: compute("later", async () => Promise.reject(new EvenkeelError("CONFIG_EXPRESSION", "too late"))),
        n: compute("n", () => Number.NaN),
        at: object({ day: compute("d", () => new Date(0)) }),
        ok: path("id"),
      }),
    );
    const reason = reasonOf(await mapping.map({ id: 1 }));
    assert.match(reason, /`price`: `price` is a text/);
    assert.match(reason, /`later`: too late/);
    assert.match(reason, /`n`: it is NaN/);
    assert.match(reason, /`at\.day`: it is a Date \(1970/);
  });

  test("what is no failure of an expression is a defect and is thrown", async () => {
    assert.throws(
      () =>
        mappingOf(
          compute("x", () => {
            throw new TypeError("bug");
          }),
        ).map({}),
      TypeError,
    );
    await assert.rejects(
      async () => mappingOf(compute("x", async () => Promise.reject(new TypeError("bug")))).map({}),
      TypeError,
    );
  });

  test("S5: a field called __proto__ is a field", () => {
    const result = now(mappingOf({ kind: "object", members: [["__proto__", path("id")]] }), { id: { polluted: true } });
    assert.equal(JSON.stringify(result), '{"ok":true,"mapped":{"__proto__":{"polluted":true}}}');
    assert.equal(({} as { polluted?: boolean }).polluted, undefined);
  });

  test("paths absent in every record are named, once a record was mapped", async () => {
    const mapping = mappingOf(
      object({ a: path("here"), b: path("mispelt"), c: path("sometimes"), d: object({ e: path("null") }) }),
    );
    assert.deepEqual(mapping.absentPaths(), []);
    await mapping.map({ here: 1, null: null });
    assert.deepEqual(mapping.absentPaths(), ["mispelt", "sometimes"]);
    await mapping.map({ here: 1, sometimes: 2 });
    assert.deepEqual(mapping.absentPaths(), ["mispelt"]);
  });

  test("P10: the fingerprint changes with the meaning, and only with it", () => {
    const print = (root: MappingNode | undefined, version?: string) => createMapping({ root, version }).fingerprint;
    assert.equal(print(object({ a: path("x") })), print(object({ a: path("x") })));
    const all = [
      print(undefined),
      print(path("x")),
      print(object({ a: path("x") })),
      print(object({ b: path("x") })),
      print(object({ a: path("y") })),
      print(object({ a: path("x"), b: path("x") })),
      print(object({ a: { kind: "list", items: [path("x")] } })),
      print(object({ a: object({ a: path("x") }) })),
      print(object({ a: byFunction(() => 1) }), "1"),
      print(object({ a: byFunction(() => 1) }), "2"),
    ];
    assert.equal(new Set(all).size, all.length);
    assert.equal(print(object({ a: byFunction(() => 1) }), "1"), print(object({ a: byFunction(() => 2) }), "1"));
  });

  test("P10: a function without a version is refused", () => {
    assert.throws(() => mappingOf(object({ a: { kind: "list", items: [byFunction(() => 1)] } })), /P10/);
  });
});
