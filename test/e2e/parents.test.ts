import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ending, json, startApi, Workplace, type Api, type Ran } from "./harness.ts";

interface Order {
  readonly id: number;
  changed: number;
  items: { readonly no: number; amount: number; readonly at?: number }[];
}

interface Sides {
  readonly orders: Order[];
  readonly held: Map<string, unknown>;
  readonly store: Api;
  readonly place: Workplace;
  /** Answers in the place of the source. */
  answer: ((path: string) => number | undefined) | undefined;
  run(...args: string[]): Promise<Ran>;
}

interface Declared {
  readonly source: string;
  readonly parents: string;
  readonly sync: string;
}

/** Orders by token, three a page; the items of one by offset, two a page. Keys of items are unique within an order alone. */
async function between(
  { source = "", parents = "", sync = "" }: Partial<Declared>,
  check: (sides: Sides) => Promise<void>,
): Promise<void> {
  const orders: Order[] = Array.from({ length: 10 }, (_, index) => ({
    id: index + 1,
    changed: index + 1,
    // Some have none.
    items: Array.from({ length: index % 4 }, (__, no) => ({ no: no + 1, amount: 10 * index + no, at: index + 1 })),
  }));
  const held = new Map<string, unknown>();
  const sides: { answer: Sides["answer"] } = { answer: undefined };
  const store = await startApi((request, _body, response) => {
    const url = new URL(request.url ?? "/", "http://x");
    const status = sides.answer?.(url.pathname);
    if (status !== undefined) return json(response, status, {});
    const since = Number(url.searchParams.get("since") ?? 0);
    const [, , id, list] = url.pathname.split("/");
    if (list === undefined) {
      const from = Number(url.searchParams.get("token") ?? 0);
      const due = orders.filter(({ changed }) => changed >= since).toSorted((a, b) => a.changed - b.changed);
      const page = due.slice(from, from + 3).map(({ id: order, changed }) => ({ id: order, changed }));
      return json(response, 200, { data: page, next: from + 3 < due.length ? String(from + 3) : null });
    }
    const order = orders.find((each) => String(each.id) === id);
    if (order === undefined) return json(response, 404, {});
    const items = order.items.filter(({ at = 0 }) => at >= since);
    const from = Number(url.searchParams.get("offset") ?? 0);
    return json(response, 200, { items: items.slice(from, from + 2), total: items.length });
  });
  const shop = await startApi((request, body, response) => {
    if (request.method === "DELETE") held.delete(request.url ?? "");
    else held.set(request.url ?? "", JSON.parse(body));
    return json(response, 200, {});
  });
  const place = new Workplace();
  place.write(`
connections:
  store: { baseUrl: "${store.url}", limits: { concurrency: 4 }, retry: { attempts: 2, base: 1ms } }
  shop: { baseUrl: "${shop.url}", lateWrite: 0s }
syncs:
  items:
    source:
      connection: store
      parents:
        request: GET /orders
        records: data
        key: id
        pagination: { type: cursor, next: next, param: token }
        ${parents}
      request: "GET /orders/{parent.id}/items"
      records: items
      key: [parent.id, "no"]
      pagination: { type: offset, param: offset, total: total, overlap: 1 }
      ${source}
    mapping: { order: parent.id, line: "no", amount: amount }
    destination: { connection: shop, upsert: "PUT /items/{order}-{line}", delete: "DELETE /items/{order}-{line}" }
    ${sync}
`);
  try {
    await check(
      Object.assign(sides, {
        orders,
        held,
        store,
        place,
        run: (...args: string[]) => place.run("run", "--json", ...args),
      }),
    );
  } finally {
    place.remove();
    await Promise.all([store.stop(), shop.stop()]);
  }
}

const all = (orders: readonly Order[]): readonly string[] =>
  orders.flatMap(({ id, items }) => items.map(({ no }) => `/items/${id}-${no}`)).toSorted();

test("the lists of all parents are read, each to its end, and each record knows its parent", () =>
  between({}, async ({ run, orders, held, store }) => {
    const ran = await run();
    assert.equal(ran.exitCode, 0);
    assert.deepEqual([...held.keys()].toSorted(), all(orders));
    assert.deepEqual(held.get("/items/4-3"), { order: 4, line: 3, amount: 32 });
    assert.equal(store.requests.filter(({ path }) => path.startsWith("/orders?") || path === "/orders").length, 4);
    assert.equal(ending(ran).counts.requests, store.requests.length + held.size, "every request is counted");
    const again = await run();
    assert.deepEqual([again.exitCode, ending(again).counts.unchanged], [0, held.size]);
  }));

