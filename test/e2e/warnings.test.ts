import assert from "node:assert/strict";
import { test } from "node:test";
import { json, startApi, Workplace, type Ran } from "./harness.ts";

interface Row {
  readonly id: number;
  readonly at: number;
  readonly price?: number | string;
}

interface Sides {
  rows: readonly Row[];
  readonly items: Map<string, Row>;
  /** The source fails at once. */
  fails: boolean;
  readonly asked: readonly string[];
  run(command: string, ...args: string[]): Promise<Ran>;
}

/** A source with three rows a page, and a destination that lists what it has. */
async function between(source: string, mapping: string, check: (sides: Sides) => Promise<void>): Promise<void> {
  const items = new Map<string, Row>();
  const asked: string[] = [];
  const sides: Pick<Sides, "rows" | "fails"> = { rows: [], fails: false };
  const store = await startApi((request, _body, response) => {
    const url = new URL(request.url ?? "/", "http://x");
    asked.push(url.search);
    if (sides.fails) return json(response, 500, {});
    const of = sides.rows.filter(({ at }) => at >= Number(url.searchParams.get("since") ?? 0));
    const from = Number(url.searchParams.get("cursor") ?? 0);
    json(response, 200, { data: of.slice(from, from + 3), next: from + 3 < of.length ? String(from + 3) : null });
  });
  const shop = await startApi((request, body, response) => {
    if (request.method === "PUT") items.set(request.url ?? "", JSON.parse(body) as Row);
    json(response, 200, request.method === "GET" ? [...items.values()] : {});
  });
  const place = new Workplace();
  place.write(`
connections:
  store: { baseUrl: "${store.url}", retry: { attempts: 1 } }
  shop: { baseUrl: "${shop.url}", lateWrite: 0s }
syncs:
  rows:
    source:
      connection: store
      request: GET /rows
      records: data
      pagination: { type: cursor, next: next, param: cursor }
      ${source}
    mapping: ${mapping}
    destination: { connection: shop, upsert: "PUT /items/{id}", list: { request: GET /items, key: id } }
`);
  try {
    await check(
      Object.assign(sides, { items, asked, run: (command: string, ...args: string[]) => place.run(command, ...args) }),
    );
  } finally {
    place.remove();
    await Promise.all([store.stop(), shop.stop()]);
  }
}

const warnings = ({ events }: Ran): readonly string[] =>
  events.flatMap((event) => (event.type === "warning" ? [`${event.code}: ${event.message}`] : []));

const ROW = "{ id: id, price: price }";
const CURSOR = "cursor: { field: at, type: integer, param: since, lookback: 0 }";

test("U11: two records with one key, on a page or on two, are warned of once with a key", () =>
  between("key: id", ROW, async (sides) => {
    const [a, b] = [
      { id: 1, at: 1, price: 1 },
      { id: 1, at: 1, price: 2 },
    ];
    const others = [2, 3, 4].map((id) => ({ id, at: id, price: id }));
    sides.rows = [a, b, ...others];
    const onOne = await sides.run("run", "--json");
    const told = "KEY_TWICE: 1 record has a key that another one of the same read has, such as 1: the later one counts";
    assert.deepEqual([onOne.exitCode, warnings(onOne)], [0, [told]]);
    sides.rows = [a, ...others, b];
    assert.deepEqual(warnings(await sides.run("run", "--json")), [told]);
    assert.equal(sides.items.get("/items/1")?.price, 2);
    sides.rows = [b, ...others, b];
    assert.deepEqual(warnings(await sides.run("run", "--json")), [], "as it is, it moved between the pages");
  }));

test("U11: a record that changes while it is read comes again with a higher cursor, and is no second one", () =>
  between(`key: id\n      ${CURSOR}`, ROW, async (sides) => {
    const others = [2, 3, 4].map((id) => ({ id, at: id, price: id }));
    sides.rows = [{ id: 1, at: 1, price: 1 }, ...others, { id: 1, at: 9, price: 2 }];
    assert.deepEqual(warnings(await sides.run("run", "--json")), []);
    sides.rows = [{ id: 1, at: 9, price: 2 }, ...others, { id: 1, at: 1, price: 1 }, { id: 1, at: 9, price: 3 }];
    const [told = "", ...more] = warnings(await sides.run("run", "--json", "--full-refresh"));
    assert.match(
      told,
      /^KEY_TWICE: \d records? ha\w+ a key .* such as 1: the one with the higher at, else the later one/,
    );
    assert.deepEqual(more, []);
  }));

