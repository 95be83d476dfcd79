/** U6: a field that a mapping leaves out is compared, too. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { json, startApi, Workplace, type Api, type Ran } from "./harness.ts";

interface Item {
  [member: string]: unknown;
}

interface Sides {
  readonly records: Item[];
  readonly items: Map<string, Item>;
  readonly shop: Api;
  readonly place: Workplace;
}

interface Terms {
  /** Of the sync, and of its destination. */
  readonly mapping?: string;
  readonly destination?: string;
  /** The destination keeps what a write leaves out. */
  readonly merges?: boolean;
}

const IDS = [1, 2, 3];

/** After a first run; the second record has a note, and the others have none. */
async function between(terms: Terms, check: (sides: Sides) => Promise<void>): Promise<void> {
  const { mapping = "mapping: { sku: id, note: note, to: to }", destination = "", merges = false } = terms;
  const records: Item[] = IDS.map((id) => ({
    id,
    sku: id,
    to: { city: `c${id}` },
    ...(id === 2 ? { note: "n2" } : {}),
  }));
  const items = new Map<string, Item>();
  const store = await startApi((_request, _body, response) => json(response, 200, records));
  const shop = await startApi((request, body, response) => {
    const path = request.url ?? "";
    if (request.method === "GET") return json(response, 200, [...items.values()]);
    items.set(path, { createdBy: "api", ...(merges ? items.get(path) : {}), ...(JSON.parse(body) as Item) });
    return json(response, 200, {});
  });
  const place = new Workplace();
  place.write(`
connections:
  store: { baseUrl: "${store.url}" }
  shop: { baseUrl: "${shop.url}" }
syncs:
  records:
    source: { connection: store, request: GET /records, key: id, pagination: { type: none } }
    ${mapping}
    destination:
      connection: shop
      upsert: PUT /items/{sku}
      list: { request: GET /items, key: sku, pagination: { type: none }, filter: $not(retired = true) }
      ${destination}
`);
  try {
    const first = await place.run("run");
    assert.equal(first.exitCode, 0, first.stderr);
    await check({ records, items, shop, place });
  } finally {
    place.remove();
    await Promise.all([store.stop(), shop.stop()]);
  }
}

const check = (place: Workplace, ...args: string[]): Promise<Ran> => place.run("check", ...args);

const putsOf = ({ requests }: Api): readonly string[] =>
  requests.filter(({ method }) => method === "PUT").map(({ path }) => path);

const readAs = ({ folder }: Workplace, from: string, to: string): string =>
  readFileSync(join(folder, "evenkeel.yaml"), "utf8").replace(from, to);

const edit = ({ items }: Sides, id: number, change: Item): void =>
  void Object.assign(items.get(`/items/${id}`) as Item, change);

test("check: what somebody has put into a field that the mapping left out is found, and a repair clears it", () =>
  between({}, async (sides) => {
    const { place, shop } = sides;
    edit(sides, 1, { note: null, to: { city: "c1", id: 17 }, stock: 4 });
    assert.equal((await check(place)).exitCode, 0, "nothing, and what is not the mapping's");
    edit(sides, 1, { note: "by hand" });
    edit(sides, 3, { note: false });
    const off = await check(place);
    assert.equal(off.exitCode, 4);
    assert.match(off.stdout, /different +1\n +note +"by hand" → \(absent\)/);
    assert.match(off.stdout, /different +3\n +note +false → \(absent\)/);
    assert.match(off.stdout, /2 different, 1 equal/);
    assert.match(off.stdout, /warning in 2 records the destination holds what the mapping has left out:\s+`note`/);
    const before = putsOf(shop).length;
    const repaired = await check(place, "--repair");
    assert.equal(repaired.exitCode, 0, repaired.stdout);
    assert.deepEqual(putsOf(shop).slice(before).toSorted(), ["/items/1", "/items/3"]);
    assert.equal((await check(place)).exitCode, 0);
  }));

test("check: fields within an object that the mapping takes over count where any record has them", () =>
  between({}, async (sides) => {
    edit(sides, 1, { to: { city: "c1", zip: "8000" } });
    assert.equal((await check(sides.place)).exitCode, 0, "no record has a zip");
    sides.records[2] = { ...sides.records[2], to: { city: "c3", zip: "3000" } };
    assert.equal((await sides.place.run("run")).exitCode, 0);
    const off = await check(sides.place);
    assert.match(off.stdout, /different +1\n +to\.zip +"8000" → \(absent\)/);
    assert.equal(off.exitCode, 4);
  }));

for (const [what, mapping] of [
  ["without a mapping", "# the record as it is"],
  ["of a mapping that is one expression", `mapping: "{ 'sku': id, 'note': note }"`],
] as const)
  test(`check: ${what}, the fields that were ever written count, in a later process too`, () =>
    between({ mapping }, async (sides) => {
      const { place, records } = sides;
      const { note: _, ...without } = records[1] as Item;
      records[1] = without;
      assert.equal((await place.run("run")).exitCode, 0);
      assert.equal((await check(place)).exitCode, 0);
      edit(sides, 3, { note: "by hand" });
      const off = await check(place);
      assert.equal(off.exitCode, 4);
      assert.match(off.stdout, /different +3\n +note +"by hand" → \(absent\)/);
      const sampled = await check(place, "--sample", "3");
      assert.equal(sampled.exitCode, 2, "there is nothing to look records up by");
    }));

