import type { StoredOperation, SyncLedger } from "./core/ledger.ts";
import type { Sync } from "./core/sync.ts";
import type { SyncStatus } from "./evenkeel.ts";
import { isForPerson } from "./pipeline/attempt.ts";
import { NO_COUNTS } from "./pipeline/looking.ts";

/** Unresolved operations read at a time: each may hold the bytes of a record. */
const BATCH = 200;

/** Keys that a status names. */
const KEYS_MAX = 20;

/** What the ledger knows of a sync as a whole; undefined where there is no ledger yet. */
export async function statusOf(sync: Sync, ledger: SyncLedger | undefined, nowMs: number): Promise<SyncStatus> {
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
    parkedUntilMs: parkedUntilMs.reduce<number | undefined>((first, ms) => Math.min(first ?? ms, ms), undefined),
    unknownKeys: unknownKeys.slice(0, KEYS_MAX),
    undecidable: undecidableKeys.length,
    undecidableKeys: undecidableKeys.slice(0, KEYS_MAX),
  };
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
