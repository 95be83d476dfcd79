import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "../core/json.ts";
import { duplicateNames } from "./duplicate-names.ts";

const found = (text: string, names: readonly string[] = ["id"]): readonly number[] => [
  ...duplicateNames(text, (JSON.parse(text) as { data: Json[] }).data, names),
];

test("S5: a record whose key occurs twice is found, wherever it stands and whatever else is missing", () => {
  assert.deepEqual(found('{"data":[{"id":1},{"id":2,"id":3},{"name":"x"}]}'), [1]);
  assert.deepEqual(found('{"data":["text",{"id":2,"id":3},{"name":"x"}]}'), [1]);
  assert.deepEqual(found(String.raw`{"data":[{"id":1,"\u0069d":2}]}`), [0]);
  assert.deepEqual(found('{"data":[{"id":1,"a":{"id":5}},{"id":2,"a":{"id":6}}]}'), []);
  assert.deepEqual(found('{"data":[{"id":1,"text":"\\"id\\": and \\"id\\":"},{"id":2}]}'), []);
});
