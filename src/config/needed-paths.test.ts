import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { createMapping } from "../core/mapping.ts";
import type { JsonObject } from "../core/json.ts";
import { compileExpression } from "./expression.ts";

const needed = (text: string): readonly string[] => (compileExpression(text).needs ?? []).map((path) => path.join("."));

suite("paths that an expression needs, whatever the record is", () => {
  const cases: readonly (readonly [text: string, ...needed: readonly string[]])[] = [
    ["$round(price2 * 100)", "price2"],
    ["first & ' ' & last", "first", "last"],
    ["-order.total", "order.total"],
    ["status = 'active' ? price : 0", "status"],
    ["( $x := net * 2; $x + tax )", "net", "tax"],
    ["lines.(sku & '-x')", "lines.sku", "lines"],
    ["[lines.(sku & $$.currency)]", "lines.sku", "currency", "lines"],
    ["lines[price > 5].sku", "lines.price", "lines.sku"],
    ["lines^(>price).sku", "lines.price", "lines.sku"],
    ["{ 'amount': amount, 'unit': unit.name }", "amount", "unit.name"],
    ["$sum(lines.amount) + shipping", "lines.amount", "shipping"],
    ["name ~> $uppercase", "name"],
    ["$map(lines, function($line) { $line.sku & sku })", "lines"],
    ["$ref('customers', customer.id)", "customer.id"],
    ["data.*.id", "data"],
    ["`first name` & $string($.age)", "first name", "age"],
    ["active = true and size > 5 ? 'a' : 'b'", "active", "size"],
  ];
  for (const [text, ...paths] of cases)
    test(text, () => {
      const compiled = compileExpression(text, { functions: new Map([["ref", undefined]]) });
      assert.deepEqual((compiled.needs ?? []).map((path) => path.join(".")).toSorted(), paths.toSorted());
    });

  const optional = [
    "nick ? nick : 'none'",
    "nick ?: 'none'",
    "nick ?? 'none'",
    "$exists(nick) ? $uppercase(nick)",
    "$not(hidden) ? 1 : 0",
    "hidden or archived ? 1 : 0",
    "discount and discount.rate > 5 ? 1 : 0",
    "deleted_at != null ? 'gone' : 'there'",
    "[nick, name][0]",
    "$append(tags, labels)",
    "$type(nick) = 'string'",
  ];
  for (const text of optional) test(`none of ${text}`, () => assert.deepEqual(needed(text), []));
});

test("a misspelt path inside an expression is named when no record has it; one that begins with it is not told twice", async () => {
  const fields = {
    cents: "$round(price2 * 100)",
    title: "name",
    street: "$uppercase(adress.street) & adress.zip",
    skus: "[items.(skuu & '')]",
    whole: "$string(adress)",
  };
  const members = Object.entries(fields).map(
    ([name, text]) => [name, { kind: "expression", expression: compileExpression(text) }] as const,
  );
  const mapping = createMapping({ root: { kind: "object", members }, version: undefined });
  assert.deepEqual(mapping.absentPaths(), []);
  const record: JsonObject = { price: 1, name: "a", items: [{ sku: 1 }], address: { street: "x" } };
  await mapping.map(record);
  assert.deepEqual(mapping.absentPaths(), ["price2", "items.skuu", "adress"]);
  await mapping.map({ ...record, items: [] });
  assert.deepEqual(mapping.absentPaths(), ["price2", "adress"], "an empty list has none to say anything of");
  await mapping.map({ price2: null, adress: { street: 1 } });
  assert.deepEqual(mapping.absentPaths(), ["adress.zip"]);
});
