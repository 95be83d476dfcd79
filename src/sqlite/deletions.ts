import type { Database } from "./database.ts";
import type { SyncId } from "./syncs.ts";

/**
 * The table `deletions`, of one sync: when records were deleted, for the guard (D3), and at which version, for what an old page may still show
 * of them (D1). Methods run in the caller's transaction.
 */
export interface DeletionsTable {
  add(key: string, sourceVersion: string | undefined, atMs: number): void;
  /** Calls `found` for each of these keys that was deleted at a version that is known; the last one counts, which comes last. */
  among(keys: readonly string[], found: (key: string, sourceVersion: string) => void): void;
  countSince(atMs: number): number;
  /** Forgets those before this time. */
  trim(olderThanMs: number): void;
}

export function deletionsTable(database: Database, sync: SyncId): DeletionsTable {
  const insert = database.prepare("INSERT INTO deletions (sync, key, source_version, at_ms) VALUES (?, ?, ?, ?)");
  const isAny = database.prepare("SELECT 1 FROM deletions WHERE sync = ? AND source_version IS NOT NULL LIMIT 1");
  const selectAmong = database.prepare(
    `SELECT key, source_version FROM deletions WHERE sync = ? AND source_version IS NOT NULL
      AND key IN (SELECT value FROM json_each(?)) ORDER BY id`,
  );
  const count = database.prepare("SELECT count(*) AS n FROM deletions WHERE sync = ? AND at_ms >= ?");
  const trim = database.prepare("DELETE FROM deletions WHERE sync = ? AND at_ms < ?");
  return {
    add: (key, sourceVersion, atMs) => void insert.run(sync.id, key, sourceVersion ?? null, Math.floor(atMs)),
    among(keys, found) {
      if (keys.length === 0 || isAny.get(sync.id) === undefined) return;
      for (const row of selectAmong.all(sync.id, JSON.stringify(keys)))
        found(row["key"] as string, row["source_version"] as string);
    },
    countSince: (atMs) => count.get(sync.id, Math.floor(atMs))?.["n"] as number,
    trim: (olderThanMs) => void trim.run(sync.id, Math.floor(olderThanMs)),
  };
}
