import { unreachable } from "../core/invariant.ts";
import type {
  AddressClaim,
  Entry,
  Intent,
  Known,
  NewReject,
  PageIntents,
  Resolution,
  Settlement,
  SyncLedger,
} from "../core/ledger.ts";
import { bodiesTable } from "./bodies.ts";
import { checkpointsTable } from "./checkpoints.ts";
import type { Database } from "./database.ts";
import { entriesTable, NO_LINKS } from "./entries.ts";
import { historyTable } from "./history.ts";
import type { LedgerLease } from "./lease.ts";
import { operationsTable } from "./operations.ts";
import { rejectsTable } from "./rejects.ts";
import { runsTable } from "./runs.ts";
import { syncsTable } from "./syncs.ts";
import { transactionPoint } from "./transaction-point.ts";

interface SyncLedgerOptions {
  readonly database: Database;
  readonly lease: LedgerLease;
  readonly name: string;
  readonly keepsBodies: boolean;
}

type Applied = Extract<Resolution, { kind: "applied" }>;
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

  /** Writes the entries of what was applied, with what they refer to. U2: no key is there twice. */
  const apply = (applied: readonly Applied[], run: number): void => {
    const before = applied.map(({ entry, isNew }) => (isNew === true ? NO_LINKS : entries.links(entry.key)));
    const kept = bodies.replace(
      before.map(({ body }) => body),
      applied.map(({ mapped }) => mapped),
    );
    const lines = history.link(
      run,
      applied.map(({ line }) => line),
      before.map((links) => links.history),
    );
    entries.put(
      applied.map(({ entry }) => entry),
      kept,
      lines,
    );
  };

  /** A write was refused. What was refused of its key since it was planned is of a newer version, and stands. */
  const refuse = (reject: NewReject, run: number): void => {
    const { key } = reject;
    if (key !== undefined && rejects.isNewer(key)) return;
    rejects.put(run, reject);
    // A newer version waits already: when that is applied, nothing of this one is left to be mended.
    if (key !== undefined && operations.ofKey(key).waiting !== undefined) rejects.plan([key]);
  };

  const resolve = (resolution: Resolution, run: number): void => {
    if (resolution.line !== undefined && resolution.kind !== "applied") history.add(run, resolution.line);
    switch (resolution.kind) {
      case "applied":
        if (resolution.verify === undefined) operations.resolve(resolution.number);
        else operations.verify(resolution);
        return;
      case "deleted":
        bodies.replace([entries.links(resolution.key).body], [undefined]);
        entries.remove(resolution.key);
        return operations.resolve(resolution.number);
      case "rejected":
        refuse(resolution.reject, run);
        return operations.resolve(resolution.number);
      case "held":
        return operations.hold(resolution);
      case "released":
      case "verified":
        return operations.resolve(resolution.number);
      default:
        return unreachable(resolution);
    }
  };

  const settle = ({ run, resolutions, checkpoint }: Settlement): void => {
    apply(
      resolutions.filter((resolution) => resolution.kind === "applied"),
      run,
    );
    for (const resolution of resolutions) resolve(resolution, run);
    rejects.clearPlanned(resolutions.flatMap(levelKey));
    // P2: in the transaction of the last outcome before it.
    if (checkpoint !== undefined) checkpoints.put(checkpoint);
  };

  const intend = (run: number, intents: readonly Intent[]): readonly number[] => {
    // What takes the place of a write that may have been sent can itself be refused, or never be sent (A, B, A).
    for (const { key, replaces } of intents) if (replaces !== undefined) entries.doubt(key);
    return operations.journal(run, intents);
  };

  // K1, U1: a page's intents are durable, all of them, before any of it is sent.
  const journal = ({ run, intents, rejects: refused, clearRejects, sameRecords }: PageIntents): readonly number[] => {
    rejects.clear(clearRejects);
    // P11: only a record that was read after a refusal can answer it.
    if (sameRecords !== true) rejects.plan(intents.map(({ key }) => key));
    for (const reject of refused) rejects.put(run, reject);
    return intend(run, intents);
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
    operations.among(keys, (key, operation) => {
      const { number, hash, sourceVersion, state } = operation;
      if (state === "waiting") of(key).waiting = { number, hash, sourceVersion };
      else of(key).operation = operation;
    });
    rejects.among(keys, (key, sourceHash, mapping) => (of(key).rejected = { sourceHash, mapping }));
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

  const ledger: SyncLedger = {
    sync: name,
    checkpoint: () => read(checkpoints.get),
    saveCheckpoint: (checkpoint) => write("saveCheckpoint", () => checkpoints.put(checkpoint)),
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
    dropWaiting: (waiting) => write("dropWaiting", () => operations.dropWaiting(waiting)),
    settle: (settlement) => write("settle", () => settle(settlement)),
    unresolved: (after, limit) => read(() => operations.unresolved(after, limit)),
    operation: (key) => read(() => operations.ofKey(key)),
    abandonLeftovers: (run) =>
      write("abandonLeftovers", () => {
        const keys = operations.abandonLeftovers(run);
        for (const key of keys) entries.doubt(key);
        return keys.length;
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
    counts: () =>
      read(() => ({ entries: entries.count(), unresolved: operations.countByState(), ...rejects.countByKind() })),
    unblock: (key) => write("unblock", () => operations.unblock(key)),
    reset: ({ checkpoint, entries: everything }) =>
      write("reset", () => {
        // P2: without its operations, nothing before the checkpoint would be known to be settled; so it goes with them.
        if (checkpoint || everything) checkpoints.put(undefined);
        if (everything) for (const table of [bodies, entries, operations]) table.clear();
        if (everything) rejects.clearAll();
      }),
    trimHistory: (olderThanMs, keep) => write("trimHistory", () => history.trim(olderThanMs, keep)),
  };
  point.openFor(ledger);
  return ledger;
}

/** The key of what was applied or deleted: no refusal that was there when that was planned stands any more. */
const levelKey = (resolution: Resolution): readonly string[] =>
  resolution.kind === "applied" ? [resolution.entry.key] : resolution.kind === "deleted" ? [resolution.key] : [];
