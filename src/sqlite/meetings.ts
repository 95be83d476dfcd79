import type { Database } from "./database.ts";
import type { SyncId } from "./syncs.ts";

/** SQLite's page cache for what is noted, in KiB; what does not fit goes to a temporary file. */
const CACHE_KIB = 8_192;

/**
 * The table `met`, of one sync: keys that the read under way has met. It is temporary: it needs no flush, and is gone with the process, since
 * a read that another process began proves nothing (D2).
 */
export interface MeetingsTable {
  begin(): void;
  add(keys: readonly string[]): void;
}

export function meetingsTable(database: Database, sync: SyncId): MeetingsTable {
  const clear = database.prepare("DELETE FROM temp.met WHERE sync = ?");
  const insert = database.prepare("INSERT OR IGNORE INTO temp.met SELECT ?, value FROM json_each(?)");
  return {
    begin() {
      database.exec(`PRAGMA temp.cache_size = -${CACHE_KIB}`);
      database.exec(
        "CREATE TEMP TABLE IF NOT EXISTS met (sync INTEGER, key TEXT, PRIMARY KEY (sync, key)) WITHOUT ROWID",
      );
      clear.run(sync.id);
    },
    add: (keys) => void insert.run(sync.id, JSON.stringify(keys)),
  };
}
