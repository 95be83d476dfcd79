import type { JsonObject } from "../core/json.ts";
import type { NewReject, Reject } from "../core/ledger.ts";
import type { Evidence } from "../core/outcome.ts";
import type { Database } from "./database.ts";
import { optional, pack, unpackOptional } from "./packed.ts";

/** A record without a key is told apart by its content; `#` is no part of a hash, and a key that begins with it has another length. */
const identityOf = ({ key, sourceHash }: NewReject): string => key ?? `#${sourceHash}`;

/** The table `rejects`, of one sync: one row a record, the last refusal. Methods run in the caller's transaction. */
export interface RejectsTable {
  put(run: number, reject: NewReject): void;
  clear(key: string): void;
  list(after: number, limit: number): readonly Reject[];
  one(id: number): Reject | undefined;
  ofKey(key: string): Reject | undefined;
  discard(ids: readonly number[]): number;
  count(kind: Reject["kind"]): number;
  clearAll(): void;
}

export function rejectsTable(database: Database, sync: number): RejectsTable {
  const put = (run: number, reject: NewReject): void => {
    const sql = `INSERT INTO rejects (sync, run, identity, key, kind, code, reason, source, source_hash, mapping, evidence, at_ms, times)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)
      ON CONFLICT (sync, identity) DO UPDATE SET run = excluded.run, kind = excluded.kind, code = excluded.code, reason = excluded.reason,
        source = excluded.source, source_hash = excluded.source_hash, mapping = excluded.mapping, evidence = excluded.evidence,
        at_ms = excluded.at_ms, times = times + 1`;
    database
      .prepare(sql)
      .run(
        sync,
        run,
        identityOf(reject),
        reject.key ?? null,
        reject.kind,
        reject.code,
        reject.reason,
        reject.source === undefined ? null : pack(reject.source),
        reject.sourceHash,
        reject.mapping,
        reject.evidence === undefined ? null : pack(reject.evidence),
        reject.atMs,
      );
  };

  const read = (row: Readonly<Record<string, unknown>>): Reject => ({
    id: row["id"] as number,
    run: row["run"] as number,
    kind: row["kind"] as Reject["kind"],
    key: optional(row["key"]),
    code: row["code"] as Reject["code"],
    reason: row["reason"] as string,
    source: unpackOptional<JsonObject>(row["source"]),
    sourceHash: row["source_hash"] as string,
    mapping: row["mapping"] as string,
    evidence: unpackOptional<Evidence>(row["evidence"]),
    atMs: row["at_ms"] as number,
    times: row["times"] as number,
  });

  const clear = (key: string): void =>
    void database.prepare("DELETE FROM rejects WHERE sync = ? AND key = ?").run(sync, key);
  const list = (after: number, limit: number): readonly Reject[] =>
    database
      .prepare("SELECT * FROM rejects WHERE sync = ? AND id > ? ORDER BY id LIMIT ?")
      .all(sync, after, limit)
      .map(read);
  const one = (id: number): Reject | undefined => {
    const row = database.prepare("SELECT * FROM rejects WHERE sync = ? AND id = ?").get(sync, id);
    return row && read(row);
  };
  const ofKey = (key: string): Reject | undefined => {
    const row = database.prepare("SELECT * FROM rejects WHERE sync = ? AND identity = ?").get(sync, key);
    return row && read(row);
  };
  const discard = (ids: readonly number[]): number =>
    Number(
      database
        .prepare("DELETE FROM rejects WHERE sync = ? AND id IN (SELECT value FROM json_each(?))")
        .run(sync, JSON.stringify(ids)).changes,
    );
  const count = (kind: Reject["kind"]): number =>
    database.prepare("SELECT count(*) AS n FROM rejects WHERE sync = ? AND kind = ?").get(sync, kind)?.["n"] as number;
  const clearAll = (): void => void database.prepare("DELETE FROM rejects WHERE sync = ?").run(sync);

  return { put, clear, list, one, ofKey, discard, count, clearAll };
}
