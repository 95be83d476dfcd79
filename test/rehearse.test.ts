import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { rehearse, type RehearsalResult, type RehearseOptions } from "../src/index.ts";

const WORLDS = 12;

const configOf = (source: object, destination: object, mapping?: object): Record<string, unknown> => ({
  connections: {
    store: { baseUrl: "https://api.store.example", auth: { type: "bearer", token: "${A_TOKEN_THAT_NOBODY_HAS}" } },
    shop: { baseUrl: "https://api.shop.example/v1" },
  },
  syncs: {
    items: {
      source: { connection: "store", request: "GET /things", records: "data", key: "id", ...source },
      mapping: mapping ?? { ref: "id", name: "title", cents: "$round(price * 100)" },
      destination: { connection: "shop", ...destination },
    },
  },
});

async function rehearsed(
  config: Record<string, unknown>,
  options: Omit<RehearseOptions, "config"> = {},
): Promise<RehearsalResult> {
  const { syncs } = await rehearse({ config, env: {}, worlds: WORLDS, ...options }).result;
  assert.equal(syncs.length, 1);
  return syncs[0] as RehearsalResult;
}

function assertHolds(
  { worlds, requests, crashes, faults, broken, broke }: RehearsalResult,
  requestsMin = 10 * WORLDS,
): void {
  assert.equal(worlds, WORLDS);
  assert.ok(requests > requestsMin && crashes > 0 && faults > 0, "it was played");
  assert.equal(broken, 0, JSON.stringify(broke));
}

const cursorPaging = { pagination: { type: "cursor", next: "meta.next", param: "cursor" } };
const create = { request: "POST /items", id: "data.id" };
const update = "PATCH /items/{$id}";

