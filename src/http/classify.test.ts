import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Expression } from "../core/expression.ts";
import { isObject, type Json } from "../core/json.ts";
import type { Outcome } from "../core/outcome.ts";
import { CompleteAnswer } from "./answer.ts";
import { classify, classifyFailure, type AnswerRules, type Classified } from "./classify.ts";
import type { ApiRequest } from "./connection.ts";

const BASE = { url: "https://a.example/x", headers: {}, body: undefined };
const READ: ApiRequest = { ...BASE, method: "GET", purpose: "read", repeatable: true, keyHeader: undefined };
const PUT: ApiRequest = { ...BASE, method: "PUT", purpose: "write", repeatable: true, keyHeader: undefined };
const POST: ApiRequest = { ...BASE, method: "POST", purpose: "write", repeatable: false, keyHeader: undefined };
const KEYED: ApiRequest = { ...POST, keyHeader: ["idempotency-key", "k"] };

const NO_RULES: AnswerRules = { also: [], never: [] };
const NOW = Date.UTC(2026, 0, 1);

interface Given {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Json | string;
  readonly rules?: Partial<AnswerRules>;
}

function judge(request: ApiRequest, status: number, { headers = {}, body = "", rules = {} }: Given = {}): Classified {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const classified = classify(
    request,
    new CompleteAnswer(status, headers, Buffer.from(text)),
    { ...NO_RULES, ...rules },
    NOW,
  );
  assert.ok(!(classified instanceof Promise));
  return classified;
}

const judgeLater = async (request: ApiRequest, status: number, given: Given): Promise<Classified> => {
  const body = given.body ?? "";
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const answer = new CompleteAnswer(status, given.headers ?? {}, Buffer.from(text));
  return classify(request, answer, { ...NO_RULES, ...given.rules }, NOW);
};

/** `refused other`, `throttled 5000`, `unknown`: the outcome in short. */
function short({ outcome }: Classified): string {
  switch (outcome.kind) {
    case "refused":
      return `refused ${outcome.reason}`;
    case "throttled":
    case "unknown":
      return outcome.retryAfterMs === undefined ? outcome.kind : `${outcome.kind} ${outcome.retryAfterMs}`;
    case "applied":
    case "not-sent":
      return outcome.kind;
  }
}

const wait = { headers: { "retry-after": "5" } };

suite("R1: what a status means for a read, a repeatable write, a bare write, and a keyed one", () => {
  const table: readonly (readonly [number, Given, string, string, string, string])[] = [
    [200, {}, "applied", "applied", "applied", "applied"],
    [201, wait, "applied", "applied", "applied", "applied"],
    [202, {}, "applied", "applied", "applied", "applied"],
    [204, {}, "applied", "applied", "applied", "applied"],
    [205, {}, "applied", "applied", "applied", "applied"],
    [207, {}, "applied", "applied", "applied", "applied"],
    [302, {}, "refused redirected", "refused redirected", "refused redirected", "refused redirected"],
    [304, {}, "refused redirected", "refused redirected", "refused redirected", "refused redirected"],
    [400, {}, "refused other", "refused other", "refused other", "refused other"],
    [401, {}, "refused credentials", "refused credentials", "refused credentials", "refused credentials"],
    [403, {}, "refused other", "refused other", "refused other", "refused other"],
    [403, wait, "throttled 5000", "throttled 5000", "throttled 5000", "throttled 5000"],
    [404, {}, "refused missing", "refused missing", "refused missing", "refused missing"],
    [408, {}, "throttled", "throttled", "unknown", "throttled"],
    [409, {}, "refused conflict", "unknown", "unknown", "unknown"],
    [410, {}, "refused cursorExpired", "refused missing", "refused missing", "refused missing"],
    [412, {}, "refused conflict", "refused conflict", "refused conflict", "refused conflict"],
    [413, {}, "refused tooLarge", "refused tooLarge", "refused tooLarge", "refused tooLarge"],
    [422, {}, "refused other", "refused other", "refused other", "refused other"],
    [425, {}, "throttled", "throttled", "throttled", "throttled"],
    [428, {}, "refused other", "refused other", "refused other", "refused other"],
    [429, {}, "throttled", "throttled", "throttled", "throttled"],
    [429, wait, "throttled 5000", "throttled 5000", "throttled 5000", "throttled 5000"],
    [500, {}, "unknown", "unknown", "unknown", "unknown"],
    [502, wait, "unknown 5000", "unknown 5000", "unknown 5000", "unknown 5000"],
    [503, {}, "unknown", "unknown", "unknown", "unknown"],
    [503, wait, "throttled 5000", "throttled 5000", "unknown 5000", "throttled 5000"],
    [504, {}, "unknown", "unknown", "unknown", "unknown"],
    [520, {}, "unknown", "unknown", "unknown", "unknown"],
  ];
  for (const [status, given, ...expected] of table)
    test(`${status}${given.headers === undefined ? "" : " with Retry-After"}`, () => {
      assert.deepEqual(
        [READ, PUT, POST, KEYED].map((request) => short(judge(request, status, given))),
        expected,
      );
    });
});

