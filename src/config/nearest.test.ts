import { test } from "node:test";
import assert from "node:assert/strict";
import { namesOf, nearest } from "./nearest.ts";

test("the nearest name is the one with the fewest edits, if there are few", () => {
  const names = ["records", "request", "pagination", "key", "cursor"];
  assert.equal(nearest("recrods", names), "records");
  assert.equal(nearest("Key", names), "key");
  assert.equal(nearest("paginaton", names), "pagination");
  assert.equal(nearest("kye", names), "key");
  assert.equal(nearest("url", names), undefined);
  assert.equal(nearest("", names), undefined);
  assert.equal(nearest("x", []), undefined);
});

test("names for a message", () => {
  assert.equal(namesOf(["a", "b", "c"]), "`a`, `b` or `c`");
  assert.equal(namesOf(["a"]), "`a`");
  assert.equal(namesOf([]), "");
});
