import { suite, test } from "node:test";
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EvenkeelError, type Problem } from "../core/errors.ts";
import type { ConfigInput } from "./define.ts";
import { checkConfig, documentOf, findConfig, loadConfig, type LoadedConfig } from "./load.ts";

const ENV = { STORE_TOKEN: "store-token", SHOP_KEY: "shop-key" };

function load(
  text: string,
  env: Record<string, string> = ENV,
  files: Record<string, string> = {},
): Promise<LoadedConfig> {
  const readFile = (path: string): string => {
    const content =
      path === "evenkeel.yaml" ? text : Object.entries(files).find(([name]) => path.endsWith(`/${name}`))?.[1];
    if (content === undefined) throw new Error("ENOENT");
    return content;
  };
  return loadConfig({ file: "evenkeel.yaml", env, readFile });
}

async function errorOf(loading: Promise<LoadedConfig> | (() => LoadedConfig)): Promise<EvenkeelError> {
  try {
    await (typeof loading === "function" ? loading() : loading);
  } catch (error) {
    assert.ok(error instanceof EvenkeelError, String(error));
    return error;
  }
  return assert.fail("it was expected to be refused");
}

/** A config that is right, with parts to be replaced. */
function config({
  connection = "",
  source = "",
  mapping = "",
  destination = "upsert: PUT /items/{sku}",
  sync = "",
  top = "",
}: Partial<Record<"connection" | "source" | "mapping" | "destination" | "sync" | "top", string>>): string {
  const lines = (text: string, indent: string): string =>
    text === ""
      ? ""
      : `${text
          .split("\n")
          .map((line) => `${indent}${line}`)
          .join("\n")}\n`;
  return `connections:
  store:
    baseUrl: https://api.source.example/v1
${lines(connection, "    ")}  shop: { baseUrl: https://api.destination.example/v1 }
syncs:
  products:
    source:
      connection: store
      request: GET /products
      key: id
${lines(source, "      ")}${lines(mapping, "    ")}    destination:
      connection: shop
${lines(destination, "      ")}${lines(sync, "    ")}${top}`;
}

/** The one problem of a config. */
async function problemOf(text: string, env: Record<string, string> = ENV): Promise<Problem> {
  const { problems } = await errorOf(load(text, env));
  assert.equal(problems.length, 1, problems.map(({ message }) => message).join("\n"));
  return problems[0] as Problem;
}

const FULL = `
connections:
  store:
    baseUrl: https://api.source.example/v1/
    auth: { type: bearer, token: "\${STORE_TOKEN}" }
    headers: { Accept-Language: en, X-Tenant: "t \${TENANT:-one}" }
    timeouts: { connect: 1s, headers: 2s, idle: 3s, total: 1.5m }
    retry: { attempts: 4, base: 100ms, cap: 10s, deadline: 5m, also: [409], never: [503] }
    limits: { rate: 120/min, concurrency: 8, bodyBytes: 1MiB }
    answers:
      throttled: status = 403 and body.errorCode = 'REQUEST_LIMIT_EXCEEDED'
      failed: status = 200 and body.error != null
      missing: status = 403 and method = 'GET'
      exists: body.code = 159
      replayed: headers.\`idempotent-replayed\` = 'true'
    lateWrite: 1m
  shop:
    baseUrl: https://api.destination.example
    auth: { type: header, name: X-Api-Key, value: "\${SHOP_KEY}" }
syncs:
  products:
    source:
      connection: store
      request: GET /products
      query: { status: active, limit: 5, archived: false, tag: [a, b] }
      records: data
      key: [tenant, id]
      pagination: { type: page, param: page, size: { param: per_page, value: 100 }, total: meta.total_pages }
      cursor: { field: updated_at, type: timestamp, param: updated_since, lookback: 2m, sorted: true, safetyLag: 10s }
      read: GET /products/{$key}
    mapping:
      sku: id
      kind: "'product'"
      priceCents: $round(price * 100)
      deep: { list: [a, { b: c }], five: 5, yes: true, nothing: null }
    destination:
      connection: shop
      create: { request: POST /contacts, id: data.id, idempotencyKey: { header: X-Idem, quoted: true, retention: 12h } }
      update: { request: "PATCH /contacts/{$id}", body: "{ 'x': $key }", encoding: form, idempotent: false, headers: { X-Ref: "{$key}" } }
      find: { request: GET /contacts, query: { external_ref: "{$key}" }, record: "data[0]", id: id, visibilityLag: 30s, unique: true }
      delete: DELETE /contacts/{$id}
      read: GET /contacts/{$id}
      list: { request: GET /contacts, records: items, key: sku, pagination: { type: page, param: page } }
      precondition: none
    deletes: { mode: never, guard: { count: 10, percent: 10 }, fullRefresh: 24h }
    writes: createOnly
state: { file: state/db, bodies: false }
`;

