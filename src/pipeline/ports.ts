import type { Chance, Clock } from "../core/clock.ts";
import type { Emit } from "../core/events.ts";
import type { SyncLedger } from "../core/ledger.ts";

/** The outside world of a run (T1). */
export interface Ports {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly ledger: SyncLedger;
  readonly emit: Emit;
  /** What both APIs of this sync are waited for just now, in words; undefined when it is nothing. */
  readonly waitingFor: () => string | undefined;
}
