import type { JsonObject } from "../core/json.ts";
import type { Database } from "./database.ts";
import { insertion, type InputRow } from "./insertion.ts";
import { pack, unpack } from "./packed.ts";
import type { SyncId } from "./syncs.ts";

/** A row of the table `bodies`, as an entry refers to it. */
export type BodyId = number | undefined;

/** The table `bodies`: content last applied, found from the entries. Methods run in the caller's transaction. */
export interface BodiesTable {
  /** Keeps bodies in the place of older ones, and returns where. An undefined body is one that is not known: then none is kept. */
  replace(before: readonly BodyId[], bodies: readonly (JsonObject | undefined)[]): readonly BodyId[];
  among(keys: readonly string[]): ReadonlyMap<string, JsonObject>;
  /** Removes all bodies of the sync; to be called while its entries are still there. */
  clear(): void;
}

/** With `keeps` false nothing is stored, and what was stored before goes when it is no longer true. */
export function bodiesTable(database: Database, sync: SyncId, keeps: boolean): BodiesTable {
  const insert = insertion(database, "INSERT INTO bodies (body)", 1);
  const update = database.prepare("UPDATE bodies SET body = ? WHERE id = ?");
  const remove = database.prepare("DELETE FROM bodies WHERE id = ?");
  // A cross join is taken in the order in which it is written: few keys first, then their bodies.
  const select = database.prepare(
    `SELECT key, bodies.body FROM entries CROSS JOIN bodies ON bodies.id = entries.body
       WHERE sync = ? AND key IN (SELECT value FROM json_each(?))`,
  );
  const clear = database.prepare("DELETE FROM bodies WHERE id IN (SELECT body FROM entries WHERE sync = ?)");
  return {
    replace(before, bodies) {
      const fresh: InputRow[] = [];
      for (let index = 0; index < bodies.length; index++) {
        const [id, body] = [before[index], bodies[index]];
        if (!keeps || body === undefined) {
          if (id !== undefined) remove.run(id);
        } else if (id === undefined) fresh.push([pack(body)]);
        else update.run(pack(body), id);
      }
      const ids = insert(fresh);
      let next = 0;
      return bodies.map((body, index) => (keeps && body !== undefined ? (before[index] ?? ids[next++]) : undefined));
    },
    among(keys) {
      if (!keeps) return new Map();
      const rows = select.all(sync.id, JSON.stringify(keys));
      return new Map(rows.map((row) => [row["key"] as string, unpack<JsonObject>(row["body"])]));
    },
    clear: () => void clear.run(sync.id),
  };
}