const GUARD = { count: 10, percent: 10, countMax: 1_000, percentMax: 50 };

suite("a config that is right", () => {
  test("everything that can be declared comes out typed and in base units", async () => {
    const { config: loaded } = await load(FULL);
    const { store } = loaded.connections;
    assert.deepEqual(store, {
      baseUrl: "https://api.source.example/v1",
      auth: { type: "bearer", token: "store-token" },
      headers: { "Accept-Language": "en", "X-Tenant": "t one" },
      timeouts: { connectMs: 1_000, headersMs: 2_000, idleMs: 3_000, totalMs: 90_000 },
      retry: {
        attempts: 4,
        baseMs: 100,
        throttledBaseMs: 200,
        capMs: 10_000,
        deadlineMs: 300_000,
        also: [409],
        never: [503],
      },
      limits: { ratePerSecond: 2, concurrency: 8, bodyBytes: 1_048_576 },
      answers: {
        throttled: "status = 403 and body.errorCode = 'REQUEST_LIMIT_EXCEEDED'",
        failed: "status = 200 and body.error != null",
        missing: "status = 403 and method = 'GET'",
        exists: "body.code = 159",
        inProgress: undefined,
        keyMismatch: undefined,
        replayed: "headers.`idempotent-replayed` = 'true'",
      },
      lateWriteMs: 60_000,
      tls: {},
    });
    const sync = loaded.syncs["products"];
    assert.deepEqual(sync?.source.query, { status: "active", limit: "5", archived: "false", tag: ["a", "b"] });
    assert.deepEqual(sync?.source.key, ["tenant", "id"]);
    assert.deepEqual(sync?.source.pagination, {
      type: "page",
      param: "page",
      size: { param: "per_page", value: 100 },
      first: 1,
      total: "meta.total_pages",
    });
    assert.deepEqual(sync?.source.cursor, {
      field: "updated_at",
      type: "timestamp",
      param: "updated_since",
      of: "records",
      sorted: true,
      lookback: 120_000,
      safetyLagMs: 10_000,
    });
    assert.equal(sync?.source.read?.request, "GET /products/{$key}");
    assert.deepEqual(sync?.mapping, {
      sku: "id",
      kind: "'product'",
      priceCents: "$round(price * 100)",
      deep: { list: ["a", { b: "c" }], five: 5, yes: true, nothing: null },
    });
    assert.deepEqual(sync?.destination.create?.idempotencyKey, {
      header: "X-Idem",
      quoted: true,
      retentionMs: 43_200_000,
    });
    assert.equal(sync?.destination.create?.id, "data.id");
    assert.deepEqual(sync?.destination.update, {
      request: "PATCH /contacts/{$id}",
      query: {},
      headers: { "X-Ref": "{$key}" },
      body: "{ 'x': $key }",
      encoding: "form",
      idempotent: false,
    });
    assert.equal(sync?.destination.find?.visibilityLagMs, 30_000);
    assert.equal(sync?.destination.find?.unique, true);
    assert.deepEqual(sync?.destination.list?.key, ["sku"]);
    assert.equal(sync?.writes, "createOnly");
    assert.deepEqual(loaded.state, { file: "state/db", bodies: false });
  });

  test("what is absent has its documented default", async () => {
    const { config: loaded, secrets } = await load(config({}));
    assert.deepEqual(loaded.connections["shop"], {
      baseUrl: "https://api.destination.example/v1",
      auth: { type: "none" },
      headers: {},
      timeouts: { connectMs: 5_000, headersMs: 30_000, idleMs: 30_000, totalMs: 60_000 },
      retry: {
        attempts: 6,
        baseMs: 500,
        throttledBaseMs: 1_000,
        capMs: 30_000,
        deadlineMs: 900_000,
        also: [],
        never: [],
      },
      limits: { ratePerSecond: undefined, concurrency: undefined, bodyBytes: 33_554_432 },
      answers: {
        throttled: undefined,
        failed: undefined,
        missing: undefined,
        exists: undefined,
        inProgress: undefined,
        keyMismatch: undefined,
        replayed: undefined,
      },
      lateWriteMs: 120_000,
      tls: {},
    });
    const { source, destination, writes, deletes, mapping } = loaded.syncs["products"] ?? assert.fail();
    assert.deepEqual(
      [source.records, source.key, source.pagination, source.cursor, source.query],
      ["$", ["id"], { type: "none", isAssumed: true }, undefined, {}],
    );
    assert.deepEqual(destination.upsert, {
      request: "PUT /items/{sku}",
      query: {},
      headers: {},
      encoding: "json",
    });
    assert.deepEqual(
      [writes, deletes, mapping],
      ["both", { mode: "never", guard: GUARD, fullRefreshMs: 86_400_000 }, undefined],
    );
    assert.deepEqual(loaded.state, { bodies: true });
    assert.deepEqual(secrets, []);
  });

  test("the look-back and the safety lag follow the cursor's type", async () => {
    const cursorOf = async (text: string) =>
      (await load(config({ source: `cursor: { field: at, param: since, ${text} }` }))).config.syncs["products"]?.source
        .cursor;
    assert.deepEqual(await cursorOf("type: timestamp"), {
      field: "at",
      type: "timestamp",
      param: "since",
      of: "records",
      sorted: false,
      lookback: 120_000,
      safetyLagMs: 10_000,
    });
    assert.deepEqual(await cursorOf("type: integer, lookback: 100"), {
      field: "at",
      type: "integer",
      param: "since",
      of: "records",
      sorted: false,
      lookback: 100,
      safetyLagMs: 0,
    });
    assert.deepEqual(await cursorOf("type: text"), {
      field: "at",
      type: "text",
      param: "since",
      of: "records",
      sorted: false,
      lookback: 0,
      safetyLagMs: 0,
    });
  });

  test("every way to page", async () => {
    for (const [text, expected] of [
      [
        "{ type: cursor, next: meta.next_cursor, param: cursor }",
        { type: "cursor", next: "meta.next_cursor", param: "cursor", size: undefined },
      ],
      [
        "{ type: offset, param: offset, size: { value: 50 } }",
        {
          type: "offset",
          param: "offset",
          size: { param: undefined, value: 50 },
          first: 0,
          total: undefined,
          overlap: 0,
        },
      ],
      ["{ type: link }", { type: "link", size: undefined }],
      ["{ type: nextUrl, next: links.next }", { type: "nextUrl", next: "links.next", size: undefined }],
      [
        "{ type: cursor, next: paging.next.after, more: $exists(paging), param: after }",
        { type: "cursor", next: "paging.next.after", more: "$exists(paging)", param: "after", size: undefined },
      ],
      [
        "{ type: keyset, param: after_id, from: id }",
        { type: "keyset", param: "after_id", from: "id", size: undefined },
      ],
    ] as const) {
      const { config: loaded } = await load(config({ source: `pagination: ${text}` }));
      assert.deepEqual(
        JSON.parse(JSON.stringify(loaded.syncs["products"]?.source.pagination)),
        JSON.parse(JSON.stringify(expected)),
      );
    }
  });

  test("syncs keep the order of the file", async () => {
    const sync =
      "{ source: { connection: store, request: GET /a, key: id }, destination: { connection: shop, upsert: PUT /b } }";
    const loaded = await load(config({ sync: "", top: `  b9: ${sync}\n  a1: ${sync}\n` }));
    assert.deepEqual(Object.keys(loaded.config.syncs), ["products", "b9", "a1"]);
  });

  test("places of its keys are known", async () => {
    const loaded = await load(config({ mapping: "mapping:\n  sku: id" }));
    assert.deepEqual(loaded.placeOf(["syncs", "products", "mapping", "sku"]), {
      file: "evenkeel.yaml",
      line: 12,
      column: 12,
    });
  });
});

