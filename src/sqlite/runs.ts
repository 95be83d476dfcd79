import type { RunRow, RunStatus } from "../core/ledger.ts";
import type { Database, Row } from "./database.ts";
import { optional, parsePlain } from "./packed.ts";
import type { SyncId } from "./syncs.ts";

/** Rows kept of a sync: a run every minute fills them in 17 hours, one a day in three years; older ones answer no question. */
const RUNS_KEPT = 1_000;

/** The table `runs`, of one sync. Methods run in the caller's transaction. */
export interface RunsTable {
  begin(startedMs: number): number;
  end(run: number, end: Pick<RunRow, "status" | "counts" | "message"> & { readonly endedMs: number }): void;
  /** The newest first. */
  last(limit: number): readonly RunRow[];
}

export function runsTable(database: Database, sync: SyncId, name: string): RunsTable {
  const insert = database.prepare("INSERT INTO runs (sync, started_ms, status, counts) VALUES (?, ?, 'running', '{}')");
  const prune = database.prepare(
    `DELETE FROM runs WHERE sync = ?1
       AND id <= (SELECT id FROM runs WHERE sync = ?1 ORDER BY id DESC LIMIT 1 OFFSET ${RUNS_KEPT})`,
  );
  const update = database.prepare(
    "UPDATE runs SET ended_ms = ?, status = ?, counts = ?, message = ? WHERE sync = ? AND id = ?",
  );
  const select = database.prepare("SELECT * FROM runs WHERE sync = ? ORDER BY id DESC LIMIT ?");
  const runOf = (row: Row): RunRow => ({
    id: row["id"] as number,
    sync: name,
    startedMs: row["started_ms"] as number,
    endedMs: optional(row["ended_ms"]),
    status: row["status"] as RunStatus,
    counts: parsePlain<Record<string, number>>(row["counts"]),
    message: optional(row["message"]),
  });
  return {
    begin(startedMs) {
      const { lastInsertRowid } = insert.run(sync.id, startedMs);
      prune.run(sync.id);
      return Number(lastInsertRowid);
    },
    end(run, { endedMs, status, counts, message }) {
      update.run(endedMs, status, JSON.stringify(counts), message ?? null, sync.id, run);
    },
    last: (limit) => select.all(sync.id, limit).map(runOf),
  };
}
