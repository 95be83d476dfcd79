import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

/** Reads from the ledger's file, and not from the engine, which keys have a durable intent (K1, U1). */
export interface IntentProbe {
  /** To be called when something was flushed. */
  look(): void;
  has(key: string): boolean;
  close(): void;
}

export function intentProbe(stateFile: string): IntentProbe {
  let db: DatabaseSync | undefined;
  let keys = new Set<unknown>();
  const open = (): DatabaseSync | undefined =>
    existsSync(stateFile) ? new DatabaseSync(stateFile, { readOnly: true }) : undefined;
  return {
    look() {
      db ??= open();
      const rows = db
        ?.prepare(
          `SELECT key FROM operations WHERE state <> 'waiting'
             UNION ALL SELECT json_extract(value, '$[0]') FROM pages, json_each(pages.intents)`,
        )
        .all();
      keys = new Set(rows?.map(({ key }) => key));
    },
    has: (key) => keys.has(key),
    close() {
      db?.close();
      db = undefined;
    },
  };
}
