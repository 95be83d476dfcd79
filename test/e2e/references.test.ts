import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunEvent } from "../../src/core/events.ts";
import { json, startApi, Workplace, type Api, type Ran } from "./harness.ts";

interface Row {
  readonly id: number;
  readonly parent?: number;
  readonly name: string;
}

interface Sides {
  readonly customers: Row[];
  readonly orders: Row[];
  readonly shop: Api;
  readonly place: Workplace;
  /** What the shop holds, by path. */
  readonly held: Map<string, Readonly<Record<string, unknown>>>;
  run(...args: string[]): Promise<Ran>;
}

/** Two lists, and a shop that assigns ids. */
async function between(syncs: string, check: (sides: Sides) => Promise<void>): Promise<void> {
  const [customers, orders]: [Row[], Row[]] = [[], []];
  const store = await startApi((request, _body, response) =>
    json(response, 200, request.url === "/customers" ? customers : orders),
  );
  const held = new Map<string, Readonly<Record<string, unknown>>>();
  let ids = 0;
  const shop = await startApi((request, body, response) => {
    const id = `i${(ids += 1)}`;
    const path = request.method === "POST" ? `${request.url}/${id}` : (request.url ?? "");
    if (request.method === "DELETE") held.delete(path);
    else held.set(path, JSON.parse(body) as Record<string, unknown>);
    return json(response, 201, { id });
  });
  const place = new Workplace();
  place.write(`
connections:
  store: { baseUrl: "${store.url}" }
  shop: { baseUrl: "${shop.url}" }
syncs:
${syncs}
`);
  try {
    await check({ customers, orders, shop, place, held, run: (...args) => place.run("run", "--json", ...args) });
  } finally {
    place.remove();
    await Promise.all([store.stop(), shop.stop()]);
  }
}

const ofOrders = (ran: Ran): Extract<RunEvent, { type: "run-ended" }> => {
  const ended = ran.events.find((event) => event.type === "run-ended" && event.sync === "orders");
  assert.ok(ended?.type === "run-ended");
  return ended;
};

const sync = (name: string, mapping: string, more = "", operations = ""): string => `  ${name}:
    ${more}
    source: { connection: store, request: GET /${name}, records: $, key: id }
    mapping: ${mapping}
    destination: { connection: shop, create: { request: POST /${name}, id: id }, update: "PUT /${name}/{$id}"${operations} }`;

const OF_CUSTOMERS = `{ ref: id, name: name, customer: "$ref('customers', parent)" }`;
const ORDERS = sync("orders", OF_CUSTOMERS, "after: [customers]");
const MIRRORED_ORDERS = `${sync("orders", OF_CUSTOMERS, "after: [customers]", ', delete: "DELETE /orders/{$id}"')}
    deletes: { mode: mirror }`;
const CUSTOMERS = sync("customers", "{ ref: id, name: name }");

/** In an order that has nothing to do with their ids. */
const shuffled = (rows: readonly Row[]): Row[] =>
  rows.toSorted((a, b) => ((a.id * 7919) % 10_007) - ((b.id * 7919) % 10_007));

test("a sync runs after those that it is declared to, and refers to their records by the ids that they were given", () =>
  between(`${ORDERS}\n${CUSTOMERS}`, async ({ customers, orders, held, run, shop }) => {
    customers.push(...Array.from({ length: 500 }, (_, index) => ({ id: index + 1, name: `c${index + 1}` })));
    orders.push(
      ...shuffled(
        Array.from({ length: 10_000 }, (_, index) => ({ id: index + 1, name: "o", parent: 1 + ((index * 31) % 500) })),
      ),
    );
    const ran = await run();
    assert.equal(ran.exitCode, 0);
    const idOf = new Map(
      [...held].flatMap(([path, { ref }]) => (path.startsWith("/customers/") ? [[ref, path.split("/")[2]]] : [])),
    );
    const written = [...held].filter(([path]) => path.startsWith("/orders/")).map(([, order]) => order);
    assert.equal(written.length, 10_000);
    for (const { ref, customer } of written)
      assert.equal(customer, idOf.get(orders.find(({ id }) => id === ref)?.parent));
    const paths = shop.requests.map(({ path }) => path);
    assert.ok(paths.lastIndexOf("/customers") < paths.indexOf("/orders"), "no child before its parent");
  }));

