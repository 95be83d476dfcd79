import { EvenkeelError, type ErrorCode } from "../core/errors.ts";

/** What `node:sqlite` throws (with `errcode`, SQLite's extended result code), or `node:fs` (with `code`). */
interface StorageError extends Error {
  readonly code?: string;
  readonly errcode?: number;
}

/** SQLite's primary result code of a locked file (sqlite.org/rescode.html). */
const SQLITE_BUSY = 5;

/** A write or read that the disk did not take: for want of space, or because it fails. */
const SQLITE_IOERR = 10;

/** SQLite's primary result codes by what a person must do. */
const BY_RESULT: ReadonlyMap<number, ErrorCode> = new Map([
  [SQLITE_BUSY, "LEDGER_HELD"],
  [8, "LEDGER_READ_ONLY"], // SQLITE_READONLY
  [SQLITE_IOERR, "LEDGER_FULL"],
  [11, "LEDGER_CORRUPT"], // SQLITE_CORRUPT
  [13, "LEDGER_FULL"], // SQLITE_FULL
  [14, "LEDGER_READ_ONLY"], // SQLITE_CANTOPEN
  [19, "INVARIANT"], // SQLITE_CONSTRAINT: two operations of one key (U2), or a defect like it
  [26, "LEDGER_CORRUPT"], // SQLITE_NOTADB
]);

const BY_FILE_ERROR: ReadonlyMap<string, ErrorCode> = new Map([
  ["EACCES", "LEDGER_READ_ONLY"],
  ["EPERM", "LEDGER_READ_ONLY"],
  ["EROFS", "LEDGER_READ_ONLY"],
  ["EEXIST", "LEDGER_READ_ONLY"],
  ["ENOTDIR", "LEDGER_READ_ONLY"],
  ["ENOENT", "LEDGER_READ_ONLY"],
  ["ENOSPC", "LEDGER_FULL"],
  ["EDQUOT", "LEDGER_FULL"],
]);

const NEXT: Partial<Record<ErrorCode, string>> = {
  LEDGER_HELD: "Another program has the file locked, perhaps a backup or a database browser: close it and run again.",
  LEDGER_READ_ONLY:
    "Give this user the right to write the file and its folder, or put the ledger elsewhere with `--state FILE`.",
  LEDGER_FULL: "Free some space and run again: everything committed so far is whole, and the run goes on from there.",
  LEDGER_CORRUPT:
    "Put a backup of the file back, or move it away; docs/ledger.md says what a new ledger means for each kind of destination.",
  INVARIANT: "Nothing of this step was stored. This is a defect in Evenkeel: please report it with this message.",
};

const DISK_FAILED =
  "The disk failed or is full: look at it, free some space and run again. Everything committed so far is whole, and the run goes on from there.";

/** Runs `work`; what SQLite or the file system throws becomes an EvenkeelError with the file's name and what to do. */
export function storing<Result>(file: string, work: () => Result, what?: string): Result {
  try {
    return work();
  } catch (error) {
    throw translated(error, file, what);
  }
}

/** What SQLite or the file system threw, as an EvenkeelError; anything else as it is. `what` is what the file is. */
export function translated(error: unknown, file: string, what = "the ledger"): unknown {
  if (error instanceof EvenkeelError || !(error instanceof Error)) return error;
  const { code, errcode } = error as StorageError;
  const found = errcode === undefined ? BY_FILE_ERROR.get(code ?? "") : BY_RESULT.get(primary(errcode));
  if (found === undefined) return error;
  const next = primary(errcode ?? 0) === SQLITE_IOERR ? DISK_FAILED : NEXT[found];
  const message = `${what} ${file} cannot be used: ${error.message}`;
  return new EvenkeelError(found, message, { cause: error, ...(next === undefined ? {} : { next }) });
}

/** True when SQLite found the file locked by another process, or by another connection of this one. */
export const isBusy = (error: unknown): boolean => primary((error as StorageError).errcode ?? 0) === SQLITE_BUSY;

/** The extended result code without its details. */
const primary = (errcode: number): number => errcode & 0xff;

/** A value in the ledger that is not what was stored there. */
export function corruptValue(cause: unknown): EvenkeelError {
  return new EvenkeelError("LEDGER_CORRUPT", "the ledger holds a value that cannot be read", {
    cause,
    ...(NEXT.LEDGER_CORRUPT === undefined ? {} : { next: NEXT.LEDGER_CORRUPT }),
  });
}
