import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { last, run, temporaryState, type Finished } from "./command.ts";
import * as servers from "./servers.ts";
import type { City, Started } from "./servers.ts";

/** Servers that nobody here wrote, the command line as a user runs it, and a comparison that shares no code with it. */

const timeout = 240_000;

function stopAfter<Server extends Started>(context: TestContext, server: Server): Server {
  context.after(() => server.stop());
  return server;
}

function level(finished: Finished): Finished {
  assert.equal(finished.code, 0, finished.stderr);
  assert.equal(last(finished, "run-ended").status, "level");
  return finished;
}

interface Item {
  readonly ID: string;
  readonly name: string;
  readonly country: string;
  readonly lat: string;
  readonly lng: string;
  readonly updatedAt: string;
}

async function json<Body>(url: string, init?: RequestInit): Promise<Body> {
  const answer = await fetch(url, init);
  assert.ok(answer.ok, `${url} answered ${answer.status}`);
  return (await answer.json()) as Body;
}

/** All items of the CAP service, following its next links. */
async function items(cap: string): Promise<Item[]> {
  const service = `${cap}/odata/v4/inventory/`;
  const found: Item[] = [];
  let next: string | undefined = "Items";
  while (next !== undefined) {
    const page: { value: Item[]; "@odata.nextLink"?: string } = await json(service + next);
    found.push(...page.value);
    next = page["@odata.nextLink"];
  }
  return found;
}

/** CAP keeps six decimals; what was sent has up to five. */
const sixDecimals = (text: string): string => {
  const [whole, fraction = ""] = text.split(".");
  return `${whole}.${fraction.padEnd(6, "0")}`;
};

async function assertEqualSides(source: string, cap: string): Promise<void> {
  const expected = (await json<City[]>(`${source}/cities`)).map(({ id, name, country, lat, lng, updated_at }) => ({
    ID: id,
    name,
    country,
    lat: sixDecimals(lat),
    lng: sixDecimals(lng),
    updatedAt: updated_at,
  }));
  const byId = (left: Item, right: Item): number => (left.ID < right.ID ? -1 : 1);
  assert.deepEqual((await items(cap)).sort(byId), expected.sort(byId));
}

/** Changes `count` cities, spread over the list, through json-server itself. */
async function change(source: string, all: readonly City[], count: number): Promise<void> {
  const step = Math.floor(all.length / count);
  for (let index = 0; index < count; index++) {
    const city = all[index * step] as City;
    await json(`${source}/cities/${encodeURIComponent(city.id)}`, {
      method: "PATCH",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        name: `${city.name} (new)`,
        updated_at: new Date(Date.UTC(2025, 0, 1) + index * 1000).toISOString(),
      }),
    });
  }
}

for (const [sync, number] of [
  ["by-page", 5_000],
  ["by-link", 1_000],
] as const) {
  test(
    `json-server to CAP, ${sync}: ${number} cities are level, again is 0 writes, 200 changes are 200 writes (P2, P3)`,
    {
      timeout,
    },
    async (context) => {
      const all = servers.cities(number);
      const jsonServer = stopAfter(context, await servers.startJsonServer({ cities: all }));
      const cap = stopAfter(context, await servers.startCap());
      const source = stopAfter(context, await servers.startLossyProxy({ target: jsonServer.url, lose: 0, seed: 0 }));
      const destination = stopAfter(context, await servers.startLossyProxy({ target: cap.url, lose: 0, seed: 0 }));
      const state = temporaryState();
      context.after(state.remove);
      const once = async (): Promise<Finished> => {
        source.forget();
        destination.forget();
        const env = { CITIES_URL: source.url, INVENTORY_URL: destination.url };
        return level(await run({ config: "cities-to-cap.yaml", sync, state: state.file, env }));
      };

      const first = await once();
      assert.equal(last(first, "run-started").mode, "full");
      assert.equal(last(first, "run-ended").counts.created, number);
      assert.equal(destination.writes().length, number, "one write a record");
      await assertEqualSides(jsonServer.url, cap.url);

      const second = await once();
      assert.equal(destination.writes().length, 0, "nothing changed, so nothing is written");
      assert.equal(last(second, "run-ended").counts.created + last(second, "run-ended").counts.updated, 0);

      await change(jsonServer.url, all, 200);
      const third = await once();
      assert.equal(last(third, "run-started").mode, "incremental");
      assert.equal(last(third, "run-ended").counts.updated, 200);
      assert.equal(destination.writes().length, 200, "one write a change");
      assert.ok(source.seen.length < 10, `200 changes need few pages of 100, not ${source.seen.length}`);
      await assertEqualSides(jsonServer.url, cap.url);
    },
  );
}

