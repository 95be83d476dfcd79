import type { JsonObject } from "../core/json.ts";
import type { Entry } from "../core/ledger.ts";
import type { Database } from "./database.ts";
import { optional, pack, unpack } from "./packed.ts";

const COLUMNS = "key, key_kind, destination_id, address, hash, source_version, etag, operation, read";

/** Rows read at a time when all entries are walked. */
const BATCH = 1_000;

export function entryOf(row: Readonly<Record<string, unknown>>): Entry {
  return {
    key: row["key"] as string,
    keyKind: row["key_kind"] as string,
    destinationId: optional(row["destination_id"]),
    address: optional(row["address"]),
    hash: optional(row["hash"]),
    sourceVersion: optional(row["source_version"]),
    etag: optional(row["etag"]),
    operation: row["operation"] as number,
    read: row["read"] as number,
  };
}

/** The tables `entries` and `bodies`, of one sync. Methods run in the caller's transaction. */
export interface EntriesTable {
  put(entry: Entry, mapped: JsonObject | undefined): void;
  remove(key: string): void;
  get(key: string): Entry | undefined;
  /** The next rows in key order. */
  after(key: string): readonly Entry[];
  /** Keys by the addresses that they own or are about to be written to. */
  owners(addresses: readonly string[]): ReadonlyMap<string, string>;
  bodies(keys: readonly string[]): ReadonlyMap<string, JsonObject>;
  /** What the destination holds under this key is no longer known. */
  forgetContent(key: string): void;
  clear(): void;
  count(): number;
}

export function entriesTable(database: Database, sync: number, keepsBodies: boolean): EntriesTable {
  const put = (entry: Entry, mapped: JsonObject | undefined): void => {
    const { key, keyKind, destinationId, address, hash, sourceVersion, etag, operation, read } = entry;
    database
      .prepare(`INSERT OR REPLACE INTO entries (sync, ${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
      .run(
        sync,
        key,
        keyKind,
        destinationId ?? null,
        address ?? null,
        hash ?? null,
        sourceVersion ?? null,
        etag ?? null,
        operation,
        read,
      );
    if (!keepsBodies) return;
    if (mapped === undefined) database.prepare("DELETE FROM bodies WHERE sync = ? AND key = ?").run(sync, key);
    else
      database.prepare("INSERT OR REPLACE INTO bodies (sync, key, body) VALUES (?, ?, ?)").run(sync, key, pack(mapped));
  };

  const remove = (key: string): void => {
    database.prepare("DELETE FROM entries WHERE sync = ? AND key = ?").run(sync, key);
    database.prepare("DELETE FROM bodies WHERE sync = ? AND key = ?").run(sync, key);
  };

  const get = (key: string): Entry | undefined => {
    const row = database.prepare(`SELECT ${COLUMNS} FROM entries WHERE sync = ? AND key = ?`).get(sync, key);
    return row && entryOf(row);
  };

  const after = (key: string): readonly Entry[] =>
    database
      .prepare(`SELECT ${COLUMNS} FROM entries WHERE sync = ? AND key > ? ORDER BY key LIMIT ${BATCH}`)
      .all(sync, key)
      .map(entryOf);

  const owners = (addresses: readonly string[]): ReadonlyMap<string, string> => {
    const wanted = JSON.stringify(addresses);
    const sql = (table: string): string =>
      `SELECT address, key FROM ${table} WHERE sync = ? AND address IN (SELECT value FROM json_each(?))`;
    const rows = [
      ...database.prepare(sql("entries")).all(sync, wanted),
      ...database.prepare(sql("operations")).all(sync, wanted),
    ];
    return new Map(rows.map((row) => [row["address"] as string, row["key"] as string]));
  };

  const bodies = (keys: readonly string[]): ReadonlyMap<string, JsonObject> => {
    const rows = database
      .prepare("SELECT key, body FROM bodies WHERE sync = ? AND key IN (SELECT value FROM json_each(?))")
      .all(sync, JSON.stringify(keys));
    return new Map(rows.map((row) => [row["key"] as string, unpack<JsonObject>(row["body"])]));
  };

  const forgetContent = (key: string): void =>
    void database.prepare("UPDATE entries SET hash = NULL WHERE sync = ? AND key = ?").run(sync, key);
  const clear = (): void => {
    database.prepare("DELETE FROM entries WHERE sync = ?").run(sync);
    database.prepare("DELETE FROM bodies WHERE sync = ?").run(sync);
  };
  const count = (): number =>
    database.prepare("SELECT count(*) AS n FROM entries WHERE sync = ?").get(sync)?.["n"] as number;

  return { put, remove, get, after, owners, bodies, forgetContent, clear, count };
}
