import type { Checkpoint } from "../core/checkpoint.ts";
import type { HistoryEvent } from "../core/history.ts";
import type { Entry, Intent, Ledger, SyncLedger } from "../core/ledger.ts";
import type { Resolution } from "../core/settlement.ts";
import type { NewReject } from "../core/reject.ts";
import { FRESH } from "../core/operation.ts";

const HOLDER = { pid: 1, host: "here", startedMs: 0, purpose: "a test" };

/** An intent of a repeatable write to the record's own address; `changes` make it another. */
export const intentOf = (key: string, changes: Partial<Intent> = {}): Intent => ({
  kind: "create",
  state: "sent",
  key,
  keyKind: "t",
  hash: `hash of ${key}`,
  sourceVersion: "05",
  address: `/items/${key}`,
  addressFollowsKey: true,
  destinationId: undefined,
  idempotencyKey: undefined,
  progress: FRESH,
  held: undefined,
  replaces: undefined,
  dropsWaiting: false,
  ...changes,
});

export const entryOf = (key: string, changes: Partial<Entry> = {}): Entry => ({
  key,
  keyKind: "t",
  destinationId: undefined,
  address: `/items/${key}`,
  addressFollowsKey: true,
  hash: `hash of ${key}`,
  sourceVersion: "05",
  etag: '"1"',
  operation: 1,
  read: 7,
  ...changes,
});

export const HELD = { source: { id: "a" }, mapped: { ref: "a" }, write: undefined };

export const rejectOf = (key: string | undefined, changes: Partial<NewReject> = {}): NewReject => ({
  kind: "rejected",
  key,
  code: "REFUSED",
  reason: "422",
  source: { id: key ?? null },
  sourceHash: `source of ${key}`,
  mapping: "m1",
  evidence: { request: { method: "PUT", url: "https://x/a", headers: {} }, durationMs: 5 },
  atMs: 1_000,
  ...changes,
});

export const CHECKPOINT: Checkpoint = {
  read: 7,
  kind: "full",
  cursor: "05",
  complete: false,
  position: undefined,
  since: undefined,
  pendingCursor: undefined,
  highest: undefined,
  startedMs: 1,
  completeMs: undefined,
  fullMs: undefined,
  fullRecords: undefined,
  mapping: undefined,
  readMapping: "r",
  identity: "i",
  pageSize: undefined,
};

export type WithSync = ReturnType<typeof withSync>;

/** Runs `work` on a sync of a new ledger whose lease is taken, and closes it. */
export const withSync =
  (open: () => Promise<Ledger>) =>
  (work: (ledger: SyncLedger, run: number, all: Ledger) => Promise<void>) =>
  async (): Promise<void> => {
    const all = await open();
    try {
      await all.acquire(HOLDER);
      const ledger = await all.of("records");
      await work(ledger, await ledger.beginRun(1_000), all);
    } finally {
      await all.close();
    }
  };

export const journal = async (ledger: SyncLedger, run: number, ...intents: Intent[]): Promise<number[]> => [
  ...(await ledger.journal({ run, intents, rejects: [], clearRejects: [] })),
];
export const settle = (ledger: SyncLedger, run: number, ...resolutions: Resolution[]): Promise<void> =>
  ledger.settle({ run, resolutions, checkpoint: undefined });
export const applied = (number: number, entry: Entry, more: object = {}): Resolution => ({
  kind: "applied",
  number,
  entry: { ...entry, operation: number },
  mapped: { ref: entry.key },
  verify: undefined,
  ...more,
});
export const lineOf = (key: string, event: string): HistoryEvent => ({
  key,
  atMs: 5,
  event,
  operation: 1,
  detail: `it was ${event}`,
});
