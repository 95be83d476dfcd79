import type { AnnouncedLimit } from "./announced-limit.ts";
import type { Crash, Fault, Outage, Step } from "./faults.ts";

/** What the source holds of a record at some time. */
export interface Content {
  /** Counts the edits of the world; an edit that takes a change back has the number of what it restores, and 0 is how the record began. */
  readonly edit: number;
  /** The destination refuses it for what it is, or the mapping can make nothing of it. */
  readonly flaw: "refused" | "invalid" | undefined;
}

/** How every record is at first. */
export const BEGINNING: Content = { edit: 0, flaw: undefined };

/** How a record was that the destination has from somewhere else. */
export const BEFORE: Content = { edit: -1, flaw: undefined };

/** A change at the source. */
export interface Edit {
  /** ms from the start of the world; the record bears this time. */
  readonly atMs: number;
  readonly id: number;
  /** Undefined deletes it. */
  readonly content: Content | undefined;
  /** It can be seen so many ms after the time that the record bears. */
  readonly lagMs: number;
}

/** What somebody else does to the destination. */
export interface Drift {
  readonly kind: "edit" | "delete" | "add";
  /** Which of the records that are there by then: a share of their number. */
  readonly which: number;
}

/** A while in which the source lists less than it has, and says nothing of that. */
export interface Lapse {
  /** Nothing, or every second record. */
  readonly kind: "empty" | "half";
  readonly fromMs: number;
  readonly toMs: number;
}

/** All that a seed decides, besides what both APIs are like. Plain data, so that a failure can be made smaller and told. */
export interface World {
  readonly seed: number;
  /** There before the first run. */
  readonly records: number;
  /** So many of them, the first ones, the destination has before: a person has said which they are, and half of them are not as they should be. */
  readonly adopted: number;
  /** Nobody has said which those are: `find` finds them, one by one. */
  readonly isFound?: boolean;
  /** How many the source lists on a page where nobody asks for another number. */
  readonly pageSize: number;
  /** Records changed within as many ms bear the same time. */
  readonly resolutionMs: number;
  readonly edits: readonly Edit[];
  readonly faults: readonly Fault[];
  /** Share of requests that a fault happens to. */
  readonly faultRate: number;
  readonly faultsMax: number;
  /** Answers to batches tell the truth of every record; so where absent. See `ResultFault`. */
  readonly tellsAllResults?: boolean;
  readonly outages: readonly Outage[];
  readonly lapses: readonly Lapse[];
  readonly limits: { readonly source?: AnnouncedLimit; readonly destination?: AnnouncedLimit };
  readonly processes: readonly ProcessPlan[];
}

/** One process, and how long it is until the next. */
export interface ProcessPlan {
  /** A run when absent. */
  readonly does?: "repair" | "plan";
  /** What it plans is applied so many ms later. */
  readonly applyAfterMs?: number;
  /** What somebody else does to the destination before it starts. */
  readonly drift?: readonly Drift[];
  /** Undefined lets it end by itself. */
  readonly crash: Crash | undefined;
  /** The disk is full from its so-manieth durable step on. */
  readonly fullFrom: number | undefined;
  /** It is told to stop so many ms after its start. */
  readonly stopAfterMs: number | undefined;
  /** Another one is started beside it so many ms after its start. */
  readonly rivalAfterMs: number | undefined;
  readonly thenWaitMs: number;
  readonly fullRefresh: boolean;
}

/** Something that happened in a world. */
export interface TraceLine {
  readonly atMs: number;
  readonly text: string;
  /** Keys of the records that it is about; undefined when it is about the process or the whole world. */
  readonly about?: readonly string[];
}

/** What was promised and did not hold. */
export interface Violation {
  readonly kind:
    | "LOST"
    | "DOUBLED"
    | "STALE"
    | "UNDELETED"
    | "STUCK"
    | "CONVERGENCE"
    | "CLAIM"
    | "REJECTED"
    | "BREACH"
    | "TERMINATION";
  readonly text: string;
  /** The record's key, where it is about one. */
  readonly key?: string;
}

export interface Limited {
  readonly kind: AnnouncedLimit["kind"];
  readonly requests: number;
  readonly refused: number;
}

/** What became of a world. */
export interface Outcome {
  /** None when all is well. */
  readonly violations: readonly Violation[];
  readonly trace: readonly TraceLine[];
  readonly requests: number;
  readonly faults: ReadonlyMap<Fault, number>;
  /** What was asked of APIs that limit requests, and how much of that was refused, by the kind of announcement. */
  readonly limited: readonly Limited[];
  /** Where processes died: `before settle`. */
  readonly deaths: readonly string[];
  readonly runs: number;
  /** How often each durable step happened, run by run. */
  readonly steps: readonly ReadonlyMap<Step, number>[];
  readonly virtualMs: number;
  /** Writes that changed nothing. */
  readonly repeated: number;
  /** Those of them for which there was no reason: no fault had met the record, and no process had died. */
  readonly needless: number;
}
