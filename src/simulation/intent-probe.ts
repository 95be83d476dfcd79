import { existsSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";

/** Reads from the ledger's file, and not from the engine, which keys have a durable intent (K1, U1). */
export interface IntentProbe {
  /** To be called when something was flushed. */
  look(): void;
  has(key: string): boolean;
  close(): void;
}

const SELECT = `SELECT key FROM operations WHERE state <> 'waiting'
  UNION ALL SELECT json_extract(value, '$[0]') FROM pages, json_each(pages.intents)`;

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
      keys = new Set(select?.all().map(({ key }) => key));
    },
    has: (key) => keys.has(key),
    close() {
      db?.close();
      db = undefined;
      select = undefined;
    },
  };
}
