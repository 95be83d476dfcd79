import { DatabaseSync, type StatementSync } from "node:sqlite";
import { storing } from "./failure.ts";

/** SQLite's page cache, in KiB; what does not fit goes to a temporary file. */
const CACHE_KIB = 8_192;

/** The file has no name; where it is helps whoever has to make room. */
const keeping = <Result>(work: () => Result): Result =>
  storing("in the system's folder for them (`TMPDIR`)", work, "a temporary file");

/** A database of this process alone. */
export interface Temporary {
  prepare(sql: string): StatementSync;
  /** Reads. Throws `LEDGER_FULL` when the disk is full, as {@link Temporary.together} does. */
  look<Result>(work: () => Result): Result;
  /** Does the work in one transaction. */
  together<Result>(work: () => Result): Result;
  close(): void;
}

/** Opens a database that SQLite keeps in a temporary file without a name, and that is gone when it is closed or the process ends. */
export function temporaryDatabase(schema: string): Temporary {
  const db = new DatabaseSync("");
  // Nothing of it outlives a crash, so nothing need be flushed or undone.
  db.exec(`PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -${CACHE_KIB}`);
  db.exec(schema);
  return {
    prepare: (sql) => db.prepare(sql),
    look: keeping,
    together: (work) =>
      keeping(() => {
        db.exec("BEGIN");
        const result = work();
        db.exec("COMMIT");
        return result;
      }),
    close: () => db.close(),
  };
}
