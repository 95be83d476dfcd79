import { digestOf, type PlanStore } from "../core/planned.ts";
import type { SourceRecord } from "../core/record.ts";
import { pack, unpack } from "./packed.ts";
import { temporaryDatabase } from "./temporary.ts";

const SCHEMA = `
  CREATE TABLE planned (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, digest TEXT NOT NULL, source_hash TEXT NOT NULL,
    met INTEGER NOT NULL DEFAULT 0, record BLOB
  );
`;

/** Room on the disk for a plan. */
export function createPlanStore(): PlanStore {
  const db = temporaryDatabase(SCHEMA);
  const { look, together } = db;
  const expect = db.prepare("INSERT OR REPLACE INTO planned (key, kind, digest, source_hash) VALUES (?, ?, ?, ?)");
  const one = db.prepare("SELECT kind, digest, source_hash FROM planned WHERE key = ?");
  const meet = db.prepare("UPDATE planned SET met = 1, record = ? WHERE key = ?");
  const unmet = db.prepare("SELECT key FROM planned WHERE met = 0 ORDER BY key LIMIT ?");
  const deletes = db.prepare("SELECT count(*) AS n FROM planned WHERE kind = 'delete'");
  const records = db.prepare(
    "SELECT number, record FROM planned WHERE record IS NOT NULL AND number > ? ORDER BY number LIMIT ?",
  );
  const missed = db.prepare(
    "SELECT key FROM planned WHERE met = 1 AND record IS NULL AND key > ? ORDER BY key LIMIT ?",
  );
  const keysOf = (rows: readonly Record<string, unknown>[]): readonly string[] =>
    rows.map((row) => row["key"] as string);
  return {
    expect: (operations) =>
      together(() => {
        for (const operation of operations)
          expect.run(operation.key, operation.kind, digestOf(operation), operation.sourceHash);
      }),
    meet: (operation, source) =>
      look(() => {
        const row = one.get(operation.key);
        if (row === undefined) return "new";
        if (row["digest"] !== digestOf(operation))
          return row["source_hash"] === operation.sourceHash ? "changed" : "sourceChanged";
        meet.run(source === undefined ? null : pack(source), operation.key);
        return "same";
      }),
    unmet: (limit) => look(() => keysOf(unmet.all(limit))),
    countDeletes: () => look(() => deletes.get()?.["n"] as number),
    isDelete: (key) => look(() => one.get(key)?.["kind"] === "delete"),
    records: (after, limit) =>
      look(() =>
        records.all(after, limit).map((row) => ({
          number: row["number"] as number,
          record: unpack<SourceRecord>(row["record"]),
        })),
      ),
    missed: (after, limit) => look(() => keysOf(missed.all(after, limit))),
    close: () => db.close(),
  };
}
