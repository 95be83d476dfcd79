/** `init --from` against servers that nobody here wrote: what it writes runs, once credentials and the destination are filled in. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { pathToFileURL } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { parse, stringify } from "yaml";
import { last, run, type Finished } from "./command.ts";
import * as servers from "./servers.ts";
import type { Proxy, Started } from "./servers.ts";

const timeout = 240_000;

function stopAfter<Server extends Started>(context: TestContext, server: Server): Server {
  context.after(() => server.stop());
  return server;
}

/** A server behind a proxy that only counts. */
async function counted(context: TestContext, server: Promise<Started>): Promise<Proxy> {
  const { url } = stopAfter(context, await server);
  return stopAfter(context, await servers.startLossyProxy({ target: url, lose: 0, seed: 0 }));
}

interface Written {
  readonly connections: Record<string, unknown>;
  readonly syncs: Record<string, { readonly source: Record<string, unknown>; destination: unknown }>;
}

/** A folder in which a config is drafted, filled in, and run. */
class Desk {
  readonly #folder = mkdtempSync(join(tmpdir(), "evenkeel-draft-"));
  readonly #env: Readonly<Record<string, string>>;
  readonly file: string = join(this.#folder, "evenkeel.yaml");
  readonly sync: string;

  constructor(context: TestContext, sync: string, env: Readonly<Record<string, string>> = {}) {
    this.sync = sync;
    this.#env = { DESTINATION_TOKEN: "any", ...env };
    context.after(() => rmSync(this.#folder, { recursive: true, force: true }));
  }

  async do(command: string, ...flags: readonly string[]): Promise<Finished> {
    const sync = command === "init" ? undefined : this.sync;
    const state = join(this.#folder, "state.db");
    return run({ config: pathToFileURL(this.file).href, state, env: this.#env, sync, command: [command, ...flags] });
  }

  get written(): Written {
    return parse(readFileSync(this.file, "utf8")) as Written;
  }

  /** Puts in what a person puts in: the destination's address, and the request that writes. */
  fillIn(baseUrl: string, requests: object): void {
    const { connections, syncs } = this.written;
    const sync = syncs[this.sync];
    assert.ok(sync, `a sync ${this.sync} was written`);
    sync.destination = { connection: "destination", ...requests };
    writeFileSync(this.file, stringify({ connections: { ...connections, destination: { baseUrl } }, syncs }));
  }
}

function succeeded(finished: Finished): Finished {
  assert.equal(finished.code, 0, finished.stderr + JSON.stringify(finished.events));
  return finished;
}

async function json<Body>(url: string, init?: RequestInit): Promise<Body> {
  const answer = await fetch(url, init);
  assert.ok(answer.ok, `${url} answered ${answer.status}`);
  return (await answer.json()) as Body;
}

const send = (method: string, body: unknown, headers: Readonly<Record<string, string>> = {}): RequestInit => ({
  method,
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify(body),
});

const COPY = {
  create: { request: "POST /copies", id: "id" },
  find: { request: "GET /copies/{$key}", id: "id", unique: true },
  update: "PUT /copies/{$id}",
};

interface Identified {
  readonly id: string;
}

/** Two lists hold the same, in whatever order. */
function assertSame(actual: readonly Identified[], expected: readonly Identified[]): void {
  const byId = (a: Identified, b: Identified): number => (a.id < b.id ? -1 : 1);
  assert.ok(isDeepStrictEqual(actual.toSorted(byId), expected.toSorted(byId)), "both sides hold the same records");
}

/** Only reading requests went to it. */
const assertUnwritten = ({ seen }: Proxy): void =>
  assert.deepEqual(
    seen.filter(({ method }) => method !== "GET"),
    [],
  );

test("json-server: page numbers and a cursor are found, and the file runs", { timeout }, async (context) => {
  const source = await counted(context, servers.startJsonServer({ cities: servers.cities(1_000) }));
  const copy = await counted(context, servers.startJsonServer({ copies: [] }));
  const desk = new Desk(context, "cities");
  succeeded(await desk.do("init", "--from", `${source.url}/cities`));
  assertUnwritten(source);
  assert.ok(source.seen.length <= 25, `${source.seen.length} requests`);
  assert.deepEqual(desk.written.syncs["cities"]?.source, {
    connection: "source",
    request: "GET /cities",
    records: "$",
    key: "id",
    pagination: { type: "page", param: "_page", size: { param: "_limit", value: 100 } },
    cursor: { field: "updated_at", type: "timestamp", param: "updated_at_gte" },
  });
  desk.fillIn(copy.url, COPY);
  succeeded(await desk.do("probe"));
  assertUnwritten(source);
  assertUnwritten(copy);
  assert.equal(last(succeeded(await desk.do("run")), "run-ended").counts.created, 1_000);
  assertSame(await json(`${copy.url}/copies`), await json(`${source.url}/cities`));

  const [city] = servers.cities(1);
  await json(
    `${source.url}/cities/${encodeURIComponent(city?.id ?? "")}`,
    send("PATCH", { name: "renamed", updated_at: "2025-01-01T00:00:00.000Z" }),
  );
  const again = succeeded(await desk.do("run"));
  assert.equal(last(again, "run-started").mode, "incremental");
  assert.equal(last(again, "run-ended").counts.updated, 1);
  assertSame(await json(`${copy.url}/copies`), await json(`${source.url}/cities`));
});

test("json-server: an address with paging in it, whose answers have Link headers", { timeout }, async (context) => {
  const source = await counted(context, servers.startJsonServer({ cities: servers.cities(300) }));
  const copy = await counted(context, servers.startJsonServer({ copies: [] }));
  const desk = new Desk(context, "cities");
  succeeded(await desk.do("init", "--from", `${source.url}/cities?_page=3&_limit=50`));
  const { query, pagination } = desk.written.syncs["cities"]?.source ?? {};
  assert.deepEqual({ query, pagination }, { query: { _page: "1", _limit: "50" }, pagination: { type: "link" } });
  desk.fillIn(copy.url, COPY);
  assert.equal(last(succeeded(await desk.do("run")), "run-ended").counts.created, 300);
});

test("SAP CAP: the next link of OData is followed, and the file runs", { timeout }, async (context) => {
  const source = await counted(context, servers.startCap());
  const copy = await counted(context, servers.startCap());
  const service = "/odata/v4/inventory";
  const all = servers.cities(1_200);
  const post = async ({ id, name, country, lat, lng, updated_at }: servers.City): Promise<unknown> =>
    json(`${source.url}${service}/Items`, send("POST", { ID: id, name, country, lat, lng, updatedAt: updated_at }));
  for (let at = 0; at < all.length; at += 20) await Promise.all(all.slice(at, at + 20).map(post));
  source.forget();
  const desk = new Desk(context, "Items");
  succeeded(await desk.do("init", "--from", `${source.url}${service}/Items`));
  assertUnwritten(source);
  assert.ok(source.seen.length <= 6, `${source.seen.length} requests`);
  assert.deepEqual(desk.written.syncs["Items"]?.source, {
    connection: "source",
    request: "GET /Items",
    records: "value",
    key: "ID",
    pagination: { type: "nextUrl", next: "`@odata.nextLink`" },
  });
  desk.fillIn(copy.url + service, { upsert: "PUT /Items('{ID}')", read: "GET /Items('{ID}')" });
  succeeded(await desk.do("probe"));
  assertUnwritten(copy);
  assert.equal(last(succeeded(await desk.do("run")), "run-ended").counts.created, 1_200);
  const listed = async ({ url }: Proxy): Promise<unknown> =>
    json(`${url}${service}/Items?$orderby=ID&$skip=300&$top=900`);
  assert.deepEqual(await listed(copy), await listed(source));
  assert.equal(last(succeeded(await desk.do("run")), "run-ended").counts.unchanged, 1_200);
});

test(
  "commercetools: credentials by the name of a variable, offsets with a total, and the file runs",
  { timeout },
  async (context) => {
    const source = await counted(context, servers.startCommercetools());
    const copy = await counted(context, servers.startJsonServer({ copies: [] }));
    const { access_token: token } = await json<{ readonly access_token: string }>(`${source.url}/oauth/token`, {
      method: "POST",
      headers: {
        authorization: `Basic ${Buffer.from("test:secret").toString("base64")}`,
        "content-type": "application/x-www-form-urlencoded",
      },
      body: "grant_type=client_credentials&scope=manage_project:shop",
    });
    for (let number = 0; number < 150; number++)
      await json(
        `${source.url}/shop/customers`,
        send("POST", { email: `${number}@example.com`, password: "never used" }, { authorization: `Bearer ${token}` }),
      );
    source.forget();
    const address = `${source.url}/shop/customers`;

    const refused = await new Desk(context, "customers").do("init", "--from", address);
    assert.equal(refused.code, 3);
    assert.match(JSON.stringify(refused.events), /API_CREDENTIALS_REFUSED.*--auth bearer:API_TOKEN/);

    const desk = new Desk(context, "customers", { SHOP_TOKEN: token });
    succeeded(await desk.do("init", "--from", address, "--auth", "bearer:SHOP_TOKEN"));
    assertUnwritten(source);
    assert.ok(!readFileSync(desk.file, "utf8").includes(token), "S6: no secret in the file");
    assert.deepEqual(desk.written.syncs["customers"]?.source, {
      connection: "source",
      request: "GET /customers",
      records: "results",
      key: "id",
      pagination: { type: "offset", param: "offset", size: { param: "limit", value: 100 }, total: "total" },
    });
    desk.fillIn(copy.url, COPY);
    succeeded(await desk.do("probe"));
    assert.equal(last(succeeded(await desk.do("run")), "run-ended").counts.created, 150);
    const { results } = await json<{ readonly results: Identified[] }>(`${address}?limit=500`, {
      headers: { authorization: `Bearer ${token}` },
    });
    assertSame(await json(`${copy.url}/copies`), results);
  },
);
