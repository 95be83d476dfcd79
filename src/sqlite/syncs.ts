import type { Database } from "./database.ts";

/**
 * The number that stands for a sync's name in every table; 0, which no row has, until the sync is first written.
 * Looking at a sync that the ledger does not know must not make it known.
 */
export interface SyncId {
  readonly id: number;
}

/** The table `syncs`. Methods run in the caller's transaction. */
export interface SyncsTable {
  names(): readonly string[];
  idOf(name: string): number | undefined;
  /** Makes the sync known, if it is not, and returns its number. */
  register(name: string): number;
}

export function syncsTable(database: Database): SyncsTable {
  const selectNames = database.prepare("SELECT name FROM syncs ORDER BY id");
  const select = database.prepare("SELECT id FROM syncs WHERE name = ?");
  const insert = database.prepare("INSERT INTO syncs (name) VALUES (?)");
  const idOf = (name: string): number | undefined => select.get(name)?.["id"] as number | undefined;
  return {
    names: () => selectNames.all().map((row) => row["name"] as string),
    idOf,
    register: (name) => idOf(name) ?? Number(insert.run(name).lastInsertRowid),
  };
}
