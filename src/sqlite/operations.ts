import { invariant } from "../core/invariant.ts";
import type { Held, Intent, KnownOperation, StoredOperation } from "../core/ledger.ts";
import type { OperationKind, OperationState } from "../core/operation.ts";
import type { AddressClaim, Places } from "../core/places.ts";
import type { Resolution, Verification } from "../core/settlement.ts";
import { ownersIn } from "./claims.ts";
import type { Database, Row } from "./database.ts";
import { optional, pack, packBriefly, packOptional, unpackOptional } from "./packed.ts";
import { isPlain, pageIntents } from "./page-intents.ts";
import { placesIn } from "./places.ts";
import { progressOf } from "./progress.ts";
import type { SyncId } from "./syncs.ts";

/**
 * The unresolved operations of one sync: in the table `operations`, or in `pages` when they need no row of their own. Methods run in the
 * caller's transaction.
 */
export interface OperationsTable {
  /** To be called first in every transaction. */
  refresh(): void;
  /** To be called when a transaction failed. */
  forget(): void;
  /** Journals intents: what they replace goes, and so does an older version that waits for the same key. Returns their numbers. */
  journal(run: number, intents: readonly Intent[]): readonly number[];
  /** An operation that is resolved goes. Throws `INVARIANT` when there is none of this number. */
  resolve(number: number): void;
  hold(resolution: Extract<Resolution, { kind: "held" }>): void;
  /** Deletes of these keys do not wait any more. */
  keep(keys: readonly string[]): void;
  /** A delete waits again, unless a newer version of its key waits already. */
  withhold(number: number, key: string): void;
  /** An operation that is applied stays, because an older write may still land. */
  verify(number: number, verification: Verification, destinationId: string | undefined): void;
  /** Returns the keys of those that were verifying. */
  takeUp(numbers: readonly number[]): readonly string[];
  dropWaiting(number: number): void;
  /** Calls `found` for each operation of these keys, with its run: at most one that is under way, and one that waits. */
  among(keys: readonly string[], found: (key: string, operation: KnownOperation, run: number) => void): void;
  owners(claims: readonly AddressClaim[], found: (address: string, key: string) => void): void;
  /** Calls `found` for each of these places that an operation of a record is about. */
  placed(asked: Places, found: (place: string, key: string) => void): void;
  unresolved(after: number, limit: number): readonly StoredOperation[];
  ofKey(key: string): { readonly active: StoredOperation | undefined; readonly waiting: StoredOperation | undefined };
  /** Repeatable writes without bytes that an earlier run left and `run` did not meet. */
  leftovers(run: number): readonly StoredOperation[];
  countByState(): Readonly<Record<OperationState | "withheld", number>>;
  /** Deletes that wait. */
  withheld(after: number, limit: number): readonly StoredOperation[];
  /** Deletes that are on their way, or in doubt. */
  countDeleting(): number;
  unblock(key: string | undefined): number;
  clear(): void;
}

const SHORT = "number, run, key, kind, state, hash, source_version, address, claim, destination_id, progress";
const WHOLE = `${SHORT}, key_kind, idempotency_key, held`;
const LEFTOVER = "sync = ? AND state = 'sent' AND held IS NULL AND run <> ?";
const NOT_BEFORE = "json_extract(progress, '$.notBeforeMs') IS NOT NULL";

