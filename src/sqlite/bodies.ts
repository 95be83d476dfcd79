import type { JsonObject } from "../core/json.ts";
import type { Database } from "./database.ts";
import { pack, unpack } from "./packed.ts";
import type { SyncId } from "./syncs.ts";

/** The table `bodies`, of one sync: content last applied. Methods run in the caller's transaction. */
export interface BodiesTable {
  /** Undefined when the content is not known. */
  put(key: string, body: JsonObject | undefined): void;
  remove(key: string): void;
  among(keys: readonly string[]): ReadonlyMap<string, JsonObject>;
  clear(): void;
}

/** With `keeps` false nothing is stored, and what was stored before goes when it is no longer true. */
export function bodiesTable(database: Database, sync: SyncId, keeps: boolean): BodiesTable {
  const replace = database.prepare("INSERT OR REPLACE INTO bodies (sync, key, body) VALUES (?, ?, ?)");
  const remove = database.prepare("DELETE FROM bodies WHERE sync = ? AND key = ?");
  const select = database.prepare(
    "SELECT key, body FROM bodies WHERE sync = ? AND key IN (SELECT value FROM json_each(?))",
  );
  const clear = database.prepare("DELETE FROM bodies WHERE sync = ?");
  return {
    put(key, body) {
      if (keeps && body !== undefined) replace.run(sync.id, key, pack(body));
      else remove.run(sync.id, key);
    },
    remove: (key) => void remove.run(sync.id, key),
    among(keys) {
      if (!keeps) return new Map();
      const rows = select.all(sync.id, JSON.stringify(keys));
      return new Map(rows.map((row) => [row["key"] as string, unpack<JsonObject>(row["body"])]));
    },
    clear: () => void clear.run(sync.id),
  };
}
