import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { jsonAnswer } from "./answer.ts";
import { answerOf } from "./wording.ts";

suite("an answer of which a rule says yes", () => {
  const plain = jsonAnswer(409, { code: "exists" });
  for (const [rule, status, body] of [
    ["body.code = 159", 409, { code: 159 }],
    [
      "status = 403 and body.errorCode = 'REQUEST_LIMIT_EXCEEDED'",
      403,
      { code: "exists", errorCode: "REQUEST_LIMIT_EXCEEDED" },
    ],
    ["status = 403 and method = 'GET'", 403, { code: "exists" }],
    ["body.errors[0].type = 'dup'", undefined, undefined],
    ["status = 200 and body.error != null", 200, { code: "exists", error: "something" }],
    ["status = 409", 409, { code: "exists" }],
    ["body.ok != true", 409, { code: "exists", ok: null }],
    ["$not(body.ok = true)", undefined, undefined],
    ["$contains(body.message, 'exists')", undefined, undefined],
    ["body.code >= 4000", undefined, undefined],
  ] as const)
    test(rule, async () => {
      const answer = await answerOf(rule, plain, "GET");
      assert.equal(answer?.status, status);
      if (answer !== undefined) assert.deepEqual(JSON.parse(answer.body), body);
    });

  test("headers in back-ticks", async () => {
    const answer = await answerOf("headers.`x-code` = 'gone'", plain, "GET");
    assert.equal(answer?.headers["x-code"], "gone");
  });
});
