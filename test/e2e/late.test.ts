import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { cursorPage, ending, json, SOURCE, startApi, Workplace } from "./harness.ts";

/** A little after that is so. */
async function until(isSo: () => boolean): Promise<void> {
  do await sleep(50);
  while (!isSo());
}

test("U3, U8: a write that was given up lands after a newer one, and the run that sent the newer one mends it", async () => {
  const records = [{ id: 1, version: 1 }];
  const items = new Map<string, string>();
  const applied: string[] = [];
  const store = await startApi((request, _body, response) => cursorPage(records, request, response));
  let holds = true;
  const shop = await startApi(async (request, body, response) => {
    const path = request.url ?? "";
    const held = items.get(path);
    if (request.method === "GET") return json(response, held === undefined ? 404 : 200, JSON.parse(held ?? "{}"));
    if (holds) {
      // The client has given it up long before it lands: once the newer one is there.
      holds = false;
      await until(() => applied.length === 2);
    }
    items.set(path, body);
    applied.push(body);
    json(response, 200, {});
  });
  const place = new Workplace();
  place.write(`
connections:
  store: { baseUrl: "${store.url}" }
  shop:
    baseUrl: "${shop.url}"
    timeouts: { total: 500ms }
    retry: { attempts: 1 }
    lateWrite: 4s
syncs:
  records:${SOURCE}
    destination: { connection: shop, upsert: "PUT /items/{id}", read: "GET /items/{id}" }
`);
  try {
    const first = await place.run("run", "--json");
    assert.deepEqual([first.exitCode, ending(first).counts.unknown], [1, 1]);
    records[0] = { id: 1, version: 2 };
    const second = await place.run("run", "--json");
    assert.equal(second.exitCode, 0, second.stdout);
    assert.ok(second.events.some(({ type }) => type === "waiting"));
    assert.deepEqual(
      applied.map((body) => (JSON.parse(body) as { version: number }).version),
      [1, 2, 1, 2],
      "the first again, the newer one, the first one late, and the newer one again",
    );
    assert.equal((await place.run("run", "--json")).exitCode, 0);
    assert.equal(applied.length, 4, "nothing is left to be mended");
  } finally {
    place.remove();
    await Promise.all([store.stop(), shop.stop()]);
  }
});

test("U3: a write that was given up lands after the record was deleted, and the run that deleted it does so again", async () => {
  const records = [{ id: 1, deleted: false }];
  const items = new Map<string, string>();
  const happened: string[] = [];
  const store = await startApi((request, _body, response) => cursorPage(records, request, response));
  let holds = true;
  const shop = await startApi(async (request, body, response) => {
    const path = request.url ?? "";
    if (request.method === "GET") return json(response, items.has(path) ? 200 : 404, { id: 1 });
    if (holds) {
      // The client has given it up long before it lands: once the delete is there.
      holds = false;
      await until(() => happened.length === 2);
    }
    happened.push(request.method ?? "");
    if (request.method === "DELETE") return json(response, items.delete(path) ? 204 : 404, undefined);
    items.set(path, body);
    json(response, 200, {});
  });
  const place = new Workplace();
  place.write(`
connections:
  store: { baseUrl: "${store.url}" }
  shop:
    baseUrl: "${shop.url}"
    timeouts: { total: 500ms }
    retry: { attempts: 1 }
    lateWrite: 4s
syncs:
  records:${SOURCE.trimEnd()}
      tombstone: deleted
    destination: { connection: shop, upsert: "PUT /items/{id}", delete: "DELETE /items/{id}", read: "GET /items/{id}" }
    deletes: { mode: tombstone }
`);
  try {
    const first = await place.run("run", "--json");
    assert.deepEqual([first.exitCode, ending(first).counts.unknown], [1, 1]);
    records[0] = { id: 1, deleted: true };
    const second = await place.run("run", "--json");
    assert.equal(second.exitCode, 0, second.stdout);
    assert.deepEqual(happened, ["PUT", "DELETE", "PUT", "DELETE"]);
    assert.equal(items.size, 0);
    assert.equal((await place.run("run", "--json")).exitCode, 0);
    assert.equal(happened.length, 4, "nothing is left to be mended");
  } finally {
    place.remove();
    await Promise.all([store.stop(), shop.stop()]);
  }
});

test("P7: a source that no longer knows the cursor is read anew, said aloud, and nothing is written twice", async () => {
  const records = [1, 2, 3].map((id) => ({ id, updated_at: `2026-01-0${id}T00:00:00Z` }));
  let forgets = false;
  const store = await startApi((request, _body, response) => {
    const asksSince = new URL(request.url ?? "/", "http://x").searchParams.has("since");
    if (asksSince && forgets) return json(response, 410, { error: "invalid cursor" });
    cursorPage(records, request, response);
  });
  const shop = await startApi((_request, _body, response) => json(response, 200, {}));
  const place = new Workplace();
  place.write(`
connections:
  store: { baseUrl: "${store.url}" }
  shop: { baseUrl: "${shop.url}" }
syncs:
  records:${SOURCE.trimEnd()}
      cursor: { field: updated_at, type: timestamp, param: since }
    destination: { connection: shop, upsert: "PUT /items/{id}" }
`);
  try {
    assert.equal((await place.run("run")).exitCode, 0);
    records[0] = { id: 1, updated_at: "2026-01-04T00:00:00Z" };
    forgets = true;
    const ran = await place.run("run", "--json");
    assert.equal(ran.exitCode, 0, ran.stdout);
    assert.ok(ran.events.some((event) => event.type === "warning" && event.code === "READ_CURSOR_EXPIRED"));
    assert.deepEqual([ending(ran).counts.read, ending(ran).counts.updated], [3, 1]);
    assert.equal(shop.requests.length, 4);
  } finally {
    place.remove();
    await Promise.all([store.stop(), shop.stop()]);
  }
});

test("K6, R8: the key is on the first attempt, quoted where that is declared, and a retry sends the same bytes under it", async () => {
  const store = await startApi((request, _body, response) => cursorPage([{ id: 1, n: 1.1 }], request, response));
  let attempts = 0;
  const shop = await startApi((_request, _body, response) => {
    attempts += 1;
    json(response, attempts < 3 ? 503 : 201, { id: "i1" });
  });
  const place = new Workplace();
  place.write(`
connections:
  store: { baseUrl: "${store.url}" }
  shop: { baseUrl: "${shop.url}", retry: { base: 10ms } }
syncs:
  records:${SOURCE}
    destination:
      connection: shop
      create: { request: POST /items, id: id, idempotencyKey: { header: X-Once, quoted: true } }
`);
  try {
    const ran = await place.run("run", "--json");
    assert.equal(ran.exitCode, 0, ran.stdout);
    const sent = shop.requests.map(({ body, headers }) => [headers["x-once"], body]);
    assert.equal(sent.length, 3);
    assert.match(String(sent[0]?.[0]), /^"[0-9a-f-]{36}"$/);
    for (const again of sent) assert.deepEqual(again, sent[0]);
  } finally {
    place.remove();
    await Promise.all([store.stop(), shop.stop()]);
  }
});
