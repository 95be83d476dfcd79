import type { Crash, Fault } from "./faults.ts";
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
  /** One process each; undefined lets it end by itself. */
  readonly processes: readonly {
    readonly crash: Crash | undefined;
    readonly thenWaitMs: number;
    readonly fullRefresh: boolean;
  }[];
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
