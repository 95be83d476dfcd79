import { noCounts } from "../core/events.ts";
import type { SyncLedger } from "../core/ledger.ts";
import type { RunContext } from "./context.ts";
import { livePages } from "./live.ts";
import { notAdopted } from "./opening.ts";

/**
 * Before the first record is created where the destination assigns ids: its list, where one is declared, must be empty, or a person must have
 * said what becomes of those that are there. Reads no further than the first of them. Throws `RUN_NOT_ADOPTED`.
 */
export async function refuseUnadopted(context: RunContext): Promise<void> {
  const { sync, ports } = context;
  const { live, destination, writes } = sync;
  if (live === undefined || destination.traits.addressing === "own" || writes === "updateOnly") return;
  if (!(await isFirst(ports.ledger))) return;
  // What the filter leaves out may still be the record.
  for await (const items of livePages({ ...live, filter: undefined }, { ...context, counts: noCounts() }))
    if (items.length > 0)
      throw notAdopted(sync.name, "the destination's list is not empty, and the ledger knows none of it");
}

async function isFirst(ledger: SyncLedger): Promise<boolean> {
  if ((await ledger.checkpoint()) !== undefined) return false;
  const { entries, unresolved } = await ledger.counts();
  return entries === 0 && Object.values(unresolved).every((number) => number === 0);
}