test("R1: what ended without an answer is not sent, or unknown", () => {
  const failure = {
    kind: "failure",
    cause: "network",
    message: "ECONNRESET",
    status: undefined,
    headers: undefined,
  } as const;
  assert.deepEqual(classifyFailure({ ...failure, sent: false }), {
    outcome: { kind: "not-sent", message: "ECONNRESET" },
    lane: "failed",
  });
  assert.deepEqual(classifyFailure({ ...failure, sent: true, cause: "timeout", status: 200 }), {
    outcome: { kind: "unknown", message: "ECONNRESET", status: 200 },
    lane: "timeout",
  });
});

test("L3: what slows the lane down, and what is a failure of the API", () => {
  const lanes = (status: number, given: Given = {}): string => judge(PUT, status, given).lane;
  assert.deepEqual(
    [200, 404, 409, 408, 425, 429, 500].map((status) => lanes(status)),
    ["ok", "ok", "ok", "ok", "ok", "throttled", "failed"],
  );
  assert.deepEqual(
    [403, 425, 503].map((status) => lanes(status, wait)),
    ["throttled", "throttled", "throttled"],
  );
});

test("R4: a Retry-After is measured against the answer's own date, and a malformed one is none", () => {
  const later = { headers: { "retry-after": new Date(NOW + 30_000).toUTCString() } };
  assert.equal(short(judge(PUT, 429, later)), "throttled 30000");
  assert.equal(short(judge(PUT, 503, { headers: { "retry-after": "soon" } })), "unknown");
});

test("the config adds statuses that are worth repeating and takes others away", () => {
  assert.equal(short(judge(READ, 423, { rules: { also: [423] } })), "throttled");
  assert.equal(
    short(judge(POST, 423, { rules: { also: [423] } })),
    "unknown",
    "worth repeating is not known to be without effect",
  );
  assert.equal(short(judge(PUT, 500, { rules: { never: [500] } })), "refused other");
});

suite("messages are for people", () => {
  const message = (status: number, body: Json | string): string =>
    (judge(PUT, status, { body }).outcome as { message: string }).message;
  const cases: readonly (readonly [number, Json | string, string])[] = [
    [422, { message: "price must be positive" }, "422 Unprocessable Entity: price must be positive"],
    [400, { error: { message: "no\nsuch\tfield" } }, "400 Bad Request: no such field"],
    [400, { errors: [{ detail: "first" }, { detail: "second" }] }, "400 Bad Request: first"],
    [400, { errors: ["plain"] }, "400 Bad Request: plain"],
    [400, { title: "Bad", detail: "the sku is taken" }, "400 Bad Request: the sku is taken"],
    [400, { error: "invalid_grant", error_description: "expired" }, "400 Bad Request: expired"],
    [400, { Message: "in capitals" }, "400 Bad Request: in capitals"],
    [400, { code: 7 }, '400 Bad Request: {"code":7}'],
    [400, "plain text", "400 Bad Request: plain text"],
    [
      502,
      "<html><title>Bad gateway</title></html>",
      '502 Bad Gateway: the answer is an HTML page titled "Bad gateway", and JSON is expected',
    ],
    [500, "", "500 Internal Server Error"],
    [599, "", "599"],
  ];
  for (const [status, body, expected] of cases)
    test(expected.slice(0, 60), () => assert.equal(message(status, body), expected));
});

