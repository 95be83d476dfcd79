import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { cursorPage, json, SOURCE, startApi, Workplace, type Api } from "./harness.ts";

interface Item {
  [member: string]: unknown;
}

interface Places {
  readonly records: Item[];
  readonly items: Map<string, Item>;
  readonly place: Workplace;
  readonly shop: Api;
  readonly hidden: Hidden;
}

/** Records that the source leaves out of its list for so many reads. */
class Hidden {
  readonly ids = new Set<unknown>();
  reads = 0;

  of(records: readonly Item[], request: IncomingMessage): readonly Item[] {
    if (request.url?.includes("cursor=") !== true) this.reads -= 1;
    return this.reads < 0 ? records : records.filter(({ id }) => !this.ids.has(id));
  }
}

/** The name of what is created without an answer. */
const LOST = "lost";

/** A source, and a destination that holds what it is sent, with a list in pages of 10. */
async function between(destination: string, check: (places: Places) => Promise<void>): Promise<void> {
  const records: Item[] = Array.from({ length: 25 }, (_, index) => ({
    id: index + 1,
    name: `n${index + 1}`,
    price: 1.5,
  }));
  const items = new Map<string, Item>();
  const hidden = new Hidden();
  const store = await startApi((request, _body, response) =>
    cursorPage(hidden.of(records, request), request, response, 10),
  );
  let ids = 0;
  const shop = await startApi((request, body, response) => {
    const url = new URL(request.url ?? "/", "http://x");
    if (request.method === "GET" && url.pathname === "/items") {
      const page = Number(url.searchParams.get("page") ?? 1);
      return json(response, 200, { items: [...items.values()].slice((page - 1) * 10, page * 10) });
    }
    if (request.method === "GET") {
      const item = items.get(url.pathname);
      return item === undefined ? json(response, 404, {}) : json(response, 200, item);
    }
    if (request.method === "DELETE") return json(response, items.delete(url.pathname) ? 204 : 404, undefined);
    if (request.method === "POST") {
      const id = `i${(ids += 1)}`;
      // An API that adds fields, writes numbers as text, and leaves out what is null.
      const item = { ...withoutNulls(JSON.parse(body)), id, createdBy: "api" };
      items.set(`/items/${id}`, item);
      return (item as Item)["name"] === LOST ? void response.destroy() : json(response, 201, { id });
    }
    items.set(url.pathname, { ...withoutNulls(JSON.parse(body)), createdBy: "api" });
    return json(response, 200, {});
  });
  const place = new Workplace();
  place.write(`
connections:
  store: { baseUrl: "${store.url}" }
  shop: { baseUrl: "${shop.url}" }
syncs:
  records:${SOURCE}
    mapping: { sku: id, name: name, price: price, note: "null" }
    destination:
      connection: shop
      ${destination}
`);
  try {
    assert.equal((await place.run("run")).exitCode, 0);
    await check({ records, items, place, shop, hidden });
  } finally {
    place.remove();
    await Promise.all([store.stop(), shop.stop()]);
  }
}

const withoutNulls = (item: Item): Item =>
  Object.fromEntries(
    Object.entries(item)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => [name, name === "price" ? String(value) : value]),
  );

interface Told {
  readonly type: string;
  readonly kind?: string;
  readonly key?: string;
  readonly match?: string;
  readonly [member: string]: unknown;
}

async function checked(place: Workplace, ...args: string[]) {
  const ran = await place.run("check", "--json", ...args);
  const lines = ran.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Told);
  const [summary] = lines.filter(({ type }) => type === "check");
  const drifts = lines.filter(({ type }) => type === "drift").map(({ kind, key, match }) => `${kind} ${key ?? match}`);
  return { exitCode: ran.exitCode, drifts: drifts.toSorted(), summary: summary as Told, lines };
}

const LIST = `list: { request: GET /items, records: items, key: sku, pagination: { type: page, param: page } }`;

