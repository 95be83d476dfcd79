import { DatabaseSync } from "node:sqlite";
import { EvenkeelError } from "../core/errors.ts";
import { invariant } from "../core/invariant.ts";
import type { Holder } from "../core/lease.ts";
import type { Database } from "./database.ts";
import { isBusy, storing } from "./failure.ts";
import { createPrivately } from "./private-file.ts";

/** The lock on the file beside another one. */
export interface Lock {
  free(): void;
}

/**
 * Locks the file `<file>-lock`, beside the ledger or a token, for as long as this process lives, or until it is freed; undefined when another has it.
 * It is an SQLite file with an open exclusive transaction, because that is the operating system's lock on Linux, macOS and Windows
 * alike: the death of the process frees it, however it dies, and a stopped process keeps it (U7).
 */
export function takeLock(file: string): Lock | undefined {
  const lockFile = `${file}-lock`;
  const take = (): Lock | undefined => {
    createPrivately(lockFile);
    const db = new DatabaseSync(lockFile, { timeout: 0 });
    try {
      db.exec("BEGIN EXCLUSIVE");
    } catch (error) {
      db.close();
      if (isBusy(error)) return undefined;
      throw error;
    }
    // Closing rolls the transaction back, and that frees the lock.
    return { free: () => db.close() };
  };
  return storing(lockFile, take, "the lock file");
}

/** Whether a process has the lock: it keeps readers of the lock file out too. Takes nothing, and a file that cannot be read tells nothing. */
export function isLocked(file: string): boolean {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(`${file}-lock`, { readOnly: true, timeout: 0 });
    db.exec("SELECT count(*) FROM sqlite_schema");
    return false;
  } catch (error) {
    return isBusy(error);
  } finally {
    db?.close();
  }
}

/** What a second process is told. The holder's own words are in the ledger, which can be read while it is locked. */
export function heldError(database: Database, { purpose, pid, host, startedMs }: Partial<Holder>): EvenkeelError {
  const since = startedMs === undefined ? "" : `, since ${new Date(startedMs).toISOString()}`;
  const who = pid === undefined ? "another process" : `process ${pid} on ${host} (${purpose}${since})`;
  return new EvenkeelError("LEDGER_HELD", `the ledger ${database.file} is in use by ${who}`, {
    next: "Wait for it to end. Syncs that should run at the same time go into one run, or into ledgers of their own (`--state FILE`).",
  });
}

/** The row of the table `lease`. */
export interface LeaseTable {
  holder(): Partial<Holder>;
  fence(): number;
  put(fence: number, holder: Holder): void;
}

export function leaseTable(database: Database): LeaseTable {
  const select = database.prepare("SELECT pid, host, started_ms, purpose FROM lease");
  const selectFence = database.prepare("SELECT fence FROM lease");
  const replace = database.prepare(
    "INSERT OR REPLACE INTO lease (id, fence, pid, host, started_ms, purpose) VALUES (1, ?, ?, ?, ?, ?)",
  );
  return {
    holder() {
      const row = select.get();
      if (row === undefined) return {};
      const { pid, host, started_ms: startedMs, purpose } = row;
      return { pid, host, startedMs, purpose } as unknown as Holder;
    },
    fence: () => (selectFence.get()?.["fence"] as number | undefined) ?? 0,
    put: (fence, { pid, host, startedMs, purpose }) => void replace.run(fence, pid, host, startedMs, purpose),
  };
}

/**
 * The right of one process to write the ledger. The fence is checked in every writing transaction, for the case that somebody
 * took the lock file away: then a second process has a lock of its own, and the first one must not write any more (U7).
 */
export class LedgerLease {
  readonly #database: Database;
  readonly #table: LeaseTable;
  #lock: Lock | undefined;
  #fence = 0;

  constructor(database: Database) {
    this.#database = database;
    this.#table = leaseTable(database);
  }

  /** Takes the right and returns its fence. Throws `LEDGER_HELD`. */
  acquire(holder: Holder): number {
    const lock = this.#lock === undefined ? takeLock(this.#database.file) : undefined;
    if (lock === undefined)
      throw heldError(
        this.#database,
        this.#database.snapshot(() => this.#table.holder()),
      );
    try {
      this.#fence = this.#database.transaction(() => {
        const fence = this.#table.fence() + 1;
        this.#table.put(fence, holder);
        return fence;
      });
    } catch (error) {
      lock.free();
      throw error;
    }
    this.#lock = lock;
    return this.#fence;
  }

  /** Gives up the right of this fence; a later one stays. */
  release(fence: number = this.#fence): void {
    if (fence !== this.#fence) return;
    this.#lock?.free();
    this.#lock = undefined;
  }

  /** To be called inside every writing transaction. Throws `LEDGER_FENCED`, and `INVARIANT` without a lease. */
  check(): void {
    invariant(this.#lock !== undefined, "U7", "the ledger was to be written without a lease");
    if (this.#table.fence() === this.#fence) return;
    throw new EvenkeelError("LEDGER_FENCED", `another process has taken over the ledger ${this.#database.file}`, {
      next: "Nothing more is written here; the other process goes on. The lock file beside the ledger must stay while a run is under way.",
    });
  }
}