test("more parents without records than a list may have empty pages", () =>
  between({}, async ({ run, orders, held }) => {
    orders.unshift(...Array.from({ length: 1_100 }, (_, index) => ({ id: 1_000 + index, changed: 0, items: [] })));
    assert.equal((await run()).exitCode, 0);
    assert.equal(held.size, all(orders).length);
  }));

test("changes asked for of the parents: only the lists of those that have changed are read", () =>
  between(
    { source: "cursor: { of: parents, field: changed, type: integer, param: since, lookback: 0, sorted: true }" },
    async ({ run, orders, held, store }) => {
      assert.equal((await run()).exitCode, 0);
      const order = orders[2] as Order;
      Object.assign(order, { changed: 50, items: [{ no: 1, amount: 1 }] });
      const before = store.requests.length;
      const ran = await run();
      assert.equal(ran.exitCode, 0);
      assert.deepEqual(held.get("/items/3-1"), { order: 3, line: 1, amount: 1 });
      assert.deepEqual(
        store.requests.slice(before).map(({ path }) => path),
        ["/orders?since=10", "/orders/10/items?offset=0", "/orders/3/items?offset=0"],
      );
    },
  ));

test("changes asked for of the records: every list is asked for what has changed in it", () =>
  between(
    { source: "cursor: { field: at, type: integer, param: since, lookback: 0 }" },
    async ({ run, orders, held, store }) => {
      // Numbers in no order say after one read only what there was when it began.
      for (const _ of [1, 2]) assert.equal((await run()).exitCode, 0);
      (orders[4] as Order).items.push({ no: 9, amount: 9, at: 99 });
      const before = store.requests.length;
      const ran = await run();
      assert.deepEqual([ran.exitCode, ending(ran).counts.created], [0, 1]);
      assert.deepEqual(held.get("/items/5-9"), { order: 5, line: 9, amount: 9 });
      const paths = store.requests.slice(before).map(({ path }) => path);
      assert.deepEqual(
        paths.filter((path) => !/^\/orders(\?token=\d+)?$|since=10/.test(path)),
        [],
      );
    },
  ));

test("a parent that has gone since it was listed has no records; a list that no parent has is an error", () =>
  between({}, async (sides) => {
    const { run, orders, held } = sides;
    sides.answer = (path) => (path === "/orders/4/items" ? 404 : undefined);
    assert.equal((await run()).exitCode, 0);
    assert.equal(held.size, all(orders).length - 3);
    sides.answer = (path) => (path.endsWith("/items") ? 404 : undefined);
    const wrong = await run();
    assert.deepEqual([wrong.exitCode, ending(wrong).error?.code], [1, "API_REFUSED"]);
  }));

test("an error of one list says whose it is, and a first list that is not there what that means", () =>
  between({}, async (sides) => {
    const failing = async (path: string, status: number): Promise<string> => {
      sides.answer = (asked) => (asked === path ? status : undefined);
      const { error } = ending(await sides.run());
      return `${error?.code}: ${error?.message} -> ${error?.next}`;
    };
    assert.match(
      await failing("/orders/1/items", 404),
      /API_REFUSED: the list of the parent 1: store refuses to be read: 404.*-> .*once some other list was there.*`parents\.filter`/,
    );
    assert.match(await failing("/orders/4/items", 403), /API_REFUSED: the list of the parent 4: store refuses.*403/);
    assert.match(
      await failing("/orders/5/items", 500),
      /API_FAILED: the list of the parent 5: store cannot be read: 500/,
    );
    assert.match(await failing("/orders/7/items", 429), /API_THROTTLED: the list of the parent 7: /);
  }));

test("a run that stops midway goes on with the parent that it had come to", () =>
  between({}, async (sides) => {
    const { run, orders, held, store } = sides;
    sides.answer = (path) => (path === "/orders/8/items" ? 500 : undefined);
    const failed = await run();
    assert.equal(failed.exitCode, 1);
    const before = store.requests.length;
    sides.answer = undefined;
    assert.equal((await run()).exitCode, 0);
    assert.deepEqual([...held.keys()].toSorted(), all(orders));
    const paths = store.requests.slice(before).map(({ path }) => path);
    assert.ok(!paths.includes("/orders/2/items"), paths.join(" "));
  }));