const rule = (evaluate: (answer: Record<string, Json>) => Json | undefined): Expression => ({
  text: "rule",
  uses: new Set(),
  evaluate: (input) => {
    assert.ok(isObject(input));
    return evaluate(input as Record<string, Json>);
  },
});
const ALWAYS = rule(() => true);
const NEVER = rule(() => false);

suite("K5, R1: declared signals", () => {
  test("an error inside a 200 is refused, and its words are quoted", async () => {
    const failed = rule(({ status, body }) => status === 200 && isObject(body) && "error" in body);
    const { outcome } = await judgeLater(PUT, 200, { body: { error: "nope" }, rules: { failed } });
    assert.deepEqual({ ...outcome }, { kind: "refused", status: 200, reason: "other", message: "200 OK: nope" });
    assert.equal(short(await judgeLater(PUT, 200, { body: { ok: 1 }, rules: { failed } })), "applied");
  });

  test("`failed` says nothing about a status that is an error anyway", async () => {
    assert.equal(short(await judgeLater(PUT, 500, { rules: { failed: ALWAYS } })), "unknown");
    assert.equal(short(await judgeLater(PUT, 429, { rules: { failed: ALWAYS } })), "throttled");
  });

  test("throttled inside a 403 or a 200, with its Retry-After", async () => {
    for (const status of [200, 403]) {
      const classified = await judgeLater(POST, status, { ...wait, rules: { throttled: ALWAYS } });
      assert.equal(short(classified), "throttled 5000");
      assert.equal(classified.lane, "throttled");
    }
  });

  test("exists, missing and keyMismatch are refusals of their kind", async () => {
    assert.equal(short(await judgeLater(POST, 409, { rules: { exists: ALWAYS } })), "refused exists");
    assert.equal(short(await judgeLater(READ, 403, { rules: { missing: ALWAYS } })), "refused missing");
    assert.equal(short(await judgeLater(KEYED, 422, { rules: { keyMismatch: ALWAYS } })), "refused keyMismatch");
  });

  test("in progress waits under the same key and does not slow the lane", async () => {
    const { outcome, lane } = await judgeLater(KEYED, 409, { ...wait, rules: { inProgress: ALWAYS } });
    assert.deepEqual(outcome, {
      kind: "throttled",
      status: 409,
      message: "409 Conflict",
      retryAfterMs: 5_000,
      inProgress: true,
    });
    assert.equal(lane, "ok");
  });

  test("a replayed answer is marked, applied or not", async () => {
    const replayed = rule(({ headers }) => isObject(headers) && headers["idempotent-replayed"] === "true");
    const given = { headers: { "idempotent-replayed": "true" }, rules: { replayed } };
    const applied: Outcome = (await judgeLater(KEYED, 201, given)).outcome;
    assert.ok(applied.kind === "applied" && applied.replayed === true);
    const failed: Outcome = (await judgeLater(KEYED, 500, given)).outcome;
    assert.ok(failed.kind === "unknown" && failed.replayed === true);
  });

  test("a rule sees method, status, headers and body; no JSON is seen as text, nothing as null", async () => {
    const seen: Record<string, Json>[] = [];
    const spy = rule((answer) => {
      seen.push(answer);
      return false;
    });
    await judgeLater(PUT, 400, { headers: { a: "b" }, body: { x: 1 }, rules: { failed: spy } });
    await judgeLater(PUT, 400, { body: "text", rules: { failed: spy } });
    await judgeLater(PUT, 400, { rules: { failed: spy } });
    assert.deepEqual(seen, [
      { method: "PUT", status: 400, headers: { a: "b" }, body: { x: 1 } },
      { method: "PUT", status: 400, headers: {}, body: "text" },
      { method: "PUT", status: 400, headers: {}, body: null },
    ]);
  });

  test("a rule that fails leaves the outcome unknown rather than guessed", async () => {
    const broken = rule(() => {
      throw new Error("no such function");
    });
    const { outcome } = await judgeLater(POST, 200, { rules: { failed: broken } });
    assert.ok(
      outcome.kind === "unknown" && /answers\.failed.*no such function/.test(outcome.message),
      JSON.stringify(outcome),
    );
  });
});

