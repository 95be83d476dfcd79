import type { BuiltSync } from "./config/build.ts";
import { adoptionsOf } from "./adoptions.ts";
import { guaranteeOf } from "./core/guarantee.ts";
import type { Check, Checked, CheckOptions, Drift, Evenkeel, SyncInfo, SyncStatus } from "./evenkeel.ts";
import { explain } from "./explain.ts";
import { Lanes } from "./http/lanes.ts";
import { createMeans, NEVER, type OpenedOptions } from "./means.ts";
import { checkSync } from "./pipeline/check.ts";
import { applyPlan, makePlan } from "./plans.ts";
import { probeSyncs } from "./probes.ts";
import { ReadingWatch } from "./reading-progress.ts";
import { ALL, choiceOf, startRun } from "./runs.ts";
import { createScratch } from "./sqlite/scratch.ts";
import { decidedRejects, storedRejects } from "./stored-rejects.ts";
import { createStream, streaming } from "./stream.ts";
import { statusOf, warningsOfRun } from "./sync-status.ts";
import { checked } from "./sync-result.ts";
import { unblockSync } from "./unblock.ts";

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
    const watch = new ReadingWatch(clock);
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
            waits: watch.waits,
            scratch: createScratch,
            breathe: breatheWith(drifts),
          };
          const inRun = await warningsOfRun(name, ledger);
          const result = await checkSync(entry.sync, ports, { sample, stop: signal }, drifts.push);
          results.push({ ...result, warnings: [...inRun, ...result.warnings] });
        }
        return checked(results);
      });
    return { ...streaming(drifts, work()), progress: watch.progress };
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
    status: () =>
      looking(async (ledger) => {
        const built = await means.built(ledger);
        const one = async (name: string): Promise<SyncStatus> =>
          statusOf((built.get(name) as BuiltSync).sync, ledger, clock.wallMs());
        return Promise.all(chosen(undefined).map(one));
      }),
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
      looking(async (ledger) => {
        const [name] = chosen([sync]) as [string];
        const built = (await means.built(ledger)).get(name) as BuiltSync;
        return explain(built.sync, key, await ledger?.of(name), clock.wallMs());
      }),
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
