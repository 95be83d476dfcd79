import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "../core/json.ts";
import { compileCondition } from "./condition.ts";

test("a condition gives true or false; absent and null give nothing, and anything else is refused with what to write", async () => {
  const judge = async (text: string, input: Json) => compileCondition(text).evaluate(input);
  assert.equal(await judge("on", { on: true }), true);
  assert.equal(await judge("on", { on: false }), false);
  for (const input of [{}, { on: null }]) assert.equal(await judge("on", input), undefined);
  assert.equal(await judge("deleted_at != null", { deleted_at: "2026-01-01" }), true);
  for (const [value, written] of [
    [1, "on = 1"],
    [0, "on = 1"],
    ["true", 'on = "true"'],
    ["Y", 'on = "Y"'],
    ["2026-01-01T00:00:00Z", "on != null"],
    [["bad"], "$count(on) > 0"],
    [{ code: 7 }, "on != null"],
  ] as const)
    await assert.rejects(judge("on", { on: value }), ({ code, message }: Error & { readonly code: string }) => {
      assert.equal(code, "CONFIG_EXPRESSION");
      assert.equal(message, `\`on\` gives ${JSON.stringify(value)}, and has to be true or false: write \`${written}\``);
      return true;
    });
  await assert.rejects(judge("on & 'x'", { on: "a" }), /gives "ax", and has to be true or false$/);
});
