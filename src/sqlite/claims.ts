import type { AddressClaim } from "../core/places.ts";
import type { Database } from "./database.ts";
import type { SyncId } from "./syncs.ts";

/**
 * Who has an address (U10), in the table `entries` or `operations`: whoever claims it, or else the key that it follows from. Most addresses
 * follow from their own keys, and then there is nothing to look for but claims, of which there are few.
 */
export function ownersIn(
  database: Database,
  sync: SyncId,
  table: "entries" | "operations",
): (claims: readonly AddressClaim[], found: (address: string, key: string) => void) => void {
  const selectAny = database.prepare(`SELECT 1 FROM ${table} WHERE sync = ? AND claim IS NOT NULL LIMIT 1`);
  const selectClaims = database.prepare(
    `SELECT claim, key FROM ${table} WHERE sync = ? AND claim IN (SELECT value FROM json_each(?))`,
  );
  const selectKeys = database.prepare(
    `SELECT address, key FROM ${table} WHERE sync = ? AND claim IS NULL AND key IN (SELECT value FROM json_each(?))`,
  );
  return (claims, found) => {
    if (selectAny.get(sync.id) !== undefined) {
      const addresses = claims.map(({ address }) => address);
      for (const row of selectClaims.all(sync.id, JSON.stringify(addresses)))
        found(row["claim"] as string, row["key"] as string);
    }
    const others = new Map<string, string>();
    for (const { otherKey, address } of claims) if (otherKey !== undefined) others.set(otherKey, address);
    if (others.size === 0) return;
    for (const row of selectKeys.all(sync.id, JSON.stringify([...others.keys()]))) {
      const [address, key] = [row["address"] as string, row["key"] as string];
      if (others.get(key) === address) found(address, key);
    }
  };
}
