import assert from "node:assert/strict";
import { test } from "node:test";
import type { ApiRequest } from "./connection.ts";
import { Unanswered } from "./unanswered.ts";

const request = (url: string): ApiRequest => ({
  method: "GET",
  url,
  headers: {},
  body: undefined,
  purpose: "read",
  repeatable: true,
  keyHeader: undefined,
});

test("of what is not answered for long, the oldest is named: the request, the origin, and since when", () => {
  const unanswered = new Unanswered((url) => url.replace("secret", "***"));
  const origin = "http://store";
  assert.equal(unanswered.waitingFor(99_000), undefined);
  const first = unanswered.add({
    request: request("http://store/v1/rows?key=secret&page=3"),
    origin,
    startedMs: 1_000,
  });
  unanswered.add({ request: request(`http://store/rows?cursor=${"x".repeat(200)}`), origin, startedMs: 5_000 });
  assert.equal(unanswered.waitingFor(3_900), undefined, "it may come yet");
  assert.equal(unanswered.waitingFor(13_500), "the answer of http://store to GET /v1/rows?key=***&page=3, for 12 s");
  unanswered.delete(first);
  assert.match(
    unanswered.waitingFor(13_500) ?? "",
    /^the answer of http:\/\/store to GET \/rows\?cursor=x{67}\.\.\., for 8 s$/,
  );
});
