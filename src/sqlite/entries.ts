import type { Entry } from "../core/ledger.ts";
import type { Database, Row } from "./database.ts";
import { optional } from "./packed.ts";
import type { SyncId } from "./syncs.ts";

/** Rows read at a time when all entries are walked: a page of memory, whatever their number. */
const BATCH = 1_000;

/** The table `entries`, of one sync. Methods run in the caller's transaction. */
export interface EntriesTable {
  put(entry: Entry): void;
  remove(key: string): void;
  get(key: string): Entry | undefined;
  /** Calls `found` for each of these keys that has an entry. */
  among(keys: readonly string[], found: (entry: Entry) => void): void;
  /** The next {@link BATCH} entries in key order; fewer at the end. */
  after(key: string): readonly Entry[];
  /** Calls `found` for each of these addresses that an entry has. */
  owners(addresses: readonly string[], found: (address: string, key: string) => void): void;
  count(): number;
  clear(): void;
}

const COLUMNS = "key, key_kind, destination_id, address, hash, source_version, etag, operation, read";

export function entriesTable(database: Database, sync: SyncId): EntriesTable {
  const replace = database.prepare(
    `INSERT OR REPLACE INTO entries (sync, ${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const remove = database.prepare("DELETE FROM entries WHERE sync = ? AND key = ?");
  const select = database.prepare(`SELECT ${COLUMNS} FROM entries WHERE sync = ? AND key = ?`);
  const selectAmong = database.prepare(
    `SELECT ${COLUMNS} FROM entries WHERE sync = ? AND key IN (SELECT value FROM json_each(?))`,
  );
  const selectAfter = database.prepare(
    `SELECT ${COLUMNS} FROM entries WHERE sync = ? AND key > ? ORDER BY key LIMIT ${BATCH}`,
  );
  const selectOwners = database.prepare(
    "SELECT address, key FROM entries WHERE sync = ? AND address IN (SELECT value FROM json_each(?))",
  );
  const count = database.prepare("SELECT count(*) AS n FROM entries WHERE sync = ?");
  const clear = database.prepare("DELETE FROM entries WHERE sync = ?");
  return {
    put({ key, keyKind, destinationId, address, hash, sourceVersion, etag, operation, read }) {
      const known = [destinationId ?? null, address ?? null, hash ?? null, sourceVersion ?? null, etag ?? null];
      replace.run(sync.id, key, keyKind, ...known, operation, read);
    },
    remove: (key) => void remove.run(sync.id, key),
    get(key) {
      const row = select.get(sync.id, key);
      return row && entryOf(row);
    },
    among(keys, found) {
      for (const row of selectAmong.all(sync.id, JSON.stringify(keys))) found(entryOf(row));
    },
    after: (key) => selectAfter.all(sync.id, key).map(entryOf),
    owners(addresses, found) {
      for (const row of selectOwners.all(sync.id, JSON.stringify(addresses))) {
        found(row["address"] as string, row["key"] as string);
      }
    },
    count: () => count.get(sync.id)?.["n"] as number,
    clear: () => void clear.run(sync.id),
  };
}

const entryOf = (row: Row): Entry => ({
  key: row["key"] as string,
  keyKind: row["key_kind"] as string,
  destinationId: optional(row["destination_id"]),
  address: optional(row["address"]),
  hash: optional(row["hash"]),
  sourceVersion: optional(row["source_version"]),
  etag: optional(row["etag"]),
  operation: row["operation"] as number,
  read: row["read"] as number,
});
