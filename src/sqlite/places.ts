import type { Places } from "../core/places.ts";
import { FOREIGN } from "../core/record.ts";
import type { Database, Statement } from "./database.ts";
import type { SyncId } from "./syncs.ts";

/** Which of these places a record has, in the table `entries`, or may have, in the table `operations`. */
export function placesIn(
  database: Database,
  sync: SyncId,
  table: "entries" | "operations",
): (asked: Places, found: (place: string, key: string) => void) => void {
  const select = (column: "address" | "destination_id"): Statement =>
    database.prepare(
      `SELECT key, ${column} AS place FROM ${table} WHERE sync = ? AND ${column} IN (SELECT value FROM json_each(?))`,
    );
  const [selectAddresses, selectIds] = [select("address"), select("destination_id")];
  return (asked, found) => {
    const rows =
      "ids" in asked
        ? selectIds.all(sync.id, JSON.stringify(asked.ids))
        : selectAddresses.all(sync.id, JSON.stringify(asked.addresses));
    for (const { key, place } of rows) if (!(key as string).startsWith(FOREIGN)) found(place as string, key as string);
  };
}
