import assert from "node:assert/strict";
import { test } from "node:test";
import { cursorPage, ending, json, SOURCE, startApi, Workplace } from "./harness.ts";

test("`--limit` counts what nothing can be made of as well: a misspelt key reads no more than was asked for", async () => {
  const rows = Array.from({ length: 30 }, (_, index) => ({ id: index + 1, name: "n" }));
  const store = await startApi((request, _body, response) => cursorPage(rows, request, response, 10));
  const shop = await startApi((_request, _body, response) => json(response, 200, {}));
  const place = new Workplace();
  try {
    place.write(`
connections:
  store: { baseUrl: "${store.url}" }
  shop: { baseUrl: "${shop.url}" }
syncs:
  records:${SOURCE.replace("key: id", "key: uid")}
    destination: { connection: shop, upsert: "PUT /items/{id}" }
`);
    const ran = await place.run("run", "--limit", "2", "--json");
    assert.equal(ran.exitCode, 1);
    const { read, invalid } = ending(ran).counts;
    assert.deepEqual([read, invalid, store.requests.length], [2, 2, 1]);
    assert.equal((await place.run("rejects", "list", "--json")).stdout.trim().split("\n").length, 2);
  } finally {
    place.remove();
    await Promise.all([store.stop(), shop.stop()]);
  }
});
