import type { DriftOf } from "./drift.ts";
import type { ErrorCode } from "./errors.ts";
import type { Evidence } from "./outcome.ts";

/** Counts of one run of one sync. `written` = created + updated + deleted. */
export interface Counts {
  read: number;
  created: number;
  updated: number;
  deleted: number;
  unchanged: number;
  /** Older than what the destination already holds, or met twice in one read. */
  superseded: number;
  /** Left alone because of `writes: createOnly | updateOnly`. */
  skipped: number;
  invalid: number;
  rejected: number;
  /** Rejected earlier, and neither record nor mapping has changed since (P11). */
  stillRejected: number;
  /** Unresolved at the end of the run: sent, but whether it was applied is not known. */
  unknown: number;
  /** Certainly not applied; to be tried on a later run. */
  parked: number;
  /** Planned, and not sent because the run ended before; the next one meets them again. */
  unsent: number;
  /** Missed by this complete read, and not deleted before it is certain that they have gone (D2). */
  missed: number;
  /** Records that have gone from the source and are not deleted yet, at the end of the run (D3). */
  withheld: number;
  /** Refused records that stand at the end of the run, whichever run refused them. */
  refused: number;
  /** Refused records that may be in the destination already, at the end of the run: none is created before that is known. */
  ambiguous: number;
  requests: number;
  retries: number;
  /** Answers 429 and the like. */
  throttled: number;
  pages: number;
}

export const noCounts = (): Counts => ({
  read: 0,
  created: 0,
  updated: 0,
  deleted: 0,
  unchanged: 0,
  superseded: 0,
  skipped: 0,
  invalid: 0,
  rejected: 0,
  stillRejected: 0,
  unknown: 0,
  parked: 0,
  unsent: 0,
  missed: 0,
  withheld: 0,
  refused: 0,
  ambiguous: 0,
  requests: 0,
  retries: 0,
  throttled: 0,
  pages: 0,
});

/** The only way out of a run: terminal, JSON lines and logs render this union. `atMs` is wall clock. */
export type RunEvent =
  | {
      readonly type: "run-started";
      readonly sync: string;
      readonly atMs: number;
      readonly run: number;
      readonly mode: "full" | "incremental";
      readonly since: string | undefined;
      readonly resumed: boolean;
      /** It is about some records only, and moves no checkpoint. */
      readonly partial: boolean;
      /** The sync has a cursor, which a run over all of the records moves. */
      readonly hasCursor: boolean;
      readonly guarantee: string;
      readonly reason: string;
    }
  | {
      readonly type: "recovered";
      readonly sync: string;
      readonly atMs: number;
      readonly leftovers: number;
      readonly held: number;
    }
  | {
      readonly type: "page";
      readonly sync: string;
      readonly atMs: number;
      readonly page: number;
      readonly records: number;
      /** As the source announces it, of the whole list. */
      readonly total: number | undefined;
      readonly bytes: number;
      readonly isLast: boolean;
    }
  | {
      readonly type: "progress";
      readonly sync: string;
      readonly atMs: number;
      readonly counts: Readonly<Counts>;
      /** Records that this run reads in all, once that is known or announced. */
      readonly total: number | undefined;
      /** How many the last full refresh had, while this one's total is not known. */
      readonly expected: number | undefined;
      readonly inFlight: number;
      readonly waitingFor: string | undefined;
    }
  | {
      readonly type: "invalid";
      readonly sync: string;
      readonly atMs: number;
      readonly key: string | undefined;
      readonly code: string;
      readonly reason: string;
    }
  | {
      readonly type: "rejected";
      readonly sync: string;
      readonly atMs: number;
      readonly key: string;
      readonly reason: string;
      readonly status: number | undefined;
    }
  | {
      readonly type: "held";
      readonly sync: string;
      readonly atMs: number;
      readonly key: string;
      readonly state: "unknown" | "parked";
      /** No run can find out what became of it. */
      readonly needsPerson: boolean;
      readonly untilMs: number | undefined;
      readonly reason: string;
    }
  /** Deletes that this run was allowed with `--allow-deletes`, before the first of them is sent. */
  | {
      readonly type: "deleting";
      readonly sync: string;
      readonly atMs: number;
      readonly keys: readonly string[];
    }
  | {
      readonly type: "withheld";
      readonly sync: string;
      readonly atMs: number;
      /** Records that have gone from the source, or have been missing. */
      readonly deletes: number;
      readonly reason: string;
    }
  /** What a repair finds astray, before it mends it. */
  | {
      readonly type: "drift";
      readonly sync: string;
      readonly atMs: number;
      readonly drift: DriftOf;
    }
  | {
      readonly type: "retry";
      readonly sync: string;
      readonly atMs: number;
      readonly what: string;
      readonly attempt: number;
      readonly delayMs: number;
      readonly reason: string;
    }
  | {
      readonly type: "waiting";
      readonly sync: string;
      readonly atMs: number;
      readonly untilMs: number;
      readonly reason: string;
    }
  | {
      readonly type: "checkpoint";
      readonly sync: string;
      readonly atMs: number;
      readonly cursor: string | undefined;
      readonly complete: boolean;
    }
  | {
      readonly type: "warning";
      readonly sync: string;
      readonly atMs: number;
      readonly code: string;
      readonly message: string;
      readonly next: string | undefined;
    }
  | {
      readonly type: "trace";
      readonly sync: string;
      readonly atMs: number;
      readonly connection: string;
      readonly evidence: Evidence;
    }
  | {
      readonly type: "run-ended";
      readonly sync: string;
      readonly atMs: number;
      readonly run: number;
      readonly status: "level" | "incomplete" | "failed" | "interrupted";
      readonly counts: Readonly<Counts>;
      readonly durationMs: number;
      readonly why: string | undefined;
      /** Earliest moment at which something parked may be tried again. */
      readonly parkedUntilMs: number | undefined;
      readonly error:
        | {
            readonly code: ErrorCode;
            readonly message: string;
            readonly next: string | undefined;
            readonly evidence: Evidence | undefined;
          }
        | undefined;
    };

/** Something that a user should know, and that fails nothing. */
export type Warning = Pick<Extract<RunEvent, { readonly type: "warning" }>, "code" | "message" | "next">;

export type Emit = (event: RunEvent) => void;
