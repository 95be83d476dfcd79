import type { Counts } from "../core/events.ts";
import type { SyncLedger } from "../core/ledger.ts";
import type { Sync } from "../core/sync.ts";
import type { RunContext } from "./context.ts";
import type { Ports } from "./ports.ts";

/** The context of whoever reads as a run does, and writes nothing. */
export function lookingContext(
  sync: Sync,
  ports: Pick<Ports, "clock" | "chance" | "ledger">,
  counts: Counts,
  stop: AbortSignal,
  read: RunContext["read"],
): RunContext {
  return {
    sync,
    ports: { ...ports, emit: () => undefined, waitingFor: () => undefined },
    run: 0,
    counts,
    read,
    stop,
    kill: stop,
    partial: false,
    fail(error) {
      throw error;
    },
    say: () => undefined,
    sent: () => void (counts.requests += 1),
  };
}

/** What a first plan finds: no ledger is made for it. */
export function emptyLedger(sync: string): SyncLedger {
  const nothing = new Map();
  const known = {
    sync,
    checkpoint: async () => undefined,
    lookup: async () => nothing,
    addressOwners: async () => nothing,
    bodies: async () => nothing,
  };
  return known as unknown as SyncLedger;
}
