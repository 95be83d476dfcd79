import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Chance, Clock } from "../../core/clock.ts";
import { EvenkeelError } from "../../core/errors.ts";
import type { RunEvent } from "../../core/events.ts";
import { ownFile } from "../../own-package.ts";
import { startWorker } from "../../runtime/worker.ts";
import { seededChance } from "../../testing/seeded-chance.ts";
import { count, counted, duration } from "../amounts.ts";
import { quoted } from "../command-line.ts";
import type { Context } from "../context.ts";
import { wrapped } from "../width.ts";
import { compareSides, type Comparison } from "./comparison.ts";
import { configOf } from "./config.ts";
import { startShop, SHOP_KEY, type Shop } from "./shop.ts";
import { startStore, STORE_TOKEN, type Store } from "./store.ts";

export interface DemoOptions {
  readonly records: number;
  readonly seed: number;
}

/** Records that are edited at the store while the worker is dead. */
const EDITS = 30;

/** The line of a run is repainted this often. */
const PAINT_EVERY_MS = 100;

/**
 * Two real HTTP APIs with trouble switched on; a worker process that syncs them, is killed halfway and resumes; and a comparison of
 * both sides that the demo makes itself. Resolves with the exit code: 0 when both sides are level and nothing is doubled. Throws `RUN_INTERRUPTED`
 * when it is told to stop; then nothing is left of it.
 */
export async function runDemo({ records, seed }: DemoOptions, context: Context): Promise<number> {
  const chance: Chance = seededChance(seed);
  const { clock } = context.host;
  const { signal } = context.host.interruption();
  const store = await startStore(records, clock, chance);
  const shop = await startShop(clock, chance);
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-demo-"));
  try {
    return await show({ store, shop, records, folder, signal, context });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  } finally {
    await store.close();
    await shop.close();
  }
}

interface Stage {
  readonly store: Store;
  readonly shop: Shop;
  readonly records: number;
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly context: Context;
}

async function show(stage: Stage): Promise<number> {
  const { store, shop, records, folder, context } = stage;
  const { printer, host } = context;
  const say = (text: string): void => printer.result(wrapped(text, printer.columns).join("\n"));
  const startedMs = host.clock.monotonicMs();
  const config = join(folder, "evenkeel.yaml");
  writeFileSync(config, configOf(store, shop));

  say("Two real HTTP APIs on this machine:");
  say(`  store ${store.url}  ${count(records)} records; pages fail or are cut short`);
  say(`  shop  ${shop.url}  empty; 429, 500, lost answers, cut connections`);
  say("");
  say("1. evenkeel run, and kill -9 of its process halfway");
  const across = (): number => shop.items.size + shop.customers.size;
  const killed = await work(stage, config, () => across() >= records * 0.55 && shop.unanswered() > 0);
  say(
    killed.wasKilled
      ? `   killed with ${count(across())} records across and ${killed.unanswered} writes unanswered`
      : "   it was done before it could be killed",
  );
  say("");
  say(`2. meanwhile somebody edits ${2 * EDITS} records at the store`);
  store.edit("products", EDITS);
  store.edit("customers", EDITS);
  say("");
  say("3. evenkeel run again: it resumes");
  const resumed = await work(stage, config, () => false);
  for (const status of resumed.status) say(`   ${status}`);
  if (killed.wasKilled) say("   among them writes whose answers died with the process: repeated, and there once");
  say("");
  say("4. evenkeel run once more: there is nothing to do");
  const writesBefore = shop.writes.applied;
  const idle = await work(stage, config, () => false);
  const idleWrites = shop.writes.applied - writesBefore;
  for (const status of idle.status) say(`   ${status}`);
  say(`   ${counted(idleWrites, "write")}`);
  say("");

  const comparisons = compareSides(store, shop);
  const isLevel =
    comparisons.every(
      ({ missing, different, doubled, source, destination }) =>
        missing + different + doubled === 0 && source === destination,
    ) && idleWrites === 0;
  printer.record({ type: "demo", isLevel, comparisons });
  say("Both sides, compared by the demo itself, record by record:");
  for (const comparison of comparisons) say(`   ${comparisonLine(comparison)}`);
  say("");
  say(survivedText(stage, killed.wasKilled));
  say("");
  say(
    isLevel
      ? `Level: nothing lost, nothing doubled, in ${duration(host.clock.monotonicMs() - startedMs)}.`
      : "NOT LEVEL. That is a defect: please report it with `--seed`.",
  );
  say("");
  say("Look around, the ledger stays:");
  printer.result(`  evenkeel explain products 1 --config ${quoted(config)}`);
  say("Your own two APIs:");
  printer.result("  evenkeel init");
  return isLevel ? 0 : 1;
}

