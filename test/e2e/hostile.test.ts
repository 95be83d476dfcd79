import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { cursorPage, ending, json, SOURCE, startApi, Workplace, type Api, type Ran } from "./harness.ts";

const items = new Map<string, unknown>();
const shop = await startApi((request, body, response) => {
  items.set(decodeURIComponent((request.url ?? "").replace("/items/", "")), JSON.parse(body));
  json(response, 200, {});
});
after(() => shop.stop());

const config = (store: string, destination: Api = shop, extra = ""): string => `
connections:
  store: { baseUrl: "${store}", auth: { type: bearer, token: "\${TOKEN}" }, retry: { base: 10ms, attempts: 3 } }
  shop: { baseUrl: "${destination.url}", retry: { base: 10ms } ${extra} }
syncs:
  records:${SOURCE}
    mapping: { ref: id, name: name }
    destination: { connection: shop, upsert: "PUT /items/{ref}" }
`;

type Answer = (request: { readonly url?: string | undefined }, response: ServerResponse) => void;

/** Runs once against a source that answers like this. */
async function against(answer: Answer): Promise<Ran> {
  items.clear();
  const store = await startApi((request, _body, response) => answer(request, response));
  const place = new Workplace();
  try {
    place.write(config(store.url));
    const ran = await place.run("run", "--json");
    assert.ok(!(ran.stdout + ran.stderr).includes("secret-token-4711"), "S6: the token is nowhere in the output");
    return ran;
  } finally {
    await store.stop();
    place.remove();
  }
}

const text =
  (body: string, type = "application/json"): Answer =>
  (_request, response) => {
    response.writeHead(200, { "content-type": type });
    response.end(body);
  };

test("P5: a page of HTML is an error that names its title", async () => {
  const ran = await against(text("<!doctype html><html><title>Please log in</title></html>", "text/html"));
  assert.equal(ran.exitCode, 1);
  assert.equal(ending(ran).error?.code, "API_NOT_JSON");
  assert.match(ending(ran).error?.message ?? "", /Please log in/);
});

test("P5: JSON that is cut short is an error", async () => {
  const ran = await against(text('{"data":[{"id":1,"name":"a"},{"id":'));
  assert.equal(ending(ran).error?.code, "API_NOT_JSON");
  assert.equal(items.size, 0);
});

test("S4: a page of 1 GiB is given up early, with little memory", async () => {
  const chunk = Buffer.alloc(1_048_576, " ");
  let sent = 0;
  const ran = await against((_request, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    const more = (): void => {
      while (sent < 1_024 && !response.destroyed) {
        sent += 1;
        if (!response.write(chunk)) return void response.once("drain", more);
      }
      response.end();
    };
    more();
  });
  assert.equal(ran.exitCode, 1);
  assert.match(ending(ran).error?.message ?? "", /larger than allowed/);
  assert.ok(sent < 200, `${sent} MiB were sent`);
});

test("P4: a page that points to itself is an error, and what was read is delivered", async () => {
  const ran = await against((_request, response) =>
    json(response, 200, { data: [{ id: 1, name: "a" }], meta: { next: "again" } }),
  );
  assert.equal(ran.exitCode, 1);
  assert.match(ending(ran).error?.code ?? "", /READ_NO_PROGRESS|READ_PAGE_REPEATED/);
  assert.equal(items.size, 1);
});

test("S3: a next page at another host is refused, and gets no request", async () => {
  const elsewhere = await startApi((_request, _body, response) => json(response, 200, { data: [] }));
  items.clear();
  const store = await startApi((_request, _body, response) =>
    json(response, 200, { data: [{ id: 1, name: "a" }], next: `${elsewhere.url}/records?page=2` }),
  );
  const place = new Workplace();
  place.write(
    config(store.url).replace(
      "pagination: { type: cursor, next: meta.next, param: cursor }",
      "pagination: { type: nextUrl, next: next }",
    ),
  );
  const ran = await place.run("run", "--json");
  assert.equal(ending(ran).error?.code, "API_FOREIGN_ADDRESS");
  assert.equal(elsewhere.requests.length, 0);
  place.remove();
  await Promise.all([store.stop(), elsewhere.stop()]);
});