test("check: an API that keeps what a write leaves out is told of as long as it is not declared", () =>
  between({ merges: true }, async (sides) => {
    const { place, records, items } = sides;
    const { note: _, ...without } = records[1] as Item;
    records[1] = without;
    assert.equal((await place.run("run")).exitCode, 0);
    for (const _again of [1, 2]) {
      const off = await check(place);
      assert.equal(off.exitCode, 4);
      assert.match(off.stdout, /let the mapping give null instead, with\s+`\?\? null`[^]*declare\s+`omitted: kept`/);
      await check(place, "--repair");
    }
    assert.equal(items.get("/items/2")?.["note"], "n2");
  }));

test("check: with `omitted: kept` the destination may have anything there", () =>
  between({ merges: true, destination: "omitted: kept" }, async (sides) => {
    edit(sides, 1, { note: "its own" });
    assert.equal((await check(sides.place)).exitCode, 0);
    edit(sides, 2, { note: "another" });
    assert.equal((await check(sides.place)).exitCode, 4, "what the mapping has counts all the same");
  }));

test("check: what the list's filter does not let pass is not there", () =>
  between({}, async (sides) => {
    const { place, items } = sides;
    items.set("/items/9", { sku: 9, retired: true });
    assert.equal((await check(place)).exitCode, 0);
    edit(sides, 1, { retired: true });
    const off = await check(place);
    assert.equal(off.exitCode, 4);
    assert.match(off.stdout, /missing +1$/m);
    edit(sides, 1, { retired: "yes" });
    edit(sides, 2, { retired: 1 });
    const clear = await check(place);
    assert.equal(clear.exitCode, 0, "a comparison is true or false whatever it compares");
  }));

test("check: a list's filter that is neither true nor false fails the comparison", () =>
  between({}, async (sides) => {
    const { place } = sides;
    edit(sides, 1, { retired: 1 });
    place.write(readAs(place, "$not(retired = true)", "retired"));
    const failed = await check(place);
    assert.notEqual(failed.exitCode, 0);
    assert.match(
      failed.stdout + failed.stderr,
      /`retired` gives 1, and has to be true or false: write\s+`retired = 1`/,
    );
  }));

test("a list's filter that lets nothing pass is told of, and does not make a first run double what is there", async () => {
  const items = [{ id: "i1", ref: "1", active: true }];
  const store = await startApi((_request, _body, response) => json(response, 200, [{ ref: 1 }]));
  const shop = await startApi((request, _body, response) =>
    request.method === "GET" ? json(response, 200, items) : json(response, 201, { id: "i2" }),
  );
  const place = new Workplace();
  place.write(`
connections: { store: { baseUrl: "${store.url}" }, shop: { baseUrl: "${shop.url}" } }
syncs:
  records:
    source: { connection: store, request: GET /records, key: ref, pagination: { type: none } }
    destination:
      connection: shop
      create: { request: POST /items, id: id }
      list: { request: GET /items, key: ref, pagination: { type: none }, filter: actve = true }
`);
  try {
    const run = await place.run("run");
    assert.match(run.stdout + run.stderr, /RUN_NOT_ADOPTED/);
    assert.equal(shop.requests.filter(({ method }) => method === "POST").length, 0);
    const off = await check(place);
    assert.match(off.stdout, /`filter` lets no record pass \(1 listed\)/);
  } finally {
    place.remove();
    await Promise.all([store.stop(), shop.stop()]);
  }
});

for (const [what, mapping] of [
  ["that the API adds", "# the record as it is"],
  ["that the mapping has left out and the API fills in", "mapping: { id: id, status: status }"],
] as const)
  test(`R2: a POST to the record's own address whose answer was lost is not sent twice for a field ${what}`, async () => {
    const items = new Map<string, Item>();
    const store = await startApi((_request, _body, response) => json(response, 200, [{ id: 1 }]));
    const shop = await startApi((request, body, response) => {
      const path = request.url ?? "";
      if (request.method === "GET")
        return items.has(path) ? json(response, 200, items.get(path)) : json(response, 404, {});
      items.set(path, { ...(JSON.parse(body) as Item), createdAt: "today", status: "draft" });
      return void response.destroy();
    });
    const place = new Workplace();
    place.write(`
connections: { store: { baseUrl: "${store.url}" }, shop: { baseUrl: "${shop.url}", lateWrite: 0s, retry: { base: 1ms } } }
syncs:
  records:
    source: { connection: store, request: GET /records, key: id, pagination: { type: none } }
    ${mapping}
    destination: { connection: shop, upsert: "POST /items/{id}", read: "GET /items/{id}" }
`);
    try {
      const run = await place.run("run");
      assert.equal(run.exitCode, 0, run.stdout + run.stderr);
      assert.equal(shop.requests.filter(({ method }) => method === "POST").length, 1);
    } finally {
      place.remove();
      await Promise.all([store.stop(), shop.stop()]);
    }
  });
