import { chmodSync, closeSync, fchmodSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** Only the owner reads and writes: the ledger holds records (S6). */
const PRIVATE = 0o600;
const PRIVATE_FOLDER = 0o700;
const OTHERS = 0o077;

/** Makes the folder of a file, for the owner alone; a folder that is there keeps its rights. */
export function createFolder(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: PRIVATE_FOLDER });
}

/**
 * Makes the file before SQLite does, so that it never exists with other rights, whatever the umask; SQLite gives `-wal` and
 * `-shm` the rights of the file. One that is there loses the rights of others.
 *
 * An existing file is not opened, not even for a moment: closing it would drop the locks that this process has on it (fcntl(2)).
 */
export function createPrivately(file: string): void {
  let descriptor: number;
  try {
    descriptor = openSync(file, "wx", PRIVATE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return closeToOthers(file);
  }
  try {
    fchmodSync(descriptor, PRIVATE);
  } finally {
    closeSync(descriptor);
  }
}

function closeToOthers(file: string): void {
  const { mode } = statSync(file);
  if ((mode & OTHERS) === 0) return;
  try {
    chmodSync(file, mode & ~OTHERS);
  } catch (error) {
    // A file of another owner keeps its rights; whether it can be used is for SQLite to find out.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") throw error;
  }
}
