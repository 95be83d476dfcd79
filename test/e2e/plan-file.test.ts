import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { cursorPage, json, SOURCE, startApi, Workplace, type Api } from "./harness.ts";

interface Row {
  readonly id: number;
  name: string;
}

interface Sides {
  readonly rows: Row[];
  readonly items: Map<string, unknown>;
  readonly place: Workplace;
  readonly shop: Api;
  readonly file: string;
  /** Sides that answer nothing of use: the source with 500, the destination that it is to be left alone for two hours. */
  readonly down: Set<"source" | "destination">;
  writes(): readonly string[];
  /** Writes the config again, with other parts. */
  declare(parts: Partial<Declared>): void;
}

interface Declared {
  readonly rows: number;
  readonly mapping: string;
  readonly sync: string;
  readonly destination: string;
}

const UPSERT = `upsert: "PUT /items/{id}"\n      delete: "DELETE /items/{id}"`;
const ASSIGNED = `create: { request: POST /items, id: id }\n      update: "PUT /items/{$id}"`;

async function between(declared: Partial<Declared>, check: (sides: Sides) => Promise<void>): Promise<void> {
  const { rows: size = 30 } = declared;
  const rows: Row[] = Array.from({ length: size }, (_, index) => ({ id: index + 1, name: `n${index + 1}` }));
  const items = new Map<string, unknown>();
  const down: Sides["down"] = new Set();
  const store = await startApi((request, _body, response) =>
    down.has("source") ? json(response, 500, {}) : cursorPage(rows, request, response, 100),
  );
  let ids = 0;
  const shop = await startApi((request, body, response) => {
    const path = request.url ?? "";
    if (down.has("destination")) return json(response, 429, {}, { "retry-after": "7200" });
    if (request.method === "DELETE") return json(response, items.delete(path) ? 204 : 404, undefined);
    if (request.method === "POST") {
      if (body.includes("its answer is lost")) return json(response, 500, {});
      const id = `i${(ids += 1)}`;
      items.set(`/items/${id}`, JSON.parse(body));
      return json(response, 201, { id });
    }
    items.set(path, JSON.parse(body));
    return json(response, 200, {});
  });
  const place = new Workplace();
  const declare = (parts: Partial<Declared>): void => {
    const { mapping = "{ id: id, name: name }", sync = "", destination = UPSERT } = { ...declared, ...parts };
    place.write(`
connections:
  store: { baseUrl: "${store.url}", auth: { type: bearer, token: "\${TOKEN}" }, retry: { attempts: 2, base: 1ms } }
  shop: { baseUrl: "${shop.url}", retry: { attempts: 2, base: 1ms } }
syncs:
  records:${SOURCE}
    mapping: ${mapping}
    destination:
      connection: shop
      ${destination}
    ${sync}
`);
  };
  declare({});
  const file = join(place.folder, "plan.jsonl");
  const writes = (): readonly string[] => shop.requests.map(({ method, path }) => `${method} ${path}`);
  try {
    await check({ rows, items, place, shop, file, down, writes, declare });
  } finally {
    place.remove();
    await Promise.all([store.stop(), shop.stop()]);
  }
}

const inOneLine = (text: string): string => text.replaceAll(/\s+/g, " ");

async function refused({ place, writes, file }: Sides, says: RegExp, ...args: string[]): Promise<void> {
  const before = writes().length;
  const ran = await place.run("run", "--plan", file, ...args);
  assert.equal(ran.exitCode, 1);
  assert.match(inOneLine(ran.stdout + ran.stderr), says);
  assert.equal(writes().length, before, "nothing was sent");
}

test("a plan of 1,000 operations after which one source record has changed is refused, naming the record", () =>
  between({ rows: 1_000 }, async (sides) => {
    const planned = await sides.place.run("plan", "--out", "plan.jsonl");
    assert.equal(planned.exitCode, 0);
    assert.match(
      inOneLine(planned.stdout),
      /1,000 operations in plan\.jsonl; to apply exactly these: `evenkeel run --plan plan\.jsonl`/,
    );
    assert.deepEqual(sides.writes(), [], "a plan writes nothing");
    (sides.rows[616] as Row).name = "changed";
    await refused(sides, /RUN_PLAN_MOVED: .*nothing was sent: record 617 has changed in the source \S/);
    (sides.rows[616] as Row).name = "n617";
    const applied = await sides.place.run("run", "--plan", "plan.jsonl");
    assert.equal(applied.exitCode, 0);
    assert.equal(sides.items.size, 1_000, "it holds again");
    await refused(sides, /its ledger is not where it was/);
  }));

const OTHER = `after: []
  other:
    source: { connection: store, request: GET /records, records: data, key: id }
    destination: { connection: shop, upsert: "PUT /others/{id}" }`;

