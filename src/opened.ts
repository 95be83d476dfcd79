import type { BuiltSync } from "./config/build.ts";
import { adoptionsOf } from "./adoptions.ts";
import { guaranteeOf } from "./core/guarantee.ts";
import type { Ledger } from "./core/ledger.ts";
import type { Check, Checked, CheckOptions, Drift, Evenkeel, SyncInfo, SyncStatus } from "./evenkeel.ts";
import { explain } from "./explain.ts";
import { Lanes } from "./http/lanes.ts";
import { createMeans, NEVER, type OpenedOptions } from "./means.ts";
import { checkSync } from "./pipeline/check.ts";
import { NO_COUNTS } from "./pipeline/looking.ts";
import { applyPlan, makePlan } from "./plans.ts";
import { probeSyncs } from "./probes.ts";
import { ReadingWatch } from "./reading-progress.ts";
import { ALL, choiceOf, startRun } from "./runs.ts";
import { createScratch } from "./sqlite/scratch.ts";
import { decidedRejects, storedRejects } from "./stored-rejects.ts";
import { createStream, streaming } from "./stream.ts";
import { checked } from "./sync-result.ts";
import { unblockSync } from "./unblock.ts";

/** Unresolved operations read at a time. */
const BATCH = 200;

const UNKNOWN_SHOWN = 20;

export function openEvenkeel(options: OpenedOptions): Evenkeel {
  const { configFile, stateFile } = options;
  const means = createMeans(options);
  const { config, clock, chance, build, chosen, looking, writing, breatheWith } = means;

  const info = (name: string, { sync }: BuiltSync): SyncInfo => {
    const { source, destination } = config.syncs[name] as (typeof config.syncs)[string];
    const written = destination.upsert ?? destination.upsertMany ?? destination.create;
    return {
      name,
      source: { connection: source.connection, request: source.request },
      destination: { connection: destination.connection, request: written?.request ?? "" },
      guarantee: guaranteeOf(sync),
    };
  };

  const check = ({ syncs, sample, signal = NEVER }: CheckOptions = {}): Check => {
    const drifts = createStream<Drift>();
    const watch = new ReadingWatch();
    const work = async (): Promise<ReturnType<typeof checked>> =>
      looking(async (ledger) => {
        const built = await means.built(ledger);
        const results: Checked[] = [];
        for (const name of chosen(syncs)) {
          const entry = built.get(name) as BuiltSync;
          const ports = {
            clock,
            chance,
            ledger: await ledger?.of(name),
            counts: watch.begin(name, entry),
            scratch: createScratch,
            breathe: breatheWith(drifts),
          };
          results.push(await checkSync(entry.sync, ports, { sample, stop: signal }, drifts.push));
        }
        return checked(results);
      });
    return { ...streaming(drifts, work()), progress: watch.progress };
  };

  const statusOf = async (name: string, ledger: Ledger | undefined): Promise<SyncStatus> => {
    const of = await ledger?.of(name);
    if (of === undefined)
      return {
        sync: name,
        checkpoint: undefined,
        counts: NO_COUNTS,
        lastRun: undefined,
        parkedUntilMs: undefined,
        unknownKeys: [],
      };
    const unresolved = await of.unresolved(0, BATCH);
    const parked = unresolved
      .filter(({ state }) => state === "parked")
      .map(({ progress }) => progress.notBeforeMs ?? 0);
    const unknown = unresolved.filter(({ state }) => state === "unknown");
    const [lastRun] = await of.runs(1);
    return {
      sync: name,
      checkpoint: await of.checkpoint(),
      counts: await of.counts(),
      lastRun,
      parkedUntilMs: parked.length === 0 ? undefined : Math.min(...parked),
      unknownKeys: unknown.slice(0, UNKNOWN_SHOWN).map(({ key }) => key),
    };
  };

  return {
    configFile,
    stateFile,
    get syncs() {
      return [...build(new Lanes(clock, []), undefined)].map(([name, built]) => info(name, built));
    },
    run: (options = {}) =>
      options.plan === undefined
        ? startRun(means, chosen(options.syncs), async () => ({ ...ALL, ...choiceOf(options) }), options)
        : applyPlan(means, options.plan, options),
    repair: (options = {}) =>
      startRun(means, chosen(options.syncs), async () => ({ ...ALL, repair: createScratch }), options),
    plan: (options = {}) => makePlan(means, options),
    probe: (options = {}) => probeSyncs(means, options),
    check,
    status: () => looking((ledger) => Promise.all(chosen(undefined).map((name) => statusOf(name, ledger)))),
    async *rejects(sync) {
      const found = await looking(async (ledger) => {
        const all = [];
        for (const name of chosen(sync === undefined ? undefined : [sync]))
          for await (const reject of storedRejects(await ledger?.of(name))) all.push({ ...reject, sync: name });
        return all;
      });
      yield* found;
    },
    reject: (sync, id) => looking(async (ledger) => (await ledger?.of(chosen([sync])[0] as string))?.reject(id)),
    retryRejects: (sync, ids, options = {}) =>
      startRun(
        means,
        chosen([sync]),
        async (ledger) =>
          ids === undefined
            ? { ...ALL, rejects: await decidedRejects(ledger), allRejects: true }
            : { ...ALL, rejects: ids },
        options,
      ),
    discardRejects: (sync, ids) =>
      writing("rejects discard", async (ledger) => (await ledger.of(chosen([sync])[0] as string)).discardRejects(ids)),
    explain: (sync, key) =>
      looking(async (ledger) => explain(chosen([sync])[0] as string, key, await ledger?.of(sync))),
    unblock: ({ sync, key, decide }) =>
      writing("state unblock", async (ledger) => {
        let operations = 0;
        for (const name of chosen(sync === undefined ? undefined : [sync]))
          operations += await unblockSync(await ledger.of(name), key, decide, clock.wallMs());
        return { operations, lanes: key === undefined ? await ledger.unblockLanes(undefined) : 0 };
      }),
    reset: (sync, what) =>
      writing("state reset", async (ledger) => (await ledger.of(chosen([sync])[0] as string)).reset(what)),
    ...adoptionsOf(means),
    close: means.close,
  };
}