suite("errors in a 200 of GraphQL", () => {
  const QUERY: ApiRequest = { ...READ, method: "POST", body: "{}", isGraphql: true };
  const body = { data: { items: { nodes: [], pageInfo: null } }, errors: [{ message: "pageInfo timed out" }] };

  test("P5: they are a refusal in their own words, however large what came beside them is", () => {
    for (const beside of ["", "x".repeat(300_000)])
      assert.deepEqual(judge(QUERY, 200, { body: { beside, ...body } }).outcome, {
        kind: "refused",
        status: 200,
        reason: "other",
        message: "200 OK: pageInfo timed out",
      });
  });

  test("none, an empty list, or a member of that name in another API are no failure", () => {
    for (const errors of [undefined, null, [], "text"])
      assert.equal(
        judge(QUERY, 200, { body: { data: {}, ...(errors === undefined ? {} : { errors }) } }).outcome.kind,
        "applied",
      );
    assert.equal(judge(READ, 200, { body }).outcome.kind, "applied");
  });

  test("R1: a mutation that was never begun is refused, and one that was may be done in part", () => {
    const mutation: ApiRequest = { ...POST, url: "https://shop.example/api/graphql" };
    const errors = [{ message: "no such field" }];
    assert.equal(short(judge(mutation, 200, { body: { errors } })), "refused other");
    assert.equal(short(judge(mutation, 200, { body: { errors, data: null } })), "unknown");
    assert.equal(short(judge(mutation, 200, { body: { errors, data: { create: null } } })), "unknown");
    assert.equal(short(judge(mutation, 200, { body: { data: { create: { id: 1 } } } })), "applied");
    assert.equal(short(judge(POST, 200, { body: { errors } })), "applied", "another API");
  });

  test("what is declared comes first: `failed` says which errors count, `throttled` which are a matter of time", async () => {
    assert.equal(short(await judgeLater(QUERY, 200, { body, rules: { failed: NEVER } })), "applied");
    assert.equal(short(await judgeLater(QUERY, 200, { body, rules: { throttled: ALWAYS } })), "throttled");
    assert.equal(short(await judgeLater(QUERY, 200, { body, rules: { throttled: NEVER } })), "refused other");
  });
});

test("R1: a complete 2xx is applied even if its body cannot be read", () => {
  for (const body of ["<html>", "{cut", "\u0000"]) {
    const { outcome } = judge(POST, 201, { body });
    assert.equal(outcome.kind, "applied");
    assert.equal((outcome as { body?: Json }).body, undefined);
  }
  const packed = new CompleteAnswer(200, {}, Buffer.alloc(0), {
    code: "API_NOT_JSON",
    message: "its gzip body cannot be unpacked",
  });
  assert.equal((classify(POST, packed, NO_RULES, NOW) as Classified).outcome.kind, "applied");
});

test("the body and the ETag of an applied write are at hand", () => {
  const { outcome } = judge(POST, 201, { headers: { etag: '"7"' }, body: { id: 12 } });
  assert.ok(outcome.kind === "applied");
  assert.deepEqual([outcome.status, outcome.etag, outcome.body], [201, '"7"', { id: 12 }]);
});

test("R1: a page of HTML is no answer to a write, unless it is declared what a failure looks like", async () => {
  const html = { "content-type": "text/html; charset=utf-8" };
  const page = { headers: html, body: "\n<!DOCTYPE html><html><title>Sign in</title></html>" };
  for (const request of [PUT, POST, KEYED]) assert.equal(short(judge(request, 200, page)), "unknown");
  assert.equal(short(judge(READ, 200, page)), "applied", "the source says what is wrong with it");
  for (const body of ["", "OK", '{"id": 7}', "<item/>"])
    assert.equal(short(judge(POST, 201, { headers: html, body })), "applied", body);
  const never: Expression = { evaluate: async () => false } as unknown as Expression;
  assert.equal(short(await judgeLater(PUT, 200, { ...page, rules: { failed: never } })), "applied");
});
