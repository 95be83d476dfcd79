import type { Entry } from "../core/ledger.ts";
import type { AddressClaim, Places } from "../core/places.ts";
import type { BodyId } from "./bodies.ts";
import { ownersIn } from "./claims.ts";
import type { Database } from "./database.ts";
import type { LineId } from "./history.ts";
import { insertion } from "./insertion.ts";
import { optional } from "./packed.ts";
import { placesIn } from "./places.ts";
import type { SyncId } from "./syncs.ts";

/** Rows read at a time when all entries are walked: a page of memory, whatever their number. */
const BATCH = 1_000;

/** What an entry refers to. */
export interface Links {
  readonly body: BodyId;
  readonly history: LineId;
}

/** Of a key without an entry. */
export const NO_LINKS: Links = { body: undefined, history: undefined };

/** The table `entries`, of one sync. Methods run in the caller's transaction. */
export interface EntriesTable {
  put(entries: readonly Entry[], bodies: readonly BodyId[], lines: readonly LineId[]): void;
  remove(key: string): void;
  /** What the destination holds is not known any more. */
  doubt(key: string): void;
  /** A complete read has missed these keys; which has missed them first stays. */
  miss(read: number, keys: readonly string[]): void;
  /** They are there after all. */
  find(keys: readonly string[]): void;
  /** The next of them that are not in the table of the keys that were met, see `MeetingsTable`. */
  unmet(after: string, limit: number): readonly Entry[];
  countUnmet(): number;
  /** Calls `found` for each of these places that some key has. */
  placed(asked: Places, found: (place: string, key: string) => void): void;
  /** Where the rest of what is known of the key is. */
  links(key: string): Links;
  get(key: string): Entry | undefined;
  /** Calls `found` for each of these keys that has an entry. */
  among(keys: readonly string[], found: (entry: Entry) => void): void;
  /** The next {@link BATCH} entries in key order; fewer at the end. */
  after(key: string): readonly Entry[];
  /** Calls `found` for each of these addresses that an entry has, see `AddressClaim`. */
  owners(claims: readonly AddressClaim[], found: (address: string, key: string) => void): void;
  count(): number;
  clear(): void;
}

const COLUMNS = "key, key_kind, destination_id, address, claim, hash, source_version, etag, operation, read, missed";

export function entriesTable(database: Database, sync: SyncId): EntriesTable {
  const replace = insertion(database, `INSERT OR REPLACE INTO entries (sync, ${COLUMNS}, body, history)`, 14);
  const remove = database.prepare("DELETE FROM entries WHERE sync = ? AND key = ?");
  const forgetHash = database.prepare("UPDATE entries SET hash = NULL WHERE sync = ? AND key = ?");
  const select = database.prepareLists(`SELECT ${COLUMNS} FROM entries WHERE sync = ? AND key = ?`);
  const selectAmong = database.prepareLists(
    `SELECT ${COLUMNS} FROM entries WHERE sync = ? AND key IN (SELECT value FROM json_each(?))`,
  );
  const selectAfter = database.prepareLists(
    `SELECT ${COLUMNS} FROM entries WHERE sync = ? AND key > ? ORDER BY key LIMIT ${BATCH}`,
  );
  const selectLinks = database.prepare("SELECT body, history FROM entries WHERE sync = ? AND key = ?");
  const miss = database.prepare(
    "UPDATE entries SET missed = ? WHERE sync = ? AND key IN (SELECT value FROM json_each(?)) AND missed IS NULL",
  );
  const find = database.prepare(
    "UPDATE entries SET missed = NULL WHERE sync = ? AND key IN (SELECT value FROM json_each(?)) AND missed IS NOT NULL",
  );
  // Both are in the order of their keys, so each is walked once.
  const UNMET = "sync = ?1 AND NOT EXISTS (SELECT 1 FROM temp.met WHERE met.sync = ?1 AND met.key = entries.key)";
  const selectUnmet = database.prepareLists(
    `SELECT ${COLUMNS} FROM entries WHERE ${UNMET} AND key > ?2 ORDER BY key LIMIT ?3`,
  );
  const countUnmet = database.prepare(`SELECT count(*) AS n FROM entries WHERE ${UNMET}`);
  const owners = ownersIn(database, sync, "entries");
  const placed = placesIn(database, sync, "entries");
  const count = database.prepare("SELECT count(*) AS n FROM entries WHERE sync = ?");
  const clear = database.prepare("DELETE FROM entries WHERE sync = ?");
  return {
    put(entries, bodies, lines) {
      replace(
        entries.map((entry, index) => [
          sync.id,
          entry.key,
          entry.keyKind,
          entry.destinationId ?? null,
          entry.address ?? null,
          entry.addressFollowsKey ? null : (entry.address ?? null),
          entry.hash ?? null,
          entry.sourceVersion ?? null,
          entry.etag ?? null,
          entry.operation,
          entry.read,
          entry.missed ?? null,
          bodies[index] ?? null,
          lines[index] ?? null,
        ]),
      );
    },
    placed,
    links(key) {
      const row = selectLinks.get(sync.id, key);
      return row === undefined ? NO_LINKS : { body: optional(row["body"]), history: optional(row["history"]) };
    },
    remove: (key) => void remove.run(sync.id, key),
    miss: (read, keys) => void miss.run(read, sync.id, JSON.stringify(keys)),
    find: (keys) => void find.run(sync.id, JSON.stringify(keys)),
    countUnmet: () => countUnmet.get(sync.id)?.["n"] as number,
    unmet: (after, limit) => selectUnmet.all(sync.id, after, limit).map(entryIn),
    doubt: (key) => void forgetHash.run(sync.id, key),
    get(key) {
      const [row] = select.all(sync.id, key);
      return row && entryIn(row);
    },
    among(keys, found) {
      for (const row of selectAmong.all(sync.id, JSON.stringify(keys))) found(entryIn(row));
    },
    after: (key) => selectAfter.all(sync.id, key).map(entryIn),
    owners,
    count: () => count.get(sync.id)?.["n"] as number,
    clear: () => void clear.run(sync.id),
  };
}

/** A row of {@link COLUMNS}. */
const entryIn = (row: readonly unknown[]): Entry => ({
  key: row[0] as string,
  keyKind: row[1] as string,
  destinationId: optional(row[2]),
  address: optional(row[3]),
  addressFollowsKey: row[4] === null,
  hash: optional(row[5]),
  sourceVersion: optional(row[6]),
  etag: optional(row[7]),
  operation: row[8] as number,
  read: row[9] as number,
  missed: optional(row[10]),
});
