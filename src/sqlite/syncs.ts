import type { StoredFields } from "../core/owned-fields.ts";
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
  fieldsOf(sync: SyncId): StoredFields | undefined;
  /** Undefined forgets them. */
  keepFields(sync: SyncId, fields: StoredFields | undefined): void;
}

export function syncsTable(database: Database): SyncsTable {
  const selectNames = database.prepare("SELECT name FROM syncs ORDER BY id");
  const select = database.prepare("SELECT id FROM syncs WHERE name = ?");
  const insert = database.prepare("INSERT INTO syncs (name) VALUES (?)");
  const selectFields = database.prepare("SELECT fields FROM syncs WHERE id = ?");
  const updateFields = database.prepare("UPDATE syncs SET fields = ? WHERE id = ?");
  const idOf = (name: string): number | undefined => select.get(name)?.["id"] as number | undefined;
  return {
    names: () => selectNames.all().map((row) => row["name"] as string),
    idOf,
    register: (name) => idOf(name) ?? Number(insert.run(name).lastInsertRowid),
    fieldsOf({ id }) {
      const text = selectFields.get(id)?.["fields"] as string | null | undefined;
      return typeof text === "string" ? (JSON.parse(text) as StoredFields) : undefined;
    },
    keepFields: ({ id }, fields) => void updateFields.run(fields === undefined ? null : JSON.stringify(fields), id),
  };
}
