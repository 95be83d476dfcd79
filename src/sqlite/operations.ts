import { invariant } from "../core/invariant.ts";
import type { AddressClaim, Held, Intent, KnownOperation, Resolution, StoredOperation } from "../core/ledger.ts";
import { FRESH, type OperationKind, type OperationState, type Progress } from "../core/operation.ts";
import { ownersIn } from "./claims.ts";
import type { Database, Row } from "./database.ts";
import { optional, pack, packOptional, parsePlain, unpackOptional } from "./packed.ts";
import type { SyncId } from "./syncs.ts";

/** The table `operations`, of one sync. Methods run in the caller's transaction. */
export interface OperationsTable {
  /** Journals one intent: what it replaces goes, and so does an older version that waits for the same key. Returns its number. */
  journal(run: number, intent: Intent): number;
  /** The row of an operation that is resolved goes. Throws `INVARIANT` when it has none. */
  resolve(number: number): void;
  hold(resolution: Extract<Resolution, { kind: "held" }>): void;
  verify(resolution: Extract<Resolution, { kind: "applied" }>): void;
  dropWaiting(number: number): void;
  /** Calls `found` for each operation of these keys: at most one that is under way, and one that waits. */
  among(keys: readonly string[], found: (key: string, operation: KnownOperation) => void): void;
  owners(claims: readonly AddressClaim[], found: (address: string, key: string) => void): void;
  unresolved(after: number, limit: number): readonly StoredOperation[];
  ofKey(key: string): { readonly active: StoredOperation | undefined; readonly waiting: StoredOperation | undefined };
  /** Repeatable writes without bytes that an earlier run left and `run` did not meet: they go, and so do the hashes of their entries. */
  abandonLeftovers(run: number): number;
  countByState(): Readonly<Record<OperationState, number>>;
  unblock(key: string | undefined): number;
  clear(): void;
}

const SHORT = "number, run, key, kind, state, hash, source_version, address, claim, destination_id, progress";
const WHOLE = `${SHORT}, key_kind, idempotency_key, held`;
const LEFTOVER = "sync = ? AND state = 'sent' AND held IS NULL AND run <> ?";
const NOT_BEFORE = "json_extract(progress, '$.notBeforeMs') IS NOT NULL";

const FRESH_TEXT = JSON.stringify(FRESH);

