import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonSchema } from "./json-schema.ts";

test("the JSON Schema knows the keys of the config and refuses others", () => {
  const schema = jsonSchema() as {
    readonly properties: Record<string, unknown>;
    readonly additionalProperties: unknown;
  };
  assert.deepEqual(Object.keys(schema.properties).sort(), ["$schema", "connections", "state", "syncs"]);
  assert.equal(schema.additionalProperties, false);
  const text = JSON.stringify(schema);
  for (const name of ["baseUrl", "idempotencyKey", "lookback", "encoding"]) assert.ok(text.includes(`"${name}"`), name);
});
