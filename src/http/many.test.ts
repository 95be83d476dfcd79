import assert from "node:assert/strict";
import { test } from "node:test";
import { compileCondition } from "../config/condition.ts";
import { compileExpression, compileText } from "../config/expression.ts";
import type { Json } from "../core/json.ts";
import { parseRequest } from "../core/url-template.ts";
import type { Connection } from "./connection.ts";
import { createManyWrites, type ResultsRequest } from "./many.ts";

type Rules = { readonly [name in Exclude<keyof ResultsRequest, "each" | "key">]?: string };

/** What becomes of a batch of one whose answer has this result. */
async function outcomeOf(result: Json, rules: Rules): Promise<string> {
  const body = { results: [result] };
  const evidence = { request: { method: "POST", url: "", headers: {} }, durationMs: 0 };
  const connection = {
    baseUrl: "http://shop",
    exchange: async () => ({ attempt: { outcome: { kind: "applied", status: 207, body }, evidence } }),
  } as unknown as Connection;
  const parsed = parseRequest({ request: "POST /items/bulk" }, (text) => compileText(text));
  assert.ok(parsed.ok);
  const compiled = (rule: keyof Rules, compile = compileExpression) => {
    const text = rules[rule];
    return text === undefined ? undefined : compile(text);
  };
  const results: ResultsRequest = {
    each: compileExpression("results"),
    key: undefined,
    ok: compiled("ok", compileCondition),
    missing: compiled("missing", compileCondition),
    exists: compiled("exists", compileCondition),
    status: compiled("status"),
    error: compiled("error"),
    id: compiled("id"),
  };
  const request = { template: parsed.value, size: 10, bytes: 1_000, body: undefined, results, repeatable: true };
  const item = { record: { key: "1", mapped: { sku: "1" }, body: {} }, destinationId: undefined };
  const write = { method: "POST", url: "http://shop", headers: {}, body: "[]", repeatable: true } as never;
  const options = { signal: new AbortController().signal, patienceMs: 0 } as never;
  const many = createManyWrites(request, false, connection);
  const [outcome] = (await many.send(write, [item as never], options)).each ?? [];
  assert.ok(outcome !== undefined);
  return outcome.kind === "refused" ? `refused ${outcome.reason} ${outcome.status}` : outcome.kind;
}

test("R1: a result without a status where it should be says nothing of its record", async () => {
  const rules = { status: "status", error: "error" };
  for (const [status, expected] of [
    [200, "applied"],
    ["201", "applied"],
    ["201 Created", "applied"],
    [422, "refused other 422"],
    ["422 Unprocessable Entity", "refused other 422"],
    [429, "throttled"],
    [408, "unknown"],
    [503, "unknown"],
    [null, "unknown"],
    ["error", "unknown"],
    ["ok", "unknown"],
    [true, "unknown"],
  ] as const)
    assert.equal(await outcomeOf({ status, error: "bad" }, rules), expected, String(status));
  assert.equal(await outcomeOf({ error: "bad" }, rules), "unknown");
});

test("R1: a result that says what was wrong is of no record that was written", async () => {
  for (const [error, expected] of [
    ["bad", "refused other 207"],
    [{ code: 7 }, "refused other 207"],
    [["bad"], "refused other 207"],
    [null, "applied"],
    ["", "applied"],
    [[], "applied"],
  ] as const)
    assert.equal(await outcomeOf({ error }, { error: "error" }), expected, JSON.stringify(error));
  assert.equal(await outcomeOf({ id: 1 }, { error: "error" }), "applied");
  assert.equal(await outcomeOf({ id: 1 }, {}), "applied");
});

test("R1: what is neither true nor false is no answer to whether a record was written", async () => {
  const rules = { ok: "success", missing: "missing" };
  assert.equal(await outcomeOf({ success: true }, rules), "applied");
  assert.equal(await outcomeOf({ success: false }, rules), "refused other 207");
  assert.equal(await outcomeOf({ success: false, missing: true }, rules), "refused missing 207");
  for (const success of [null, 1, "true", ["x"]]) assert.equal(await outcomeOf({ success }, rules), "unknown");
  assert.equal(await outcomeOf({}, rules), "unknown");
  assert.equal(await outcomeOf({ success: false, missing: "yes" }, rules), "unknown");
  assert.equal(await outcomeOf({ message: "busy" }, { ok: "status < 300" }), "unknown");
  // What it says itself needs no status.
  assert.equal(await outcomeOf({ success: true }, { ...rules, status: "status" }), "applied");
  assert.equal(await outcomeOf({ success: false }, { ...rules, status: "status" }), "refused other 207");
});