test("a path that no record has is warned of by plan and run, inside an expression too", () =>
  between("key: id", '{ id: id, cents: "$round(price2 * 100)" }', async (sides) => {
    sides.rows = [{ id: 1, at: 1, price: 1 }];
    const plan = await sides.run("plan");
    assert.match(plan.stdout, /warning the mapping's `price2` was not in the one record/);
    assert.deepEqual(warnings(await sides.run("run", "--json")), [
      "PATH_ABSENT: the mapping's `price2` was not in the one record that was read",
    ]);
  }));

test("the same by a plan and a run of some records, and by a probe; nothing that is advised writes", () =>
  between("key: id", "{ id: id, cents: price2 }", async (sides) => {
    sides.rows = Array.from({ length: 9 }, (_, index) => ({ id: index + 1, at: 1, price: 1 }));
    const plan = await sides.run("plan", "--limit", "2");
    assert.match(plan.stdout, /warning the mapping's `price2` was in none of the 2 records that were read/);
    assert.match(plan.stdout, /next: Check its spelling; `evenkeel probe rows` lists the fields/);
    const probe = await sides.run("probe");
    assert.match(probe.stdout, /^\? mapping  `price2` is in none of the 9 records/m);
    assert.equal(sides.items.size, 0);
    assert.deepEqual(warnings(await sides.run("run", "--limit", "2", "--json")), [
      "PATH_ABSENT: the mapping's `price2` was in none of the 2 records that were read",
    ]);
  }));

test("`plan --trace` shows what the source answers, and writes nothing", () =>
  between("key: id", ROW, async (sides) => {
    sides.rows = [{ id: 1, at: 1, price: 4711 }];
    const plan = await sides.run("plan", "--limit", "1", "--trace");
    assert.match(plan.stderr, /--- store\n> GET .*\/rows\n[^]*< 200 OK[^]*"price": 4711/);
    assert.doesNotMatch(plan.stdout, /"data"/);
    assert.match((await sides.run("plan", "--trace", "--json")).stdout, /^\{"type":"trace","connection":"store"/m);
    assert.equal(sides.items.size, 0);
  }));

test("a source that ignores the cursor's parameter is warned of, by what it gives; one that does not is not", () =>
  between(`key: id\n      ${CURSOR.replace("param: since", "param: changed_after")}`, ROW, async (sides) => {
    const rows = Array.from({ length: 24 }, (_, index) => ({ id: index + 1, at: 24 - index, price: 1 }));
    sides.rows = rows;
    assert.deepEqual(warnings(await sides.run("run", "--json")), []);
    const [told = ""] = warnings(await sides.run("run", "--json"));
    assert.match(told, /^CURSOR_IGNORED: 23 of 24 records are older than what was asked for \(since 24\)/);
    assert.match((await sides.run("plan")).stdout, /warning 23 of 24 records are older/);
    sides.rows = rows.slice(0, 19);
    assert.deepEqual(warnings(await sides.run("run", "--json")), [], "too few to be sure");
  }));

test("records without a key say nothing of the cursor", () =>
  between(`key: idd\n      ${CURSOR}`, ROW, async (sides) => {
    sides.rows = [{ id: 1, at: 1, price: 1 }];
    const ran = await sides.run("run", "--json");
    assert.deepEqual([ran.exitCode, warnings(ran)], [1, []]);
  }));

test("after a read that failed at once, the next one says that it asks again for what has changed", () =>
  between(`key: id\n      ${CURSOR}`, ROW, async (sides) => {
    sides.rows = [{ id: 1, at: 5, price: 1 }];
    assert.equal((await sides.run("run")).exitCode, 0);
    sides.fails = true;
    assert.equal((await sides.run("run")).exitCode, 1);
    sides.fails = false;
    const again = await sides.run("run");
    assert.equal(sides.asked.at(-1), "?since=5");
    assert.match(
      again.stderr,
      /incremental \(the last run finished no page, so it is asked again for what has changed since 5\)/,
    );
  }));

test("check says of what is extra that it may be one of the invalid ones", () =>
  between("key: id", '{ id: id, price: "price * 2" }', async (sides) => {
    sides.rows = [1, 2].map((id) => ({ id, at: id, price: id }));
    assert.equal((await sides.run("run")).exitCode, 0);
    const [first] = sides.rows;
    sides.rows = [first as Row, { id: 2, at: 2, price: "text" }];
    const checked = await sides.run("check");
    assert.match(checked.stdout, /invalid +2/);
    assert.match(checked.stdout, /extra +2 +it may be the record of the source that could not be compared/);
  }));