test("a key of several parts is referred to by a list of them, whatever is in them", () =>
  between(
    `${CUSTOMERS.replace("key: id }", "key: [name, id] }")}\n${sync("orders", "{ ref: id, customer: \"$ref('customers', [name, parent])\" }", "after: [customers]")}`,
    async ({ customers, orders, held, run }) => {
      customers.push({ id: 1, name: "a/b" }, { id: 2, name: "a%2Fb" });
      orders.push({ id: 1, name: "a/b", parent: 1 }, { id: 2, name: "a%2Fb", parent: 2 });
      assert.equal((await run()).exitCode, 0);
      const ordered = [...held].filter(([path]) => path.startsWith("/orders/")).map(([, { customer }]) => customer);
      const given = [...held].filter(([path]) => path.startsWith("/customers/")).map(([path]) => path.split("/")[2]);
      assert.deepEqual(ordered, given);
    },
  ));

test("a reference that names no sync, or is given no key, writes no record without it", async () => {
  for (const [call, says] of [
    ["$ref('customers')", /calls `\$ref` with one value, and it takes a sync's name and a key/],
    ["$ref(parent)", /calls `\$ref` with one value/],
    ["$ref('custmers', parent)", /refers to `custmers`, which is no sync/],
  ] as const)
    await between(`${CUSTOMERS}\n${sync("orders", `{ customer: "${call}" }`)}`, async ({ place }) => {
      const refused = await place.run("validate");
      assert.equal(refused.exitCode, 2);
      assert.match(refused.stderr.replaceAll(/\s+/g, " "), says);
    });
  await between(
    `${CUSTOMERS}\n${sync("orders", "{ ref: id, customer: \"$ref('customers', parent = 1)\" }")}`,
    async ({ orders, held, run }) => {
      orders.push({ id: 1, name: "o1", parent: 1 });
      const ran = await run();
      assert.deepEqual([ofOrders(ran).counts.invalid, held.size], [1, 0]);
      assert.match(JSON.stringify(ran.events), /given no key: its key is true, and a key is a text or a number/);
    },
  );
});

test("records of one sync that refer to each other, in any order: each goes once its parent is there", () =>
  between(
    sync("orders", `{ ref: id, name: name, parent: "$ref('orders', parent)" }`),
    async ({ orders, held, run, shop }) => {
      // A tree: each refers to the one of half its number.
      const rows = Array.from({ length: 2_000 }, (_, index) => {
        const id = index + 1;
        return id === 1 ? { id, name: "root" } : { id, name: "n", parent: Math.floor(id / 2) };
      });
      orders.push(...shuffled(rows));
      const ran = await run();
      assert.equal(ran.exitCode, 0);
      assert.equal(held.size, 2_000);
      const seen = new Map<unknown, string>();
      for (const [path, { ref, parent }] of held) {
        seen.set(ref, path.split("/")[2] as string);
        if (ref !== 1) assert.equal(parent, seen.get(Math.floor(Number(ref) / 2)), "its parent was there before");
      }
      assert.equal(shop.requests.length, 2_000, "each was sent once");
    },
  ));

test("what refers to a record that never comes is invalid with that reason, and goes once it is there, though nothing shows it again", () =>
  between(`${CUSTOMERS}\n${ORDERS}`, async ({ customers, orders, held, run, place }) => {
    customers.push({ id: 1, name: "c1" });
    orders.push({ id: 1, name: "o1", parent: 1 }, { id: 2, name: "o2", parent: 9 }, { id: 3, name: "o3" });
    const first = await run();
    assert.equal(first.exitCode, 1);
    assert.equal(held.size, 3);
    const { stdout } = await place.run("rejects", "list", "orders");
    assert.match(
      stdout.replaceAll(/\s+/g, " "),
      /REFERENCE_MISSING: .*record 9 of customers is not in its destination yet/,
    );
    assert.deepEqual(
      [...held.values()].find(({ ref }) => ref === 3),
      { ref: 3, name: "o3" },
      "what refers to nothing has no reference",
    );
    customers.push({ id: 9, name: "c9" });
    const second = await run();
    assert.equal(second.exitCode, 0);
    assert.equal(held.size, 5);
    assert.equal((await place.run("rejects", "list")).stdout, "");
  }));

test("what waited for a record and has left the source is forgotten by the next complete read, whether it was ever written or not", async () => {
  for (const mirrors of [false, true])
    await between(`${CUSTOMERS}\n${mirrors ? MIRRORED_ORDERS : ORDERS}`, async ({ customers, orders, run, place }) => {
      customers.push({ id: 1, name: "c1" });
      orders.push(...[1, 2, 3, 4, 5, 6].map((id) => ({ id, name: "o", parent: 1 })));
      assert.equal((await run()).exitCode, 0);
      orders.push({ id: 7, name: "o7", parent: 9 });
      orders[0] = { id: 1, name: "o1", parent: 9 };
      assert.equal(ofOrders(await run()).counts.invalid, 2);
      orders.pop();
      orders.shift();
      const left = await run();
      // D2: a mirror deletes what it has written once two reads have missed it.
      assert.equal(left.exitCode, mirrors ? 1 : 0);
      if (mirrors) assert.match(ofOrders(left).why ?? "", /1 record that an earlier run refused stands .* not met it/);
      assert.equal((await run()).exitCode, 0);
      assert.equal((await place.run("rejects", "list")).stdout, "");
    });
});

const told = (ran: Ran): readonly (readonly unknown[])[] =>
  ran.events.flatMap((event) => (event.type === "warning" ? [[event.code, event.message]] : []));

test("records that wait for each other are said to, and every run tries them again", () =>
  between(sync("orders", `{ ref: id, parent: "$ref('orders', parent)" }`), async ({ orders, held, run, place }) => {
    orders.push(
      { id: 1, name: "a", parent: 2 },
      { id: 2, name: "b", parent: 1 },
      { id: 3, name: "leads to them", parent: 1 },
      { id: 4, name: "itself", parent: 4 },
      { id: 5, name: "waits for nobody's", parent: 99 },
    );
    const ran = await run();
    assert.deepEqual(told(ran), [
      ["REFERENCE_CIRCLE", "records 1 and 2 wait for each other, and none can be the first"],
      ["REFERENCE_CIRCLE", "record 4 waits for itself"],
    ]);
    assert.equal(held.size, 0);
    const { stdout } = await place.run("explain", "orders", "5");
    assert.match(
      stdout.replaceAll(/\s+/g, " "),
      /record 99 of orders is not .* Every run tries it again, until that is there/,
    );
    orders[1] = { id: 2, name: "b" };
    assert.deepEqual(told(await run()), [["REFERENCE_CIRCLE", "record 4 waits for itself"]]);
    assert.equal(held.size, 3);
  }));

const inOneLine = (text: string): string => text.replaceAll(/\s+/g, " ");

test("a plan knows what waits for what it creates, in this sync and in others, and what waits for nothing of the kind", () =>
  between(
    `${CUSTOMERS}\n${sync("orders", `{ ref: id, customer: "$ref('customers', parent)", before: "$ref('orders', name = '-' ? null : name)" }`, "after: [customers]")}`,
    async ({ customers, orders, held, run, place }) => {
      customers.push({ id: 1, name: "c1" });
      orders.push(
        { id: 3, name: "2", parent: 1 },
        { id: 2, name: "1" },
        { id: 1, name: "-", parent: 1 },
        { id: 4, name: "-", parent: 9 },
        { id: 5, name: "4" },
      );
      const plan = await place.run("plan");
      assert.equal(plan.exitCode, 1, "customer 9 comes from nowhere");
      const said = inOneLine(plan.stdout);
      assert.match(
        said,
        /> 3 waits for customers 1 and orders 2, which this plan creates > 2 waits for orders 1, .* > 1 waits/,
      );
      assert.match(said, /! 4 REFERENCE_MISSING: .*record 9 of customers/);
      assert.match(said, /! 5 REFERENCE_MISSING: .*record 4 of orders/);
      assert.match(
        said,
        /orders: 0 to create, 0 to update, 0 unchanged, 3 waiting for what this plan creates, 2 invalid/,
      );
      assert.match(said, /forecast 4 requests.* next evenkeel run customers orders/);
      const partial = await place.run("plan", "--limit", "2");
      assert.match(
        inOneLine(partial.stdout),
        /orders: .* 0 unchanged, 2 invalid/,
        "a careful run comes back to none of its own",
      );
      orders.splice(3);
      assert.equal((await place.run("plan")).exitCode, 0);
      assert.equal((await place.run("plan", "--exit-code")).exitCode, 4);
      assert.equal((await place.run("plan", "orders")).exitCode, 1, "nobody creates the customer");
      assert.equal((await run()).exitCode, 0, "as it was planned");
      assert.equal(held.size, 4);
    },
  ));

test("a plan that is applied exactly names what it leaves out because it waits, and is not level before that is written too", () =>
  between(`${CUSTOMERS}\n${ORDERS}`, async ({ customers, orders, held, run, place }) => {
    customers.push({ id: 1, name: "c1" });
    orders.push({ id: 1, name: "o1", parent: 1 }, { id: 2, name: "o2", parent: 9 });
    const planned = await place.run("plan", "--out", "plan.jsonl");
    assert.equal(planned.exitCode, 1);
    assert.match(
      inOneLine(planned.stdout),
      /left out 1 record: .*plan once more when it is applied.* 1 operation in plan/,
    );
    const applied = await run("--plan", "plan.jsonl");
    assert.deepEqual([applied.exitCode, ofOrders(applied).status, held.size], [1, "incomplete", 1]);
    assert.equal(ofOrders(applied).why, "the plan leaves out 2 records");
    assert.deepEqual(told(applied), [
      [
        "PLAN_LEAVES_OUT",
        "the plan leaves out 2 records: 1 waits for customers 1, which it creates; 2 is invalid: `customer`: record 9 of customers is not in its destination yet",
      ],
    ]);
    orders.pop();
    assert.equal((await place.run("plan", "--out", "plan.jsonl")).exitCode, 0);
    assert.equal((await run("--plan", "plan.jsonl")).exitCode, 0);
    assert.equal(held.size, 2);
  }));

test("an order that comes round, and a name that is no sync, are said", async () => {
  for (const [syncs, says] of [
    [
      `${sync("orders", "{ ref: id }", "after: [customers]")}\n${sync("customers", "{ ref: id }", "after: [orders]")}`,
      /comes round to itself/,
    ],
    [sync("orders", "{ ref: id }", "after: [nobody]"), /names `nobody`, which is no sync/],
  ] as const)
    await between(syncs, async ({ place }) => {
      const refused = await place.run("validate");
      assert.equal(refused.exitCode, 2);
      assert.match(refused.stderr.replaceAll(/\s+/g, " "), says);
    });
  await between(sync("orders", `{ ref: "$ref(name, id)" }`), async ({ place, orders }) => {
    orders.push({ id: 1, name: "nobody" });
    const ran = await place.run("run");
    assert.equal(ran.exitCode, 1);
    assert.match((ran.stdout + ran.stderr).replaceAll(/\s+/g, " "), /`\$ref` names "nobody", which is no sync/);
  });
});
