import { existsSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";

/** Reads from the ledger's file, and not from the engine, which keys have a durable intent (K1, U1). */
export interface IntentProbe {
  /** To be called when something was flushed. */
  look(): void;
  has(key: string): boolean;
  /** Keys of which the ledger says itself that something is left to do, or was refused. */
  unfinished(): ReadonlySet<string>;
  /** When the last read began that the ledger calls complete (wall clock); undefined when none is. */
  completeMs(): number | undefined;
  /** The checkpoint as it is stored. */
  checkpoint(): string | undefined;
  close(): void;
}

/**
 * An operation that is put off, or unknown, is to be made an intent again before it is sent. All in one row: it is asked after each flush, and a row
 * for each would cost more than all the rest of it.
 */
const SELECT = `SELECT json_group_array(key) AS keys FROM (SELECT key FROM operations WHERE state = 'sent'
  UNION ALL SELECT json_extract(value, '$[0]') FROM pages, json_each(pages.intents))`;

const SELECT_COMPLETE = "SELECT json_extract(checkpoint, '$.completeMs') AS ms FROM checkpoints";

const SELECT_UNFINISHED = `SELECT key FROM operations UNION SELECT key FROM rejects WHERE key IS NOT NULL
  UNION SELECT json_extract(value, '$[0]') FROM pages, json_each(pages.intents)`;

export function intentProbe(stateFile: string): IntentProbe {
  let db: DatabaseSync | undefined;
  let select: StatementSync | undefined;
  let keys = new Set<unknown>();
  return {
    look() {
      if (db === undefined && existsSync(stateFile)) {
        db = new DatabaseSync(stateFile, { readOnly: true });
        select = db.prepare(SELECT);
      }
      keys = new Set(JSON.parse((select?.get()?.["keys"] as string | undefined) ?? "[]") as readonly unknown[]);
    },
    has: (key) => keys.has(key),
    unfinished: () =>
      new Set(
        db
          ?.prepare(SELECT_UNFINISHED)
          .all()
          .map(({ key }) => String(key)),
      ),
    completeMs: () => (db?.prepare(SELECT_COMPLETE).get()?.["ms"] as number | null | undefined) ?? undefined,
    checkpoint: () => db?.prepare("SELECT checkpoint AS text FROM checkpoints").get()?.["text"] as string | undefined,
    close() {
      db?.close();
      db = undefined;
      select = undefined;
    },
  };
}