test("a plan takes any text, and a record that the source shows twice; a sync that it does not have is said", () =>
  between({ rows: 3, sync: OTHER }, async ({ rows, place, items }) => {
    (rows[0] as Row).name = "a line\u2028and another\u2029and\r one";
    rows.push({ id: 2, name: "later" });
    assert.equal((await place.run("plan", "records", "--out", "plan.jsonl")).exitCode, 0);
    const other = await place.run("run", "other", "--plan", "plan.jsonl");
    assert.equal(other.exitCode, 2);
    assert.match(inOneLine(other.stderr), /the plan has nothing of other/);
    assert.equal((await place.run("run", "--plan", "plan.jsonl")).exitCode, 0);
    assert.deepEqual(
      ["/items/1", "/items/2", "/items/3"].map((path) => (items.get(path) as Row).name),
      ["a line\u2028and another\u2029and\r one", "later", "n3"],
    );
  }));

test("a plan holds the requests with their bodies, for its owner alone, and no credentials", () =>
  between({}, async ({ place, file, rows, writes, items }) => {
    await place.run("plan", "--out", "plan.jsonl");
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const text = readFileSync(file, "utf8");
    assert.doesNotMatch(text, /secret-token/);
    const lines = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual([lines.length, lines[0]?.["evenkeel"], lines.at(-1)?.["operations"]], [33, "plan", 30]);
    const { kind, key, write } = lines[2] as { kind: string; key: string; write: Record<string, unknown> };
    assert.deepEqual([kind, key, write["method"], write["body"]], ["create", "1", "PUT", '{"id":1,"name":"n1"}']);
    assert.equal((await place.run("run", "--plan", file)).exitCode, 0);
    assert.equal(items.size, 30);
    const state = JSON.parse((await place.run("state", "show", "--json")).stdout) as {
      checkpoint: { readonly complete: boolean; readonly cursor?: string; readonly position?: string };
    };
    const { complete, cursor, position } = state.checkpoint;
    assert.deepEqual([complete, cursor, position], [false, undefined, undefined], "it moves no cursor");
    rows[4] = { id: 5, name: "changed" };
    assert.equal((await place.run("run")).exitCode, 0);
    assert.deepEqual(writes().slice(30), ["PUT /items/5"]);
  }));

test("a plan is refused when the source has more or less to write, or the config says otherwise", () =>
  between({}, async (sides) => {
    const { rows, place, declare } = sides;
    await place.run("run");
    rows[4] = { id: 5, name: "changed" };
    rows[5] = { id: 6, name: "changed" };
    await place.run("plan", "--out", "plan.jsonl");
    rows.push({ id: 31, name: "new" });
    rows[5] = { id: 6, name: "n6" };
    await refused(sides, /record 31 would be written too; record 6 needs nothing any more \S/);
    rows.pop();
    const [sixth] = rows.splice(5, 1);
    await refused(sides, /record 6 is not in the source any more/);
    rows.splice(5, 0, { ...(sixth as (typeof rows)[number]), name: "changed" });
    declare({ mapping: "{ id: id, name: $uppercase(name) }" });
    await refused(sides, /its config has changed/);
    declare({});
    const applied = await place.run("run", "--plan", "plan.jsonl");
    assert.equal(applied.exitCode, 0);
    assert.deepEqual(sides.writes().slice(30).toSorted(), ["PUT /items/5", "PUT /items/6"]);
  }));

test("a file that is no plan, was cut short or edited is refused, by its place", () =>
  between({}, async ({ place, file, writes }) => {
    await place.run("plan", "--out", "plan.jsonl");
    const text = readFileSync(file, "utf8");
    const lines = text.split("\n");
    for (const [content, says] of [
      [lines.slice(0, 20).join("\n"), /it has no end/],
      [text.replace('"n7', '"x7'), /it was changed .*plan\.jsonl:33/],
      [text.replace('"version":1', '"version":2'), /a plan of version 1/],
      ["{}", /plan\.jsonl:1/],
      ["", /it has no end/],
    ] as const) {
      writeFileSync(file, content);
      const ran = await place.run("run", "--plan", "plan.jsonl");
      assert.equal(ran.exitCode, 2);
      assert.match(inOneLine(ran.stderr), says);
    }
    const none = await place.run("run", "--plan", "none.jsonl");
    assert.equal(none.exitCode, 2);
    assert.match(inOneLine(none.stderr), /USAGE: there is no file \S+none\.jsonl next: Write one with/);
    const limited = await place.run("run", "--plan", "plan.jsonl", "--limit", "3");
    assert.equal(limited.exitCode, 2);
    assert.deepEqual(writes(), []);
  }));

test("a plan that cannot be made whole leaves no file, and an older one as it is", () =>
  between({}, async ({ place, file, rows }) => {
    await place.run("plan", "--out", "plan.jsonl");
    const before = readFileSync(file, "utf8");
    rows.splice(0, rows.length, ...Array.from({ length: 200 }, () => ({ id: 1, name: "the same" })));
    const failed = await place.run("plan", "--out", "plan.jsonl");
    assert.notEqual(failed.exitCode, 0);
    assert.match(failed.stdout, /no plan was written/);
    assert.deepEqual([readFileSync(file, "utf8"), existsSync(`${file}.part`)], [before, false]);
    const nowhere = await place.run("plan", "--out", "no/such/folder.jsonl");
    assert.equal(nowhere.exitCode, 2);
    assert.match(inOneLine(nowhere.stderr), /cannot be written: .* next: Name a file in a folder that is there/);
  }));