suite("S6: secrets in a config", () => {
  test("the headers of a write take none, since they are kept in the ledger with it", async () => {
    const destination = `upsert: { request: "PUT /items/{sku}", headers: { X-Token: "\${SHOP_KEY}" } }`;
    const { message } = await problemOf(config({ destination }));
    assert.match(message, /X-Token.*takes no `\$\{\.\.\.\}`/);
    const literal = `upsert: { request: "PUT /items/{sku}", headers: { X-Kind: "$\${SHOP_KEY}" } }`;
    assert.ok(await load(config({ destination: literal })));
  });
  test("from auth and headers are kept for redaction, from elsewhere not", async () => {
    const loaded = await load(FULL.replace("/v1/", "/${VERSION}/"), { ...ENV, TENANT: "acme-corp", VERSION: "v9" });
    assert.deepEqual([...loaded.secrets].sort(), ["acme-corp", "shop-key", "store-token"]);
    assert.equal(loaded.config.connections["store"]?.baseUrl, "https://api.source.example/v9");
  });

  test("a missing variable is an error with its place, its name, and where it was looked for", async () => {
    const problem = await problemOf(FULL, { SHOP_KEY: "x" });
    assert.equal(problem.code, "CONFIG_SECRET_MISSING");
    assert.deepEqual(problem.path, ["connections", "store", "auth", "token"]);
    assert.deepEqual(problem.place, { file: "evenkeel.yaml", line: 5, column: 34 });
    assert.match(problem.message, /STORE_TOKEN.*\.env/);
    assert.equal((await errorOf(load(FULL, { SHOP_KEY: "x" }))).code, "CONFIG_SECRET_MISSING");
  });

  test(".env beside the config and secret files are read", async () => {
    const loaded = await load(
      FULL.replace("${SHOP_KEY}", "${file:key.txt}"),
      {},
      { ".env": "STORE_TOKEN=from-dot-env\n", "key.txt": "from-file\n" },
    );
    assert.deepEqual([...loaded.secrets].sort(), ["from-dot-env", "from-file", "one"]);
  });

  test("numbers, switches and names take variables too", async () => {
    const text = config({ connection: 'retry: { attempts: "${N}" }', top: 'state: { bodies: "${B}" }\n' }).replace(
      "connection: store",
      "connection: ${FROM}",
    );
    const { config: loaded } = await load(text, { N: "3", B: "false", FROM: "store" });
    assert.equal(loaded.connections["store"]?.retry.attempts, 3);
    assert.equal(loaded.state.bodies, false);
    assert.equal(loaded.syncs["products"]?.source.connection, "store");
    assert.match((await problemOf(text, { N: "many", B: "false", FROM: "store" })).message, /`many`/);
    assert.match(
      (await problemOf(text, { N: "3", B: "false", FROM: "stor" })).message,
      /names `stor`, which is no connection/,
    );
  });

  test("in templates they stand for themselves, whatever is in them", async () => {
    const source = 'query: { tenant: "${T}" }';
    const { config: loaded } = await load(config({ source }), { T: "{id} {{x" });
    assert.equal(loaded.syncs["products"]?.source.query["tenant"], "{{id}} {{{{x");
  });

  test("never inside expressions", async () => {
    const { config: loaded } = await load(config({ mapping: `mapping: { sku: "'\${STORE_TOKEN}'" }` }));
    assert.deepEqual(loaded.syncs["products"]?.mapping, { sku: "'${STORE_TOKEN}'" });
    assert.match(
      (await problemOf(config({ mapping: 'mapping: { a: "${STORE_TOKEN}" }' }))).message,
      /not replaced inside expressions/,
    );
  });
});

