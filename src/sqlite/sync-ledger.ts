import type { Correction } from "../core/correction.ts";
import { ADOPTED, type Entry, type Intent, type Known, type PageIntents, type SyncLedger } from "../core/ledger.ts";
import type { OpenCounts } from "../core/ledger-counts.ts";
import type { AddressClaim, Places } from "../core/places.ts";
import { bodiesTable } from "./bodies.ts";
import { checkpointsTable } from "./checkpoints.ts";
import type { Database } from "./database.ts";
import { deletionsTable } from "./deletions.ts";
import { entriesTable } from "./entries.ts";
import { historyTable } from "./history.ts";
import type { LedgerLease } from "./lease.ts";
import { meetingsTable } from "./meetings.ts";
import { operationsTable } from "./operations.ts";
import { rejectsTable } from "./rejects.ts";
import { runsTable } from "./runs.ts";
import { settlingIn } from "./settling.ts";
import { syncsTable } from "./syncs.ts";
import { transactionPoint } from "./transaction-point.ts";

interface SyncLedgerOptions {
  readonly database: Database;
  readonly lease: LedgerLease;
  readonly name: string;
  readonly keepsBodies: boolean;
}

type Where = Pick<Intent, "key" | "keyKind" | "address" | "addressFollowsKey" | "destinationId">;
type Writable<Value> = { -readonly [Name in keyof Value]: Value[Name] };

