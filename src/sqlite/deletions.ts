import type { Database } from "./database.ts";
import type { SyncId } from "./syncs.ts";

/** The table `deletions`, of one sync: when records were deleted, for the guard (D3). Methods run in the caller's transaction. */
export interface DeletionsTable {
  add(atMs: number): void;
  countSince(atMs: number): number;
  /** Forgets those before this time. */
  trim(olderThanMs: number): void;
}

export function deletionsTable(database: Database, sync: SyncId): DeletionsTable {
  const insert = database.prepare("INSERT INTO deletions (sync, at_ms) VALUES (?, ?)");
  const count = database.prepare("SELECT count(*) AS n FROM deletions WHERE sync = ? AND at_ms >= ?");
  const trim = database.prepare("DELETE FROM deletions WHERE sync = ? AND at_ms < ?");
  return {
    add: (atMs) => void insert.run(sync.id, Math.floor(atMs)),
    countSince: (atMs) => count.get(sync.id, Math.floor(atMs))?.["n"] as number,
    trim: (olderThanMs) => void trim.run(sync.id, Math.floor(olderThanMs)),
  };
}
