import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyDatabase } from "./database.ts";

test("who asks for the same statement shares it, and nobody a statement of other text or with rows of another form", () => {
  const database = emptyDatabase("nowhere");
  const statement = database.prepare("SELECT ? AS n");
  assert.equal(database.prepare("SELECT ? AS n"), statement);
  assert.notEqual(database.prepare("SELECT ? AS m"), statement);
  assert.deepEqual({ ...statement.get(1) }, { n: 1 });
  assert.deepEqual(database.prepareLists("SELECT ? AS n").all(2), [[2]]);
  assert.deepEqual({ ...statement.get(3) }, { n: 3 });
  database.close();
});
