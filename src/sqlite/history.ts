import type { HistoryEvent, StoredHistoryEvent } from "../core/history.ts";
import type { Database } from "./database.ts";
import { optional } from "./packed.ts";
import type { SyncId } from "./syncs.ts";

/** Rows that one trimming looks at, beside twice as many as were added since the last one: so it keeps up, whatever a run adds. */
const TRIM_ROWS = 20_000;

/** In SQLite's order every blob comes after every text. */
const AFTER_ALL_KEYS = new Uint8Array(1);

/** The table `history`, of one sync. Methods run in the caller's transaction. */
export interface HistoryTable {
  add(run: number, event: HistoryEvent): void;
  ofKey(key: string): readonly StoredHistoryEvent[];
  /** Goes on through the keys where the last trimming ended, and begins anew after the last key. */
  trim(olderThanMs: number, keepPerKey: number): void;
}

export function historyTable(database: Database, sync: SyncId): HistoryTable {
  const insert = database.prepare(
    `INSERT INTO history (sync, key, nth, run, at_ms, event, operation, detail)
       VALUES (?1, ?2, (SELECT ifnull(max(nth), 0) + 1 FROM history WHERE sync = ?1 AND key = ?2), ?3, ?4, ?5, ?6, ?7)`,
  );
  const select = database.prepare("SELECT * FROM history WHERE sync = ? AND key = ? ORDER BY nth");
  const selectPosition = database.prepare("SELECT history_trimmed_to FROM syncs WHERE id = ?");
  const updatePosition = database.prepare("UPDATE syncs SET history_trimmed_to = ? WHERE id = ?");
  const selectEnd = database.prepare(
    "SELECT key FROM history WHERE sync = ? AND key > ? ORDER BY key LIMIT 1 OFFSET ?",
  );
  const removeOld = database.prepare(
    `DELETE FROM history WHERE sync = ?1 AND key > ?2 AND key <= ?3 AND (at_ms < ?4
       OR nth <= (SELECT max(nth) FROM history same WHERE same.sync = ?1 AND same.key = history.key) - ?5)`,
  );
  let added = 0;
  return {
    add(run, { key, atMs, event, operation, detail }) {
      insert.run(sync.id, key, run, atMs, event, operation ?? null, detail);
      added += 1;
    },
    ofKey: (key) =>
      select.all(sync.id, key).map((row) => ({
        key,
        run: row["run"] as number,
        atMs: row["at_ms"] as number,
        event: row["event"] as string,
        operation: optional(row["operation"]),
        detail: row["detail"] as string,
      })),
    trim(olderThanMs, keepPerKey) {
      const from = (selectPosition.get(sync.id)?.["history_trimmed_to"] as string | undefined) ?? "";
      const end = selectEnd.get(sync.id, from, TRIM_ROWS + 2 * added)?.["key"] as string | undefined;
      removeOld.run(sync.id, from, end ?? AFTER_ALL_KEYS, olderThanMs, keepPerKey);
      updatePosition.run(end ?? "", sync.id);
      added = 0;
    },
  };
}
