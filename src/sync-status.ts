import type { Warning } from "./core/events.ts";
import type { Holder } from "./core/lease.ts";
import type { Ledger, RunRow, StoredOperation, SyncLedger } from "./core/ledger.ts";
import type { Sync } from "./core/sync.ts";
import type { SyncStatus } from "./evenkeel.ts";
import { isForPerson } from "./pipeline/attempt.ts";
import { NO_COUNTS } from "./pipeline/looking.ts";

/** Unresolved operations read at a time: each may hold the bytes of a record. */
const BATCH = 200;

/** Keys that a status names. */
const KEYS_MAX = 20;

/** What the ledger knows of a sync as a whole; undefined where there is no ledger yet. */
export async function statusOf(sync: Sync, whole: Ledger | undefined, nowMs: number): Promise<SyncStatus> {
  const ledger = await whole?.of(sync.name);
  const parkedUntilMs: number[] = [];
  const unknownKeys: string[] = [];
  const undecidableKeys: string[] = [];
  for await (const operation of unresolvedOf(ledger)) {
    if (operation.state === "parked") parkedUntilMs.push(operation.progress.notBeforeMs ?? 0);
    if (operation.state === "unknown") unknownKeys.push(operation.key);
    if (isForPerson(operation, sync, nowMs)) undecidableKeys.push(operation.key);
  }
  const [lastRun] = (await ledger?.runs(1)) ?? [];
  return {
    sync: sync.name,
    checkpoint: await ledger?.checkpoint(),
    counts: (await ledger?.counts()) ?? NO_COUNTS,
    lastRun,
    runBy: await runnerOf(lastRun, whole),
    parkedUntilMs: parkedUntilMs.reduce<number | undefined>((first, ms) => Math.min(first ?? ms, ms), undefined),
    unknownKeys: unknownKeys.slice(0, KEYS_MAX),
    undecidable: undecidableKeys.length,
    undecidableKeys: undecidableKeys.slice(0, KEYS_MAX),
  };
}

/** The process in which a run goes on; undefined when it has ended, or its process died. */
async function runnerOf(run: RunRow | undefined, ledger: Ledger | undefined): Promise<Holder | undefined> {
  if (run?.status !== "running") return undefined;
  const holder = await ledger?.holder();
  // A run that began before its holder was another one's, which died.
  return holder !== undefined && run.startedMs >= holder.startedMs ? holder : undefined;
}

/** What a comparison is told in the middle of a run: it may find what that is about to write. */
export async function warningsOfRun(sync: string, ledger: Ledger | undefined): Promise<readonly Warning[]> {
  const [lastRun] = (await (await ledger?.of(sync))?.runs(1)) ?? [];
  const holder = await runnerOf(lastRun, ledger);
  if (holder === undefined) return [];
  const since = new Date(holder.startedMs).toISOString();
  return [
    {
      code: "RUN_UNDER_WAY",
      message: `a run of it is under way (process ${holder.pid}, since ${since}): what it has not written yet counts as a difference`,
      next: "Check again when the run has ended.",
    },
  ];
}

async function* unresolvedOf(ledger: SyncLedger | undefined): AsyncGenerator<StoredOperation> {
  for (let after = 0; ledger !== undefined;) {
    const batch = await ledger.unresolved(after, BATCH);
    yield* batch;
    const last = batch.at(-1);
    if (last === undefined) return;
    after = last.number;
  }
}
