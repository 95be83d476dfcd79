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

test("a run that is under way is told from one whose process died", async () => {
  const records = Array.from({ length: 6 }, (_, index) => ({ id: index + 1 }));
  const store = await startApi((request, _body, response) => cursorPage(records, request, response));
  const { promise: isBusy, resolve: busy } = Promise.withResolvers<void>();
  const shop = await startApi((request, _body, response) => {
    if (request.method === "GET") return json(response, 200, []);
    busy();
  });
  const place = new Workplace();
  place.write(`
connections:
  store: { baseUrl: "${store.url}" }
  shop: { baseUrl: "${shop.url}" }
syncs:
  records:${SOURCE}
    destination: { connection: shop, upsert: "PUT /items/{id}", list: { request: GET /items, key: id } }
`);
  const flat = async (...args: string[]): Promise<string> => (await place.run(...args)).stdout.replaceAll(/\s+/g, " ");
  try {
    const running = place.start("run");
    await isBusy;
    const during = await flat("status");
    assert.match(during, /records running 0 0 6 /);
    assert.match(during, /records: running since \S+ \S+Z \(process \d+\); 6 writes under way/);
    assert.doesNotMatch(during, /next run looks into/);
    assert.match(await flat("state", "show"), /last run 1: running, began/);
    assert.match(await flat("check"), /warning a run of it is under way \(process \d+, since /);
    running.kill("SIGKILL");
    await running.ended;
    const after = await flat("status");
    assert.match(after, /records cut off 0 0 6 /);
    assert.match(after, /its last run began \S+ \S+, and its process died; running it again goes on/);
    assert.match(after, /6 writes of unknown outcome, which the next run looks into/);
    assert.doesNotMatch(await flat("check"), /under way/);
  } finally {
    place.remove();
    await Promise.all([store.stop(), shop.stop()]);
  }
});
