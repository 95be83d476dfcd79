import { chmodSync, closeSync, mkdirSync, openSync, existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { EvenkeelError, type ErrorCode } from "../core/errors.ts";

/** Marks the file as ours (SQLite's `application_id`): "Even". */
export const APPLICATION_ID = 0x4576656e;

/** SQLite's page cache, in KiB: a million entries' index fits mostly, and a small machine still has room. */
const CACHE_KIB = 32_768;

/** How long a statement waits for another process that reads or checkpoints. */
const BUSY_MS = 5_000;

/** Kernel numbers of file systems whose locks cannot be trusted over a network (statfs(2), linux/magic.h). */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB2"],
  [0x5346414f, "AFS"],
  [0x01021997, "9p"],
  [0x00c36400, "Ceph"],
]);

/** An open SQLite file: prepared statements are kept, and a transaction is a function. */
export interface Database {
  readonly file: string;
  /** Prepares once and keeps it. */
  prepare(sql: string): StatementSync;
  exec(sql: string): void;
  /** Runs `work` in one transaction: it happens whole or not at all. Errors of SQLite become EvenkeelErrors LEDGER_*. */
  transaction<Result>(work: () => Result): Result;
  /** The same for reading: one snapshot, and no lock for writing. */
  snapshot<Result>(work: () => Result): Result;
  close(): void;
}

/** Opens a file, making it (0600) and its folder (0700) where they are not there yet. Throws LEDGER_* errors. */
export function openDatabase(file: string, options: { readonly readOnly: boolean }): Database {
  return translating(file, () => {
    if (!options.readOnly) createPrivately(file);
    refuseNetwork(file);
    const db = new DatabaseSync(file, { readOnly: options.readOnly });
    db.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
    db.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
    if (!options.readOnly) {
      db.exec("PRAGMA journal_mode = WAL");
      // K1: an intent is durable only when the disk has it. Commits are grouped, so an fsync is shared by many records.
      db.exec("PRAGMA synchronous = FULL");
    }
    return wrap(db, file);
  });
}

function wrap(db: DatabaseSync, file: string): Database {
  const statements = new Map<string, StatementSync>();
  const bounded = <Result>(begin: string, work: () => Result): Result =>
    translating(file, () => {
      db.exec(begin);
      try {
        const result = work();
        db.exec("COMMIT");
        return result;
      } catch (error) {
        // SQLite has rolled back by itself after some errors, such as a full disk.
        if (db.isTransaction) db.exec("ROLLBACK");
        throw error;
      }
    });
  return {
    file,
    prepare(sql) {
      let statement = statements.get(sql);
      if (statement === undefined) {
        statement = translating(file, () => db.prepare(sql));
        statements.set(sql, statement);
      }
      return statement;
    },
    exec: (sql) => translating(file, () => db.exec(sql)),
    transaction: (work) => bounded("BEGIN IMMEDIATE", work),
    snapshot: (work) => bounded("BEGIN", work),
    close: () => {
      if (db.isOpen) db.close();
    },
  };
}

/** Makes the file before SQLite does, so that it never exists with other rights (S6); SQLite gives its -wal and -shm the same ones. */
function createPrivately(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  if (existsSync(file)) return;
  closeSync(openSync(file, "a", 0o600));
  chmodSync(file, 0o600);
}

function refuseNetwork(file: string): void {
  const name = NETWORK_FILE_SYSTEMS.get(statfsSync(dirname(file)).type);
  if (name === undefined) return;
  throw new EvenkeelError(
    "LEDGER_NETWORK",
    `${file} is on a network file system (${name}), where file locks do not keep two machines apart`,
    {
      next: "Put the ledger on a local disk with `--state FILE`.",
    },
  );
}

interface SqliteError extends Error {
  readonly code?: string;
  readonly errcode?: number;
}

/** SQLite's primary result codes (sqlite.org/rescode.html), and the file system's, by what a person must do. */
const BY_RESULT: ReadonlyMap<number, ErrorCode> = new Map([
  [8, "LEDGER_READ_ONLY"],
  [10, "LEDGER_FULL"],
  [11, "LEDGER_CORRUPT"],
  [13, "LEDGER_FULL"],
  [14, "LEDGER_READ_ONLY"],
  [26, "LEDGER_CORRUPT"],
]);
const BY_ERRNO: ReadonlyMap<string, ErrorCode> = new Map([
  ["EACCES", "LEDGER_READ_ONLY"],
  ["EPERM", "LEDGER_READ_ONLY"],
  ["EROFS", "LEDGER_READ_ONLY"],
  ["ENOSPC", "LEDGER_FULL"],
  ["EDQUOT", "LEDGER_FULL"],
]);

const ADVICE: Partial<Record<ErrorCode, string>> = {
  LEDGER_FULL: "Free some space and run again; everything committed so far is whole, and the run goes on from there.",
  LEDGER_READ_ONLY: "Give this user the right to write there, or put the ledger elsewhere with `--state FILE`.",
  LEDGER_CORRUPT:
    "Put a backup of the file back, or move it away; docs/ledger.md says what a new one means for each kind of destination.",
};

function translating<Result>(file: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw translated(error, file);
  }
}

function translated(error: unknown, file: string): unknown {
  if (error instanceof EvenkeelError || !(error instanceof Error)) return error;
  const { code, errcode } = error as SqliteError;
  const found = errcode === undefined ? BY_ERRNO.get(code ?? "") : BY_RESULT.get(errcode & 0xff);
  if (found === undefined) return error;
  const next = ADVICE[found];
  return new EvenkeelError(found, `the ledger ${file} cannot be used: ${error.message}`, {
    cause: error,
    ...(next === undefined ? {} : { next }),
  });
}
