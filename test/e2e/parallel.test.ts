import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { RunEvent } from "../../src/core/events.ts";
import { json, startApi, Workplace, type Api, type Ran } from "./harness.ts";

const ROWS = 60;
const rows = Array.from({ length: ROWS }, (_, index) => ({ id: index + 1 }));

const sync = (name: string, after = ""): string => `  ${name}:
    ${after}
    source: { connection: store, request: GET /${name}, records: $, key: id }
    mapping: { ref: id, kind: "'${name}'" }
    destination: { connection: shop, create: { request: POST /${name}, id: id, idempotencyKey: {} } }`;

interface Sides {
  readonly store: Api;
  readonly shop: Api;
  readonly place: Workplace;
  /** What the shop has made, as `name ref`. */
  readonly made: readonly string[];
  /** How many requests it had at once at most. */
  readonly peak: () => number;
}

const CONCURRENCY = 8;

/** A shop that honours keys, and takes a little time. */
async function between(syncs: string, check: (sides: Sides) => Promise<void>): Promise<void> {
  const store = await startApi((_request, _body, response) => json(response, 200, rows));
  const made: string[] = [];
  const byKey = new Map<string, string>();
  let peak = 0;
  const shop = await startApi(async (request, body, response) => {
    peak = Math.max(peak, shop.unanswered());
    const key = String(request.headers["idempotency-key"]);
    if (!byKey.has(key)) {
      const { kind, ref } = JSON.parse(body) as { readonly kind: string; readonly ref: number };
      byKey.set(key, String(made.push(`${kind} ${ref}`)));
    }
    await sleep(3);
    json(response, 201, { id: byKey.get(key) });
  });
  const place = new Workplace();
  place.write(`
connections:
  store: { baseUrl: "${store.url}" }
  shop: { baseUrl: "${shop.url}", lateWrite: 1s, limits: { concurrency: ${CONCURRENCY} } }
syncs:
${syncs}
`);
  try {
    await check({ store, shop, place, made, peak: () => peak });
  } finally {
    place.remove();
    await Promise.all([store.stop(), shop.stop()]);
  }
}

const order = ({ events }: Ran, type: RunEvent["type"]): readonly string[] =>
  events.filter((event) => event.type === type).map((event) => event.sync);

const all = (...names: readonly string[]): readonly string[] =>
  names.flatMap((name) => rows.map(({ id }) => `${name} ${id}`)).toSorted();

test("syncs wait at the same time, each behind those it is `after`", async () => {
  const syncs = [sync("orders", "after: [customers]"), sync("customers"), sync("products")].join("\n");
  await between(syncs, async ({ place, made, peak }) => {
    const ran = await place.run("run", "--json", "--parallel", "3");
    assert.equal(ran.exitCode, 0, ran.stderr);
    assert.deepEqual(made.toSorted(), all("customers", "orders", "products"));
    const at = (type: RunEvent["type"], name: string): number =>
      ran.events.findIndex((event) => event.type === type && event.sync === name);
    assert.ok(at("run-started", "orders") > at("run-ended", "customers"));
    assert.ok(at("run-started", "products") < at("run-ended", "customers"));
    assert.equal(order(ran, "run-ended").length, 3);
    assert.ok(peak() <= CONCURRENCY, `${peak()} at once: the limit is theirs together`);
  });
});

test("without it, one sync is run after the other", () =>
  between([sync("customers"), sync("products")].join("\n"), async ({ place }) => {
    const { events } = await place.run("run", "--json");
    const seen = events.filter(({ type }) => type === "run-started" || type === "run-ended");
    assert.deepEqual(
      seen.map(({ type, sync: name }) => `${type} ${name}`),
      ["run-started customers", "run-ended customers", "run-started products", "run-ended products"],
    );
  }));

test("several at once are killed with writes under way, and go on: every record once", () => {
  const names = ["a", "b", "c", "d"];
  return between(names.map((name) => sync(name)).join("\n"), async ({ place, shop, made }) => {
    for (const enough of [20, 90, 150]) {
      const running = place.start("run", "--json", "--parallel", "4");
      while (made.length < enough || shop.unanswered() === 0) await sleep(1);
      running.kill("SIGKILL");
      assert.equal((await running.ended).signal, "SIGKILL");
    }
    assert.ok(new Set(made.map((each) => each.split(" ")[0])).size > 1, "several were under way");
    const ran = await place.run("run", "--json", "--parallel", "4");
    assert.equal(ran.exitCode, 0, ran.stderr);
    assert.deepEqual(made.toSorted(), all(...names));
  });
});

test("Ctrl-C lets all that run finish what is in flight, and begins no other", () => {
  const names = ["a", "b", "c", "d"];
  return between(names.map((name) => sync(name)).join("\n"), async ({ place, shop, made }) => {
    const running = place.start("run", "--json", "--parallel", "2");
    while (made.length < 10 || shop.unanswered() === 0) await sleep(1);
    running.kill("SIGINT");
    const ran = await running.ended;
    assert.equal(ran.exitCode, 130);
    assert.deepEqual(order(ran, "run-started").toSorted(), ["a", "b"]);
    assert.deepEqual(order(ran, "run-ended").toSorted(), ["a", "b"]);
    const again = await place.run("run", "--parallel", "2", "--json");
    assert.equal(again.exitCode, 0, again.stderr);
    assert.deepEqual(made.toSorted(), all(...names));
  });
});
