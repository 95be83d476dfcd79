import assert from "node:assert/strict";
import { test } from "node:test";
import { compileExpression, compileText } from "../config/expression.ts";
import type { Finding } from "../core/destination.ts";
import type { Json } from "../core/json.ts";
import { parseRequest } from "../core/url-template.ts";
import type { Connection } from "./connection.ts";
import { lookUpWith } from "./look-up.ts";

interface Asked {
  readonly record?: string;
  readonly status?: number;
  readonly isMissingAt404?: boolean;
}

/** What a search for a record makes of an answer. */
function found(body: Json, { record, status = 200, isMissingAt404 = false }: Asked = {}): Promise<Finding> {
  const evidence = { request: { method: "GET", url: "", headers: {} }, durationMs: 0 };
  const outcome =
    status === 200
      ? { kind: "applied", status, body }
      : { kind: "refused", status, reason: "missing", message: `${status} Not Found` };
  const answer = { json: () => ({ ok: true, value: body }) };
  const connection = {
    baseUrl: "http://shop",
    exchange: async () => ({ attempt: { outcome, evidence }, answer }),
  } as unknown as Connection;
  const parsed = parseRequest({ request: "GET /contacts?ext={$key}" }, (text) => compileText(text));
  assert.ok(parsed.ok && parsed.value.isFixedPath);
  const search = {
    template: parsed.value,
    record: record === undefined ? undefined : compileExpression(record),
    id: compileExpression("id"),
    isMissingAt404,
  };
  const options = { signal: new AbortController().signal, patienceMs: 0 };
  return lookUpWith(search, { key: "1", mapped: {}, source: {} }, undefined, connection, options);
}

const kindOf = async (body: Json, asked?: Asked): Promise<string> => (await found(body, asked)).kind;

async function reasonOf(body: Json, asked?: Asked): Promise<string> {
  const finding = await found(body, asked);
  assert.ok(finding.kind === "unclear" && finding.attempt.outcome.kind === "refused");
  return finding.attempt.outcome.message;
}

test("U6: an empty list and null say that there is no such record; an answer without the part that would say it does not", async () => {
  const absent: readonly [record: string, body: Json][] = [
    ["data[0]", { data: [] }],
    ["data[0]", { data: null }],
    ["data.items[0]", { data: { items: [] } }],
    ["data.contact", { data: { contact: null } }],
    ["items[ext = '1']", { items: [{ ext: "2" }] }],
    ["$[0]", []],
    ["$exists(data) ? data[0]", { message: "none" }],
  ];
  for (const [record, body] of absent) assert.equal(await kindOf(body, { record }), "absent", record);
  const unclear: readonly [record: string, body: Json, part: string][] = [
    ["data[0]", { message: "busy" }, "data"],
    ["items[ext = '1']", { data: [] }, "items"],
    ["data.items[0]", { data: {} }, "data.items"],
    ["data.contact", { data: [{ id: 1 }] }, "data.contact"],
    ["contact", {}, "contact"],
  ];
  for (const [record, body, part] of unclear) {
    const reason = await reasonOf(body, { record });
    assert.ok(reason.startsWith(`the answer has no \`${part}\``), reason);
    assert.ok(reason.includes(`\`record: $exists(${part}) ? ${record}\``), reason);
  }
});

test("U6: 404 at an address that is the same for every record says nothing of one of them, unless it is declared to", async () => {
  assert.match(await reasonOf({}, { status: 404 }), /declare `answers: \{ missing: status = 404 \}`/);
  assert.equal(await kindOf({}, { status: 404, isMissingAt404: true }), "absent");
  assert.equal(await kindOf({}, { status: 410 }), "absent");
});

test("U5: a record without the id by which it is updated is not found", async () => {
  assert.equal(await kindOf({ id: 7 }), "found");
  assert.match(await reasonOf({ uid: 7 }), /no id at `id`, where `find\.id` says that it is/);
});