/** What went wrong on the way, and did no harm. */
function survivedText({ store, shop }: Stage, wasKilled: boolean): string {
  const { faults, writes } = shop;
  const survived = [
    ...(wasKilled ? ["1 kill -9"] : []),
    counted(faults["lose-answer"], "lost answer"),
    counted(faults["cut-before"], "cut connection"),
    counted(faults.fail, "answer 500", "answers 500"),
    counted(faults.throttle, "answer 429", "answers 429"),
    counted(store.trouble.failedPages, "failed page"),
    counted(store.trouble.cutPages, "page cut short", "pages cut short"),
  ].filter((each) => !each.startsWith("0 "));
  const repeated = counted(writes.repeated, "create was", "creates were");
  return `Survived: ${survived.join(", ")}. ${repeated} asked for again under the same key, and made once.`;
}

function comparisonLine({ name, source, destination, missing, different, doubled }: Comparison): string {
  return `${name.padEnd(9)} store ${count(source)}, shop ${count(destination)}: ${missing} missing, ${different} different, ${doubled} doubled`;
}

interface Worked {
  readonly wasKilled: boolean;
  readonly unanswered: number;
  readonly status: readonly string[];
}

/** Runs the command in a process of its own and shows its progress; kills it when `isTime`, and when the demo is to stop. */
async function work({ context, signal, shop }: Stage, config: string, isTime: () => boolean): Promise<Worked> {
  const { printer, host } = context;
  const entry = ownFile(import.meta.url.endsWith(".ts") ? "src/cli/evenkeel.ts" : "dist/cli/evenkeel.js");
  const worker = startWorker(entry, ["run", "--config", config, "--json"], { STORE_TOKEN, SHOP_KEY });
  let killedWith: number | undefined;
  let paintedMs = 0;
  const kill = (): void => worker.kill();
  signal.addEventListener("abort", kill, { once: true });
  const watch = setIntervalOf(host.clock, () => {
    if (killedWith !== undefined || !isTime()) return;
    killedWith = shop.unanswered();
    worker.kill();
  });
  const status: string[] = [];
  for await (const line of worker.lines) {
    const event = eventOf(line);
    if (event?.type === "run-ended") status.push(endedText(event));
    if (!printer.isLive || event?.type !== "progress" || host.clock.monotonicMs() - paintedMs < PAINT_EVERY_MS)
      continue;
    paintedMs = host.clock.monotonicMs();
    printer.live([`   ${progressText(event)}`]);
  }
  watch.cancel();
  signal.removeEventListener("abort", kill);
  printer.live([]);
  const { stderr } = await worker.ended;
  if (signal.aborted)
    throw new EvenkeelError("RUN_INTERRUPTED", "the demo was interrupted, and nothing of it is left running", {
      next: "`evenkeel demo` begins anew.",
    });
  if (stderr !== "" && killedWith === undefined) printer.note(stderr);
  return { wasKilled: killedWith !== undefined, unanswered: killedWith ?? 0, status };
}

/** A process that is killed may leave half a line. */
function eventOf(line: string): RunEvent | undefined {
  try {
    return JSON.parse(line) as RunEvent;
  } catch {
    return undefined;
  }
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

function progressText({ sync, counts, waitingFor }: Extract<RunEvent, { type: "progress" }>): string {
  return `${sync}: ${count(counts.read)} read, ${count(counts.created + counts.updated)} written${waitingFor === undefined ? "" : `, waits for ${waitingFor}`}`;
}

function endedText({ sync, status, counts }: Extract<RunEvent, { type: "run-ended" }>): string {
  return `${sync.padEnd(9)} ${status}, ${count(counts.created)} created, ${count(counts.updated)} updated`;
}
