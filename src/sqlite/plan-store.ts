import { digestOf, type Moved, type PlanStore } from "../core/planned.ts";
import type { SourceRecord } from "../core/record.ts";
import { pack, unpack } from "./packed.ts";
import { temporaryDatabase } from "./temporary.ts";

const SCHEMA = `
  CREATE TABLE planned (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, digest TEXT, source_hash TEXT,
    met_digest TEXT, met_source_hash TEXT, record BLOB, seen INTEGER NOT NULL DEFAULT 0
  );
`;

/** Room on the disk for a plan. */
export function createPlanStore(): PlanStore {
  const db = temporaryDatabase(SCHEMA);
  const { look, together } = db;
  const expect = db.prepare("INSERT OR REPLACE INTO planned (key, kind, digest, source_hash) VALUES (?, ?, ?, ?)");
  const isDelete = db.prepare("SELECT 1 FROM planned WHERE key = ? AND kind = 'delete'");
  const meet = db.prepare(
    `INSERT INTO planned (key, kind, met_digest, met_source_hash, record) VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE
       SET met_digest = excluded.met_digest, met_source_hash = excluded.met_source_hash, record = excluded.record`,
  );
  const see = db.prepare("UPDATE planned SET seen = 1 WHERE key IN (SELECT value FROM json_each(?))");
  const moved = db.prepare(
    `SELECT key, CASE WHEN digest IS NULL THEN 'new' WHEN met_digest IS NULL THEN iif(seen = 0 AND kind <> 'delete', 'gone', 'unneeded')
         WHEN source_hash <> met_source_hash THEN 'sourceChanged' ELSE 'changed' END AS how
       FROM planned WHERE digest IS NOT met_digest ORDER BY met_digest IS NULL, number LIMIT ?`,
  );
  const deletes = db.prepare("SELECT count(*) AS n FROM planned WHERE kind = 'delete'");
  const records = db.prepare(
    "SELECT number, record FROM planned WHERE record IS NOT NULL AND number > ? ORDER BY number LIMIT ?",
  );
  const missed = db.prepare(
    "SELECT key FROM planned WHERE met_digest IS NOT NULL AND record IS NULL AND key > ? ORDER BY key LIMIT ?",
  );
  return {
    expect: (operations) =>
      together(() => {
        for (const operation of operations)
          expect.run(operation.key, operation.kind, digestOf(operation), operation.sourceHash);
      }),
    meet: (operation, source) =>
      look(() => {
        const { key, kind, sourceHash } = operation;
        meet.run(key, kind, digestOf(operation), sourceHash, source === undefined ? null : pack(source));
      }),
    see: (keys) => look(() => void see.run(JSON.stringify(keys))),
    moved: (limit) =>
      look(() => moved.all(limit).map((row) => ({ key: row["key"] as string, how: row["how"] as Moved }))),
    countDeletes: () => look(() => deletes.get()?.["n"] as number),
    isDelete: (key) => look(() => isDelete.get(key) !== undefined),
    records: (after, limit) =>
      look(() =>
        records.all(after, limit).map((row) => ({
          number: row["number"] as number,
          record: unpack<SourceRecord>(row["record"]),
        })),
      ),
    missed: (after, limit) => look(() => missed.all(after, limit).map((row) => row["key"] as string)),
    close: () => db.close(),
  };
}