test("P11: a parent without a usable key or address keeps nobody from reading the lists of the others, and nothing is taken for gone", () =>
  between({ sync: "deletes: { mode: mirror, guard: { count: 10, percent: 100 } }" }, async (sides) => {
    const { run, orders, held, place, store } = sides;
    assert.equal((await run()).exitCode, 0);
    const before = all(orders);
    for (const [index, id] of [
      [1, null],
      [3, ".."],
      [6, { no: 7 }],
    ] as const)
      orders[index] = { ...(orders[index] as Order), id: id as unknown as number };
    (orders[7] as Order).items.push({ no: 9, amount: 9 });
    for (const _ of [1, 2, 3]) {
      const ran = await run();
      assert.deepEqual([ran.exitCode, ending(ran).counts.invalid, ending(ran).error], [1, 3, undefined]);
    }
    assert.deepEqual([...held.keys()].toSorted(), [...before, "/items/8-9"].toSorted());
    const { stdout } = await place.run("rejects", "list", "items");
    assert.match(stdout.replaceAll(/\s+/g, " "), /it is a parent, and its list was not read: its key is null/);
    assert.match(stdout.replaceAll(/\s+/g, " "), /it is a parent, \.\., and its list was not read:/);
    assert.ok(!store.requests.some(({ path }) => path.includes("..") || path.includes("%2E")));
  }));

test("P11: a filter of parents that cannot say whether one counts leaves that one out", () =>
  between({ parents: "filter: changed" }, async ({ run, held }) => {
    const ran = await run();
    assert.deepEqual([ran.exitCode, ending(ran).counts.invalid, held.size], [1, 10, 0]);
    assert.match(
      JSON.stringify(ran.events),
      /whether it counts cannot be told: `changed` gives 1, and has to be true or false/,
    );
  }));

test("a mirror deletes what its parent's list, or the list of parents, does not show any more", () =>
  between({ sync: "deletes: { mode: mirror, guard: { count: 10, percent: 100 } }" }, async ({ run, orders, held }) => {
    assert.equal((await run()).exitCode, 0);
    (orders[3] as Order).items.pop();
    orders.splice(7, 1);
    for (const _ of [1, 2]) assert.equal((await run()).exitCode, 0);
    assert.deepEqual([...held.keys()].toSorted(), all(orders));
  }));

test("filters: which parents' lists are read, and which of the records count; a record may see its parent", () =>
  between(
    { parents: "filter: id > 5", source: "filter: amount > 60 and parent.changed < 8" },
    async ({ run, held }) => {
      assert.equal((await run()).exitCode, 0);
      assert.deepEqual([...held.keys()], ["/items/7-2"]);
    },
  ));

test("what does not go together is said", async () => {
  for (const [declared, says] of [
    [{ source: "read: GET /items/{$key}" }, /`syncs\.items\.source\.read` does not go with `parents`/],
    [
      { source: "cursor: { field: at, type: integer, param: since, sorted: true }" },
      /sorted` does not go with `parents`: each list begins anew/,
    ],
  ] as const)
    await between(declared, async ({ place }) => {
      const refused = await place.run("validate");
      assert.equal(refused.exitCode, 2);
      assert.match(refused.stderr.replaceAll(/\s+/g, " "), says);
    });
  await between({}, async (sides) => {
    (sides.orders[1] as Order).items = [{ no: 1, amount: 1, parent: 7 } as never];
    const ran = await sides.run();
    assert.equal(ran.exitCode, 1);
    assert.match(ending(ran).error?.message ?? "", /have a member `parent` of their own/);
  });
});

for (const [what, from, to, exitCode] of [
  ["parents", "next: next", "next: nxt", 1],
  ["children", "type: offset, param: offset, total: total, overlap: 1", "type: none", 0],
] as const)
  test(`P5: a list of ${what} that goes on where it ends as it is declared is warned of`, () =>
    between({}, async ({ run, place }) => {
      const file = join(place.folder, "evenkeel.yaml");
      place.write(readFileSync(file, "utf8").replace(from, to));
      const ran = await run();
      assert.equal(ran.exitCode, exitCode, "`none` says itself that a list ends there");
      const told = ran.events.filter((event) => event.type === "warning" && event.code === "NEXT_PAGE_UNREAD");
      assert.equal(told.length, 1);
    }));
