import type { Crash, Fault, Outage } from "./faults.ts";
import type { Shape } from "./shape.ts";
import type { Content } from "./source-double.ts";

/** A change at the source. */
export interface Edit {
  /** ms from the start of the world. */
  readonly atMs: number;
  readonly id: number;
  /** Undefined deletes it. */
  readonly content: Content | undefined;
  /** It can be seen so many ms after the time that the record bears. */
  readonly lagMs: number;
}

/** All that a seed decides. Plain data, so that a failure can be made smaller and told. */
export interface World {
  readonly seed: number;
  readonly shape: Shape;
  /** There before the first run. */
  readonly records: number;
  readonly edits: readonly Edit[];
  readonly faults: readonly Fault[];
  /** Share of requests that a fault happens to. */
  readonly faultRate: number;
  readonly faultsMax: number;
  readonly outages: readonly Outage[];
  readonly processes: readonly ProcessPlan[];
}

/** One process, and how long it is until the next. */
export interface ProcessPlan {
  /** Undefined lets it end by itself. */
  readonly crash: Crash | undefined;
  /** It is told to stop so many ms after its start. */
  readonly stopAfterMs: number | undefined;
  readonly thenWaitMs: number;
  readonly fullRefresh: boolean;
}

/** What became of a world. */
export interface Outcome {
  /** What was promised and did not hold, each `INVARIANT: details`. None when all is well. */
  readonly violations: readonly string[];
  readonly trace: readonly string[];
  readonly requests: number;
  readonly faults: ReadonlyMap<Fault, number>;
  /** Where processes died: `before settle`. */
  readonly deaths: readonly string[];
  readonly runs: number;
  readonly virtualMs: number;
}