/** `isOurs` tells the runs that this process began. */
export function operationsTable(database: Database, sync: SyncId, isOurs: (run: number) => boolean): OperationsTable {
  const insert = database.prepare(
    `INSERT INTO operations (sync, run, key, key_kind, kind, state, hash, source_version, address, claim,
       destination_id, idempotency_key, progress, held) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const remove = database.prepare("DELETE FROM operations WHERE sync = ? AND number = ?");
  const removeWaiting = database.prepare("DELETE FROM operations WHERE sync = ? AND number = ? AND state = 'waiting'");
  const removeWaitingOf = database.prepare("DELETE FROM operations WHERE sync = ? AND key = ? AND state = 'waiting'");
  const updateHeld = database.prepare(
    "UPDATE operations SET state = ?, progress = ?, held = ? WHERE sync = ? AND number = ?",
  );
  const updateVerifying = database.prepare(
    `UPDATE operations SET state = 'verifying', progress = json_set(progress, '$.staleUntilMs', ?), held = ?,
       destination_id = ?, idempotency_key = NULL WHERE sync = ? AND number = ?`,
  );
  const selectAmong = database.prepare(
    `SELECT ${SHORT}, held IS NOT NULL AS is_held FROM operations
       WHERE sync = ? AND key IN (SELECT value FROM json_each(?))`,
  );
  const owners = ownersIn(database, sync, "operations");
  const selectUnresolved = database.prepare(
    `SELECT ${WHOLE}, held IS NOT NULL AS is_held FROM operations WHERE number > ? AND +sync = ? ORDER BY number LIMIT ?`,
  );
  const selectOfKey = database.prepare(
    `SELECT ${WHOLE}, held IS NOT NULL AS is_held FROM operations WHERE sync = ? AND key = ?`,
  );
  const forgetHashes = database.prepare(
    `UPDATE entries SET hash = NULL WHERE sync = ? AND key IN (SELECT key FROM operations WHERE ${LEFTOVER})`,
  );
  const removeLeftovers = database.prepare(`DELETE FROM operations WHERE ${LEFTOVER}`);
  const countStates = database.prepare("SELECT state, count(*) AS n FROM operations WHERE sync = ? GROUP BY state");
  const unblock = database.prepare(
    `UPDATE operations SET progress = json_remove(progress, '$.notBeforeMs')
       WHERE sync = ?1 AND (?2 IS NULL OR key = ?2) AND state = 'parked' AND ${NOT_BEFORE}`,
  );
  const clear = database.prepare("DELETE FROM operations WHERE sync = ?");

  const known = (row: Row): KnownOperation => ({
    number: row["number"] as number,
    kind: row["kind"] as OperationKind,
    state: row["state"] as OperationState,
    hash: row["hash"] as string,
    sourceVersion: optional(row["source_version"]),
    ours: isOurs(row["run"] as number),
    held: row["is_held"] === 1,
    progress: progressOf(row["progress"]),
    address: optional(row["address"]),
    addressFollowsKey: row["claim"] === null,
    destinationId: optional(row["destination_id"]),
  });
  const stored = (row: Row): StoredOperation => ({
    ...known(row),
    key: row["key"] as string,
    keyKind: row["key_kind"] as string,
    idempotencyKey: optional(row["idempotency_key"]),
    stored: unpackOptional<Held>(row["held"]),
  });
  /** U1: whatever is resolved was journalled before; a row that is missing means that two took it for theirs. */
  const mustChange = (changes: number | bigint, number: number): void =>
    invariant(Number(changes) === 1, "U1", `operation ${number} is resolved, but it is not in the journal`);

  return {
    journal(run, intent) {
      if (intent.replaces !== undefined) remove.run(sync.id, intent.replaces);
      if (intent.dropsWaiting) removeWaitingOf.run(sync.id, intent.key);
      const { key, keyKind, kind, state, hash, sourceVersion, address, destinationId, idempotencyKey } = intent;
      const { lastInsertRowid } = insert.run(
        sync.id,
        run,
        key,
        keyKind,
        kind,
        state,
        hash,
        sourceVersion ?? null,
        address ?? null,
        intent.addressFollowsKey ? null : (address ?? null),
        destinationId ?? null,
        idempotencyKey ?? null,
        intent.progress === FRESH ? FRESH_TEXT : JSON.stringify(intent.progress),
        packOptional(intent.held),
      );
      return Number(lastInsertRowid);
    },
    resolve: (number) => mustChange(remove.run(sync.id, number).changes, number),
    hold({ number, state, progress, held }) {
      const { changes } = updateHeld.run(state, JSON.stringify(progress), pack(held), sync.id, number);
      mustChange(changes, number);
    },
    verify({ number, entry, verify }) {
      invariant(verify !== undefined, "U3", `operation ${number} is to be verified at no time`);
      const { destinationId } = entry;
      const { changes } = updateVerifying.run(
        verify.atMs,
        packOptional(verify.held),
        destinationId ?? null,
        sync.id,
        number,
      );
      mustChange(changes, number);
    },
    dropWaiting: (number) => void removeWaiting.run(sync.id, number),
    among(keys, found) {
      for (const row of selectAmong.all(sync.id, JSON.stringify(keys))) found(row["key"] as string, known(row));
    },
    owners,
    unresolved: (after, limit) => selectUnresolved.all(after, sync.id, limit).map(stored),
    ofKey(key) {
      const rows = selectOfKey.all(sync.id, key).map(stored);
      return {
        active: rows.find(({ state }) => state !== "waiting"),
        waiting: rows.find(({ state }) => state === "waiting"),
      };
    },
    abandonLeftovers(run) {
      forgetHashes.run(sync.id, sync.id, run);
      return Number(removeLeftovers.run(sync.id, run).changes);
    },
    countByState() {
      const counts = { sent: 0, unknown: 0, parked: 0, waiting: 0, verifying: 0 };
      for (const row of countStates.all(sync.id)) counts[row["state"] as OperationState] = row["n"] as number;
      return counts;
    },
    unblock: (key) => Number(unblock.run(sync.id, key ?? null).changes),
    clear: () => void clear.run(sync.id),
  };
}

/** JSON leaves out what is undefined. */
function progressOf(stored: unknown): Progress {
  const { attempts, everUnknown, ...rest } = parsePlain<Partial<Progress>>(stored);
  return {
    attempts: attempts ?? 0,
    everUnknown: everUnknown ?? false,
    firstSentMs: rest.firstSentMs,
    lastSentMs: rest.lastSentMs,
    notBeforeMs: rest.notBeforeMs,
    staleUntilMs: rest.staleUntilMs,
    lastMessage: rest.lastMessage,
  };
}