/** `isOurs` tells the runs that this process began. */
export function operationsTable(database: Database, sync: SyncId, isOurs: (run: number) => boolean): OperationsTable {
  const insert = database.prepare(
    `INSERT INTO operations (number, sync, run, key, key_kind, kind, state, hash, source_version, address, claim,
       destination_id, idempotency_key, progress, held) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const remove = database.prepare("DELETE FROM operations WHERE sync = ? AND number = ?");
  const removeWaiting = database.prepare("DELETE FROM operations WHERE sync = ? AND number = ? AND state = 'waiting'");
  const removeWaitingOf = database.prepare("DELETE FROM operations WHERE sync = ? AND key = ? AND state = 'waiting'");
  const updateHeld = database.prepare(
    "UPDATE operations SET state = ?, progress = ?, held = ? WHERE sync = ? AND number = ?",
  );
  const selectVerifying = database.prepare(
    "SELECT key FROM operations WHERE sync = ? AND state = 'verifying' AND number IN (SELECT value FROM json_each(?))",
  );
  const updateSent = database.prepare(
    "UPDATE operations SET state = 'sent' WHERE sync = ? AND number IN (SELECT value FROM json_each(?))",
  );
  const updateVerifying = database.prepare(
    `UPDATE operations SET state = 'verifying', progress = json_set(progress, '$.staleUntilMs', ?), held = ?,
       destination_id = ifnull(?, destination_id), idempotency_key = NULL WHERE sync = ? AND number = ?`,
  );
  const selectAny = database.prepare("SELECT 1 FROM operations WHERE sync = ? LIMIT 1");
  const selectActive = database.prepare(
    `SELECT key FROM operations WHERE sync = ? AND state <> 'waiting' AND key IN (SELECT value FROM json_each(?)) LIMIT 1`,
  );
  const selectAmong = database.prepare(
    `SELECT ${SHORT}, held IS NOT NULL AS is_held FROM operations
       WHERE sync = ? AND key IN (SELECT value FROM json_each(?))`,
  );
  const owners = ownersIn(database, sync, "operations");
  const placed = placesIn(database, sync, "operations");
  const selectUnresolved = database.prepare(
    `SELECT ${WHOLE}, held IS NOT NULL AS is_held FROM operations WHERE number > ? AND +sync = ? ORDER BY number LIMIT ?`,
  );
  const selectOfKey = database.prepare(
    `SELECT ${WHOLE}, held IS NOT NULL AS is_held FROM operations WHERE sync = ? AND key = ?`,
  );
  const selectLeftovers = database.prepare(`SELECT ${WHOLE}, 0 AS is_held FROM operations WHERE ${LEFTOVER}`);
  const countStates = database.prepare(
    `SELECT iif(state = 'waiting' AND kind = 'delete', 'withheld', state) AS state, count(*) AS n FROM operations
       WHERE sync = ? GROUP BY 1`,
  );
  const selectWithheld = database.prepare(
    `SELECT ${WHOLE}, held IS NOT NULL AS is_held FROM operations
       WHERE sync = ? AND number > ? AND kind = 'delete' AND state = 'waiting' ORDER BY number LIMIT ?`,
  );
  const countDeleting = database.prepare(
    "SELECT count(*) AS n FROM operations WHERE sync = ? AND kind = 'delete' AND state IN ('sent', 'unknown', 'parked')",
  );
  const COPIED = "sync, run, key, key_kind, kind, hash, source_version, address, claim, destination_id, held";
  const copyWithheld = database.prepare(
    `INSERT INTO operations (${COPIED}, state, progress)
       SELECT ${COPIED}, 'waiting', json_remove(progress, '$.notBeforeMs') FROM operations WHERE sync = ? AND number = ?`,
  );
  const removeWithheld = database.prepare(
    `DELETE FROM operations WHERE sync = ? AND kind = 'delete' AND state = 'waiting'
       AND key IN (SELECT value FROM json_each(?))`,
  );
  const selectProgress = database.prepare("SELECT progress FROM operations WHERE sync = ? AND number = ?");
  const selectWaiting = database.prepare("SELECT 1 FROM operations WHERE sync = ? AND key = ? AND state = 'waiting'");
  const unblock = database.prepare(
    `UPDATE operations SET progress = json_remove(progress, '$.notBeforeMs')
       WHERE sync = ?1 AND (?2 IS NULL OR key = ?2) AND state = 'parked' AND ${NOT_BEFORE}`,
  );
  const clear = database.prepare("DELETE FROM operations WHERE sync = ?");
  const pages = pageIntents(database, sync, isOurs);

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

  /** Most syncs have none, and looking for one by its key costs as much as a look-up of the entry. */
  const hasRows = (): boolean => selectAny.get(sync.id) !== undefined;
  /** With its number, or with a new one. Returns it. */
  const insertRow = (
    number: number | undefined,
    run: number,
    intent: Omit<Intent, "replaces" | "dropsWaiting">,
  ): number => {
    const { key, keyKind, kind, state, hash, sourceVersion, address, destinationId, idempotencyKey } = intent;
    const { lastInsertRowid } = insert.run(
      number ?? null,
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
      JSON.stringify(intent.progress),
      packBriefly(intent.held),
    );
    return Number(lastInsertRowid);
  };
  const journalRow = (run: number, intent: Intent): number => {
    const { key, state } = intent;
    invariant(state === "waiting" || pages.ofKey(key) === undefined, "U2", `the key ${key} has an operation already`);
    return insertRow(undefined, run, intent);
  };
  const journalPage = (run: number, intents: readonly Intent[]): readonly number[] => {
    if (intents.length > 0 && hasRows()) {
      const row = selectActive.get(sync.id, JSON.stringify(intents.map(({ key }) => key)));
      invariant(row === undefined, "U2", `the key ${String(row?.["key"])} has an operation already`);
    }
    return pages.journal(run, intents);
  };
  /** What is to be known of it from now on has its place in a row. */
  const giveRow = (number: number): void => {
    const found = pages.get(number);
    if (found === undefined) return;
    pages.resolve(number);
    insertRow(number, found.run, { ...found.operation, state: "sent", held: undefined });
  };

  return {
    refresh: pages.refresh,
    forget: pages.forget,
    journal(run, intents) {
      for (const { key, replaces, dropsWaiting } of intents) {
        if (replaces !== undefined && !pages.resolve(replaces)) remove.run(sync.id, replaces);
        if (dropsWaiting) removeWaitingOf.run(sync.id, key);
      }
      const plain = intents.filter(isPlain);
      const numbers = journalPage(run, plain);
      if (plain.length === intents.length) return numbers;
      let next = 0;
      return intents.map((intent) => (isPlain(intent) ? (numbers[next++] as number) : journalRow(run, intent)));
    },
    resolve(number) {
      if (!pages.resolve(number)) mustChange(remove.run(sync.id, number).changes, number);
    },
    hold({ number, state, progress, held }) {
      giveRow(number);
      const { changes } = updateHeld.run(state, JSON.stringify(progress), pack(held), sync.id, number);
      mustChange(changes, number);
    },
    keep: (keys) => void removeWithheld.run(sync.id, JSON.stringify(keys)),
    withhold(number, key) {
      const isOvertaken = selectWaiting.get(sync.id, key) !== undefined;
      if (!isOvertaken) copyWithheld.run(sync.id, number);
      // U3: it took the place of what remembered that an older write may land.
      const { staleUntilMs } = progressOf(selectProgress.get(sync.id, number)?.["progress"] ?? "{}");
      if (staleUntilMs === undefined) mustChange(remove.run(sync.id, number).changes, number);
      else mustChange(updateVerifying.run(staleUntilMs, null, null, sync.id, number).changes, number);
    },
    verify(number, { atMs, held }, destinationId) {
      giveRow(number);
      const { changes } = updateVerifying.run(atMs, packOptional(held), destinationId ?? null, sync.id, number);
      mustChange(changes, number);
    },
    takeUp(numbers) {
      const list = JSON.stringify(numbers);
      const verifying = selectVerifying.all(sync.id, list).map((row) => row["key"] as string);
      updateSent.run(sync.id, list);
      return verifying;
    },
    dropWaiting: (number) => void removeWaiting.run(sync.id, number),
    among(keys, found) {
      if (pages.count() > 0)
        for (const key of keys) {
          const operation = pages.ofKey(key);
          if (operation !== undefined) found(key, operation, pages.get(operation.number)?.run as number);
        }
      if (!hasRows()) return;
      for (const row of selectAmong.all(sync.id, JSON.stringify(keys)))
        found(row["key"] as string, known(row), row["run"] as number);
    },
    owners(claims, found) {
      owners(claims, found);
      for (const { address, otherKey } of claims)
        if (otherKey !== undefined && pages.ofKey(otherKey)?.address === address) found(address, otherKey);
    },
    placed(asked, found) {
      placed(asked, found);
      const among = new Set("ids" in asked ? asked.ids : asked.addresses);
      for (const { operation } of pages.all()) {
        const place = "ids" in asked ? operation.destinationId : operation.address;
        if (place !== undefined && among.has(place)) found(place, operation.key);
      }
    },
    unresolved(after, limit) {
      const ofPages = pages.all().flatMap(({ operation }) => (operation.number > after ? [operation] : []));
      const rows = selectUnresolved.all(after, sync.id, limit).map(stored);
      return [...ofPages, ...rows].toSorted((a, b) => a.number - b.number).slice(0, limit);
    },
    ofKey(key) {
      const rows = selectOfKey.all(sync.id, key).map(stored);
      return {
        active: pages.ofKey(key) ?? rows.find(({ state }) => state !== "waiting"),
        waiting: rows.find(({ state }) => state === "waiting"),
      };
    },
    leftovers: (run) => [
      ...selectLeftovers.all(sync.id, run).map(stored),
      ...pages.all().flatMap(({ run: itsRun, operation }) => (itsRun === run ? [] : [operation])),
    ],
    countByState() {
      const counts = { sent: 0, unknown: 0, parked: 0, waiting: 0, verifying: 0, withheld: 0 };
      for (const row of countStates.all(sync.id)) counts[row["state"] as keyof typeof counts] = row["n"] as number;
      counts.sent += pages.count();
      return counts;
    },
    withheld: (after, limit) => selectWithheld.all(sync.id, after, limit).map(stored),
    countDeleting: () => countDeleting.get(sync.id)?.["n"] as number,
    unblock: (key) => Number(unblock.run(sync.id, key ?? null).changes),
    clear() {
      clear.run(sync.id);
      pages.clear();
    },
  };
}
