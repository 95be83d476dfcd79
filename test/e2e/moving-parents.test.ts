/** Lists of parents that change, break off or lie while they are read. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ending, json, startApi, Workplace, type Ran } from "./harness.ts";

interface Asked {
  readonly path: string;
  /** The parent whose list is asked for; undefined for the list of parents. */
  readonly parent: string | undefined;
  readonly query: URLSearchParams;
}

/** What an API answers: a status alone, or a body. */
type Answered = number | { readonly body: unknown; readonly headers?: Readonly<Record<string, string>> };

interface Declared {
  readonly parents?: string;
  readonly request?: string;
  readonly source?: string;
  readonly sync?: string;
}

interface Sides {
  readonly held: Map<string, unknown>;
  readonly asked: Asked[];
  run(...args: string[]): Promise<Ran>;
  validate(): Promise<Ran>;
}

async function between(
  { parents = "", request = "GET /orders/{parent.id}/items", source = "", sync = "" }: Declared,
  answer: (asked: Asked) => Answered,
  check: (sides: Sides) => Promise<void>,
): Promise<void> {
  const held = new Map<string, unknown>();
  const asked: Asked[] = [];
  const store = await startApi((incoming, _body, response) => {
    const url = new URL(incoming.url ?? "/", "http://x");
    const [, , parent] = url.pathname.split("/");
    const at = { path: incoming.url ?? "", parent, query: url.searchParams };
    asked.push(at);
    const answered = answer(at);
    return typeof answered === "number"
      ? json(response, answered, {})
      : json(response, 200, answered.body, answered.headers);
  });
  const shop = await startApi((incoming, body, response) => {
    if (incoming.method === "DELETE") held.delete(incoming.url ?? "");
    else held.set(incoming.url ?? "", JSON.parse(body));
    return json(response, 200, {});
  });
  const place = new Workplace();
  place.write(`
connections:
  store: { baseUrl: "${store.url}", retry: { attempts: 1 } }
  shop: { baseUrl: "${shop.url}", lateWrite: 0s }
syncs:
  items:
    source:
      connection: store
      parents:
        request: GET /orders
        records: data
        key: id
        ${parents}
      request: "${request}"
      records: items
      key: [parent.id, "no"]
      ${source}
    mapping: { order: parent.id, line: "no" }
    destination: { connection: shop, upsert: "PUT /items/{order}-{line}", delete: "DELETE /items/{order}-{line}" }
    ${sync}
`);
  try {
    const run = (...args: string[]): Promise<Ran> => place.run("run", "--json", ...args);
    await check({ held, asked, run, validate: () => place.run("validate") });
  } finally {
    place.remove();
    await Promise.all([store.stop(), shop.stop()]);
  }
}

const items = (count: number, from = 0): readonly unknown[] =>
  Array.from({ length: count }, (_, index) => ({ no: from + index + 1 }));

const failure = (ran: Ran): string => ending(ran).error?.code ?? "";

const MIRROR = "deletes: { mode: mirror, guard: { count: 100, percent: 100 } }";

test("D2: a page of a parent's list that is not there is an error, and no list that has gone", () => {
  let isBroken = false;
  return between(
    { source: "pagination: { type: cursor, next: next, param: token }", sync: MIRROR },
    ({ parent, query }) => {
      if (parent === undefined) return { body: { data: [{ id: 1 }, { id: 2 }, { id: 3 }] } };
      const from = Number(query.get("token") ?? 0);
      if (isBroken && parent === "2" && from > 0) return 404;
      return { body: { items: items(2, from), next: from === 0 ? "2" : null } };
    },
    async ({ run, held }) => {
      assert.equal((await run()).exitCode, 0);
      isBroken = true;
      for (const _ of [2, 3, 4]) assert.equal(failure(await run()), "API_REFUSED");
      assert.equal(held.size, 12);
    },
  );
});

