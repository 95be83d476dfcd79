import assert from "node:assert/strict";
import { test } from "node:test";
import type { EvenkeelError } from "../core/errors.ts";
import { createAuth, type HeadersFunction } from "./auth.ts";

const given = async (value: unknown): Promise<unknown> =>
  createAuth({ type: "function", headers: (() => value) as HeadersFunction }).apply();

test("an `auth` function gives headers, and anything else is named without what is in it", async () => {
  assert.deepEqual(await given({ Authorization: "Bearer t" }), { headers: { authorization: "Bearer t" }, query: {} });
  for (const [value, name] of [
    ["Bearer secret", "a text"],
    [undefined, "nothing"],
    [null, "null"],
    [4711, "a number"],
    [["Bearer secret"], "a list"],
    [new Headers({ Authorization: "Bearer secret" }), "a Headers"],
  ] as const)
    await assert.rejects(given(value), (error: EvenkeelError) => {
      assert.equal(error.code, "API_CREDENTIALS_REFUSED");
      assert.equal(error.message, `the \`auth\` function gives ${name}, not headers`);
      assert.match(error.next ?? "", /an object of header names and values/);
      return true;
    });
  await assert.rejects(given({ Authorization: 7 }), /gives Authorization as a number, not as a text/);
});
