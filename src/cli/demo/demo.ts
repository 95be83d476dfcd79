import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import type { Chance, Clock } from "../../core/clock.ts";
import type { RunEvent } from "../../core/events.ts";
import { systemClock } from "../../runtime/clock.ts";
import type { Terminal } from "../../runtime/process.ts";
import { startWorker } from "../../runtime/worker.ts";
import { seededChance } from "../../testing/seeded-chance.ts";
import { compareSides, type Comparison } from "./comparison.ts";
import { startShop, SHOP_KEY, type Shop } from "./shop.ts";
import { startStore, STORE_TOKEN, type Store } from "./store.ts";

export interface DemoOptions {
  readonly records: number;
  readonly seed: number;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

/** Records that are edited at the store while the worker is dead. */
const EDITS = 30;

/** The line of a run is repainted this often. */
const PAINT_EVERY_MS = 100;

/**
 * Two real HTTP APIs with trouble switched on; a worker process that syncs them, is killed halfway and resumes; and a comparison of
 * both sides that the demo makes itself. Resolves with the exit code: 0 when both sides are level and nothing is doubled.
 */
export async function runDemo({ records, seed, terminal, signal }: DemoOptions): Promise<number> {
  const chance = seededChance(seed);
  const store = await startStore(records, systemClock, chance);
  const shop = await startShop(systemClock, chance);
  try {
    return await show({ store, shop, records, terminal, signal, chance, clock: systemClock });
  } finally {
    await store.close();
    await shop.close();
  }
}

interface Stage {
  readonly store: Store;
  readonly shop: Shop;
  readonly records: number;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  readonly chance: Chance;
  readonly clock: Clock;
}

async function show(stage: Stage): Promise<number> {
  const { store, shop, records, terminal, clock } = stage;
  const say = (text: string): void => terminal.stdout.write(`${text}\n`);
  const startedMs = clock.monotonicMs();
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-demo-"));
  const config = join(folder, "evenkeel.yaml");
  writeFileSync(config, configOf(store, shop));

  say(`Two real HTTP APIs on this machine:`);
  say(`  store ${store.url}  ${number(records)} records; some of its pages fail or are cut short`);
  say(`  shop  ${shop.url}  empty; answers 429 and 500, loses answers, cuts connections`);
  say("");
  say(`1. evenkeel run, and kill -9 of its process halfway`);
  const killed = await work(
    stage,
    config,
    () => shop.items.size + shop.customers.size >= records * 0.55 && shop.unanswered() > 0,
  );
  say(
    killed.wasKilled
      ? `   killed with ${number(shop.items.size + shop.customers.size)} records across and ${killed.unanswered} writes unanswered`
      : `   it was done before it could be killed`,
  );
  say("");
  say(`2. meanwhile somebody edits ${2 * EDITS} records at the store`);
  store.edit("products", EDITS);
  store.edit("customers", EDITS);
  say("");
  say(`3. evenkeel run again: it resumes`);
  const resumed = await work(stage, config, () => false);
  say(`   ${resumed.status.join(", ")}`);
  say("");
  say(`4. evenkeel run once more: there is nothing to do`);
  const writesBefore = shop.writes.applied;
  const idle = await work(stage, config, () => false);
  const idleWrites = shop.writes.applied - writesBefore;
  say(`   ${idle.status.join(", ")}; ${number(idleWrites)} writes`);
  say("");

  const comparisons = compareSides(store, shop);
  const isLevel =
    comparisons.every(
      ({ missing, different, doubled, source, destination }) =>
        missing + different + doubled === 0 && source === destination,
    ) && idleWrites === 0;
  say("Both sides, compared by the demo itself, record by record:");
  for (const comparison of comparisons) say(`   ${comparisonLine(comparison)}`);
  say("");
  const { faults, writes } = shop;
  say(
    `Survived: ${killed.wasKilled ? "1 kill -9, " : ""}${faults["lose-answer"]} lost answers, ${faults["cut-before"]} cut connections, ${faults.fail} answers 500, ${faults.throttle} answers 429,`,
  );
  say(
    `   ${store.trouble.failedPages} failed pages, ${store.trouble.cutPages} pages cut short. ${writes.repeated} creates were asked for again under the same key, and made once.`,
  );
  say("");
  say(
    isLevel
      ? `Level: nothing lost, nothing doubled, in ${((clock.monotonicMs() - startedMs) / 1_000).toFixed(1)} s.`
      : `NOT LEVEL. That is a defect: please report it with \`--seed\`.`,
  );
  say(`Look around (the ledger stays): evenkeel explain products 1 --config ${config}`);
  say(`Your own two APIs: evenkeel init`);
  return isLevel ? 0 : 1;
}

function comparisonLine({ name, source, destination, missing, different, doubled }: Comparison): string {
  return `${name.padEnd(9)} ${number(source)} at the store, ${number(destination)} in the shop: ${missing} missing, ${different} different, ${doubled} doubled`;
}

interface Worked {
  readonly wasKilled: boolean;
  readonly unanswered: number;
  readonly status: readonly string[];
}

/** Runs the command in a process of its own and shows its progress; kills it when `isTime`. */
async function work({ terminal, signal, shop, clock }: Stage, config: string, isTime: () => boolean): Promise<Worked> {
  const entry = new URL(`../evenkeel${extname(import.meta.url)}`, import.meta.url);
  const worker = startWorker(entry, ["run", "--config", config, "--json"], { STORE_TOKEN, SHOP_KEY });
  let killedWith: number | undefined;
  let paintedMs = 0;
  const kill = (): void => worker.kill();
  signal.addEventListener("abort", kill, { once: true });
  const watch = setIntervalOf(clock, () => {
    if (killedWith !== undefined || !isTime()) return;
    killedWith = shop.unanswered();
    worker.kill();
  });
  const status: string[] = [];
  for await (const line of worker.lines) {
    const event = JSON.parse(line) as RunEvent;
    if (event.type === "run-ended") status.push(endedText(event));
    const { stderr } = terminal;
    if (!stderr.isTTY || event.type !== "progress" || clock.monotonicMs() - paintedMs < PAINT_EVERY_MS) continue;
    paintedMs = clock.monotonicMs();
    stderr.write(`\r\u001b[2K   ${progressText(event)}`.slice(0, stderr.columns + 4));
  }
  watch.cancel();
  signal.removeEventListener("abort", kill);
  if (terminal.stderr.isTTY) terminal.stderr.write("\r\u001b[2K");
  const { stderr } = await worker.ended;
  if (stderr !== "" && killedWith === undefined) terminal.stderr.write(stderr);
  return { wasKilled: killedWith !== undefined, unanswered: killedWith ?? 0, status };
}

/** How often it is looked whether the moment to kill has come. */
const LOOK_EVERY_MS = 5;

function setIntervalOf(clock: Clock, then: () => void): { cancel(): void } {
  let timer = clock.after(LOOK_EVERY_MS, tick);
  function tick(): void {
    then();
    timer = clock.after(LOOK_EVERY_MS, tick);
  }
  return { cancel: () => timer.cancel() };
}

const number = (value: number): string => value.toLocaleString("en-US");

function progressText({ sync, counts, waitingFor }: Extract<RunEvent, { type: "progress" }>): string {
  return `${sync}: ${number(counts.read)} read, ${number(counts.created + counts.updated)} written${waitingFor === undefined ? "" : `, waits for ${waitingFor}`}`;
}

function endedText({ sync, status, counts }: Extract<RunEvent, { type: "run-ended" }>): string {
  return `${sync} ${status} (${number(counts.created)} created, ${number(counts.updated)} updated)`;
}

const configOf = (store: Store, shop: Shop): string => `# The demo's config. Tokens come from the environment.
connections:
  store:
    baseUrl: ${store.url}
    auth: { type: bearer, token: "\${STORE_TOKEN:-${STORE_TOKEN}}" }
    retry: { base: 50ms }
  shop:
    baseUrl: ${shop.url}
    auth: { type: header, name: X-Api-Key, value: "\${SHOP_KEY:-${SHOP_KEY}}" }
    retry: { base: 50ms, attempts: 10 }
    lateWrite: 2s

syncs:
  products:                      # each record has its own address
    source:
      connection: store
      request: GET /products
      records: data
      key: id
      pagination: { type: cursor, next: meta.next_cursor, param: cursor }
      cursor: { field: updated_at, type: timestamp, param: updated_since, lookback: 2m, sorted: true }
    mapping:
      sku: id
      name: title
      priceCents: $round(price * 100)
      stock: stock
    destination:
      connection: shop
      upsert: PUT /items/{sku}

  customers:                     # the shop assigns the ids
    source:
      connection: store
      request: GET /customers
      records: data
      key: id
      pagination: { type: cursor, next: meta.next_cursor, param: cursor }
      cursor: { field: updated_at, type: timestamp, param: updated_since, lookback: 2m, sorted: true }
    mapping:
      externalRef: id
      name: name
      email: email
    destination:
      connection: shop
      create: { request: POST /customers, id: id, idempotencyKey: { header: Idempotency-Key, retention: 24h } }
      update: PATCH /customers/{$id}
`;