test("a parent whose list says 410 has gone since it was listed", () =>
  between(
    {},
    ({ parent }) =>
      parent === undefined
        ? { body: { data: [{ id: 1 }, { id: 2 }, { id: 3 }] } }
        : parent === "2"
          ? 410
          : { body: { items: items(1) } },
    async ({ run, held }) => {
      assert.equal((await run()).exitCode, 0);
      assert.deepEqual([...held.keys()], ["/items/1-1", "/items/3-1"]);
    },
  ));

test("a run that stopped goes on only on the page of parents that it stopped on, as it was then", () => {
  let ids = [1, 2, 3, 4];
  let isBroken = true;
  return between(
    { parents: "pagination: { type: cursor, next: next, param: token }" },
    ({ parent }) => {
      if (parent === undefined) return { body: { data: ids.map((id) => ({ id })), next: null } };
      return parent === "3" && isBroken ? 500 : { body: { items: items(1) } };
    },
    async ({ run, held }) => {
      assert.equal((await run()).exitCode, 1);
      isBroken = false;
      // What was changed last is listed first now.
      ids = [4, 1, 2, 3];
      assert.equal((await run()).exitCode, 0);
      assert.deepEqual([...held.keys()].toSorted(), ["/items/1-1", "/items/2-1", "/items/3-1", "/items/4-1"]);
    },
  );
});

test("a run that stopped in a list of offsets begins that list anew, and not the others", () => {
  let isBroken = true;
  return between(
    {
      parents: "pagination: { type: cursor, next: next, param: token }",
      source: "pagination: { type: offset, param: offset, total: total, overlap: 1 }",
    },
    ({ parent, query }) => {
      if (parent === undefined) return { body: { data: items(20).map((_, id) => ({ id: id + 1 })), next: null } };
      const from = Number(query.get("offset") ?? 0);
      if (isBroken && parent === "15" && from > 0) return 500;
      return { body: { total: 5, items: items(5).slice(from, from + 3) } };
    },
    async ({ run, held, asked }) => {
      assert.equal((await run()).exitCode, 1);
      isBroken = false;
      const before = asked.length;
      assert.equal((await run()).exitCode, 0);
      assert.equal(held.size, 100);
      const again = asked.slice(before).map(({ path }) => path);
      assert.ok(again.includes("/orders/15/items?offset=0"), again.join(" "));
      assert.ok(!again.some((path) => path.startsWith("/orders/14/")), again.join(" "));
    },
  );
});

test("P9: parents that move between their pages are noticed, where these overlap", () => {
  const ids = items(9).map((_, id) => id + 1);
  let isMoving = true;
  return between(
    { parents: "pagination: { type: offset, param: offset, size: { param: limit, value: 4 }, overlap: 2 }" },
    ({ parent, query }) => {
      if (parent !== undefined) return { body: { items: items(1) } };
      const from = Number(query.get("offset"));
      const data = ids.slice(from, from + 4).map((id) => ({ id }));
      if (isMoving) ids.shift();
      isMoving = false;
      return { body: { data } };
    },
    async ({ run, held }) => {
      assert.equal(failure(await run()), "READ_PAGES_SHIFTED");
      assert.equal(held.size, 9, "what was met is written");
      assert.equal((await run()).exitCode, 0);
    },
  );
});

test("P4, P5: the rules of reading hold for the list of parents too: its total, its progress, a parent that is there twice", async () => {
  await between(
    { parents: "pagination: { type: offset, param: offset, total: total }" },
    ({ parent, query }) => {
      if (parent !== undefined) return { body: { items: items(1) } };
      const from = Number(query.get("offset"));
      return { body: { total: 6, data: from >= 3 ? [] : [1, 2, 3].map((id) => ({ id })) } };
    },
    async ({ run }) => assert.equal(failure(await run()), "READ_TOTAL_DISAGREES"),
  );
  await between(
    { parents: "pagination: { type: page, param: page }" },
    ({ parent }) => ({ body: parent === undefined ? { data: [{ id: 1 }, { id: 2 }] } : { items: [] } }),
    async ({ run, asked }) => {
      assert.equal(failure(await run()), "READ_NO_PROGRESS");
      assert.equal(asked.filter(({ parent }) => parent === undefined).length, 2);
    },
  );
  await between(
    {},
    ({ parent }) => ({
      body: parent === undefined ? { data: [1, 2, 2, 3].map((id) => ({ id })) } : { items: items(2) },
    }),
    async ({ run, held }) => {
      assert.equal((await run()).exitCode, 0);
      assert.equal(held.size, 6, "lists that look alike are no circle");
    },
  );
});

