import type { Entry, Known, Resolution, Settlement, SyncLedger } from "../core/ledger.ts";
import { unreachable } from "../core/invariant.ts";
import type { Database } from "./database.ts";
import { entriesTable, entryOf } from "./entries.ts";
import type { FileLease } from "./lease.ts";
import { operationsTable } from "./operations.ts";
import { optional } from "./packed.ts";
import { rejectsTable } from "./rejects.ts";
import { runsTable } from "./runs.ts";

interface SyncLedgerOptions {
  readonly database: Database;
  readonly lease: FileLease;
  readonly id: number;
  readonly name: string;
  readonly keepsBodies: boolean;
  /** For tests: called inside each writing transaction, before it commits; what it throws rolls the transaction back. */
  readonly inside: ((method: string) => void) | undefined;
}

/** One sync's part of the ledger. Methods return promises for the sake of other stores; here each is done when it returns. */
export function createSyncLedger({ database, lease, id, name, keepsBodies, inside }: SyncLedgerOptions): SyncLedger {
  const begun = new Set<number>();
  const entries = entriesTable(database, id, keepsBodies);
  const operations = operationsTable(database, id, (run) => begun.has(run));
  const rejects = rejectsTable(database, id);
  const runs = runsTable(database, id, name);

  /** One writing transaction, under the lease. */
  const write = async <Result>(method: string, work: () => Result): Promise<Result> =>
    database.transaction(() => {
      lease.check();
      const result = work();
      inside?.(method);
      return result;
    });
  const read = async <Result>(work: () => Result): Promise<Result> => database.snapshot(work);

  const resolve = (resolution: Resolution, run: number): void => {
    switch (resolution.kind) {
      case "applied": {
        const { number, entry, mapped, verify } = resolution;
        entries.put(entry, mapped);
        rejects.clear(entry.key);
        if (verify === undefined) operations.remove(number);
        else operations.verify(number, verify.atMs, verify.held, entry.destinationId);
        return;
      }
      case "deleted":
        entries.remove(resolution.key);
        rejects.clear(resolution.key);
        return operations.remove(resolution.number);
      case "rejected":
        rejects.put(run, resolution.reject);
        return operations.remove(resolution.number);
      case "held":
        return operations.hold(resolution);
      case "released":
      case "verified":
        return operations.remove(resolution.number);
      default:
        return unreachable(resolution);
    }
  };

  const settle = ({ run, resolutions, checkpoint, history }: Settlement): void => {
    for (const resolution of resolutions) resolve(resolution, run);
    for (const event of history) runs.note(run, event);
    // P2: in the transaction of the last outcome before it.
    if (checkpoint !== undefined) runs.saveCheckpoint(checkpoint);
  };

  const lookup = (keys: readonly string[]): ReadonlyMap<string, Known> => {
    const found = new Map<string, { -readonly [Name in keyof Known]: Known[Name] }>();
    const of = (key: string) => {
      let known = found.get(key);
      if (known === undefined)
        found.set(key, (known = { entry: undefined, operation: undefined, waiting: undefined, rejected: undefined }));
      return known;
    };
    const wanted = JSON.stringify(keys);
    const rows = (sql: string) => database.prepare(sql).all(wanted, id);
    for (const row of rows("SELECT e.* FROM json_each(?) w JOIN entries e ON e.sync = ? AND e.key = w.value"))
      of(row["key"] as string).entry = entryOf(row);
    for (const row of rows("SELECT o.* FROM json_each(?) w JOIN operations o ON o.sync = ? AND o.key = w.value")) {
      const operation = operations.known(row);
      const known = of(row["key"] as string);
      if (operation.state === "waiting") known.waiting = operation;
      else known.operation = operation;
    }
    for (const row of rows(
      "SELECT r.key, r.source_hash, r.mapping FROM json_each(?) w JOIN rejects r ON r.sync = ? AND r.identity = w.value",
    )) {
      const key = optional<string>(row["key"]);
      if (key !== undefined)
        of(key).rejected = { sourceHash: row["source_hash"] as string, mapping: row["mapping"] as string };
    }
    return found;
  };

  async function* allEntries(): AsyncGenerator<Entry> {
    for (let after = ""; ;) {
      const batch = entries.after(after);
      yield* batch;
      const last = batch.at(-1);
      if (last === undefined) return;
      after = last.key;
    }
  }

  return {
    sync: name,
    checkpoint: () => read(runs.checkpoint),
    saveCheckpoint: (checkpoint) => write("saveCheckpoint", () => runs.saveCheckpoint(checkpoint)),
    lookup: (keys) => read(() => lookup(keys)),
    addressOwners: (addresses) => read(() => entries.owners(addresses)),
    bodies: (keys) => read(() => entries.bodies(keys)),
    journal: ({ run, intents, rejects: refused, clearRejects }) =>
      write("journal", () => {
        for (const reject of refused) rejects.put(run, reject);
        for (const key of clearRejects) rejects.clear(key);
        return intents.map((intent) => operations.journal(run, intent));
      }),
    promote: (waiting, run, intent) =>
      write("promote", () => {
        operations.remove(waiting);
        return operations.journal(run, intent);
      }),
    dropWaiting: (waiting) => write("dropWaiting", () => operations.remove(waiting)),
    settle: (settlement) => write("settle", () => settle(settlement)),
    unresolved: (after, limit) => read(() => operations.unresolved(after, limit)),
    operation: (key) => read(() => operations.ofKey(key)),
    abandonLeftovers: (run) =>
      write("abandonLeftovers", () => {
        const left = operations.leftovers(run);
        for (const { number, key } of left) {
          entries.forgetContent(key);
          operations.remove(number);
        }
        return left.length;
      }),
    entry: (key) => read(() => entries.get(key)),
    entries: allEntries,
    beginRun: (startedMs) =>
      write("beginRun", () => {
        const run = runs.begin(startedMs);
        begun.add(run);
        return run;
      }),
    endRun: (run, end) => write("endRun", () => runs.end(run, end)),
    runs: (limit) => read(() => runs.last(limit)),
    rejects: (after, limit) => read(() => rejects.list(after, limit)),
    reject: (reject) => read(() => rejects.one(reject)),
    rejectOf: (key) => read(() => rejects.ofKey(key)),
    discardRejects: (ids) => write("discardRejects", () => rejects.discard(ids)),
    history: (key) => read(() => runs.history(key)),
    counts: () =>
      read(() => ({
        entries: entries.count(),
        unresolved: operations.countByState(),
        invalid: rejects.count("invalid"),
        rejected: rejects.count("rejected"),
      })),
    unblock: (key) => write("unblock", () => operations.unblock(key)),
    reset: (what) =>
      write("reset", () => {
        if (what.checkpoint) runs.saveCheckpoint(undefined);
        if (!what.entries) return;
        entries.clear();
        operations.clear();
        rejects.clearAll();
      }),
    trimHistory: (olderThanMs, keepPerKey) => write("trimHistory", () => runs.trim(olderThanMs, keepPerKey)),
  };
}
