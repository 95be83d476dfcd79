import type { Checkpoint, RunRow, RunStatus } from "../core/ledger.ts";
import type { HistoryEvent, StoredHistoryEvent } from "../core/history.ts";
import type { Database } from "./database.ts";
import { optional } from "./packed.ts";

type RunEnd = Pick<RunRow, "status" | "counts" | "message"> & { readonly endedMs: number };

/** The tables `runs`, `checkpoints` and `history`, of one sync: what happened, and where it goes on. */
export interface RunsTable {
  begin(startedMs: number): number;
  end(run: number, end: RunEnd): void;
  last(limit: number): readonly RunRow[];
  checkpoint(): Checkpoint | undefined;
  saveCheckpoint(value: Checkpoint | undefined): void;
  note(run: number, event: HistoryEvent): void;
  history(key: string): readonly StoredHistoryEvent[];
  trim(olderThanMs: number, keepPerKey: number): void;
}

/** Rows that go in one call: trimming never holds the disk for long. */
const TRIM_MAX = 20_000;

export function runsTable(database: Database, sync: number, name: string): RunsTable {
  const begin = (startedMs: number): number =>
    Number(
      database
        .prepare("INSERT INTO runs (sync, started_ms, status, counts) VALUES (?, ?, 'running', '{}')")
        .run(sync, startedMs).lastInsertRowid,
    );

  const end = (run: number, { endedMs, status, counts, message }: RunEnd): void => {
    database
      .prepare("UPDATE runs SET ended_ms = ?, status = ?, counts = ?, message = ? WHERE id = ?")
      .run(endedMs, status, JSON.stringify(counts), message ?? null, run);
  };

  const last = (limit: number): readonly RunRow[] =>
    database
      .prepare("SELECT * FROM runs WHERE sync = ? ORDER BY id DESC LIMIT ?")
      .all(sync, limit)
      .map((row) => ({
        id: row["id"] as number,
        sync: name,
        startedMs: row["started_ms"] as number,
        endedMs: optional(row["ended_ms"]),
        status: row["status"] as RunStatus,
        counts: JSON.parse(row["counts"] as string) as Record<string, number>,
        message: optional(row["message"]),
      }));

  const checkpoint = (): Checkpoint | undefined => {
    const row = database.prepare("SELECT checkpoint FROM checkpoints WHERE sync = ?").get(sync);
    return row && (JSON.parse(row["checkpoint"] as string) as Checkpoint);
  };

  const saveCheckpoint = (value: Checkpoint | undefined): void => {
    if (value === undefined) database.prepare("DELETE FROM checkpoints WHERE sync = ?").run(sync);
    else
      database
        .prepare("INSERT OR REPLACE INTO checkpoints (sync, checkpoint) VALUES (?, ?)")
        .run(sync, JSON.stringify(value));
  };

  const note = (run: number, { key, atMs, event, operation, detail }: HistoryEvent): void => {
    database
      .prepare("INSERT INTO history (sync, key, run, at_ms, event, operation, detail) VALUES (?, ?, ?, ?, ?, ?, ?)")
      .run(sync, key, run, atMs, event, operation ?? null, detail);
  };

  const history = (key: string): readonly StoredHistoryEvent[] =>
    database
      .prepare("SELECT * FROM history WHERE sync = ? AND key = ? ORDER BY id")
      .all(sync, key)
      .map((row) => ({
        key,
        run: row["run"] as number,
        atMs: row["at_ms"] as number,
        event: row["event"] as string,
        operation: optional(row["operation"]),
        detail: row["detail"] as string,
      }));

  const trim = (olderThanMs: number, keepPerKey: number): void => {
    database
      .prepare(
        `DELETE FROM history WHERE id IN (SELECT id FROM history WHERE sync = ? AND at_ms < ? LIMIT ${TRIM_MAX})`,
      )
      .run(sync, olderThanMs);
    const crowded = database
      .prepare("SELECT key FROM history WHERE sync = ? GROUP BY key HAVING count(*) > ? LIMIT 1000")
      .all(sync, keepPerKey);
    for (const row of crowded) {
      const sql =
        "DELETE FROM history WHERE sync = ? AND key = ? AND id NOT IN (SELECT id FROM history WHERE sync = ? AND key = ? ORDER BY id DESC LIMIT ?)";
      database.prepare(sql).run(sync, row["key"] as string, sync, row["key"] as string, keepPerKey);
    }
  };

  return { begin, end, last, checkpoint, saveCheckpoint, note, history, trim };
}