interface StripeCustomer {
  readonly id: string;
  readonly email: string;
  readonly description: string;
  readonly metadata: { readonly external_id: string };
}

/** All customers of the mock, newest page first, as Stripe lists them. */
async function stripeCustomers(stripe: string, key: string): Promise<StripeCustomer[]> {
  const found: StripeCustomer[] = [];
  for (;;) {
    const after = found.length === 0 ? "" : `&starting_after=${found.at(-1)?.id}`;
    const page: { data: StripeCustomer[]; has_more: boolean } = await json(`${stripe}/v1/customers?limit=100${after}`, {
      headers: { authorization: `Bearer ${key}` },
    });
    found.push(...page.data);
    if (!page.has_more) return found;
  }
}

test(
  "json-server to Stripe through a proxy that loses a fifth of the answers: 500 customers, none twice (K1, K2, U1)",
  {
    timeout,
  },
  async (context) => {
    const all = servers.customers(500);
    const key = "sk_test_evenkeel";
    const crm = stopAfter(context, await servers.startJsonServer({ customers: all }));
    const stripe = stopAfter(context, await servers.startStripeMock());
    const proxy = stopAfter(context, await servers.startLossyProxy({ target: stripe.url, lose: 0.2, seed: 4711 }));
    const state = temporaryState();
    context.after(state.remove);
    const env = { CRM_URL: crm.url, STRIPE_URL: proxy.url, STRIPE_KEY: key };
    const once = async (): Promise<Finished> =>
      level(await run({ config: "customers-to-stripe.yaml", sync: "customers", state: state.file, env }));
    const assertNoneTwice = async (): Promise<void> => {
      const found = (await stripeCustomers(stripe.url, key)).map(({ email, description, metadata }) => ({
        id: metadata.external_id,
        email,
        description,
      }));
      const byId = (left: { id: string }, right: { id: string }): number => (left.id < right.id ? -1 : 1);
      const expected = all.map(({ id, email, description }) => ({ id, email, description }));
      assert.deepEqual(found.sort(byId), expected.sort(byId));
    };

    const first = await once();
    const lost = proxy.seen.filter((seen) => seen.lost).length;
    assert.ok(lost > 50, `the proxy lost only ${lost} answers`);
    assert.equal(last(first, "run-ended").counts.created, 500);
    await assertNoneTwice();

    proxy.forget();
    await once();
    assert.equal(proxy.writes().length, 0, "nothing changed, so nothing is written");
    await assertNoneTwice();
  },
);

test(
  "json-server to json-server through a proxy that loses answers: a mirror deletes what has gone, and is mended (D2, U5)",
  { timeout },
  async (context) => {
    const all = servers.cities(600);
    const jsonServer = stopAfter(context, await servers.startJsonServer({ cities: all }));
    const target = stopAfter(context, await servers.startJsonServer({ cities: [] }));
    const proxy = stopAfter(context, await servers.startLossyProxy({ target: target.url, lose: 0.1, seed: 4711 }));
    const state = temporaryState();
    context.after(state.remove);
    const env = { CITIES_URL: jsonServer.url, MIRROR_URL: proxy.url };
    const command = (...words: [string, ...string[]]): Promise<Finished> =>
      run({ config: "cities-mirror.yaml", sync: "cities", state: state.file, env, command: words });
    const held = async (): Promise<readonly string[]> =>
      (await json<City[]>(`${target.url}/cities`)).map(({ id, name }) => `${id} ${name}`).toSorted();
    const wanted = async (): Promise<readonly string[]> =>
      (await json<City[]>(`${jsonServer.url}/cities`)).map(({ id, name }) => `${id} ${name}`).toSorted();

    level(await command("run"));
    assert.deepEqual(await held(), await wanted());

    for (let index = 0; index < 40; index++)
      await json(`${jsonServer.url}/cities/${encodeURIComponent((all[index * 15] as City).id)}`, { method: "DELETE" });
    const missed = level(await command("run"));
    assert.equal(last(missed, "run-ended").counts.missed, 40);
    assert.equal((await held()).length, 600, "one read that misses them is no proof");
    const deleted = level(await command("run"));
    const { counts } = last(deleted, "run-ended");
    assert.equal(counts.deleted + counts.unchanged, 600, "each is deleted once, though answers were lost");
    assert.deepEqual(await held(), await wanted());
    assert.equal((await command("check")).code, 0);

    const [, edited, removed] = all as [City, City, City];
    const at = (id: string): string => `${target.url}/cities/${encodeURIComponent(id)}`;
    const headers = { "content-type": "application/json" };
    await json(at(edited.id), { method: "PATCH", headers, body: JSON.stringify({ name: "edited" }) });
    await json(at(removed.id), { method: "DELETE" });
    await json(`${target.url}/cities`, {
      method: "POST",
      headers,
      body: JSON.stringify({ id: "XX-added-1", name: "x" }),
    });
    const off = await command("check");
    assert.equal(off.code, 4);
    const drifts = (off.events as unknown as { type: string; kind: string; key?: string; match?: string }[])
      .filter(({ type }) => type === "drift")
      .map(({ kind, key, match }) => `${kind} ${key ?? match}`);
    assert.deepEqual(drifts.toSorted(), [`different ${edited.id}`, "extra XX-added-1", `missing ${removed.id}`]);
    assert.equal((await command("check", "--repair")).code, 0);
    assert.deepEqual(await held(), await wanted());
    assert.equal((await command("check")).code, 0);
  },
);

