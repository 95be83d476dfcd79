import type { JsonObject } from "../core/json.ts";
import type { LedgerCounts } from "../core/ledger-counts.ts";
import type { NewReject, Reject } from "../core/reject.ts";
import type { Evidence } from "../core/outcome.ts";
import type { Database, Row, Statement } from "./database.ts";
import { optional, packOptional, unpackOptional } from "./packed.ts";
import type { SyncId } from "./syncs.ts";

/** The table `rejects`, of one sync: one row a record, the last refusal. Methods run in the caller's transaction. */
export interface RejectsTable {
  /** A record that was refused before keeps its row and its number. */
  put(run: number, reject: NewReject): void;
  /** Removes what stands of these keys. */
  clear(keys: readonly string[]): void;
  /** A person need not say any more which records of the destination these keys are, or any of them. */
  decided(keys: readonly string[] | "all"): void;
  /** Notes that writes of these keys are planned: what stands of them now falls when one is applied, and what comes after it does not. */
  plan(keys: readonly string[]): void;
  /** Whether something stands of this key that came after its last write was planned. */
  isNewer(key: string): boolean;
  /** Removes what stood of these keys when their writes were planned. */
  clearPlanned(keys: readonly string[]): void;
  /** Calls `found` for each of these keys that has a reject (P11). */
  among(
    keys: readonly string[],
    found: (key: string, rejected: Pick<Reject, "kind" | "code" | "sourceHash" | "mapping">) => void,
  ): void;
  /** The version of this key that waited is in the destination: what was refused before it falls, and what was read after it stands. */
  overcome(key: string): void;
  list(after: number, limit: number): readonly Reject[];
  one(id: number): Reject | undefined;
  ofKey(key: string): Reject | undefined;
  discard(ids: readonly number[]): number;
  counts(): Pick<LedgerCounts, "invalid" | "rejected" | "ambiguous">;
  clearAll(): void;
}

/** Which record of the destination it is a person decides, or the retry of one: no other refusal hides that. */
const AMBIGUOUS = "ADOPTION_AMBIGUOUS";

const AGAIN = `DO UPDATE SET run = excluded.run, kind = excluded.kind, code = excluded.code, reason = excluded.reason,
  source = excluded.source, source_hash = excluded.source_hash, mapping = excluded.mapping, evidence = excluded.evidence,
  at_ms = excluded.at_ms, times = iif(kind = excluded.kind AND code = excluded.code, times + 1, 1)
  WHERE rejects.code <> '${AMBIGUOUS}' OR rejects.source_hash = '' OR excluded.code = '${AMBIGUOUS}'`;

export function rejectsTable(database: Database, sync: SyncId): RejectsTable {
  const upsert = database.prepare(
    `INSERT INTO rejects (sync, run, kind, key, code, reason, source, source_hash, mapping, evidence, at_ms, times)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)
       ON CONFLICT (sync, key) WHERE key IS NOT NULL ${AGAIN}
       ON CONFLICT (sync, source_hash) WHERE key IS NULL ${AGAIN}`,
  );
  const clear = database.prepare("DELETE FROM rejects WHERE sync = ? AND key = ?");
  const decided = database.prepare(
    `DELETE FROM rejects WHERE sync = ? AND code = '${AMBIGUOUS}' AND (? IS NULL OR key IN (SELECT value FROM json_each(?)))`,
  );
  // A later refusal writes its own hash again.
  const plan = database.prepare("UPDATE rejects SET source_hash = '' WHERE sync = ? AND key = ?");
  const selectNewer = database.prepare("SELECT 1 FROM rejects WHERE sync = ? AND key = ? AND source_hash <> ''");
  const clearPlanned = database.prepare("DELETE FROM rejects WHERE sync = ? AND key = ? AND source_hash = ''");
  // What waits was not sent yet, so what the destination has refused was before it.
  const overcome = database.prepare(
    "DELETE FROM rejects WHERE sync = ? AND key = ? AND (kind = 'rejected' OR source_hash = '')",
  );
  const selectAny = database.prepare("SELECT 1 FROM rejects WHERE sync = ? AND key IS NOT NULL LIMIT 1");
  const selectAmong = database.prepare(
    "SELECT key, kind, code, source_hash, mapping FROM rejects WHERE sync = ? AND key IN (SELECT value FROM json_each(?))",
  );
  const selectList = database.prepare("SELECT * FROM rejects WHERE id > ? AND sync = ? ORDER BY id LIMIT ?");
  const selectOne = database.prepare("SELECT * FROM rejects WHERE sync = ? AND id = ?");
  const selectOfKey = database.prepare("SELECT * FROM rejects WHERE sync = ? AND key = ?");
  const discard = database.prepare("DELETE FROM rejects WHERE sync = ? AND id IN (SELECT value FROM json_each(?))");
  const countKinds = database.prepare(
    `SELECT kind, count(*) AS n, count(*) FILTER (WHERE code = '${AMBIGUOUS}') AS ambiguous FROM rejects WHERE sync = ? GROUP BY kind`,
  );
  const clearAll = database.prepare("DELETE FROM rejects WHERE sync = ?");
  /**
   * Most syncs have none, and looking for one costs as much as storing the record's hash. It is asked each time, since another process can have
   * added some between two leases of this one.
   */
  const hasAny = (): boolean => selectAny.get(sync.id) !== undefined;
  const each = (statement: Statement, keys: readonly string[]): void => {
    if (keys.length === 0 || !hasAny()) return;
    for (const key of keys) statement.run(sync.id, key);
  };
  return {
    put(run, { kind, key, code, reason, source, sourceHash, mapping, evidence, atMs }) {
      const origin = [packOptional(source), sourceHash, mapping];
      upsert.run(sync.id, run, kind, key ?? null, code, reason, ...origin, packOptional(evidence), atMs);
    },
    clear: (keys) => each(clear, keys),
    decided(keys) {
      const list = keys === "all" ? null : JSON.stringify(keys);
      decided.run(sync.id, list, list);
    },
    plan: (keys) => each(plan, keys),
    isNewer: (key) => selectNewer.get(sync.id, key) !== undefined,
    clearPlanned: (keys) => each(clearPlanned, keys),
    overcome: (key) => each(overcome, [key]),
    among(keys, found) {
      if (!hasAny()) return;
      for (const row of selectAmong.all(sync.id, JSON.stringify(keys))) {
        const { kind, code, source_hash: sourceHash, mapping } = row as Readonly<Record<string, string>>;
        found(row["key"] as string, { kind, code, sourceHash, mapping } as Reject);
      }
    },
    list: (after, limit) => selectList.all(after, sync.id, limit).map(rejectOf),
    one(id) {
      const row = selectOne.get(sync.id, id);
      return row && rejectOf(row);
    },
    ofKey(key) {
      const row = selectOfKey.get(sync.id, key);
      return row && rejectOf(row);
    },
    discard: (ids) => Number(discard.run(sync.id, JSON.stringify(ids)).changes),
    counts() {
      const counts = { invalid: 0, rejected: 0, ambiguous: 0 };
      for (const { kind, n, ambiguous } of countKinds.all(sync.id)) {
        counts[kind as Reject["kind"]] = n as number;
        counts.ambiguous += ambiguous as number;
      }
      return counts;
    },
    clearAll: () => void clearAll.run(sync.id),
  };
}

const rejectOf = (row: Row): Reject => ({
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