/** One sync's part of the ledger. Methods return promises for the sake of other stores; here each is done when it returns. */
export function createSyncLedger({ database, lease, name, keepsBodies }: SyncLedgerOptions): SyncLedger {
  const syncs = syncsTable(database);
  const sync = { id: database.snapshot(() => syncs.idOf(name)) ?? 0 };
  const runsOfThisProcess = new Set<number>();
  const entries = entriesTable(database, sync);
  const bodies = bodiesTable(database, sync, keepsBodies);
  const operations = operationsTable(database, sync, (run) => runsOfThisProcess.has(run));
  const rejects = rejectsTable(database, sync);
  const checkpoints = checkpointsTable(database, sync);
  const runs = runsTable(database, sync, name);
  const history = historyTable(database, sync);
  const meetings = meetingsTable(database, sync);
  const deletions = deletionsTable(database, sync);
  const point = transactionPoint();

  /** One writing transaction, under the lease (U7). */
  const write = async <Result>(method: string, work: () => Result): Promise<Result> => {
    if (sync.id === 0) {
      sync.id = database.transaction(() => {
        lease.check();
        return syncs.register(name);
      });
    }
    let result: Result;
    try {
      result = database.transaction(() => {
        lease.check();
        operations.refresh();
        const done = work();
        point.pass(method);
        return done;
      });
    } catch (error) {
      operations.forget();
      throw error;
    }
    await database.flushed();
    return result;
  };
  const read = async <Result>(work: () => Result): Promise<Result> =>
    database.snapshot(() => {
      operations.refresh();
      return work();
    });

  const settling = settlingIn({ entries, bodies, operations, rejects, checkpoints, history, deletions });

  /** An entry of what may be there: nothing is known of it but where. */
  const stub = ({ key, keyKind, address, addressFollowsKey, destinationId }: Where, operation: number): void => {
    const unknown = { hash: undefined, sourceVersion: undefined, etag: undefined };
    const entry = { key, keyKind, destinationId, address, addressFollowsKey, ...unknown, operation, read: 0 };
    entries.put([entry], [undefined], [undefined]);
  };

  const intend = (run: number, intents: readonly Intent[]): readonly number[] => {
    // What takes the place of a write that may have been sent can itself be refused, or never be sent (A, B, A).
    for (const intent of intents) {
      if (intent.replaces === undefined) continue;
      if (intent.mayBeThere === true && entries.get(intent.key) === undefined) stub(intent, intent.replaces);
      else entries.doubt(intent.key);
    }
    return operations.journal(run, intents);
  };

  const correct = ({ key, isGone }: Correction): void => {
    // What was refused of it was an update of what is not there any more.
    if (isGone && entries.get(key) !== undefined) rejects.overcome(key);
    if (isGone) settling.remove(key);
    else entries.doubt(key);
  };

  // K1, U1: a page's intents are durable, all of them, before any of it is sent.
  const journal = (page: PageIntents): readonly number[] => {
    const { run, intents, rejects: refused, clearRejects, sameRecords, found = [], corrections = [], fields } = page;
    if (fields !== undefined) syncs.keepFields(sync, fields);
    for (const correction of corrections) correct(correction);
    rejects.clear(clearRejects);
    if (found.length > 0) {
      entries.find(found);
      operations.keep(found);
    }
    // P11: only a record that was read after a refusal can answer it.
    if (sameRecords !== true) rejects.plan(intents.map(({ key }) => key));
    for (const reject of refused) rejects.put(run, reject);
    return intend(run, intents);
  };

  const owned = (asked: Places): ReadonlyMap<string, string> => {
    const owners = new Map<string, string>();
    const found = (place: string, key: string): void => void (owners.has(place) || owners.set(place, key));
    for (const table of [entries, operations]) table.placed(asked, found);
    return owners;
  };

  const abandonLeftovers = (run: number, mayLandUntilMs: number | undefined): number => {
    const leftovers = operations.leftovers(run);
    for (const leftover of leftovers) {
      const { number, key, destinationId } = leftover;
      if (mayLandUntilMs === undefined) operations.resolve(number);
      else operations.verify(number, { atMs: mayLandUntilMs, held: undefined }, destinationId);
      if (mayLandUntilMs === undefined || entries.get(key) !== undefined) entries.doubt(key);
      else stub(leftover, number);
    }
    return leftovers.length;
  };

  const lookup = (keys: readonly string[]): ReadonlyMap<string, Known> => {
    const found = new Map<string, Writable<Known>>();
    const of = (key: string): Writable<Known> => {
      let known = found.get(key);
      if (known === undefined) {
        known = { entry: undefined, operation: undefined, waiting: undefined, rejected: undefined };
        found.set(key, known);
      }
      return known;
    };
    entries.among(keys, (entry) => (of(entry.key).entry = entry));
    operations.among(keys, (key, operation, run) => {
      const { number, hash, sourceVersion, state } = operation;
      if (state === "waiting") of(key).waiting = { number, run, hash, sourceVersion };
      else of(key).operation = operation;
    });
    rejects.among(keys, (key, rejected) => (of(key).rejected = rejected));
    const without = keys.filter((key) => found.get(key)?.entry === undefined);
    deletions.among(without, (key, version) => (of(key).deletedVersion = version));
    return found;
  };

  /** U10: an operation that is under way claims its address before an entry can. */
  const addressOwners = (claims: readonly AddressClaim[]): ReadonlyMap<string, string> => {
    const owners = new Map<string, string>();
    const found = (address: string, key: string): void => void owners.set(address, key);
    operations.owners(claims, found);
    entries.owners(claims, found);
    return owners;
  };

  async function* allEntries(): AsyncGenerator<Entry> {
    for (let last: Entry | undefined, key = ""; ; key = last.key) {
      const batch = await read(() => entries.after(key));
      yield* batch;
      last = batch.at(-1);
      if (last === undefined) return;
    }
  }

  const openCounts = (): OpenCounts => {
    const { withheld, ...unresolved } = operations.countByState();
    return { unresolved, withheld, ...rejects.counts() };
  };

  const ledger: SyncLedger = {
    sync: name,
    checkpoint: () => read(checkpoints.get),
    saveCheckpoint: (checkpoint) => write("saveCheckpoint", () => checkpoints.put(checkpoint)),
    fields: () => read(() => syncs.fieldsOf(sync)),
    lookup: (keys) => read(() => lookup(keys)),
    addressOwners: (claims) => read(() => addressOwners(claims)),
    bodies: (keys) => read(() => bodies.among(keys)),
    journal: (page) => write("journal", () => journal(page)),
    promote: (waiting, run, intent) =>
      write("promote", () => {
        operations.dropWaiting(waiting);
        return intend(run, [intent])[0] as number;
      }),
    takeUp: (numbers) =>
      write("takeUp", () => {
        for (const key of operations.takeUp(numbers)) entries.doubt(key);
      }),
    dropWaiting: (waiting, because) =>
      write("dropWaiting", () => {
        operations.dropWaiting(waiting);
        if (because.kind === "refused") rejects.put(because.run, because.reject);
        else if (because.kind === "level") rejects.overcome(because.key);
      }),
    settle: (settlement) => write("settle", () => settling.settle(settlement)),
    unresolved: (after, limit) => read(() => operations.unresolved(after, limit)),
    operation: (key) => read(() => operations.ofKey(key)),
    abandonLeftovers: (run, mayLandUntilMs) => write("abandonLeftovers", () => abandonLeftovers(run, mayLandUntilMs)),
    beginMeeting: () => read(meetings.begin),
    meet: (keys) => read(() => meetings.add(keys)),
    countUnmet: () => read(entries.countUnmet),
    unmet: (after, limit) => read(() => entries.unmet(after, limit)),
    miss: (readNumber, keys) => write("miss", () => entries.miss(readNumber, keys)),
    withheld: (after, limit) => read(() => operations.withheld(after, limit)),
    deletedSince: (atMs) => read(() => deletions.countSince(atMs) + operations.countDeleting()),
    owned: (asked) => read(() => owned(asked)),
    adopt: ({ entries: adopted, rejects: undecided, absent, fields, detail, atMs }) =>
      write("adopt", () => {
        if (fields !== undefined) syncs.keepFields(sync, fields);
        const lineOf = (key: string) => ({ key, atMs, event: "adopted", operation: undefined, detail });
        settling.apply(
          adopted.map((entry) => ({ entry, mapped: undefined, line: lineOf(entry.key) })),
          ADOPTED,
        );
        rejects.clear(adopted.map(({ key }) => key));
        rejects.decided(absent);
        for (const reject of undecided) rejects.put(ADOPTED, reject);
      }),
    entry: (key) => read(() => entries.get(key)),
    entries: allEntries,
    async beginRun(startedMs) {
      const run = await write("beginRun", () => runs.begin(startedMs));
      runsOfThisProcess.add(run);
      return run;
    },
    endRun: (run, end) => write("endRun", () => runs.end(run, end)),
    runs: (limit) => read(() => runs.last(limit)),
    rejects: (after, limit) => read(() => rejects.list(after, limit)),
    reject: (id) => read(() => rejects.one(id)),
    rejectOf: (key) => read(() => rejects.ofKey(key)),
    discardRejects: (ids) => write("discardRejects", () => rejects.discard(ids)),
    history: (key) => read(() => history.ofKey(key, entries.links(key).history)),
    counts: () => read(() => ({ entries: entries.count(), ...openCounts() })),
    openCounts: () => read(openCounts),
    unblock: (key) => write("unblock", () => operations.unblock(key)),
    reset: ({ checkpoint, entries: everything, keepsRejects = false }) =>
      write("reset", () => {
        // P2: without its operations, nothing before the checkpoint would be known to be settled; so it goes with them.
        if (checkpoint || everything) checkpoints.put(undefined);
        if (everything) for (const table of [bodies, entries, operations]) table.clear();
        if (everything) syncs.keepFields(sync, undefined);
        if (everything && !keepsRejects) rejects.clearAll();
      }),
    trimHistory: (olderThanMs, keep) =>
      write("trimHistory", () => {
        history.trim(olderThanMs, keep);
        deletions.trim(olderThanMs);
      }),
  };
  point.openFor(ledger);
  return ledger;
}