suite("rehearse: a config between doubles of its APIs", () => {
  test("a bare POST is doubled when its answer is lost and it is sent again", async () => {
    const result = await rehearsed(configOf(cursorPaging, { create, update }));
    assert.ok(result.doubled > 0 && result.stuck > 0);
    assert.equal(result.lost + result.outdated + result.other, 0);
    assert.equal(result.broke?.violation.kind, "DOUBLED");
    const key = result.broke?.violation.key as string;
    const told = result.broke?.story.map(({ text }) => text) ?? [];
    assert.equal(
      told.filter((text) => text.includes(`POST destination /items {"ref":${key},`)).length,
      2,
      told.join("\n"),
    );
    assert.ok(told.some((text) => text.includes("a person has it sent again")));
  });

  for (const [name, declared] of [
    ["an idempotency key", { create: { ...create, idempotencyKey: { retention: "24h" } }, update }],
    ["a search", { create, update, find: { request: "GET /items?ref={ref}", record: "data[0]", id: "id" } }],
    [
      "a search by a unique id, and the API's word for what is there already",
      { create, update, find: { request: "GET /items?ref={ref}", record: "data[0]", id: "id", unique: true } },
    ],
    ["an address of its own", { upsert: "PUT /items/{ref}", read: "GET /items/{ref}" }],
  ] as const)
    test(`none is with ${name}`, async () => assertHolds(await rehearsed(configOf(cursorPaging, declared))));

  for (const pagination of [
    { type: "none" },
    { type: "page", param: "page", size: { param: "per", value: 7 }, total: "meta.pages" },
    { type: "offset", param: "skip", size: { param: "take", value: 7 } },
    { type: "link" },
    { type: "nextUrl", next: "links.next" },
    { type: "cursor", next: "page.token", more: "page.more", param: "token" },
    { type: "nextUrl", next: "links.next", more: "$exists(links)" },
    { type: "keyset", param: "after", from: "id" },
  ])
    test(`paging by ${pagination.type}`, async () =>
      assertHolds(await rehearsed(configOf({ pagination }, { upsert: "PUT /items/{ref}" }))));

  test("incremental reading of rows that come late", async () => {
    const cursor = { field: "updated_at", type: "timestamp", param: "since", lookback: "1m" };
    assertHolds(await rehearsed(configOf({ ...cursorPaging, cursor }, { upsert: "PUT /items/{ref}" })));
  });

  test("a POST that changes a record can be repeated only where that is declared", async () => {
    const withUpdate = (idempotent: boolean) =>
      configOf(cursorPaging, {
        create: { ...create, idempotencyKey: {} },
        update: { request: "POST /items/{$id}", idempotent },
      });
    assert.ok((await rehearsed(withUpdate(false))).stuck > 0);
    assertHolds(await rehearsed(withUpdate(true)));
  });

  test("S6: a story shows no secret", async () => {
    const secret = { ...create, request: "POST /items?token=${PASS}" };
    const config = configOf(cursorPaging, { create: secret, update });
    const { broke } = await rehearsed(config, { env: { PASS: "hunter2-hunter2" } });
    const story = JSON.stringify(broke?.story);
    assert.match(story, /POST destination \/items\?token=/);
    assert.ok(!story.includes("hunter2"), story);
  });

  test("R2: a create cannot be declared idempotent, however that is written", () =>
    assert.rejects(
      rehearsed(configOf(cursorPaging, { create: { ...create, idempotent: "${YES:-true}" }, update })),
      /does not go with `create`/,
    ));

  test("what cannot be played as it is declared is said", async () => {
    const cursor = { field: "$max([a_at, b_at])", type: "timestamp", param: "since", lookback: "1m" };
    const find = { request: "GET /items?ref={ref}", record: "data[0]", id: "id" };
    const result = await rehearsed(
      configOf({ pagination: { type: "cursor", next: "data[-1].id", param: "after" }, cursor }, { create, find }),
    );
    assertHolds(result);
    const notes = result.notes.join("\n");
    for (const said of [/`data\[-1\]\.id`, `\$max\(\[a_at, b_at\]\)`/, /updates none/, /delivered twice/])
      assert.match(notes, said);
  });

  test("a source and a search by POST are reads", async () => {
    const find = { request: "POST /search?ref={ref}", record: "hit", id: "id", unique: true };
    assertHolds(await rehearsed(configOf({ ...cursorPaging, request: "POST /things" }, { create, update, find })));
  });

  test("a status that is declared never to be tried again refuses records", async () => {
    const config = configOf(cursorPaging, { upsert: "PUT /items/{ref}" });
    const shop = (config["connections"] as Record<string, object>)["shop"] as object;
    Object.assign(shop, { retry: { never: [429, 500, 503] } });
    const result = await rehearsed(config, { worlds: 40 });
    assert.ok(result.rejected > 0);
    assert.equal(result.other, 0, JSON.stringify(result.broke));
  });

  test("records that one request writes alike are refused, and both are named", () =>
    assert.rejects(
      rehearsed(configOf(cursorPaging, { create, update }, { kind: "active ? 'on' : 'off'" })),
      /records 1 and 3 are written by the same request: \{"kind":"o/,
    ));

  test("rules of `answers` that a double cannot meet, and a rate that is too slow for a world", async () => {
    const config = configOf(cursorPaging, { upsert: "PUT /items/{ref}" });
    const shop = (config["connections"] as Record<string, object>)["shop"] as object;
    Object.assign(shop, { answers: { throttled: "body.code >= 4000" }, limits: { rate: "10/h" } });
    const result = await rehearsed(config);
    assertHolds(result);
    assert.match(result.notes.join("\n"), /`body\.code >= 4000` of `answers`.*\n.*played as 1\/s/);
  });

  test("the same seed plays the same", async () => {
    const config = configOf(cursorPaging, { upsert: "PUT /items/{ref}" });
    assert.deepEqual(await rehearsed(config, { worlds: 3 }), await rehearsed(config, { worlds: 3 }));
  });

  test("what no answer can be made up for is played plainly, and said", async () => {
    const result = await rehearsed(
      configOf(
        {
          records: "data[active = true]",
          pagination: { type: "cursor", next: "has_more ? data[-1].id", param: "after" },
        },
        { upsert: "PUT /items/{ref}" },
      ),
    );
    assertHolds(result);
    assert.match(result.notes.join("\n"), /data\[active = true\].*has_more \? data\[-1\]\.id/);
  });

  test("records are made up to suit expressions that are particular about kinds", async () => {
    const mapping = {
      ref: "$uppercase(code) & '-' & $string(id)",
      when: "$toMillis(created)",
      sum: "$sum(lines.(price * qty))",
      first: "tags[0]",
      city: "address.city",
    };
    assertHolds(await rehearsed(configOf(cursorPaging, { upsert: "PUT /items/{ref}" }, mapping)));
  });

  suite("with records of a file", () => {
    const folder = mkdtempSync(join(tmpdir(), "evenkeel-records-"));
    const file = (name: string, text: string): string => {
      const path = join(folder, name);
      writeFileSync(path, text);
      return path;
    };
    const config = configOf(cursorPaging, { upsert: "PUT /items/{ref}" });
    const records = Array.from({ length: 30 }, (_, at) => ({ id: `é ${at}`, title: `T ${at}`, price: at + 0.5 }));

    for (const [name, text] of [
      ["list.json", JSON.stringify(records)],
      ["answer.json", JSON.stringify({ data: records, meta: { next: null } })],
      ["lines.jsonl", `\uFEFF${records.map((record) => JSON.stringify(record)).join("\n")}`],
      ["one.jsonl", JSON.stringify(records[0])],
      ["exact.json", JSON.stringify(records).replaceAll(".5}", ".50}")],
    ] as const)
      test(name, async () => assertHolds(await rehearsed(config, { recordsFile: file(name, text) }), 3));

    for (const [name, text, message] of [
      ["none.json", "[]", /holds no list of records/],
      ["text.txt", "hello", /holds no list of records/],
      ["same.json", JSON.stringify([records[1], records[2], records[1]]), /records 1 and 3 have the same key/],
      ["bad.json", JSON.stringify([{ id: 1, title: "a", price: "dear" }]), /record 1 cannot be synced: `cents`/],
    ] as const)
      test(name, () =>
        assert.rejects(rehearsed(config, { recordsFile: file(name, text) }), (error: Error & { code?: string }) => {
          assert.equal(error.code, "USAGE");
          assert.match(error.message, message);
          return true;
        }),
      );

    test("the folder is taken away", () => rmSync(folder, { recursive: true }));
  });
});
