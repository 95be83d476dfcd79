import { invariant } from "../core/invariant.ts";
import type { Intent, StoredOperation } from "../core/ledger.ts";
import { FRESH, type OperationKind } from "../core/operation.ts";
import type { Database } from "./database.ts";
import { parsePlain } from "./packed.ts";
import type { SyncId } from "./syncs.ts";

/** What of an intent is stored. The rest of it is the same for all of them, see {@link isPlain}. */
type PlainIntent = Pick<Intent, "key" | "keyKind" | "kind" | "hash" | "sourceVersion" | "address" | "destinationId">;

/** A row of the table `pages`, and how many of its operations are unresolved. */
interface Page {
  readonly last: number;
  readonly run: number;
  left: number;
}

interface Member {
  readonly page: Page;
  readonly intent: PlainIntent;
}

export interface PageOperation {
  readonly run: number;
  readonly operation: StoredOperation;
}

/**
 * The operations that need no row of their own: repeatable writes without bytes, which are most of all writes. A page of them is one row of
 * the table `pages`, which goes when the last of them is resolved. Which of them are resolved meanwhile stands in the other tables: an entry
 * or an operation of the same key with this number or a later one. One that was refused or never sent leaves no such mark, so after a crash it is
 * unresolved again, and is written once more. Methods run in the caller's transaction.
 */
export interface PageIntents {
  /** To be called first in every transaction: reads the table when another process has written it, or after {@link forget}. */
  refresh(): void;
  /** What is known here is not what is stored, because a transaction failed. */
  forget(): void;
  /** Journals intents of different keys. Returns their numbers. */
  journal(run: number, intents: readonly Intent[]): readonly number[];
  /** Returns false when it has no such operation. */
  resolve(number: number): boolean;
  get(number: number): PageOperation | undefined;
  ofKey(key: string): StoredOperation | undefined;
  /** In the order of their numbers. */
  all(): readonly PageOperation[];
  count(): number;
  clear(): void;
}

/** True when a re-read plans it anew and nothing is known of it but what it is. */
export const isPlain = (intent: Intent): boolean =>
  intent.state === "sent" &&
  intent.held === undefined &&
  intent.progress === FRESH &&
  intent.idempotencyKey === undefined &&
  (intent.addressFollowsKey || intent.address === undefined);

/** `isOurs` tells the runs that this process began. */
export function pageIntents(database: Database, sync: SyncId, isOurs: (run: number) => boolean): PageIntents {
  // Numbers are never given twice, and those of `operations` are in the same row.
  const reserve = database.prepare("UPDATE sqlite_sequence SET seq = seq + ? WHERE name = 'operations' RETURNING seq");
  const insert = database.prepare("INSERT INTO pages (last, sync, run, intents) VALUES (?, ?, ?, ?)");
  const remove = database.prepare("DELETE FROM pages WHERE last = ?");
  const select = database.prepare("SELECT last, run, intents FROM pages WHERE sync = ? ORDER BY last");
  const selectLater = database.prepare(
    `SELECT key, operation AS number FROM entries WHERE sync = ?1 AND key IN (SELECT value FROM json_each(?2))
       UNION ALL SELECT key, number FROM operations
         WHERE sync = ?1 AND state <> 'waiting' AND key IN (SELECT value FROM json_each(?2))`,
  );
  const removeAll = database.prepare("DELETE FROM pages WHERE sync = ?");
  const version = database.prepare("PRAGMA data_version");
  const byNumber = new Map<number, Member>();
  const numbers = new Map<string, number>();
  /** SQLite's mark of the state that the maps were read from; it changes when another connection writes. */
  let seen: unknown;

  const put = (number: number, member: Member): void => {
    byNumber.set(number, member);
    numbers.set(member.intent.key, number);
  };
  const drop = (number: number, { page, intent }: Member): void => {
    byNumber.delete(number);
    if (numbers.get(intent.key) === number) numbers.delete(intent.key);
    page.left -= 1;
  };

  const read = (): void => {
    byNumber.clear();
    numbers.clear();
    for (const row of select.all(sync.id)) {
      const [last, run] = [row["last"] as number, row["run"] as number];
      const intents = parsePlain<unknown[][]>(row["intents"]).map(unpacked);
      const later = new Map<string, number>();
      for (const { key, number } of selectLater.all(sync.id, JSON.stringify(intents.map(({ key: each }) => each))))
        later.set(key as string, Math.max(number as number, later.get(key as string) ?? 0));
      const page = { last, run, left: 0 };
      for (const [index, intent] of intents.entries()) {
        const number = last - intents.length + 1 + index;
        if ((later.get(intent.key) ?? 0) >= number) continue;
        const before = numbers.get(intent.key);
        // A page of a later run took its place.
        if (before !== undefined) drop(before, byNumber.get(before) as Member);
        page.left += 1;
        put(number, { page, intent });
      }
    }
  };

  const stored = (number: number, { page, intent }: Member): StoredOperation => ({
    ...intent,
    number,
    state: "sent",
    ours: isOurs(page.run),
    held: false,
    progress: FRESH,
    addressFollowsKey: true,
    idempotencyKey: undefined,
    stored: undefined,
  });
  const get = (number: number): PageOperation | undefined => {
    const member = byNumber.get(number);
    return member && { run: member.page.run, operation: stored(number, member) };
  };

  return {
    refresh() {
      const now = version.get()?.["data_version"];
      if (now === seen) return;
      seen = undefined;
      read();
      seen = now;
    },
    forget: () => (seen = undefined),
    journal(run, intents) {
      if (intents.length === 0) return [];
      const last = reserve.get(intents.length)?.["seq"] as number;
      insert.run(last, sync.id, run, JSON.stringify(intents.map(packed)));
      const page = { last, run, left: intents.length };
      return intents.map((intent, index) => {
        invariant(!numbers.has(intent.key), "U2", `the key ${intent.key} has an operation under way already`);
        const number = last - intents.length + 1 + index;
        put(number, { page, intent });
        return number;
      });
    },
    resolve(number) {
      const member = byNumber.get(number);
      if (member === undefined) return false;
      drop(number, member);
      if (member.page.left === 0) remove.run(member.page.last);
      return true;
    },
    get,
    ofKey(key) {
      const number = numbers.get(key);
      return number === undefined ? undefined : stored(number, byNumber.get(number) as Member);
    },
    all: () => [...byNumber.keys()].toSorted((a, b) => a - b).map((number) => get(number) as PageOperation),
    count: () => byNumber.size,
    clear() {
      removeAll.run(sync.id);
      byNumber.clear();
      numbers.clear();
    },
  };
}

const packed = ({ key, keyKind, kind, hash, sourceVersion, address, destinationId }: PlainIntent): unknown[] => [
  key,
  keyKind,
  kind,
  hash,
  sourceVersion,
  address,
  destinationId,
];

/** JSON has null for what is undefined. */
function unpacked([key, keyKind, kind, hash, sourceVersion, address, destinationId]: unknown[]): PlainIntent {
  return {
    key: key as string,
    keyKind: keyKind as string,
    kind: kind as OperationKind,
    hash: hash as string,
    sourceVersion: (sourceVersion as string | null) ?? undefined,
    address: (address as string | null) ?? undefined,
    destinationId: (destinationId as string | null) ?? undefined,
  };
}