test("check: an edited, a deleted and an added record of the destination are named, and nothing else", () =>
  between(`upsert: "PUT /items/{sku}"\n      ${LIST}`, async ({ items, place, records }) => {
    const level = await checked(place);
    assert.deepEqual([level.exitCode, level.drifts, level.summary["equal"]], [0, [], 25]);
    const { source, destination } = level.summary["fingerprints"] as Record<string, string>;
    assert.equal(source, destination, "numbers as text, null left out and fields of the API's own are no difference");
    Object.assign(items.get("/items/7") as Item, { name: "edited" });
    items.delete("/items/3");
    items.set("/items/99", { sku: 99, name: "added" });
    const off = await checked(place);
    assert.deepEqual([off.exitCode, off.drifts], [4, ["different 7", "extra 99", "missing 3"]]);
    const after = off.summary["fingerprints"] as Record<string, string>;
    assert.equal(after["source"], source);
    assert.notEqual(after["destination"], source);
    const text = await place.run("check");
    assert.match(text.stdout, /different +7\n +name +"edited" → "n7"/);
    assert.match(text.stdout, /records: not level, 1 missing, 1 extra, 1 different, 23 equal/);
    items.delete("/items/99");
    Object.assign(items.get("/items/7") as Item, { name: "n7" });
    items.set("/items/3", { sku: "3", name: "n3", price: 1.5 });
    const again = await checked(place);
    assert.deepEqual(
      [again.exitCode, again.summary["fingerprints"]],
      [0, { source, destination }],
      "equal exactly when they agree",
    );
    items.set("/items/x", { ...items.get("/items/3") });
    assert.deepEqual((await checked(place)).drifts, ["extra 3"], "a double is an extra one");
    items.set("/items/x", { id: "x9", sku: null, name: "nameless" });
    const nameless = await place.run("check");
    assert.match(nameless.stdout, /^ +extra +id x9 +it has no value to be matched by$/m);
    records.pop();
    items.delete("/items/x");
    assert.deepEqual((await checked(place)).drifts, ["extra 25"]);
    const quiet = await place.run("check", "--quiet");
    assert.equal(quiet.exitCode, 4);
  }));

test("check: where the destination assigns ids, the ledger knows which record has which", () =>
  between(
    `create: { request: POST /items, id: id }\n      update: "PUT /items/{$id}"\n      list: { request: GET /items, records: items, key: id, pagination: { type: page, param: page } }`,
    async ({ items, place }) => {
      assert.deepEqual((await checked(place)).exitCode, 0);
      const [first, second] = [...items.values()];
      Object.assign(first as Item, { name: "edited" });
      items.delete(`/items/${String(second?.["id"])}`);
      const off = await checked(place);
      assert.deepEqual(
        off.drifts,
        [`different ${String(first?.["sku"])}`, `missing ${String(second?.["sku"])}`].toSorted(),
      );
    },
  ));

test("check --sample: records are looked up one by one, and the rest is not spoken of", () =>
  between(`upsert: "PUT /items/{sku}"\n      read: "GET /items/{sku}"`, async ({ items, place, shop }) => {
    const before = shop.requests.length;
    const some = await checked(place, "--sample", "10");
    assert.deepEqual([some.exitCode, some.summary["equal"], some.summary["sampledOf"]], [0, 10, 25]);
    assert.equal(some.summary["fingerprints"], undefined);
    assert.equal(shop.requests.length - before, 10);
    Object.assign(items.get("/items/7") as Item, { name: "edited" });
    items.delete("/items/3");
    const all = await checked(place, "--sample", "1000");
    assert.deepEqual([all.exitCode, all.drifts], [4, ["different 7", "missing 3"]]);
    const none = await place.run("check");
    assert.equal(none.exitCode, 2);
    assert.match(none.stdout, /declares no `list`/);
    assert.match(none.stdout, /--sample 100/);
  }));

