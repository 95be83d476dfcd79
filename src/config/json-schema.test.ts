import { suite, test } from "node:test";
import assert from "node:assert/strict";
import { annotatedSchema, jsonSchema, type SchemaNode } from "./json-schema.ts";

/** Every part of a schema, with the path that leads to it. */
function* parts(node: unknown, path = ""): Generator<readonly [path: string, node: SchemaNode]> {
  if (typeof node !== "object" || node === null) return;
  if (!Array.isArray(node)) yield [path, node as SchemaNode];
  for (const [name, part] of Object.entries(node)) yield* parts(part, `${path}/${name}`);
}

suite("the JSON Schema", () => {
  test("describes every key", () => {
    for (const [path, node] of parts(annotatedSchema()))
      for (const [key, value] of Object.entries(node.properties ?? {}))
        if (value.const === undefined) assert.match(value.description ?? "", /\.$|`\.?$/, `${path}/${key}`);
  });

  test("is published without notes of its own, and refuses unknown keys in every map", () => {
    const schema = jsonSchema();
    assert.ok(!JSON.stringify(schema).includes('"x-'));
    for (const [path, node] of parts(schema))
      if (node.properties !== undefined && node.type === "object") assert.equal(node.additionalProperties, false, path);
    assert.deepEqual(JSON.parse(JSON.stringify(schema)), schema);
  });

  test("knows the short forms and the defaults", () => {
    const text = JSON.stringify(jsonSchema());
    const at = (...names: readonly string[]): SchemaNode => {
      let node = jsonSchema() as SchemaNode;
      for (const name of names)
        node = (name === "*" ? node.additionalProperties : node.properties?.[name]) as SchemaNode;
      return node;
    };
    assert.deepEqual(
      at("syncs", "*", "destination", "upsert").anyOf?.map(({ type }) => type),
      ["string", "object"],
    );
    assert.deepEqual(
      at("syncs", "*", "source", "key").anyOf?.map(({ type }) => type),
      ["string", "array"],
    );
    assert.equal(at("connections", "*", "timeouts", "connect").default, "5s");
    assert.deepEqual(at("connections", "*").required, ["baseUrl"]);
    assert.deepEqual(at("connections", "*", "auth").anyOf?.length, 1);
    assert.ok(text.includes("2020-12"));
  });

  test("the pattern of a duration takes what is read as one", () => {
    const pattern = new RegExp(String(duration()["pattern"]));
    for (const text of ["500ms", "2s", "1.5m", "24h", "7d", "${TIMEOUT}"]) assert.match(text, pattern);
    for (const text of ["30", "2 weeks", ""]) assert.doesNotMatch(text, pattern);
  });
});

function duration(): SchemaNode {
  const found = [...parts(annotatedSchema())].find(([, node]) => node["x-kind"] === "duration");
  return found?.[1] ?? assert.fail("no duration");
}
