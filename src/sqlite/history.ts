import type { HistoryEvent, StoredHistoryEvent } from "../core/history.ts";
import type { Database, Row } from "./database.ts";
import { insertion, type InputRow } from "./insertion.ts";
import { optional } from "./packed.ts";
import type { SyncId } from "./syncs.ts";

/** Rows that one trimming looks at, beside twice as many as were added since the last one: so it keeps up, whatever a run adds. */
const TRIM_ROWS = 20_000;

/** A line of the table `history`, as an entry refers to it. */
export type LineId = number | undefined;

/**
 * The table `history`. Most lines say that something was applied, and are found from the key's entry, one from the other; the others have
 * an index. Methods run in the caller's transaction.
 */
export interface HistoryTable {
  /** Adds a line that the index finds. */
  add(run: number, event: HistoryEvent): void;
  /** Adds lines that their keys' entries are to refer to, `before` are those that they refer to now. Without an event that one stays. */
  link(run: number, events: readonly (HistoryEvent | undefined)[], before: readonly LineId[]): readonly LineId[];
  /** The key's entry goes: from now on the index finds its lines. */
  unlink(key: string, newest: LineId): void;
  /** All lines of a key in their order; `newest` is the one that its entry refers to. */
  ofKey(key: string, newest: LineId): readonly StoredHistoryEvent[];
  /** Removes the oldest lines, of all syncs: those before this time, and those beyond the newest `keep`. */
  trim(olderThanMs: number, keep: number): void;
}

export function historyTable(database: Database, sync: SyncId): HistoryTable {
  const into = "INSERT INTO history (sync, key, run, at_ms, event, operation, detail, linked, before)";
  const insert = insertion(database, into, 9);
  const selectLine = database.prepare("SELECT * FROM history WHERE id = ? AND sync = ? AND key = ?");
  const selectOthers = database.prepare("SELECT * FROM history WHERE sync = ? AND key = ? AND linked = 0");
  const unlink = database.prepare("UPDATE history SET linked = 0, before = NULL WHERE id = ?");
  const removeOld = database.prepare(
    `DELETE FROM history WHERE id IN (SELECT id FROM history ORDER BY id LIMIT ?)
       AND (at_ms < ? OR id <= (SELECT max(id) FROM history) - ?)`,
  );
  const selectFirst = database.prepare(
    "SELECT at_ms, (SELECT max(id) FROM history) - id AS after FROM history ORDER BY id LIMIT 1",
  );
  /** Lines are in the order of their times, but for what a clock that was set back has made of it. */
  const hasOld = (olderThanMs: number, keep: number): boolean => {
    const first = selectFirst.get();
    return first !== undefined && ((first["at_ms"] as number) < olderThanMs || (first["after"] as number) >= keep);
  };
  let added = 0;
  const rowOf = (run: number, event: HistoryEvent, linked: 0 | 1, before: LineId): InputRow => {
    const { key, atMs, event: name, operation, detail } = event;
    return [sync.id, key, run, atMs, name, operation ?? null, detail, linked, before ?? null];
  };
  const linesFrom = (key: string, newest: LineId): readonly Row[] => {
    const rows: Row[] = [];
    let id = newest;
    while (id !== undefined) {
      const row = selectLine.get(id, sync.id, key);
      if (row === undefined) break;
      rows.push(row);
      const before = optional<number>(row["before"]);
      // A line that was trimmed may have given its number to a later one.
      id = before !== undefined && before < id ? before : undefined;
    }
    return rows;
  };
  return {
    add(run, event) {
      insert([rowOf(run, event, 0, undefined)]);
      added += 1;
    },
    link(run, events, before) {
      const rows: InputRow[] = [];
      for (let index = 0; index < events.length; index++) {
        const event = events[index];
        if (event !== undefined) rows.push(rowOf(run, event, 1, before[index]));
      }
      const ids = insert(rows);
      added += rows.length;
      let next = 0;
      return events.map((event, index) => (event === undefined ? before[index] : ids[next++]));
    },
    unlink(key, newest) {
      for (const row of linesFrom(key, newest)) unlink.run(row["id"] as number);
    },
    ofKey: (key, newest) =>
      [...linesFrom(key, newest), ...selectOthers.all(sync.id, key)]
        .toSorted((a, b) => (a["id"] as number) - (b["id"] as number))
        .map((row) => ({
          key,
          run: row["run"] as number,
          atMs: row["at_ms"] as number,
          event: row["event"] as string,
          operation: optional(row["operation"]),
          detail: row["detail"] as string,
        })),
    trim(olderThanMs, keep) {
      // Each of hundreds of syncs asks after its run.
      if (hasOld(olderThanMs, keep)) removeOld.run(TRIM_ROWS + 2 * added, olderThanMs, keep);
      added = 0;
    },
  };
}
