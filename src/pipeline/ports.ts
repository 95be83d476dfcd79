import type { Chance, Clock } from "../core/clock.ts";
import type { Emit } from "../core/events.ts";
import type { SyncLedger } from "../core/ledger.ts";

/** The outside world of a run (T1). */
export interface Ports {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly ledger: SyncLedger;
  readonly emit: Emit;
  /** What the lanes of this sync wait for just now, in words; undefined when they do not wait. */
  readonly waitingFor: () => string | undefined;
}
