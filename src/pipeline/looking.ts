import type { Counts, RunEvent, Warning } from "../core/events.ts";
import type { SyncLedger } from "../core/ledger.ts";
import type { LedgerCounts } from "../core/ledger-counts.ts";
import { plainEvidence, type Evidence } from "../core/outcome.ts";
import type { Sync } from "../core/sync.ts";
import type { RunContext } from "./context.ts";
import type { Ports } from "./ports.ts";

/** Told of each request and its answer. */
type Trace = (connection: string, evidence: Evidence) => void;

/** Who is told of what goes on meanwhile. */
export interface Onlooker {
  readonly trace?: Trace | undefined;
  /** Told what is waited for, and until when, wall clock. */
  readonly waits?: ((wait: Wait) => void) | undefined;
}

export type Wait = Pick<Extract<RunEvent, { readonly type: "waiting" }>, "untilMs" | "reason">;

/** The context of whoever reads as a run does, and writes nothing. */
export function lookingContext(
  sync: Sync,
  ports: Pick<Ports, "clock" | "chance" | "ledger"> & Onlooker,
  counts: Counts,
  stop: AbortSignal,
  read: RunContext["read"],
  warn: (warning: Warning) => void = () => undefined,
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
    notLevel: () => undefined,
    say(event) {
      if (event.type === "waiting") ports.waits?.(event);
      if (event.type === "warning") warn({ code: event.code, message: event.message, next: event.next });
    },
    sent(connection, evidence) {
      if (evidence.isUntried === true) return;
      counts.requests += 1;
      ports.trace?.(connection, plainEvidence(evidence));
    },
  };
}

/** Of a sync of which the ledger knows nothing. */
export const NO_COUNTS: LedgerCounts = {
  entries: 0,
  unresolved: { sent: 0, unknown: 0, parked: 0, waiting: 0, verifying: 0 },
  withheld: 0,
  invalid: 0,
  rejected: 0,
  ambiguous: 0,
};

/** What a first plan finds: no ledger is made for it. */
export function emptyLedger(sync: string): SyncLedger {
  const nothing = new Map();
  const known = {
    sync,
    checkpoint: async () => undefined,
    fields: async () => undefined,
    lookup: async () => nothing,
    addressOwners: async () => nothing,
    bodies: async () => nothing,
    counts: async () => NO_COUNTS,
    runs: async () => [],
  };
  return known as unknown as SyncLedger;
}