suite("problems", () => {
  test("all of them are told at once, in the order of the file, one a line", async () => {
    const text = config({
      connection: "auth: { type: beerer }\nretry: { attempts: 0 }",
      source: "recrods: data",
      mapping: 'mapping: { a: "b c" }',
      destination: "upsert: PUT items",
      sync: "deletes: { mode: miror }",
    });
    const error = await errorOf(load(text.replace("connection: shop", "connection: shopp")));
    assert.equal(error.code, "CONFIG_INVALID");
    const lines = error.message.split("\n");
    assert.equal(lines.length, 7);
    for (const line of lines) assert.match(line, /^evenkeel\.yaml:\d+:\d+: /);
    assert.deepEqual(
      error.problems.map(({ path, place }) => `${place.line}:${place.column} ${path.join(".")}`),
      [
        "4:19 connections.store.auth.type",
        "5:24 connections.store.retry.attempts",
        "13:7 syncs.products.source.recrods",
        "14:22 syncs.products.mapping.a",
        "16:19 syncs.products.destination.connection",
        "17:19 syncs.products.destination.upsert.request",
        "18:22 syncs.products.deletes.mode",
      ],
    );
    assert.match(
      lines[2] ?? "",
      /`syncs\.products\.source\.recrods` is not a key of `syncs\.products\.source`\. Did you mean `records`\?/,
    );
    assert.ok(error.next !== undefined);
  });

  test("unknown keys name the nearest known one, or all", async () => {
    assert.match((await problemOf(config({ top: "stat: {}\n" }))).next ?? "", /`state`/);
    assert.match((await problemOf(config({ top: "zzz: 1\n" }))).next ?? "", /`connections`, `syncs` or `state`/);
    assert.match(
      (await problemOf(config({ destination: "upsert: { request: PUT /a, boddy: x }" }))).next ?? "",
      /`body`/,
    );
    assert.match((await problemOf(config({ source: "pagination: { type: link, parm: x }" }))).message, /parm/);
  });

  test("a fixed text without quotes of its own is shown with them", async () => {
    const mapping = "mapping: { sku: id, name: Fixed Name }";
    const { code, next } = await problemOf(config({ mapping }));
    assert.deepEqual([code, next], ["CONFIG_EXPRESSION", `A fixed text has two pairs of quotes: \`"'Fixed Name'"\`.`]);
    const broken = await problemOf(config({ mapping: 'mapping: { sku: id, name: "a +" }' }));
    assert.equal(broken.next, undefined);
  });

  test("an address that takes a field which the mapping does not give is refused, with what it has", async () => {
    const mapping = "mapping: { sku: id, name: title }";
    const { message, next } = await problemOf(config({ mapping, destination: "upsert: PUT /items/{id}" }));
    assert.match(message, /`syncs.products.destination.upsert` takes `{id}`, which the mapping does not give/);
    assert.match(next ?? "", /has `sku` and `name`: write `{sku}`, or `{\$source.id}` for the source's own field/);
    for (const upsert of ["PUT /items/{sku}", "PUT /items/{$source.id}", "PUT /items/{id ? id : sku}"])
      await load(config({ mapping, destination: `upsert: "${upsert}"` }));
    await load(config({ mapping: `mapping: "{ 'id': id }"`, destination: "upsert: PUT /items/{other}" }));
  });

  test("what is missing is told by its key, at the map that lacks it", async () => {
    const problem = await problemOf(config({}).replace("      key: id\n", ""));
    assert.match(problem.message, /`syncs\.products\.source\.key` is missing/);
    assert.equal(problem.place.line, 7);
    assert.match(
      (await problemOf(config({ source: "pagination: { param: page }" }))).message,
      /`syncs\.products\.source\.pagination\.type` is missing/,
    );
    assert.match((await problemOf("connections: { a: { baseUrl: https://a.example } }")).message, /`syncs` is missing/);
    assert.match((await problemOf("")).message, /empty/);
    assert.match((await problemOf("- a")).message, /takes a map; found a list/);
    assert.match(
      (await problemOf(config({}).replace("syncs:", "syncs: {}\nx:").split("x:")[0] as string)).message,
      /declares no sync/,
    );
  });

  test("expressions are compiled, with their place in the file", async () => {
    const problem = await problemOf(config({ mapping: "mapping:\n  price: $roundd(price)" }));
    assert.equal(problem.code, "CONFIG_EXPRESSION");
    assert.match(problem.message, /did you mean `\$round`/);
    assert.deepEqual([problem.place.line, problem.place.column], [12, 14]);
    assert.match((await problemOf(config({ mapping: "mapping: { a: $now() }" }))).message, /every run/);
    assert.match((await problemOf(config({ mapping: "mapping: { a: $key }" }))).message, /no value here/);
    assert.match(
      (await problemOf(config({ connection: "answers: { failed: bodi.error != null }" }))).message,
      /did you mean `body`/,
    );
    assert.match((await problemOf(config({ source: "records: [a]" }))).message, /takes an expression/);
    const quoted = await problemOf(config({ destination: "upsert: { request: PUT /a, body: { 'items': x } }" }));
    assert.match(quoted.next ?? "", /`"\{ 'items': x \}"`/);
    assert.match((await problemOf(config({ mapping: "mapping: { day: 2024-12-31 }" }))).next ?? "", /"'2024-12-31'"/);
    assert.match((await problemOf(config({ mapping: "mapping: 5" }))).message, /takes a map/);
  });

  test("templates are parsed, with their place in the file", async () => {
    const problem = await problemOf(config({ destination: "upsert: PUT /items/{sku" }));
    assert.deepEqual([problem.place.line, problem.place.column], [13, 26]);
    assert.match((await problemOf(config({ destination: "upsert: GET /items" }))).message, /use `PUT`/);
    assert.match(
      (await problemOf(config({ destination: "upsert: PUT /items/{$kye}" }))).message,
      /did you mean `\$key`/,
    );
    assert.match(
      (await problemOf(config({}).replace("GET /products", "GET /products/{id}"))).message,
      /no record to take values from/,
    );
    assert.match((await problemOf(config({}).replace("GET /products", "DELETE /products"))).message, /`GET` or `POST`/);
    assert.match((await problemOf(config({ source: "query: { a: { b: c } }" }))).message, /takes a text/);
    assert.match((await problemOf(config({ source: 'headers: { "X Y": a }' }))).message, /not a header's name/);
  });

  test("values with units, choices, addresses", async () => {
    const message = async (connection: string) => (await problemOf(config({ connection }))).message;
    assert.match(await message("timeouts: { total: 30 }"), /`30s` for seconds/);
    assert.match(await message("limits: { rate: 50 }"), /`50\/s`/);
    assert.match(await message("limits: { bodyBytes: 1000 }"), /`1000B`/);
    assert.match(await message("limits: { concurrency: 2.5 }"), /whole number/);
    assert.match(await message("retry: { also: [200] }"), /from 400 to 599/);
    assert.match(await message('headers: { X-A: "a\\nb" }'), /visible ASCII/);
    assert.match(await message('auth: { type: bearer, token: "" }'), /empty/);
    assert.match(await message("auth: { type: bearer }"), /token` is missing/);
    assert.match(await message("auth: bearer"), /takes a map/);
    assert.match(await message("timeouts:"), /takes a map; it is empty/);
    const base = async (url: string) =>
      (await problemOf(config({}).replace("https://api.source.example/v1", url))).message;
    assert.match(await base("api.example.com"), /not an address/);
    assert.match(await base("ftp://api.example.com"), /not an address/);
    assert.match(await base("https://user:secret@api.example.com"), /move them to `auth`/);
    assert.match(await base("https://api.example.com/?key=1"), /query or fragment/);
    assert.match((await problemOf(config({ sync: "writes: createonly" }))).message, /did you mean `createOnly`/);
    assert.match(
      (await problemOf(config({ source: "cursor: { field: a, type: text, param: p, lookback: 5 }" }))).message,
      /nothing can be subtracted/,
    );
    assert.match(
      (await problemOf(config({ source: "cursor: { field: a, type: timestamp, param: p, lookback: 5 }" }))).message,
      /`5s`/,
    );
    assert.match((await problemOf(config({}).replace("  products:", "  1st:"))).message, /begins with a letter/);
  });

  test("what a destination declares fits together", async () => {
    const message = async (destination: string, sync = "") => (await problemOf(config({ destination, sync }))).message;
    assert.match(await message("upsert: PUT /a\ncreate: { request: POST /a, id: id }"), /does not go with `upsert`/);
    assert.match(await message("read: GET /a"), /neither `upsert` nor `create`/);
    assert.match(
      await message("create: { request: POST /a, id: id }", "writes: updateOnly"),
      /neither `upsert` nor `update`/,
    );
    await load(
      config({ destination: "update: PATCH /a/{$id}\nfind: { request: GET /a, id: id }", sync: "writes: updateOnly" }),
    );
    assert.match(await message("create: POST /a"), /`syncs\.products\.destination\.create\.id` is missing/);
  });

  test("what is designed but not built is refused, never ignored", async () => {
    for (const [parts, path] of [
      [
        { destination: "create: { request: POST /a, id: id, idempotencyKey: { body: key } }" },
        "syncs.products.destination.create.idempotencyKey.body",
      ],
    ] as const) {
      const problem = await problemOf(config(parts));
      assert.equal(problem.code, "CONFIG_INVALID");
      assert.equal(problem.path.join("."), path);
      assert.match(problem.message, /not supported in this version yet/);
      assert.ok(problem.place.line !== undefined);
    }
  });

  test("YAML errors come alone, with what to write", async () => {
    const error = await errorOf(load(config({ mapping: "mapping:\n  a: @b\n  c: {id}" })));
    assert.equal(error.code, "CONFIG_SYNTAX");
    assert.match(error.message, /^evenkeel\.yaml:12:10: it is not YAML: [^.]*$/);
    assert.equal(error.next, 'Write the value in quotes: `a: "@b"`.');
  });
});

suite("TypeScript", () => {
  const file = "/app/evenkeel.config.ts";
  const check = (value: unknown): LoadedConfig =>
    checkConfig(documentOf(value, file), { file, env: ENV, readFile: () => "" });
  const typed = {
    connections: {
      store: { baseUrl: "https://api.source.example", auth: async () => ({ authorization: "x" }) },
      shop: { baseUrl: "https://api.destination.example", auth: { type: "bearer", token: "${SHOP_KEY}" } },
    },
    syncs: {
      products: {
        source: { connection: "store", request: "GET /a", key: (record) => record.id, pagination: { type: "link" } },
        mapping: { sku: "id", name: (record) => record.title, deep: [{ x: () => 1 }] },
        mappingVersion: "1",
        destination: {
          connection: "shop",
          upsert: { request: "PUT /items/{sku}", query: { at: (mapped, { key }) => `${mapped.sku}${key}` } },
        },
      },
    },
  } satisfies ConfigInput as ConfigInput;

  test("expressions and auth may be functions", () => {
    const { config: loaded, secrets } = check(typed);
    const { store } = loaded.connections;
    assert.equal(store?.auth.type, "function");
    assert.equal(typeof loaded.syncs["products"]?.source.key[0], "function");
    assert.equal(typeof loaded.syncs["products"]?.destination.upsert?.query["at"], "function");
    assert.deepEqual(secrets, ["shop-key"]);
  });

  test("P10: functions in a mapping need a version", async () => {
    const { products } = typed.syncs;
    const { mappingVersion: _, ...unversioned } = products as NonNullable<typeof products>;
    const error = await errorOf(() => check({ ...typed, syncs: { products: unversioned } }));
    assert.match(error.message, /^\/app\/evenkeel\.config\.ts: `syncs\.products\.mapping` has a function/);
    assert.match(error.next ?? "", /mappingVersion/);
  });

  test("problems carry their path", async () => {
    const error = await errorOf(() => check({ ...typed, connections: { store: { baseUrl: 5 } } }));
    assert.deepEqual(
      error.problems.map(({ path, place }) => [path.join("."), place]),
      [
        ["connections.store.baseUrl", { file }],
        ["syncs.products.destination.connection", { file }],
      ],
    );
  });

  test("the file is imported, found by its name, and told what it lacks", async () => {
    const folder = await mkdtemp(join(tmpdir(), "evenkeel-config-"));
    try {
      const written = async (name: string, text: string): Promise<string> => {
        await writeFile(join(folder, name), text);
        return join(folder, name);
      };
      assert.equal(
        (await errorOf(() => ({ file: findConfig(folder, undefined) }) as LoadedConfig)).code,
        "CONFIG_NOT_FOUND",
      );
      const ts = await written(
        "evenkeel.config.ts",
        `const name: string = "id";\nexport default { connections: { a: { baseUrl: "https://a.example" } }, syncs: { s: { source: { connection: "a", request: "GET /a", key: name }, destination: { connection: "a", upsert: "PUT /b" } } } };`,
      );
      assert.equal(findConfig(folder, undefined), ts);
      assert.deepEqual((await loadConfig({ file: ts, env: {} })).config.syncs["s"]?.source.key, ["id"]);
      const yaml = await written("evenkeel.yaml", "a: 1");
      assert.equal(findConfig(folder, undefined), yaml);
      assert.equal(findConfig(folder, "evenkeel.config.ts"), ts);
      assert.equal(
        (await errorOf(loadConfig({ file: await written("none.mjs", "export const a = 1;"), env: {} }))).code,
        "CONFIG_INVALID",
      );
      const broken = await errorOf(loadConfig({ file: await written("broken.mjs", "export default {"), env: {} }));
      assert.equal(broken.code, "CONFIG_SYNTAX");
      assert.match(broken.message, /broken\.mjs: it cannot be loaded/);
      assert.equal(
        (await errorOf(loadConfig({ file: await written("config.toml", ""), env: {} }))).code,
        "CONFIG_NOT_FOUND",
      );
      for (const name of ["gone.yaml", "gone.ts"])
        assert.equal((await errorOf(loadConfig({ file: join(folder, name), env: {} }))).code, "CONFIG_NOT_FOUND");
      assert.equal(
        (await errorOf(() => ({ file: findConfig(folder, "gone.yaml") }) as LoadedConfig)).code,
        "CONFIG_NOT_FOUND",
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

suite("a module that cannot be loaded where it is", () => {
  const nextOf = async (files: Readonly<Record<string, string>>): Promise<string> => {
    const folder = await mkdtemp(join(tmpdir(), "evenkeel-module-"));
    try {
      for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
      const error = await errorOf(loadConfig({ file: join(folder, "evenkeel.config.ts"), env: {} }));
      assert.equal(error.code, "CONFIG_SYNTAX");
      return error.next ?? "";
    } finally {
      await rm(folder, { recursive: true });
    }
  };
  const documented = 'import { defineConfig } from "evenkeel";\nexport default defineConfig({});\n';

  test("in a CommonJS package: what makes it a module", async () => {
    const files = { "package.json": '{ "type": "commonjs" }', "evenkeel.config.ts": documented };
    assert.match(await nextOf(files), /`"type": "module"` into the package\.json/);
  });

  test("without the package: that it can be done without", async () => {
    const files = { "package.json": '{ "type": "module" }', "evenkeel.config.ts": documented };
    assert.match(await nextOf(files), /`npm install evenkeel`.*leave `defineConfig` out/);
  });

  test("with a mistake in it: that it is to be corrected", async () => {
    assert.match(await nextOf({ "evenkeel.config.ts": "export default {" }), /^Correct the module/);
  });
});
