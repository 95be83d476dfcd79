import { closeSync, fdatasync, openSync } from "node:fs";
import { translated } from "./failure.ts";

/** Makes commits durable beside the work that goes on, where SQLite would make everything wait. */
export interface Disk {
  /** Resolves when all that was committed before this call is on the disk. Throws `LEDGER_*`, and from then on always. */
  flushed(): Promise<void>;
  close(): void;
}

/** Of what is never written, or need not outlive the process. */
export const NO_DISK: Disk = { flushed: () => Promise.resolve(), close: () => undefined };

/** Brings what was written to an open file to the disk; injected in tests. */
export type Flush = (fd: number, done: (error: Error | null) => void) => void;

/**
 * Flushes the write-ahead log of an SQLite file in WAL mode. A commit at `synchronous = NORMAL` has written its frames when it returns, and
 * they count once the log is on the disk (sqlite.org/wal.html): so this is what `FULL` does, but in another thread, and once for all
 * that was committed meanwhile. SQLite itself flushes the log before it puts it into the file, and keeps no lock on it that closing it here
 * could drop.
 */
export function diskOf(databaseFile: string, flush: Flush = fdatasync): Disk {
  const file = `${databaseFile}-wal`;
  let fd: number | undefined;
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  let isFlushing = false;
  let isClosed = false;

  const closeFile = (): void => {
    if (fd !== undefined) closeSync(fd);
    fd = undefined;
  };

  const start = (): Promise<void> => {
    next = undefined;
    running = new Promise<void>((resolve, reject) => {
      // Opened for writing, because Windows flushes no other. The log is there: something was committed.
      fd ??= openSync(file, "r+");
      isFlushing = true;
      flush(fd, (error) => {
        isFlushing = false;
        if (isClosed) closeFile();
        if (error === null) resolve();
        else reject(error);
      });
    }).then(
      () => {
        running = undefined;
      },
      (error: unknown) => {
        // What the system could not write it may have dropped, and a second flush would say that all is well. So `running` stays.
        throw translated(error, file);
      },
    );
    return running;
  };

  return {
    flushed() {
      if (running === undefined) return start();
      // One that runs already may have begun before the last commit.
      next ??= running.then(start);
      return next;
    },
    close() {
      isClosed = true;
      if (!isFlushing) closeFile();
    },
  };
}
