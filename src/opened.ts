import { adoptionsOf } from "./adoptions.ts";
import type { BuiltSync } from "./config/build.ts";
import { combineExitCodes, exitCodeOf, type ExitCode } from "./core/exit-code.ts";
import type { RunEvent } from "./core/events.ts";
import { guaranteeOf } from "./core/guarantee.ts";
import type { Ledger, SyncLedger } from "./core/ledger.ts";
import type {
  Check,
  Checked,
  CheckOptions,
  Drift,
  Evenkeel,
  Plan,
  PlannedChange,
  PlanSummary,
  Run,
  RunOptions,
  RunResult,
  SyncInfo,
  SyncResult,
  SyncStatus,
} from "./evenkeel.ts";
import { explain } from "./explain.ts";
import { Lanes } from "./http/gate.ts";
import { checkSync } from "./pipeline/check.ts";
import { NO_COUNTS } from "./pipeline/looking.ts";
import type { ReadChoice } from "./pipeline/opening.ts";
import { planSync } from "./pipeline/preview.ts";
import { runSync } from "./pipeline/run.ts";
import { createScratch } from "./sqlite/scratch.ts";
import { createMeans, NEVER, type OpenedOptions } from "./means.ts";
import { checked, exitCodeOfResult, runOne } from "./sync-result.ts";
import { unblockSync } from "./unblock.ts";
import { storedRejects } from "./stored-rejects.ts";
import { createStream, streaming } from "./stream.ts";

/** Unresolved operations read at a time. */
const BATCH = 200;

const UNKNOWN_SHOWN = 20;

/** The ledger keeps this much of the records' history for `explain`, some 150 bytes a line; runs trim the rest. */
const HISTORY_DAYS = 90;
const HISTORY_LINES = 5_000_000;

const ALL: ReadChoice = { fullRefresh: false, limit: undefined, key: undefined, rejects: undefined };

export function openEvenkeel(options: OpenedOptions): Evenkeel {
  const { configFile, stateFile } = options;
  const means = createMeans(options);
  const { config, clock, chance, build, chosen, looking, writing, breatheWith } = means;

  const start = (
    names: readonly string[],
    choiceOf: (ledger: SyncLedger) => Promise<ReadChoice>,
    options: RunOptions,
  ): Run => {
    const events = createStream<RunEvent>();
    const work = async (ledger: Ledger): Promise<RunResult> => {
      const lanes = new Lanes(clock, await ledger.lanes());
      const built = build(lanes);
      const results: SyncResult[] = [];
      for (const name of names) {
        const { sync, connections } = built.get(name) as BuiltSync;
        const syncLedger = await ledger.of(name);
        const waitingFor = (): string | undefined =>
          connections.map((connection) => connection.waitingFor()).find((wait) => wait !== undefined);
        const settings = {
          ...(await choiceOf(syncLedger)),
          allowDeletes: options.allowDeletes,
          trace: options.trace === true,
          stop: options.signal ?? NEVER,
          kill: options.killSignal ?? NEVER,
        };
        if (settings.stop.aborted) break;
        results.push(
          await runOne(name, () =>
            runSync(sync, { clock, chance, ledger: syncLedger, emit: events.push, waitingFor }, settings),
          ),
        );
        for (const memory of lanes.memories()) await ledger.saveLane(memory).catch(() => undefined);
        await syncLedger.trimHistory(clock.wallMs() - HISTORY_DAYS * 86_400_000, HISTORY_LINES).catch(() => undefined);
      }
      const stopped: ExitCode[] = options.signal?.aborted === true ? [130] : [];
      return { syncs: results, exitCode: combineExitCodes([...results.map(exitCodeOfResult), ...stopped]) };
    };
    return streaming(events, writing(`run ${names.join(" ")}`, work));
  };

  const info = (name: string, { sync }: BuiltSync): SyncInfo => {
    const { source, destination } = config.syncs[name] as (typeof config.syncs)[string];
    const written = destination.upsert ?? destination.create;
    return {
      name,
      source: { connection: source.connection, request: source.request },
      destination: { connection: destination.connection, request: written?.request ?? "" },
      guarantee: guaranteeOf(sync),
    };
  };

  const plan = (options: Parameters<Evenkeel["plan"]>[0] = {}): Plan => {
    const changes = createStream<PlannedChange>();
    const work = async (): Promise<{ syncs: readonly PlanSummary[]; exitCode: number }> =>
      looking(async (ledger) => {
        const built = await means.built(ledger);
        const syncs: PlanSummary[] = [];
        for (const name of chosen(options.syncs)) {
          const choice = { ...ALL, fullRefresh: options.fullRefresh === true, limit: options.limit, key: options.key };
          const rate = config.connections[config.syncs[name]?.destination.connection ?? ""]?.limits.ratePerSecond;
          syncs.push(
            await planSync(
              (built.get(name) as BuiltSync).sync,
              { clock, chance, ledger: await ledger?.of(name), breathe: breatheWith(changes) },
              { ...choice, stop: options.signal ?? NEVER, ratePerSecond: rate },
              changes.push,
            ),
          );
        }
        return {
          syncs,
          exitCode: combineExitCodes(
            syncs.map(({ error, counts }) =>
              error === undefined ? (counts.invalid > 0 ? 1 : 0) : exitCodeOf(error.code),
            ),
          ),
        };
      });
    return streaming(changes, work());
  };

  const check = ({ syncs, sample, signal = NEVER }: CheckOptions = {}): Check => {
    const drifts = createStream<Drift>();
    const work = async (): Promise<ReturnType<typeof checked>> =>
      looking(async (ledger) => {
        const built = await means.built(ledger);
        const results: Checked[] = [];
        for (const name of chosen(syncs)) {
          const { sync } = built.get(name) as BuiltSync;
          const ports = {
            clock,
            chance,
            ledger: await ledger?.of(name),
            scratch: createScratch,
            breathe: breatheWith(drifts),
          };
          results.push(await checkSync(sync, ports, { sample, stop: signal }, drifts.push));
        }
        return checked(results);
      });
    return streaming(drifts, work());
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
      return [...build(new Lanes(clock, []))].map(([name, built]) => info(name, built));
    },
    run: (options = {}) => {
      const names = chosen(options.syncs);
      return start(
        names,
        async () => ({ ...ALL, fullRefresh: options.fullRefresh === true, limit: options.limit, key: options.key }),
        options,
      );
    },
    repair: (options = {}) => start(chosen(options.syncs), async () => ({ ...ALL, repair: createScratch }), options),
    plan,
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
      start(
        chosen([sync]),
        async (ledger) => ({ ...ALL, rejects: ids ?? (await Array.fromAsync(storedRejects(ledger), ({ id }) => id)) }),
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
