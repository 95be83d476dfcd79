import assert from "node:assert/strict";
import { test } from "node:test";
import { circlesOf } from "./circles.ts";

test("circles are found once each, without what only leads to them", () => {
  const circles = (...pairs: readonly (readonly [string, string])[]) => circlesOf(new Map(pairs));
  assert.deepEqual(circles(), []);
  assert.deepEqual(circles(["a", "b"], ["b", "c"]), [], "what waits for one that comes from elsewhere");
  assert.deepEqual(circles(["c", "a"], ["a", "b"], ["b", "a"], ["d", "c"]), [["a", "b"]]);
  assert.deepEqual(circles(["s", "s"], ["t", "s"]), [["s"]]);
  assert.deepEqual(circles(["a", "b"], ["b", "c"], ["c", "a"], ["x", "y"], ["y", "x"]), [
    ["a", "b", "c"],
    ["x", "y"],
  ]);
});