test("check: where nothing can be looked at, it says what to declare", () =>
  between(`upsert: "PUT /items/{sku}"`, async ({ place }) => {
    for (const args of [["check"], ["check", "--sample", "5"]]) {
      const ran = await place.run(...args, "--json");
      assert.equal(ran.exitCode, 2);
      const { next } = JSON.parse(ran.stdout.trim().split("\n").at(-1) ?? "") as { next: string };
      assert.match(next, /`list: \{ request: GET \/items, .*\}`/);
      assert.match(next, /`read: GET \/items\/\{sku\}`/);
    }
  }));

test("check: what cannot be read is an error, and not a difference", () =>
  between(`upsert: "PUT /items/{sku}"\n      ${LIST.replace("items, key", "itemz, key")}`, async ({ place }) => {
    const ran = await place.run("check");
    assert.equal(ran.exitCode, 1);
    assert.match(ran.stdout, /READ_RECORDS_MISSING/);
  }));

const MIRROR = `delete: "DELETE /items/{sku}"\n    deletes: { mode: mirror }`;

const writesOf = ({ requests }: Api): readonly string[] =>
  requests.filter(({ method }) => method !== "GET").map(({ method, path }) => `${method} ${path}`);

test("check --repair: an edited, a deleted and an added record are mended with three requests, and then it is level", () =>
  between(`upsert: "PUT /items/{sku}"\n      ${LIST}\n      ${MIRROR}`, async ({ items, place, shop }) => {
    Object.assign(items.get("/items/7") as Item, { name: "edited" });
    items.delete("/items/3");
    items.set("/items/99", { sku: 99, name: "added" });
    const before = writesOf(shop).length;
    const repaired = await place.run("check", "--repair");
    assert.equal(repaired.exitCode, 0, repaired.stdout + repaired.stderr);
    assert.deepEqual(writesOf(shop).slice(before).toSorted(), ["DELETE /items/99", "PUT /items/3", "PUT /items/7"]);
    assert.match(repaired.stdout, /created +1\n +updated +1\n/, "what was missing is created, by whatever request");
    assert.match(repaired.stderr, /different +7\n +name +"edited" → "n7"/);
    assert.match(repaired.stderr, /missing +3/);
    assert.match(repaired.stderr, /extra +99/);
    assert.match(repaired.stderr, /deletes record 99/);
    const told = await place.run("explain", "records", "99");
    assert.match(told.stdout, /not known to hold it any more[^]*delete  DELETE [^]*applied \(204\)/);
    assert.equal((await checked(place)).exitCode, 0);
    const again = await place.run("check", "--repair");
    assert.deepEqual([again.exitCode, writesOf(shop).length - before], [0, 3], "what is level is not written");
    assert.equal((await place.run("run")).exitCode, 0);
    assert.equal(writesOf(shop).length - before, 3, "and the next run has nothing to do");
  }));

test("check --repair: what is extra is left where nothing asks for deletes, and under the guard", () =>
  between(
    `upsert: "PUT /items/{sku}"\n      ${LIST}\n      delete: "DELETE /items/{sku}"`,
    async ({ items, place, shop }) => {
      items.set("/items/99", { sku: 99, name: "added" });
      const before = writesOf(shop).length;
      const left = await place.run("check", "--repair");
      assert.deepEqual([left.exitCode, writesOf(shop).length - before], [1, 0]);
      assert.match(
        left.stderr,
        /1 record of the destination is not in the source, and left as it is: `deletes\.mode` is not/,
      );
      assert.match(left.stdout, /read +25 .*\n.*\n.*\n +unchanged +25\n/, "all that is compared is counted");
      assert.doesNotMatch(left.stdout, /rejects list|not moved/, "nothing was refused, and there is no cursor");
    },
  ));

