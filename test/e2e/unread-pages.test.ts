import assert from "node:assert/strict";
import { test } from "node:test";
import type { Observed } from "../../src/evenkeel.ts";
import { ending, json, startApi, Workplace, type Api, type Ran } from "./harness.ts";

const ROWS = 200;
const SIZE = 50;
const rows = Array.from({ length: ROWS }, (_, index) => ({ id: index + 1, at: ROWS - index }));

interface Sides {
  readonly items: Set<string>;
  readonly store: Api;
  run(...args: string[]): Promise<Ran>;
  /** Writes the config with another source. */
  declare(source: string): void;
}

const TYPO = "pagination: { type: cursor, next: meta.nextcursor, param: cursor }";
const RIGHT = "pagination: { type: cursor, next: meta.next_cursor, param: cursor }";
const CURSOR = "cursor: { field: at, type: integer, param: since, lookback: 0 }";

/** A source in pages of 50, whose answers name the next one in `meta.next_cursor`. */
async function between(source: string, check: (sides: Sides) => Promise<void>, sync = ""): Promise<void> {
  const items = new Set<string>();
  const store = await startApi((request, _body, response) => {
    const url = new URL(request.url ?? "/", "http://x");
    const one = /^\/rows\/(\d+)$/.exec(url.pathname)?.[1];
    if (one !== undefined) return json(response, 200, rows[Number(one) - 1]);
    const of = rows.filter(({ at }) => at >= Number(url.searchParams.get("since") ?? 0));
    const at = Number(url.searchParams.get("cursor") ?? 0);
    const next = at + SIZE < of.length ? String(at + SIZE) : null;
    json(response, 200, { data: of.slice(at, at + SIZE), meta: { next_cursor: next } });
  });
  const shop = await startApi((request, _body, response) => {
    if (request.method === "PUT") items.add(request.url ?? "");
    if (request.method === "DELETE") items.delete(request.url ?? "");
    json(response, 200, {});
  });
  const place = new Workplace();
  const declare: Sides["declare"] = (declared) =>
    place.write(`
connections:
  store: { baseUrl: "${store.url}" }
  shop: { baseUrl: "${shop.url}", lateWrite: 0s }
syncs:
  rows:
    source: { connection: store, request: GET /rows, records: data, key: id${declared === "" ? "" : `, ${declared}`} }
    destination: { connection: shop, upsert: "PUT /items/{id}", delete: "DELETE /items/{id}" }
    ${sync}
`);
  declare(source);
  try {
    await check({ items, store, declare, run: (command, ...args) => place.run(command as string, "--json", ...args) });
  } finally {
    place.remove();
    await Promise.all([store.stop(), shop.stop()]);
  }
}

const warned = ({ events }: Ran, code: string): readonly string[] =>
  events.flatMap((event) => (event.type === "warning" && event.code === code ? [event.message] : []));

for (const [what, source] of [
  ["a misspelt `next`", TYPO],
  ["no pagination", ""],
  ["pagination `none`", "pagination: { type: none }"],
] as const)
  test(`P5: ${what} reads one page; run, plan and probe say that the answer has a next one`, () =>
    between(source, async ({ run, items }) => {
      const plan = await run("plan");
      const { warnings } = JSON.parse(plan.stdout.trim().split("\n").at(-1) ?? "") as {
        warnings: { code: string; next: string }[];
      };
      assert.deepEqual(
        warnings.map(({ code }) => code),
        ["NEXT_PAGE_UNREAD"],
      );
      assert.match(warnings[0]?.next ?? "", /evenkeel probe/);
      const ran = await run("run");
      // Whoever declares that one page is all has said so.
      const isDeclared = source.includes("none");
      assert.deepEqual([ran.exitCode, items.size], [isDeclared ? 0 : 1, SIZE], "what was read is right");
      assert.equal(ending(ran).why, isDeclared ? undefined : "the source has more pages than were read");
      const ended =
        source === ""
          ? "no `pagination` is declared, so one page was read"
          : "reading ended as `pagination` declares it";
      assert.deepEqual(warned(ran, "NEXT_PAGE_UNREAD"), [
        `${ended}, and the answer has \`meta.next_cursor\`: what follows was not read`,
      ]);
      const probe = await run("probe");
      assert.equal(probe.exitCode, 1);
      const observed = probe.events as unknown as readonly Observed[];
      const change = observed.find(({ about, weight }) => about === "paging" && weight === "trouble")?.change ?? "";
      assert.match(change, /next: meta\.next_cursor/);
    }));

test("P5: paging that is declared as it is warns of nothing, on one page or on many", () =>
  between(RIGHT, async ({ run, items }) => {
    const ran = await run("run");
    assert.deepEqual([ran.exitCode, items.size, warned(ran, "NEXT_PAGE_UNREAD")], [0, ROWS, []]);
    assert.equal((await run("probe")).exitCode, 0);
  }));

test("P10: paging that is mended reads everything once, whatever the cursor says", () =>
  between(`${TYPO}, ${CURSOR}`, async ({ run, items, declare }) => {
    assert.equal((await run("run")).exitCode, 1);
    assert.equal(items.size, SIZE, "the newest ones came first");
    declare(`${RIGHT}, ${CURSOR}`);
    const mended = await run("run");
    assert.equal(ending(mended).counts.created, ROWS - SIZE);
    assert.equal(items.size, ROWS);
    declare(`${RIGHT.replace("param: cursor", "param: cursor, size: { value: 50 }")}, ${CURSOR}`);
    assert.equal(ending(await run("run")).counts.read, 1, "another size is the same list");
  }));

const MIRROR = "deletes: { mode: mirror, guard: { count: 1000, percentMax: 100 } }";

test("D1: a mirror takes no absence as proven while the source's list goes on", () =>
  between(
    RIGHT,
    async ({ run, items, declare }) => {
      assert.equal((await run("run")).exitCode, 0);
      declare(TYPO);
      for (let time = 0; time < 3; time++) {
        const ran = await run("run");
        assert.equal(warned(ran, "ABSENCE_UNKNOWN").length, 1);
        assert.deepEqual([ending(ran).counts.missed, ending(ran).counts.deleted, items.size], [0, 0, ROWS]);
      }
      const plan = await run("plan");
      assert.doesNotMatch(plan.stdout, /"kind":"delete"/);
    },
    MIRROR,
  ));

test("D2: where the source can be asked for each, a mirror asks, and finds what it has not read", () =>
  between(
    `${RIGHT}, read: "GET /rows/{$key}"`,
    async ({ run, items, declare }) => {
      assert.equal((await run("run")).exitCode, 0);
      declare(`${TYPO}, read: "GET /rows/{$key}"`);
      const ran = await run("run");
      assert.deepEqual([warned(ran, "ABSENT_BUT_READ").length, items.size], [1, ROWS]);
    },
    MIRROR,
  ));