interface Guarded {
  readonly ID: string;
  readonly name: string;
  readonly country: string;
}

test(
  "json-server to CAP with ETags: new cities go in batches of 100, two of which are refused; a change behind its back is a conflict (U4)",
  { timeout },
  async (context) => {
    const all = servers
      .cities(300)
      .map((city, index) => (index === 10 || index === 60 ? { ...city, name: "no!" } : city));
    const jsonServer = stopAfter(context, await servers.startJsonServer({ cities: all }));
    const cap = stopAfter(context, await servers.startCap());
    const destination = stopAfter(context, await servers.startLossyProxy({ target: cap.url, lose: 0, seed: 0 }));
    const state = temporaryState();
    context.after(state.remove);
    const env = { CITIES_URL: jsonServer.url, INVENTORY_URL: destination.url };
    const once = async (): Promise<Finished> => {
      destination.forget();
      return run({ config: "cities-to-guarded.yaml", sync: "guarded", state: state.file, env });
    };
    const service = `${cap.url}/odata/v4/inventory/Guarded`;
    const held = async (): Promise<Map<string, Guarded>> => {
      const { value } = await json<{ readonly value: readonly Guarded[] }>(service);
      return new Map(value.map((item) => [item.ID, item]));
    };
    const isSame = async (): Promise<void> => {
      const [found, wanted] = [await held(), await json<City[]>(`${jsonServer.url}/cities`)];
      for (const { id, name, country } of wanted.filter((city) => city.name !== "no!"))
        assert.deepEqual([found.get(id)?.name, found.get(id)?.country], [name, country]);
      assert.equal(found.size, 298);
    };

    const first = await once();
    assert.equal(first.code, 1, "two are refused");
    const { counts } = last(first, "run-ended");
    assert.deepEqual([counts.created, counts.rejected], [298, 2]);
    assert.deepEqual([destination.writes().length, destination.seen.length], [3, 3], "three batches, and nothing else");
    await isSame();

    const changed = all.filter((_, index) => index % 30 === 7).map(({ id }) => id);
    const rename = async (id: string, name: string): Promise<void> => {
      await json(`${jsonServer.url}/cities/${encodeURIComponent(id)}`, {
        method: "PATCH",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ name }),
      });
    };
    for (const id of changed) await rename(id, "renamed");
    const second = await once();
    assert.equal(last(second, "run-ended").counts.updated, changed.length);
    assert.ok(destination.writes().every(({ method, status }) => method === "PUT" && status === 200));
    await isSame();

    // Somebody edits one in the destination, and the source changes it too.
    const [city = ""] = changed;
    const one = `${service}('${encodeURIComponent(city.replaceAll("'", "''"))}')`;
    const etag = (await fetch(one)).headers.get("etag") ?? "";
    await json(one, {
      method: "PATCH",
      headers: { "content-type": "application/json", "if-match": etag },
      body: JSON.stringify({ name: "edited" }),
    });
    await rename(city, "renamed again");
    const third = await once();
    assert.equal(last(third, "run-ended").counts.updated, 1);
    assert.deepEqual(
      destination.seen.map(({ method, status }) => `${method} ${status}`),
      ["PUT 412", "GET 200", "PUT 200"],
    );
    await isSame();

    // Somebody deletes it there: it takes no write that does not say what it is based on, not even of what is new.
    const version = (await fetch(one)).headers.get("etag") ?? "";
    assert.equal((await fetch(one, { method: "DELETE", headers: { "if-match": version } })).status, 204);
    await rename(city, "renamed once more");
    assert.equal(last(await once(), "run-ended").counts.rejected, 0);
    assert.deepEqual(
      destination.seen.map(({ method, status }) => `${method} ${status}`),
      ["PUT 412", "GET 404", "PUT 201"],
    );
    await isSame();
  },
);

interface ShopCustomer {
  readonly id: string;
  readonly externalId: string;
  readonly email: string;
  readonly firstName: string;
  readonly version: number;
}