test("deletes of a plan are those of a mirror, under the guard, and exactly those", () =>
  between({ sync: "deletes: { mode: mirror }" }, async (sides) => {
    const { rows, place, items } = sides;
    await place.run("run");
    rows.splice(3, 2);
    await place.run("run");
    const planned = await place.run("plan", "--out", "plan.jsonl");
    assert.match(planned.stdout, /2 operations/);
    const [gone] = rows.splice(10, 1);
    rows.splice(3, 0, { id: 4, name: "n4" });
    await refused(sides, /record 4 needs nothing any more/);
    rows.splice(3, 1);
    const applied = await place.run("run", "--plan", "plan.jsonl");
    assert.equal(applied.exitCode, 0);
    assert.deepEqual(
      [items.has("/items/4"), items.has("/items/5"), items.has(`/items/${gone?.id}`)],
      [false, false, true],
      "what is missed for the first time is no part of it",
    );
  }));

test("deletes that the guard would withhold are planned only when they are allowed", () =>
  between({ sync: "deletes: { mode: mirror }" }, async (sides) => {
    const { rows, place, items } = sides;
    await place.run("run");
    rows.splice(5);
    await place.run("run");
    const withheld = await place.run("plan", "--out", "plan.jsonl");
    assert.equal(withheld.exitCode, 2);
    assert.match(inOneLine(withheld.stdout), /would withhold 25 of 25 deletes: .*--allow-deletes 25/);
    await place.run("plan", "--out", "plan.jsonl", "--allow-deletes", "25");
    const applied = await place.run("run", "--plan", "plan.jsonl");
    assert.deepEqual([applied.exitCode, items.size], [0, 5]);
  }));

test("what an earlier run has left unresolved keeps a plan from being exact; where ids are assigned, it is applied as well", () =>
  between({ destination: ASSIGNED }, async ({ place, rows, items, writes }) => {
    await place.run("plan", "--out", "plan.jsonl");
    assert.equal((await place.run("run", "--plan", "plan.jsonl")).exitCode, 0);
    assert.equal(items.size, 30);
    rows[1] = { id: 2, name: "changed" };
    await place.run("plan", "--out", "plan.jsonl");
    assert.equal((await place.run("run", "--plan", "plan.jsonl")).exitCode, 0);
    assert.deepEqual([writes().slice(30), items.size], [["PUT /items/i2"], 30]);
    rows.push({ id: 31, name: "its answer is lost" });
    assert.equal((await place.run("run")).exitCode, 1);
    const refusedToo = await place.run("plan", "--out", "plan.jsonl");
    assert.equal(refusedToo.exitCode, 2);
    assert.match(inOneLine(refusedToo.stdout), /cannot be planned exactly: one of its writes is unresolved/);
    assert.equal((await place.run("plan")).exitCode, 0, "it may be looked at all the same");
  }));

test("a run of a plan that fails advises that plan or another one, and never a run that nobody has approved", () =>
  between({ rows: 300, sync: "deletes: { mode: mirror }" }, async ({ rows, place, items, down }) => {
    await place.run("plan", "--out", "plan.jsonl");
    down.add("source");
    const unread = await place.run("run", "--plan", "plan.jsonl");
    assert.equal(unread.exitCode, 1);
    assert.match(
      inOneLine(unread.stdout),
      /API_FAILED.* evenkeel run records --plan plan\.jsonl applies the same plan/,
    );
    assert.doesNotMatch(unread.stdout, /evenkeel run records(?! --plan)|goes on where|not moved/);
    down.clear();
    down.add("destination");
    const unwritten = await place.run("run", "--plan", "plan.jsonl");
    assert.equal(unwritten.exitCode, 1);
    assert.match(inOneLine(unwritten.stdout), /API_THROTTLED.* evenkeel plan records --out FILE plans anew/);
    assert.doesNotMatch(unwritten.stdout, /evenkeel run records/);
    down.clear();
    await place.run("state", "unblock");
    assert.equal((await place.run("run")).exitCode, 0);
    rows[0] = { id: 1, name: "changed" };
    await place.run("plan", "--out", "plan.jsonl");
    const all = rows.splice(0);
    const empty = await place.run("run", "--plan", "plan.jsonl");
    assert.equal(empty.exitCode, 1);
    assert.match(
      inOneLine(empty.stdout),
      /RUN_SOURCE_EMPTY.*`evenkeel probe records`.*plan records --out FILE --allow-deletes 300/,
    );
    assert.doesNotMatch(empty.stdout, /evenkeel run records/);
    assert.equal(items.size, all.length);
    const planned = await place.run("plan", "--out", "plan.jsonl", "--allow-deletes", "300");
    assert.equal(planned.exitCode, 0, planned.stdout);
    assert.equal((await place.run("run", "--plan", "plan.jsonl")).exitCode, 0);
    assert.equal(items.size, 0, "a person has said that it is truly empty");
  }));
