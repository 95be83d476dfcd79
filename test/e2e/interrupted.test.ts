import assert from "node:assert/strict";
import { test } from "node:test";
import { cursorPage, ending, json, SOURCE, startApi, Workplace } from "./harness.ts";

test("a run that is interrupted accounts for every record that it read", async () => {
  const records = Array.from({ length: 40 }, (_, index) => ({ id: index + 1 }));
  const store = await startApi((request, _body, response) => cursorPage(records, request, response, 40));
  const { promise: isBusy, resolve: busy } = Promise.withResolvers<void>();
  const shop = await startApi((_request, _body, response) => {
    if (shop.requests.length < 10) return json(response, 200, {});
    busy();
    setTimeout(() => json(response, 200, {}), 300);
  });
  const place = new Workplace();
  place.write(`
connections:
  store: { baseUrl: "${store.url}" }
  shop: { baseUrl: "${shop.url}", limits: { concurrency: 1 } }
syncs:
  records:${SOURCE}
    destination: { connection: shop, upsert: "PUT /items/{id}" }
`);
  try {
    const running = place.start("run", "--json");
    await isBusy;
    running.kill("SIGINT");
    const { counts, status } = ending(await running.ended);
    assert.equal(status, "interrupted");
    assert.deepEqual([counts.read, counts.created, counts.unsent], [40, 10, 30]);
    const again = ending(await place.run("run", "--json"));
    assert.deepEqual([again.status, again.counts.unsent, again.counts.created], ["level", 0, 30]);
  } finally {
    place.remove();
    await Promise.all([store.stop(), shop.stop()]);
  }
});
