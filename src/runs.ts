import { allBefore } from "./chosen-syncs.ts";
import type { BuiltSync } from "./config/build.ts";
import type { RunEvent } from "./core/events.ts";
import { combineExitCodes, type ExitCode } from "./core/exit-code.ts";
import type { Ledger, SyncLedger } from "./core/ledger.ts";
import type { Run, RunOptions, RunResult, SyncResult } from "./evenkeel.ts";
import { inOrder } from "./in-order.ts";
import { KeptLanes } from "./kept-lanes.ts";
import { NEVER, type Means } from "./means.ts";
import type { ReadChoice } from "./pipeline/opening.ts";
import { runSync } from "./pipeline/run.ts";
import { waitOf } from "./reading-progress.ts";
import { exitCodeOfResult, runOne } from "./sync-result.ts";
import { systemCpuMs } from "./runtime/process.ts";
import { createStream, streaming } from "./stream.ts";
import { LedgerTimes } from "./timed-ledger.ts";

/** The ledger keeps this much of the records' history for `explain`, some 150 bytes a line; runs trim the rest. */
const HISTORY_DAYS = 90;
const HISTORY_LINES = 5_000_000;

/** Everything, or what has changed. */
export const ALL: ReadChoice = { fullRefresh: false, limit: undefined, key: undefined, rejects: undefined };

export const choiceOf = ({
  fullRefresh = false,
  limit,
  key,
}: Pick<RunOptions, "fullRefresh" | "limit" | "key">): Pick<ReadChoice, "fullRefresh" | "limit" | "key"> => ({
  fullRefresh,
  limit,
  key,
});

/** A run of one sync. */
export interface Task {
  readonly name: string;
  choice(ledger: SyncLedger): Promise<ReadChoice>;
  readonly allowDeletes: number | undefined;
}

/** What is to be run, found out under the ledger's lease. */
export interface Prepared {
  readonly tasks: readonly Task[];
  /** When there are any, nothing is run. */
  readonly refused: readonly SyncResult[];
  /** What is to be put away in the end. */
  close(): void;
}

export function startRun(means: Means, names: readonly string[], choice: Task["choice"], options: RunOptions): Run {
  const tasks = names.map((name): Task => ({ name, choice, allowDeletes: options.allowDeletes }));
  return startPrepared(
    means,
    `run ${names.join(" ")}`,
    async () => ({ tasks, refused: [], close: () => undefined }),
    options,
  );
}

/** Runs syncs under the ledger's lease, one after the other or as many at once as is asked for. */
export function startPrepared(
  means: Means,
  purpose: string,
  prepare: (ledger: Ledger, built: ReadonlyMap<string, BuiltSync>) => Promise<Prepared>,
  options: RunOptions,
): Run {
  const { clock, chance, config, build, writing } = means;
  const events = createStream<RunEvent>();
  const stop = options.signal ?? NEVER;

  const parallel = options.parallel ?? 1;
  const times = new LedgerTimes(clock);
  const runTask = async (task: Task, ledger: Ledger, built: ReadonlyMap<string, BuiltSync>): Promise<SyncResult> => {
    const chosen = built.get(task.name) as BuiltSync;
    const { sync } = chosen;
    const syncLedger = times.of(await ledger.of(task.name));
    const waitingFor = (): string | undefined => waitOf(chosen);
    const settings = {
      ...(await task.choice(syncLedger)),
      allowDeletes: task.allowDeletes,
      trace: options.trace === true,
      stop,
      kill: options.killSignal ?? NEVER,
    };
    const result = await runOne(task.name, () =>
      runSync(sync, { clock, chance, ledger: syncLedger, emit: events.push, waitingFor }, settings),
    );
    await syncLedger.trimHistory(clock.wallMs() - HISTORY_DAYS * 86_400_000, HISTORY_LINES).catch(() => undefined);
    return result;
  };

  const work = async (ledger: Ledger): Promise<RunResult> => {
    const [startedMs, startedCpuMs] = [clock.monotonicMs(), systemCpuMs()];
    const kept = await KeptLanes.of(clock, ledger);
    const built = build(kept.lanes, ledger);
    const { tasks, refused, close } = await prepare(ledger, built);
    try {
      const items = (refused.length > 0 ? [] : tasks).map((task) => ({ ...task, after: allBefore(task.name, config) }));
      const done = await inOrder(items, { atOnce: parallel, stop }, async (task) => {
        const result = await runTask(task, ledger, built);
        await kept.save();
        return result;
      });
      const results = [...refused, ...done];
      const stopped: ExitCode[] = stop.aborted ? [130] : [];
      const stats = {
        wallMs: clock.monotonicMs() - startedMs,
        cpuMs: systemCpuMs() - startedCpuMs,
        ledgerMs: times.busyMs,
        diskMs: times.diskMs,
        syncs: done.length,
        parallel,
        lanes: kept.lanes.stats(),
      };
      return { syncs: results, exitCode: combineExitCodes([...results.map(exitCodeOfResult), ...stopped]), stats };
    } finally {
      // What a plan was compared with was asked for too.
      await kept.save();
      close();
    }
  };
  return streaming(events, writing(purpose, work));
}
