import { EvenkeelError } from "../core/errors.ts";
import type { Ledger, SyncLedger } from "../core/ledger.ts";
import type { Holder } from "../core/lease.ts";
import { emptyDatabase, openDatabase, openToLook, type Database } from "./database.ts";
import type { Flush } from "./disk.ts";
import { lanesTable } from "./lanes.ts";
import { heldError, isLocked, leaseTable, LedgerLease, takeLock } from "./lease.ts";
import { migrate, schemaOf } from "./migrations.ts";
import { createSyncLedger } from "./sync-ledger.ts";
import { syncsTable } from "./syncs.ts";

export interface LedgerOptions {
  /** The SQLite file. Beside it are `-lock`, and while it is open `-wal` and `-shm`. */
  readonly file: string;
  /** Keep the content last applied, for field differences (`state.bodies`). */
  readonly bodies: boolean;
  /** Only look: no file is made, no lease can be taken. A file that is not there is a ledger that knows nothing. */
  readonly readOnly?: boolean;
  /** Brings what was written to the disk; the operating system does where it is left out. */
  readonly flush?: Flush;
}

/**
 * Opens the ledger of a file; makes it where there is none, and brings it to the newest schema.
 *
 * Throws `LEDGER_NEWER` (written by a later version), `LEDGER_CORRUPT` (damaged, or no ledger), `LEDGER_NETWORK` (a file system that is
 * shared over a network), `LEDGER_READ_ONLY`, `LEDGER_FULL`, and `LEDGER_HELD` when an older schema is in use by another process.
 */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const readOnly = options.readOnly === true;
  const database = readOnly ? databaseToLook(options.file) : databaseToWrite(options.file, options.flush);
  const lease = new LedgerLease(database);
  const lanes = lanesTable(database);
  const syncs = syncsTable(database);
  const open = new Map<string, SyncLedger>();

  const write = async <Result>(work: () => Result): Promise<Result> => {
    const result = database.transaction(() => {
      lease.check();
      return work();
    });
    await database.flushed();
    return result;
  };

  return {
    location: options.file,
    async acquire(holder) {
      if (readOnly) throw new EvenkeelError("INVARIANT", "a ledger that was opened to look at cannot be written");
      const fence = lease.acquire(holder);
      return { fence, release: async () => lease.release(fence) };
    },
    async holder() {
      if (!isLocked(database.file)) return undefined;
      const holder = database.snapshot(() => leaseTable(database).holder());
      // Whoever has just taken the lock has not written its name yet.
      return holder.pid === undefined ? undefined : (holder as Holder);
    },
    async of(name) {
      const ledger = open.get(name) ?? createSyncLedger({ database, lease, name, keepsBodies: options.bodies });
      open.set(name, ledger);
      return ledger;
    },
    syncs: async () => database.snapshot(syncs.names),
    lanes: async () => database.snapshot(lanes.all),
    saveLane: (memory) => write(() => lanes.put(memory)),
    unblockLanes: (part) => write(() => lanes.unblock(part ?? "")),
    async close() {
      database.close();
      // Last, so that nobody takes over a ledger that is still being put away.
      lease.release();
    },
  };
}

function databaseToWrite(file: string, flush?: Flush): Database {
  // Before anything is changed about it: a file of something else stays as it is.
  const seen = openToLook(file);
  try {
    if (seen !== undefined) schemaOf(seen);
  } finally {
    seen?.close();
  }
  const database = openDatabase(file, flush);
  try {
    bringUpToDate(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function databaseToLook(file: string): Database {
  const database = openToLook(file);
  if (database === undefined) return nothingKnown(file);
  try {
    const schema = schemaOf(database);
    if (schema === "current") return database;
    database.close();
    if (schema === "empty") return nothingKnown(file);
  } catch (error) {
    database.close();
    throw error;
  }
  // Reading an older schema as it is would need the old queries; a run would migrate it anyway.
  databaseToWrite(file).close();
  return openToLook(file) ?? nothingKnown(file);
}

function nothingKnown(file: string): Database {
  const database = emptyDatabase(file);
  migrate(database);
  return database;
}

function bringUpToDate(database: Database): void {
  const schema = schemaOf(database);
  if (schema === "empty") migrate(database);
  if (schema !== "older") return;
  // U7: a process of the older version that is still at work must not find other tables under its hands.
  const lock = takeLock(database.file);
  if (lock === undefined)
    throw heldError(
      database,
      database.snapshot(() => leaseTable(database).holder()),
    );
  try {
    migrate(database);
  } finally {
    lock.free();
  }
}
