import type { Held, Intent, KnownOperation, Resolution, StoredOperation } from "../core/ledger.ts";
import type { OperationKind, OperationState, Progress } from "../core/operation.ts";
import type { Database } from "./database.ts";
import { optional, pack, unpackOptional } from "./packed.ts";

const ALL =
  "number, run, key, key_kind, kind, state, hash, source_version, address, destination_id, idempotency_key, progress, held";

/** Progress as it is stored: JSON leaves out what is undefined. */
export function progressOf(text: string): Progress {
  const stored = JSON.parse(text) as Partial<Progress>;
  return {
    attempts: stored.attempts ?? 0,
    everUnknown: stored.everUnknown ?? false,
    firstSentMs: stored.firstSentMs,
    lastSentMs: stored.lastSentMs,
    notBeforeMs: stored.notBeforeMs,
    staleUntilMs: stored.staleUntilMs,
    lastMessage: stored.lastMessage,
  };
}

/** The table `operations`, of one sync. Methods run in the caller's transaction. */
export interface OperationsTable {
  /** Journals one intent: what it replaces goes, and so does an older version that waits for the same key. Returns its number. */
  journal(run: number, intent: Intent): number;
  remove(number: number): void;
  hold(resolution: Extract<Resolution, { kind: "held" }>): void;
  verify(number: number, atMs: number, held: Held | undefined, destinationId: string | undefined): void;
  known(row: Readonly<Record<string, unknown>>): KnownOperation;
  unresolved(after: number, limit: number): readonly StoredOperation[];
  ofKey(key: string): { readonly active: StoredOperation | undefined; readonly waiting: StoredOperation | undefined };
  /** Repeatable writes without bytes that an earlier run left and this one did not meet. */
  leftovers(run: number): readonly { readonly number: number; readonly key: string }[];
  countByState(): Record<OperationState, number>;
  unblock(key: string | undefined): number;
  clear(): void;
}

/** `isOurs` tells the runs that this process began. */
export function operationsTable(database: Database, sync: number, isOurs: (run: number) => boolean): OperationsTable {
  const insert = (run: number, intent: Intent): number => {
    const sql =
      "INSERT INTO operations (sync, run, key, key_kind, kind, state, hash, source_version, address, destination_id, idempotency_key, progress, held) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    const { lastInsertRowid } = database
      .prepare(sql)
      .run(
        sync,
        run,
        intent.key,
        intent.keyKind,
        intent.kind,
        intent.state,
        intent.hash,
        intent.sourceVersion ?? null,
        intent.address ?? null,
        intent.destinationId ?? null,
        intent.idempotencyKey ?? null,
        JSON.stringify(intent.progress),
        intent.held === undefined ? null : pack(intent.held),
      );
    return Number(lastInsertRowid);
  };

  const remove = (number: number): void => void database.prepare("DELETE FROM operations WHERE number = ?").run(number);

  const journal = (run: number, intent: Intent): number => {
    if (intent.replaces !== undefined) remove(intent.replaces);
    if (intent.state === "waiting")
      database.prepare("DELETE FROM operations WHERE sync = ? AND key = ? AND state = 'waiting'").run(sync, intent.key);
    return insert(run, intent);
  };

  const hold = ({ number, state, progress, held }: Extract<Resolution, { kind: "held" }>): void => {
    database
      .prepare("UPDATE operations SET state = ?, progress = ?, held = ? WHERE number = ?")
      .run(state, JSON.stringify(progress), pack(held), number);
  };

  const verify = (number: number, atMs: number, held: Held | undefined, destinationId: string | undefined): void => {
    database
      .prepare(
        "UPDATE operations SET state = 'verifying', progress = json_set(progress, '$.staleUntilMs', ?), held = ?, destination_id = ?, idempotency_key = NULL WHERE number = ?",
      )
      .run(atMs, held === undefined ? null : pack(held), destinationId ?? null, number);
  };

  const known = (row: Readonly<Record<string, unknown>>): KnownOperation => ({
    number: row["number"] as number,
    kind: row["kind"] as OperationKind,
    state: row["state"] as OperationState,
    hash: row["hash"] as string,
    sourceVersion: optional(row["source_version"]),
    ours: isOurs(row["run"] as number),
    held: row["held"] !== null,
    progress: progressOf(row["progress"] as string),
    address: optional(row["address"]),
    destinationId: optional(row["destination_id"]),
  });

  const stored = (row: Readonly<Record<string, unknown>>): StoredOperation => ({
    ...known(row),
    key: row["key"] as string,
    keyKind: row["key_kind"] as string,
    idempotencyKey: optional(row["idempotency_key"]),
    stored: unpackOptional<Held>(row["held"]),
  });

  const unresolved = (after: number, limit: number): readonly StoredOperation[] =>
    database
      .prepare(`SELECT ${ALL} FROM operations WHERE sync = ? AND number > ? ORDER BY number LIMIT ?`)
      .all(sync, after, limit)
      .map(stored);

  const ofKey: OperationsTable["ofKey"] = (key) => {
    const rows = database
      .prepare(`SELECT ${ALL} FROM operations WHERE sync = ? AND key = ?`)
      .all(sync, key)
      .map(stored);
    return {
      active: rows.find(({ state }) => state !== "waiting"),
      waiting: rows.find(({ state }) => state === "waiting"),
    };
  };

  const leftovers = (run: number): readonly { readonly number: number; readonly key: string }[] =>
    database
      .prepare("SELECT number, key FROM operations WHERE sync = ? AND state = 'sent' AND held IS NULL AND run <> ?")
      .all(sync, run)
      .map((row) => ({ number: row["number"] as number, key: row["key"] as string }));

  const countByState = (): Record<OperationState, number> => {
    const counts = { sent: 0, unknown: 0, parked: 0, waiting: 0, verifying: 0 };
    for (const row of database
      .prepare("SELECT state, count(*) AS n FROM operations WHERE sync = ? GROUP BY state")
      .all(sync)) {
      counts[row["state"] as OperationState] = row["n"] as number;
    }
    return counts;
  };

  const unblock = (key: string | undefined): number => {
    const sql =
      "UPDATE operations SET progress = json_remove(progress, '$.notBeforeMs') WHERE sync = ? AND state = 'parked' AND json_extract(progress, '$.notBeforeMs') IS NOT NULL";
    const done =
      key === undefined ? database.prepare(sql).run(sync) : database.prepare(`${sql} AND key = ?`).run(sync, key);
    return Number(done.changes);
  };

  const clear = (): void => void database.prepare("DELETE FROM operations WHERE sync = ?").run(sync);

  return { journal, remove, hold, verify, known, unresolved, ofKey, leftovers, countByState, unblock, clear };
}