test("P3: what a parent's list shows is as old as the list of parents", () => {
  const beginMs = Date.parse("2026-03-01T12:00:00Z");
  const at = (ms: number): string => new Date(beginMs + ms).toISOString();
  const orders = [{ id: "a", updated_at: at(-1_000) }];
  let clockMs = beginMs;
  return between(
    {
      source:
        "cursor: { of: parents, field: updated_at, type: timestamp, param: since, sorted: true, lookback: 0s, safetyLag: 10s }",
    },
    ({ parent, query }) => {
      const headers = { date: new Date(clockMs).toUTCString() };
      if (parent !== undefined) return { body: { items: items(1) }, headers };
      clockMs += 60_000;
      const since = query.get("since") ?? "";
      return { body: { data: orders.filter(({ updated_at }) => updated_at >= since) }, headers };
    },
    async ({ run, held }) => {
      assert.equal((await run()).exitCode, 0);
      orders.unshift({ id: "b", updated_at: at(-3_000) });
      assert.equal((await run()).exitCode, 0);
      assert.deepEqual([...held.keys()], ["/items/a-1", "/items/b-1"]);
    },
  );
});

test("what is read in part asks for no list ahead, so that its figures are what was sent", () =>
  between(
    {},
    ({ parent }) => ({
      body: parent === undefined ? { data: items(9).map((_, id) => ({ id })) } : { items: items(3) },
    }),
    async ({ run, held, asked }) => {
      const ran = await run("--limit", "1");
      assert.deepEqual([ran.exitCode, held.size], [0, 1]);
      assert.ok(asked.length <= 3, `${asked.length} requests`);
    },
  ));

test("P11: a parent that cannot be judged or addressed is named", async () => {
  const refusal = (ran: Ran): string => {
    const [invalid] = ran.events.filter((event) => event.type === "invalid");
    assert.equal(ran.exitCode, 1);
    return `${String(invalid?.code)}: ${String(invalid?.reason)}`;
  };
  await between(
    { parents: "filter: price > 1" },
    ({ parent }) => ({ body: parent === undefined ? { data: [{ id: 7, price: "n/a" }] } : { items: [] } }),
    async ({ run }) => assert.match(refusal(await run()), /^PARENT_UNUSABLE: it is a parent, 7, .*whether it counts/),
  );
  await between(
    {},
    ({ parent }) => ({ body: parent === undefined ? { data: [{ id: ".." }] } : { items: [] } }),
    async ({ run }) => assert.match(refusal(await run()), /^PARENT_UNUSABLE: it is a parent, \.\., .*climb/),
  );
});

test("requests that do not ask for a parent's list, and mirrors that could prove nothing, are refused", async () => {
  for (const [declared, says] of [
    [{ request: "GET /items" }, /does not take anything of its parent, so every parent's list would be the same/],
    [{ request: "GET /orders/{parnet.id}/items" }, /takes `parnet`, and sees only the parent, as `parent`/],
    [
      { parents: "pagination: { type: page, param: page }", sync: MIRROR },
      /next: Declare another pagination, where the API has one/,
    ],
    [
      { parents: "pagination: { type: offset, param: offset }", sync: MIRROR },
      /next: Declare `overlap` in the `pagination` of `parents`, or another/,
    ],
  ] as const)
    await between(
      declared,
      () => 404,
      async ({ validate }) => {
        const refused = await validate();
        assert.equal(refused.exitCode, 2);
        assert.match(refused.stderr.replaceAll(/\s+/g, " "), says);
      },
    );
});
