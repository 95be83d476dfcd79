import { existsSync, realpathSync } from "node:fs";
import {
  DatabaseSync,
  type SQLInputValue,
  type SQLOutputValue,
  type StatementResultingChanges,
  type StatementSync,
} from "node:sqlite";
import { diskOf, NO_DISK, type Disk, type Flush } from "./disk.ts";
import { storing } from "./failure.ts";
import { refuseNetwork } from "./network-file-system.ts";
import { createFolder, createPrivately } from "./private-file.ts";

/**
 * SQLite's page cache, in KiB. What does not fit is in the system's cache, a microsecond away: with random keys twice as much gained a sixth,
 * with keys in order nothing.
 */
const CACHE_KIB = 8_192;

/** How long a statement waits for another process that commits or checkpoints. */
const BUSY_MS = 5_000;

/** A row as SQLite gives it. */
export type Row = Readonly<Record<string, unknown>>;

/** A statement of an open file. */
export interface Statement {
  get(...values: readonly SQLInputValue[]): Record<string, SQLOutputValue> | undefined;
  all(...values: readonly SQLInputValue[]): Record<string, SQLOutputValue>[];
  run(...values: readonly SQLInputValue[]): StatementResultingChanges;
}

export interface ListStatement {
  all(...values: readonly SQLInputValue[]): readonly (readonly SQLOutputValue[])[];
}

/** An open SQLite file. Whatever SQLite throws within `transaction` and `snapshot` becomes an EvenkeelError LEDGER_*. */
export interface Database {
  /** The file's real path, with no symbolic link in it: two names of one ledger have one lock. */
  readonly file: string;
  /**
   * A statement that is compiled when it is used first: most of them are not, in most processes. Who asks for the same text gets the same
   * statement, which every sync of a ledger does.
   */
  prepare(sql: string): Statement;
  /** A statement whose rows are lists of their columns: for many of them, where each name of a column costs. */
  prepareLists(sql: string): ListStatement;
  /** Runs statements that return nothing, in the caller's transaction if there is one. */
  exec(sql: string): void;
  /** Runs `work` in one writing transaction: it happens whole or not at all, and outlives the process. */
  transaction<Result>(work: () => Result): Result;
  /** Resolves when everything committed before this call outlives the machine too. */
  flushed(): Promise<void>;
  /** Runs `work` on one snapshot, without a lock for writing. */
  snapshot<Result>(work: () => Result): Result;
  /** Closes it, and puts the write-ahead log into the file. Closing twice is harmless. */
  close(): void;
}

/**
 * Opens a file for writing; makes it (0600) and its folder (0700) where they are not there yet.
 * Throws `LEDGER_NETWORK`, `LEDGER_READ_ONLY`, `LEDGER_FULL`, `LEDGER_CORRUPT`, `LEDGER_HELD`.
 */
export function openDatabase(file: string, flush?: Flush): Database {
  return storing(file, () => {
    createFolder(file);
    refuseNetwork(file);
    createPrivately(file);
    const real = realpathSync(file);
    return configured(new DatabaseSync(file), real, WRITER, diskOf(real, flush));
  });
}

/** Opens a file for reading alone; undefined when there is none: looking makes no file. */
export function openToLook(file: string): Database | undefined {
  return storing(file, () => {
    if (!existsSync(file)) return undefined;
    refuseNetwork(file);
    return configured(new DatabaseSync(file, { readOnly: true }), realpathSync(file), READER, NO_DISK);
  });
}

/** An empty database that is gone when it is closed: what is known before the first run. `file` is for messages. */
export function emptyDatabase(file: string): Database {
  return configured(new DatabaseSync(":memory:"), file, READER, NO_DISK);
}

const READER = [`PRAGMA busy_timeout = ${BUSY_MS}`, `PRAGMA cache_size = -${CACHE_KIB}`];
const WRITER = [
  ...READER,
  "PRAGMA journal_mode = WAL",
  // K1: an intent is durable only when the disk has it. SQLite would wait for that in this thread; `flushed` waits beside it.
  "PRAGMA synchronous = NORMAL",
  // A page that is written again before it is put into the file is put there once. This many pages are 16 MiB.
  "PRAGMA wal_autocheckpoint = 4000",
  // On macOS an fsync leaves the data in the drive's cache; this one does not. It has no meaning elsewhere.
  "PRAGMA fullfsync = ON",
];

function configured(db: DatabaseSync, file: string, settings: readonly string[], disk: Disk): Database {
  try {
    for (const setting of settings) db.exec(setting);
  } catch (error) {
    db.close();
    throw error;
  }
  const bounded = <Result>(begin: string, work: () => Result): Result =>
    storing(file, () => {
      db.exec(begin);
      try {
        const result = work();
        db.exec("COMMIT");
        return result;
      } catch (error) {
        // After some errors, such as a full disk, SQLite has rolled back by itself.
        if (db.isTransaction) db.exec("ROLLBACK");
        throw error;
      }
    });
  return {
    file,
    prepare: shared((sql) => storing(file, () => db.prepare(sql))),
    prepareLists: shared((sql) =>
      storing(file, () => {
        const statement = db.prepare(sql);
        statement.setReturnArrays(true);
        return statement;
      }),
    ) as unknown as Database["prepareLists"],
    exec: (sql) => storing(file, () => db.exec(sql)),
    transaction: (work) => bounded("BEGIN IMMEDIATE", work),
    flushed: disk.flushed,
    snapshot: (work) => bounded("BEGIN", work),
    close() {
      if (!db.isOpen) return;
      // First: a system may keep a file from going while it is open here.
      disk.close();
      emptyLog(db, settings === WRITER);
      db.close();
    },
  };
}

/** One statement for each text. */
function shared(compile: (sql: string) => StatementSync): (sql: string) => Statement {
  const statements = new Map<string, Statement>();
  return (sql) => {
    let statement = statements.get(sql);
    if (statement === undefined) statements.set(sql, (statement = lazily(() => compile(sql))));
    return statement;
  };
}

function lazily(compile: () => StatementSync): Statement {
  let compiled: StatementSync | undefined;
  const statement = (): StatementSync => (compiled ??= compile());
  return {
    get: (...values) => statement().get(...values),
    all: (...values) => statement().all(...values),
    run: (...values) => statement().run(...values),
  };
}

/** Leaves one file behind, which can be copied as it is. Without success nothing is lost: the next opening reads the log. */
function emptyLog(db: DatabaseSync, isWriter: boolean): void {
  if (!isWriter) return;
  try {
    db.exec("PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE)");
  } catch {
    // A full disk or a reader that is still there: the log stays.
  }
}
