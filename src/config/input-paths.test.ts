import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { inputPaths } from "./input-paths.ts";

const texts = (source: string): readonly string[] =>
  inputPaths(source).map((steps) =>
    steps.map(({ name, index }) => (index === undefined ? name : `${name}[]`)).join("."),
  );

suite("the members that an expression reads", () => {
  for (const [source, expected] of [
    ["id", ["id"]],
    ["address.city", ["address.city"]],
    ["tags[0]", ["tags[]"]],
    ["'a text'", []],
    ["$round(price * 100)", ["price"]],
    ["first & ' ' & name.last", ["first", "name.last"]],
    ["active ? email : null", ["active", "email"]],
    ["lines[qty > 0].sku", ["lines[].qty", "lines[].sku"]],
    ["$sum(lines.(price * qty))", ["lines.price", "lines.qty", "lines"]],
    ["{ 'external_id': id }", ["id"]],
    ["$sum(lines.(price * $$.rate))", ["lines.price", "rate", "lines"]],
    ["$map(tags, function($tag) { $uppercase($tag) })", ["tags"]],
    ["($x := price; $x * 2)", ["price"]],
  ] as const)
    test(source, () => assert.deepEqual(texts(source), expected));
});
