import type { SyncLedger } from "./core/ledger.ts";
import type { Reject } from "./core/reject.ts";

/** Rejects read at a time. */
const BATCH = 200;

/** All rejects of a sync, in the order of their numbers. */
export async function* storedRejects(ledger: SyncLedger | undefined): AsyncGenerator<Reject> {
  for (let after = 0; ledger !== undefined;) {
    const batch = await ledger.rejects(after, BATCH);
    yield* batch;
    const last = batch.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}

/** Their records may be in the destination: a person says which they are, or that they are to be created again. */
const UNDECIDED: ReadonlySet<Reject["code"]> = new Set(["ADOPTION_AMBIGUOUS", "ID_SHARED"]);

/** Numbers of those that can be tried: which record of the destination the others are must be found out first. */
export async function decidedRejects(ledger: SyncLedger): Promise<readonly number[]> {
  const ids: number[] = [];
  for await (const { id, code } of storedRejects(ledger)) if (!UNDECIDED.has(code)) ids.push(id);
  return ids;
}
