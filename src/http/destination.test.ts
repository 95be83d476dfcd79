import assert from "node:assert/strict";
import { test } from "node:test";
import { compileText } from "../config/expression.ts";
import type { Outcome } from "../core/outcome.ts";
import { parseRequest } from "../core/url-template.ts";
import type { Connection } from "./connection.ts";
import { createDestination } from "./destination.ts";

/** A destination whose API answers every request like this. */
function answering(outcome: Outcome) {
  const evidence = { request: { method: "GET", url: "", headers: {} }, durationMs: 0 };
  const connection = {
    name: "shop",
    baseUrl: "http://shop",
    lateWriteMs: 0,
    exchange: async () => ({ attempt: { outcome, evidence }, answer: undefined }),
  } as unknown as Connection;
  const parse = (request: string) => {
    const parsed = parseRequest({ request }, (text) => compileText(text));
    assert.ok(parsed.ok);
    return parsed.value;
  };
  const upsert = { template: parse("PUT /items/{sku}"), encoding: "json", body: undefined, idempotent: true } as const;
  const read = { template: parse("GET /items/{sku}"), record: undefined, id: undefined, isMissingAt404: true };
  const none = {
    create: undefined,
    update: undefined,
    upsertMany: undefined,
    createMany: undefined,
    deleteMany: undefined,
    precondition: undefined,
    delete: undefined,
    createdId: undefined,
    idempotencyKey: undefined,
    find: undefined,
  };
  return createDestination({ ...none, upsert, read }, connection);
}

test("U6: a look-up answered 404 or 410 finds the record absent; any other refusal leaves it unclear", async () => {
  const look = async (outcome: Outcome): Promise<string | undefined> => {
    const record = { key: "1", mapped: { sku: "1" }, body: {} };
    const options = { signal: new AbortController().signal, patienceMs: 0 };
    return (await answering(outcome).lookUp?.(record, undefined, options))?.kind;
  };
  const refused = (status: number, reason: "missing" | "cursorExpired" | "other"): Outcome => ({
    kind: "refused",
    status,
    reason,
    message: "",
  });
  assert.equal(await look(refused(404, "missing")), "absent");
  assert.equal(await look(refused(410, "cursorExpired")), "absent");
  assert.equal(await look(refused(403, "other")), "unclear");
});
