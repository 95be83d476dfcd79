import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { parseExact } from "../core/exact-json.ts";
import { nextRefreshToken, refusalIn, tokenIn } from "./token-answer.ts";

const GIVEN = { access_token: "abc", token_type: "Bearer", expires_in: 300 };

suite("a token endpoint's answer is taken for what it gives, not for what else it says", () => {
  for (const more of [
    { token_type: undefined },
    { token_type: "bot" },
    { token_type: "BearerToken" },
    { id_token: "not.a.token" },
    { refresh_token: null },
    { scope: ["a", "b"] },
    { expires_in: "300" },
  ])
    test(JSON.stringify(more), () =>
      assert.deepEqual(tokenIn({ ...GIVEN, ...more } as never), {
        ok: true,
        token: { value: "abc", lifetimeMs: 300_000 },
      }),
    );

  for (const text of [
    '{"access_token":"a"}',
    '{"access_token":"a","expires_in":null}',
    '{"access_token":"a","expires_in":-1}',
  ])
    test(`of no known life: ${text}`, () =>
      assert.deepEqual(tokenIn(parseExact(text)), { ok: true, token: { value: "a", lifetimeMs: undefined } }));

  test("a life that is written unusually", () =>
    assert.deepEqual(tokenIn(parseExact('{"access_token":"a","expires_in":60.0}')), {
      ok: true,
      token: { value: "a", lifetimeMs: 60_000 },
    }));

  for (const body of [undefined, null, "text", [], {}, { access_token: "" }, { access_token: 5 }])
    test(`no token: ${JSON.stringify(body)}`, () => assert.deepEqual(tokenIn(body), { ok: false, reason: undefined }));

  test("a token that needs a proof is of no use", () => {
    const reading = tokenIn({ ...GIVEN, token_type: "DPoP" });
    assert.match(reading.ok ? "" : (reading.reason ?? ""), /of the type DPoP/);
  });
});

test("a new refresh token is one whatever stands beside it", () => {
  assert.equal(nextRefreshToken({ refresh_token: "next" }), "next");
  for (const body of [undefined, {}, { refresh_token: null }, { refresh_token: "" }, { refresh_token: 1 }])
    assert.equal(nextRefreshToken(body), undefined);
});

test("a refusal is quoted in the endpoint's own words", () => {
  assert.equal(refusalIn({ error: "invalid_grant", error_description: "too old" }), "invalid_grant: too old");
  assert.equal(refusalIn({ ok: false, error: "invalid_refresh_token" }), "invalid_refresh_token");
  for (const body of [undefined, {}, { error: null }, { error: { code: 1 } }]) assert.equal(refusalIn(body), undefined);
});