test("S1, S5, U11: hostile ids stay inside their segment or are invalid, and the others arrive", async () => {
  const raw =
    '{"data":[{"id":"../admin","name":"a"},{"id":"a/b","name":"b"},{"id":"%2e%2e","name":"c"},{"id":"..","name":"d"},{"id":"","name":"e"},{"id":0,"name":"f"},{"id":9007199254740993,"name":"g"},{"id":"__proto__","name":"h"},{"id":null,"name":"i"},{"name":"j"},{"id":7,"id":8,"name":"k"},{"id":"same","name":"first"},{"id":"same","name":"last"},{"id":1.10,"name":"l"},"no record"],"meta":{"next":null}}';
  const ran = await against(text(raw));
  assert.equal(ran.exitCode, 1);
  const held = [...items.keys()].toSorted();
  for (const key of ["../admin", "a/b", "0", "9007199254740993", "__proto__", "same", "1.10"])
    assert.ok(items.has(key), `${key} in ${held.join(" ")}`);
  assert.deepEqual(items.get("same"), { ref: "same", name: "last" });
  assert.ok(
    shop.requests.every(({ path }) => path.split("/").length === 3),
    "no id left its segment",
  );
  assert.ok(
    shop.requests.some(({ body }) => body === '{"ref":9007199254740993,"name":"g"}'),
    "the number arrives as it was written",
  );
  assert.ok(shop.requests.some(({ body }) => body === '{"ref":1.10,"name":"l"}'));
  const codes = ran.events.flatMap((event) => (event.type === "invalid" ? [event.code] : []));
  for (const code of ["ADDRESS_UNUSABLE", "KEY_MISSING", "KEY_DUPLICATE_NAME", "NOT_AN_OBJECT"])
    assert.ok(codes.includes(code as never), code);
});

test("a record of 5 MiB arrives", async () => {
  const name = "x".repeat(5 * 1_048_576);
  const ran = await against((_request, response) =>
    json(response, 200, { data: [{ id: 1, name }], meta: { next: null } }),
  );
  assert.equal(ran.exitCode, 0, ran.stderr);
  assert.deepEqual(items.get("1"), { ref: 1, name });
});

test("a token that stops working midway: exit 3, nothing rejected, and the next run goes on", async () => {
  const records = Array.from({ length: 500 }, (_, index) => ({ id: index + 1, name: "n" }));
  const held = new Set<string>();
  let isExpiring = true;
  const destination = await startApi((request, _body, response) => {
    if (isExpiring && held.size >= 220) return json(response, 401, { error: { message: "token expired" } });
    held.add(request.url ?? "");
    json(response, 200, {});
  });
  const store = await startApi((request, _body, response) => cursorPage(records, request, response));
  const place = new Workplace();
  place.write(config(store.url, destination));
  const first = await place.run("run", "--json");
  assert.equal(first.exitCode, 3);
  assert.equal(ending(first).error?.code, "API_CREDENTIALS_REFUSED");
  assert.equal(ending(first).counts.rejected, 0);
  isExpiring = false;
  const second = await place.run("run", "--json");
  assert.equal(second.exitCode, 0, second.stdout.slice(-1_000));
  assert.equal(held.size, 500);
  place.remove();
  await Promise.all([store.stop(), destination.stop()]);
});

test("a dead port: exit 3, with the reason and what to do", async () => {
  const place = new Workplace();
  place.write(config("http://127.0.0.1:9"));
  const ran = await place.run("run", "--json");
  assert.equal(ran.exitCode, 3);
  assert.equal(ending(ran).error?.code, "API_UNREACHABLE");
  assert.match(ending(ran).error?.message ?? "", /ECONNREFUSED/);
  place.remove();
});

test("two runs on one ledger: the second ends with 5", async () => {
  const store = await startApi(async (request, _body, response) => {
    await sleep(1_500);
    cursorPage([{ id: 1, name: "a" }], request, response);
  });
  const place = new Workplace();
  place.write(config(store.url));
  const first = place.start("run", "--json");
  while (store.requests.length === 0) await sleep(10);
  const second = await place.run("run", "--json");
  assert.equal(second.exitCode, 5);
  assert.match(second.stdout, /LEDGER_HELD/);
  assert.equal((await first.ended).exitCode, 0);
  place.remove();
  await store.stop();
});