test("P5: what agrees as far as it was read is not level where a list goes on", () =>
  between(`upsert: "PUT /items/{sku}"\n      ${LIST}`, async ({ items, place }) => {
    const config = readFileSync(join(place.folder, "evenkeel.yaml"), "utf8");
    place.write(config.replace(/pagination: \{ type: cursor.*/, ""));
    for (let sku = 11; sku <= 25; sku++) items.delete(`/items/${sku}`);
    const { exitCode, summary } = await checked(place);
    assert.deepEqual(
      [exitCode, summary["equal"], summary["unread"]],
      [1, 10, ["the source has more pages than were read"]],
    );
    assert.match((await place.run("check")).stdout, /not level, 10 equal\n +incomplete +the source has more pages/);
  }));

test("P9: a repair leaves what may have moved between numbered pages, and says what would prove that it is extra", () =>
  between(`upsert: "PUT /items/{sku}"\n      ${LIST}\n      ${MIRROR}`, async ({ items, place, shop }) => {
    const config = readFileSync(join(place.folder, "evenkeel.yaml"), "utf8");
    const numbered = "pagination: { type: offset, param: cursor, size: { value: 10 } }";
    const asked = config.replace(/pagination: \{ type: cursor.*/, `${numbered}\n      read: "GET /records/{$key}"`);
    place.write(asked);
    items.set("/items/99", { sku: 99, name: "added" });
    const before = writesOf(shop).length;
    const left = await place.run("check", "--repair");
    assert.deepEqual([left.exitCode, writesOf(shop).length - before], [1, 0]);
    assert.match(
      left.stderr.replaceAll(/\s+/g, " "),
      /may have moved between its numbered pages, and seem extra for it.*Declare another pagination/,
    );
    place.write(asked.replace("{ type: offset,", "{ type: offset, overlap: 2,"));
    assert.equal((await place.run("check", "--repair")).exitCode, 0);
    assert.ok(!items.has("/items/99"));
  }));

test("D2: what the source leaves out of one read a repair does not delete, and what it leaves out of two it does", () =>
  between(`upsert: "PUT /items/{sku}"\n      ${LIST}\n      ${MIRROR}`, async ({ records, items, place, hidden }) => {
    // Somebody else has put it there, so no run of this ledger has written it.
    records.push({ id: 31, name: "n31", price: 1.5 });
    items.set("/items/31", { sku: 31, name: "n31", price: "1.5" });
    hidden.ids.add(31);
    hidden.reads = 1;
    const kept = await place.run("check", "--repair");
    assert.equal(kept.exitCode, 0, kept.stdout + kept.stderr);
    assert.ok(items.has("/items/31"));
    assert.match(kept.stdout, /read +25 /, "a record is counted once");
    hidden.reads = 2;
    assert.equal((await place.run("check", "--repair")).exitCode, 0);
    assert.ok(!items.has("/items/31"));
  }));

test("D3: a repair that would delete too much is withheld, unless it is allowed", () =>
  between(`upsert: "PUT /items/{sku}"\n      ${LIST}\n      ${MIRROR}`, async ({ items, place, shop }) => {
    for (let sku = 100; sku < 150; sku++) items.set(`/items/${sku}`, { sku, name: "added" });
    const withheld = await place.run("check", "--repair");
    assert.equal(withheld.exitCode, 1);
    assert.ok(!writesOf(shop).some((write) => write.startsWith("DELETE")));
    const allowed = await place.run("check", "--repair", "--allow-deletes", "50");
    assert.equal(allowed.exitCode, 0, allowed.stderr);
    assert.equal(items.size, 25);
  }));

test("D3: what a run withholds a repair does not count again", () =>
  between(`upsert: "PUT /items/{sku}"\n      ${LIST}\n      ${MIRROR}`, async ({ records, items, place }) => {
    records.splice(5);
    // Gone is what two reads have missed.
    await place.run("run", "--full-refresh");
    assert.match((await place.run("run", "--full-refresh")).stdout, /withheld +20 /);
    items.set("/items/99", { sku: 99, name: "added" });
    const repaired = await place.run("check", "--repair");
    assert.equal(repaired.exitCode, 1);
    assert.match(repaired.stdout, /withheld +21 /, repaired.stderr);
    assert.equal(items.size, 26);
  }));

test("check --repair: under ids of the destination, a record is created again only when it is certainly not there", () =>
  between(
    `create: { request: POST /items, id: id }\n      update: "PUT /items/{$id}"\n      read: "GET /items/{$id}"\n      list: { request: GET /items, records: items, key: id, pagination: { type: page, param: page } }`,
    async ({ items, place, shop }) => {
      const [first] = [...items.keys()];
      const hidden = [...items.values()][4];
      items.delete(first as string);
      const before = writesOf(shop).length;
      const repaired = await place.run("check", "--repair");
      assert.equal(repaired.exitCode, 0, repaired.stdout + repaired.stderr);
      assert.deepEqual(writesOf(shop).slice(before), ["POST /items"]);
      assert.equal(items.size, 25);
      assert.equal((await checked(place)).exitCode, 0);
      assert.ok(hidden !== undefined);
    },
  ));

test("check --repair: what cannot be compared is not taken for extra, and the repair does not call itself level", () =>
  between(`upsert: "PUT /items/{sku}"\n      ${LIST}\n      ${MIRROR}`, async ({ records, items, place, shop }) => {
    // Nothing can be made of it any more, and it is in the destination as it was.
    (records[6] as Item)["id"] = { broken: true };
    items.set("/items/99", { sku: 99, name: "added" });
    const repaired = await place.run("check", "--repair");
    assert.equal(repaired.exitCode, 1, repaired.stdout);
    assert.ok(!writesOf(shop).some((write) => write.startsWith("DELETE")));
    assert.ok(items.has("/items/7"));
    assert.match(
      repaired.stderr.replaceAll(/\s+/g, " "),
      /1 record of the source could not be compared, and what seems extra may be that one/,
    );
  }));

test("check --repair: what somebody else has put there is deleted under no record's key", () =>
  between(
    `create: { request: POST /items, id: id }\n      update: "PUT /items/{$id}"\n      delete: "DELETE /items/{$id}"\n      list: { request: GET /items, records: items, key: id, pagination: { type: page, param: page } }\n    deletes: { mode: mirror }`,
    async ({ items, place, shop }) => {
      // The id of the foreign one is the key of a record that has another id.
      items.set("/items/5", { id: "5", name: "foreign" });
      const repaired = await place.run("check", "--repair");
      assert.equal(repaired.exitCode, 0, repaired.stdout + repaired.stderr);
      assert.deepEqual(writesOf(shop).slice(-1), ["DELETE /items/5"]);
      const before = writesOf(shop).length;
      assert.equal((await place.run("run")).exitCode, 0);
      assert.equal(writesOf(shop).length, before, "the ledger knows record 5 as before");
      assert.equal((await checked(place)).exitCode, 0);
    },
  ));

test("U1: what a create of unknown outcome may have made a repair does not take for somebody else's", () =>
  between(
    `create: { request: POST /items, id: id }\n      update: "PUT /items/{$id}"\n      delete: "DELETE /items/{$id}"\n      list: { request: GET /items, records: items, key: id, pagination: { type: page, param: page } }\n    deletes: { mode: mirror }`,
    async ({ records, place, shop }) => {
      records.push({ id: 26, name: LOST, price: 1.5 });
      assert.equal((await place.run("run")).exitCode, 1);
      records.pop();
      const before = writesOf(shop).length;
      const repaired = await place.run("check", "--repair");
      assert.equal(repaired.exitCode, 1);
      assert.match(
        repaired.stderr,
        /left as it is: whether 1 record was created is unknown, and what seems extra may be that one/,
      );
      assert.equal(writesOf(shop).length, before);
    },
  ));
