import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { cursorPage, json, SOURCE, startApi, Workplace } from "./harness.ts";

/** What `plan` and `check` say when the second page of the source does not come as it should. */
async function ends(
  second: (response: ServerResponse) => void,
  use: (place: Workplace, isAsked: Promise<void>) => Promise<void>,
): Promise<void> {
  const records = Array.from({ length: 10 }, (_, index) => ({ id: index + 1 }));
  const { promise: isAsked, resolve: ask } = Promise.withResolvers<void>();
  const store = await startApi((request, _body, response) => {
    if (!request.url?.includes("cursor=")) return cursorPage(records, request, response, 5);
    ask();
    return second(response);
  });
  const place = new Workplace();
  place.write(`
connections:
  store: { baseUrl: "${store.url}", retry: { deadline: 1s } }
  shop: { baseUrl: "http://127.0.0.1:1" }
syncs:
  records:${SOURCE}
    destination: { connection: shop, upsert: "PUT /items/{id}", list: { request: GET /items, key: id } }
`);
  try {
    await use(place, isAsked);
  } finally {
    place.remove();
    await store.stop();
  }
}

for (const [what, status, headers, code, exitCode] of [
  ["whose credentials are refused", 401, {}, "API_CREDENTIALS_REFUSED", 3],
  ["that is asked to wait", 429, { "retry-after": "3600" }, "API_THROTTLED", 1],
] as const)
  test(`a plan ${what} says that it failed, and has no totals`, () =>
    ends(
      (response) => json(response, status, {}, headers),
      async (place) => {
        const ran = await place.run("plan");
        assert.equal(ran.exitCode, exitCode, ran.stdout);
        assert.match(ran.stdout, /^records: failed$/m);
        assert.match(ran.stdout, /^ +planned +5 to create, 0 to update, 0 unchanged$/m);
        assert.match(ran.stdout, new RegExp(`^ +${code}: `, "m"));
        assert.doesNotMatch(ran.stdout, /forecast|goes on where/);
      },
    ));

for (const command of ["plan", "check"])
  test(`a ${command} that is interrupted says so`, () =>
    ends(
      () => undefined,
      async (place, isAsked) => {
        const running = place.start(command);
        await isAsked;
        running.kill("SIGINT");
        const ran = await running.ended;
        assert.equal(ran.exitCode, 130, ran.stdout + ran.stderr);
        assert.match(ran.stdout, /^records: interrupted$/m);
      },
    ));
