import { DatabaseSync } from "node:sqlite";
import { EvenkeelError } from "../core/errors.ts";
import { invariant } from "../core/invariant.ts";
import type { Database } from "./database.ts";

/** Who holds the right to write. */
export interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly startedMs: number;
  readonly purpose: string;
}

/**
 * The right of one process to write the ledger (U7). The lock is the operating system's, on a file of its own that SQLite keeps locked
 * for as long as a transaction is open: the death of the process frees it, however it dies, and a stopped process keeps it. The number
 * in the ledger grows with each lease and is checked in every writing transaction, for the case that the lock file was taken away.
 */
export class FileLease {
  readonly #database: Database;
  #lock: DatabaseSync | undefined;
  #fence = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Throws LEDGER_HELD when another process has it. */
  acquire(holder: Holder): number {
    if (this.#lock !== undefined) throw this.#held();
    const lock = new DatabaseSync(`${this.#database.file}-lock`);
    try {
      lock.exec("PRAGMA busy_timeout = 0");
      lock.exec("BEGIN EXCLUSIVE");
    } catch {
      lock.close();
      throw this.#held();
    }
    this.#lock = lock;
    this.#fence = this.#database.transaction(() => {
      const fence = this.#storedFence() + 1;
      this.#put("fence", String(fence));
      this.#put("holder", JSON.stringify(holder));
      return fence;
    });
    return this.#fence;
  }

  release(): void {
    const lock = this.#lock;
    if (lock === undefined) return;
    this.#lock = undefined;
    // Closing rolls the open transaction back, which is what frees the lock.
    lock.close();
  }

  /** To be called inside every writing transaction. */
  check(): void {
    invariant(this.#lock !== undefined, "U7", "the ledger is written without a lease");
    if (this.#storedFence() === this.#fence) return;
    throw new EvenkeelError("LEDGER_FENCED", "another process has taken over the ledger", {
      next: "Only one process may use a ledger; the other one goes on.",
    });
  }

  #held(): EvenkeelError {
    const stored = this.#database.prepare("SELECT value FROM meta WHERE name = 'holder'").get()?.["value"] as
      | string
      | undefined;
    const holder = stored === undefined ? undefined : (JSON.parse(stored) as Holder);
    const who =
      holder === undefined
        ? "another process"
        : `process ${holder.pid} on ${holder.host} (${holder.purpose}, since ${new Date(holder.startedMs).toISOString()})`;
    return new EvenkeelError("LEDGER_HELD", `the ledger ${this.#database.file} is in use by ${who}`, {
      next: "Wait for it to end. Syncs that should run at the same time go into one run, or into ledgers of their own (`--state FILE`).",
    });
  }

  #storedFence(): number {
    return Number(this.#database.prepare("SELECT value FROM meta WHERE name = 'fence'").get()?.["value"] ?? 0);
  }

  #put(name: string, value: string): void {
    this.#database.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)").run(name, value);
  }
}