test(
  "json-server to commercetools and on to json-server: tokens, versions, a fifth of the answers lost; nothing lost, nothing doubled (K1, U3, U4)",
  { timeout },
  async (context) => {
    const crm = stopAfter(context, await servers.startJsonServer({ customers: servers.customers(200) }));
    const copy = stopAfter(context, await servers.startJsonServer({ copies: [] }));
    const mock = stopAfter(context, await servers.startCommercetools());
    const shop = stopAfter(context, await servers.startLossyProxy({ target: mock.url, lose: 0.2, seed: 7 }));
    const state = temporaryState();
    context.after(state.remove);
    const env = { CRM_URL: crm.url, COPY_URL: copy.url, SHOP_URL: shop.url, SHOP_SECRET: "a-client-secret" };
    const once = (sync: string): Promise<Finished> =>
      run({ config: "customers-commercetools.yaml", sync, state: state.file, env });
    const token = await json<{ readonly access_token: string }>(`${mock.url}/oauth/token`, {
      method: "POST",
      headers: {
        authorization: `Basic ${Buffer.from("test:secret").toString("base64")}`,
        "content-type": "application/x-www-form-urlencoded",
      },
      body: "grant_type=client_credentials&scope=manage_project:shop",
    });
    const authorized = { authorization: `Bearer ${token.access_token}`, "content-type": "application/json" };
    const held = async (): Promise<readonly ShopCustomer[]> => {
      const { results } = await json<{ readonly results: readonly ShopCustomer[] }>(
        `${mock.url}/shop/customers?limit=500`,
        { headers: authorized },
      );
      return results;
    };
    const shown = (list: readonly { readonly key: string; readonly email: string; readonly name: string }[]) =>
      list.map(({ key, email, name }) => `${key} ${email} ${name}`).toSorted();
    const wanted = async (): Promise<readonly string[]> =>
      shown(
        (await json<servers.Customer[]>(`${crm.url}/customers`)).map(({ id, email, description }) => ({
          key: id,
          email,
          name: description,
        })),
      );
    const inShop = async (): Promise<readonly string[]> =>
      shown((await held()).map(({ externalId, email, firstName }) => ({ key: externalId, email, name: firstName })));

    const first = level(await once("to-shop"));
    assert.equal(last(first, "run-ended").counts.read, 200);
    assert.ok(
      shop.seen.some(({ lost }) => lost),
      "answers were lost",
    );
    assert.deepEqual(await inShop(), await wanted());

    for (const number of [3, 50, 120])
      await json(`${crm.url}/customers/crm-${number}`, {
        method: "PATCH",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ description: `renamed ${number}` }),
      });
    await fetch(`${crm.url}/customers/crm-9`, { method: "DELETE" });
    // Somebody changes one of them in the shop too.
    const edited = (await held()).find(({ externalId }) => externalId === "crm-50");
    await json(`${mock.url}/shop/customers/${edited?.id}`, {
      method: "POST",
      headers: authorized,
      body: JSON.stringify({ version: edited?.version, actions: [{ action: "setFirstName", firstName: "edited" }] }),
    });
    level(await once("to-shop"));
    assert.deepEqual(await inShop(), await wanted());
    assert.equal((await held()).length, 199);

    level(await once("from-shop"));
    const copies = await json<{ readonly id: string; readonly email: string; readonly name: string }[]>(
      `${copy.url}/copies`,
    );
    assert.deepEqual(shown(copies.map(({ id, email, name }) => ({ key: id, email, name }))), await wanted());
    assert.equal(last(level(await once("from-shop")), "run-ended").counts.unchanged, 199);
  },
);

test(
  "tokens of five seconds' life carry a run of many, without a single one that is refused",
  { timeout },
  async (context) => {
    const api = stopAfter(
      context,
      await servers.startGuardedJsonServer({ customers: servers.customers(200), copies: [] }),
    );
    const state = temporaryState();
    context.after(state.remove);
    const env = { API_URL: api.url, API_SECRET: "a-client-secret" };
    const startedMs = performance.now();
    const ran = level(await run({ config: "customers-guarded.yaml", sync: "customers", state: state.file, env }));
    assert.equal(last(ran, "run-ended").counts.created, 200);
    const { tokens, refused } = await json<{ readonly tokens: number; readonly refused: number }>(`${api.url}/counts`);
    const seconds = (performance.now() - startedMs) / 1_000;
    assert.ok(seconds > 10, `it took ${seconds} s`);
    assert.ok(tokens >= 3 && tokens <= seconds / 2, `${tokens} tokens in ${seconds} s`);
    assert.equal(refused, 0);
  },
);
