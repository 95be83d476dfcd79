import type { RunStats } from "./core/bottleneck.ts";
import type { Counts, RunEvent } from "./core/events.ts";
import type { EvenkeelError } from "./core/errors.ts";
import type { ReadingProgress } from "./reading-progress.ts";
import type { Preview } from "./pipeline/preview.ts";
import type { PreviewedChange } from "./pipeline/previewed-change.ts";
import type { Drift } from "./core/drift.ts";
import type { Adoption } from "./core/adoption.ts";
import type { Adopted } from "./pipeline/adopt.ts";
import type { Checked } from "./pipeline/check.ts";
import type { Observed, Probed } from "./pipeline/probe.ts";
import type { Imported, KeyMapping } from "./pipeline/key-map.ts";
import type { Guarantee } from "./core/guarantee.ts";
import type { JsonObject } from "./core/json.ts";
import type { Checkpoint } from "./core/checkpoint.ts";
import type { Holder } from "./core/lease.ts";
import type { Entry, RunRow, StoredOperation } from "./core/ledger.ts";
import type { LedgerCounts } from "./core/ledger-counts.ts";
import type { Evidence } from "./core/outcome.ts";
import type { Reject } from "./core/reject.ts";
import type { StoredHistoryEvent } from "./core/history.ts";

/** Results and options of the library (`open` is in `library.ts`; the CLI is built on nothing else). */

export interface RunOptions {
  /** Syncs to run, in the config's order; all when absent. Unknown names throw `USAGE`. */
  readonly syncs?: readonly string[];
  /** Read everything, whatever the cursor says. */
  readonly fullRefresh?: boolean;
  /** Stop after this many records were read; the checkpoint then stays where it was. */
  readonly limit?: number;
  /** Only the record with this key; the checkpoint then stays where it was. */
  readonly key?: string;
  /** So many deletes are allowed whatever the guard says; each sync counts its own. */
  readonly allowDeletes?: number;
  /** A file that `plan` has written: exactly that is applied, or nothing where config, ledger or source have moved; the checkpoint stays. */
  readonly plan?: string;
  /** So many syncs run at once, each after those of its `after` that run too; 1 when absent. */
  readonly parallel?: number;
  /** Emit a `trace` event for each request and answer. */
  readonly trace?: boolean;
  /** First abort: stop taking pages, finish what is in flight, save. */
  readonly signal?: AbortSignal;
  /** Abort at once: nothing is awaited. What is in flight becomes unknown and is resolved by the next run. */
  readonly killSignal?: AbortSignal;
}

export interface SyncResult {
  readonly sync: string;
  readonly status: "level" | "incomplete" | "failed" | "interrupted";
  readonly counts: Readonly<Counts>;
  readonly durationMs: number;
  /** Why nothing was read or written, or why the sync is not level; undefined when it is plain. */
  readonly why: string | undefined;
  readonly error: EvenkeelError | undefined;
}

export interface RunResult {
  readonly syncs: readonly SyncResult[];
  /** As documented in docs/cli.md. */
  readonly exitCode: number;
  readonly stats: RunStats;
}

/** A run under way: iterate it for events, await `result` for the end. Iterating is optional. */
export interface Run extends AsyncIterable<RunEvent> {
  readonly result: Promise<RunResult>;
}

export type PlannedChange = PreviewedChange;
export type PlanSummary = Preview;

/** Planned changes stream out; `result` has one summary a sync. */
export interface Plan extends AsyncIterable<PlannedChange> {
  readonly result: Promise<{
    readonly syncs: readonly PlanSummary[];
    readonly exitCode: number;
    /** How many operations were written to the file; undefined without one, and when something kept it from being written. */
    readonly operations?: number;
  }>;
  /** How far it is, whenever it is asked; undefined before the first sync. */
  progress(): ReadingProgress | undefined;
}

export interface PlanOptions extends Pick<
  RunOptions,
  "syncs" | "limit" | "key" | "fullRefresh" | "allowDeletes" | "signal"
> {
  /** Write the plan to this file, with all that a run of it sends, for `run({ plan })`. */
  readonly out?: string;
  /** Told of each request and answer, redacted. */
  readonly trace?: (connection: string, evidence: Evidence) => void;
}

export type { ReadingProgress } from "./reading-progress.ts";
export type { Drift } from "./core/drift.ts";
export type { Checked } from "./pipeline/check.ts";

/** Differences stream out; `result` has one summary a sync. The exit code is 0 where both sides agree, and 4 where they do not. */
export interface Check extends AsyncIterable<Drift> {
  readonly result: Promise<{ readonly syncs: readonly Checked[]; readonly exitCode: number }>;
  /** How far it is, whenever it is asked; undefined before the first sync. */
  progress(): ReadingProgress | undefined;
}

export interface CheckOptions extends Pick<RunOptions, "syncs" | "signal"> {
  /** Compare so many records of the source, taken by chance, by looking them up one by one; all, against the destination's list, when absent. */
  readonly sample?: number;
}

export type { Observed, Probed } from "./pipeline/probe.ts";

/**
 * What both APIs really do streams out; `result` has one summary a sync. The exit code is 1 where something is in trouble as it is declared, and 3
 * where an API cannot be reached or refuses the credentials.
 */
export interface Probe extends AsyncIterable<Observed> {
  readonly result: Promise<{ readonly syncs: readonly Probed[]; readonly exitCode: number }>;
  /** How far it is, whenever it is asked; undefined before the first sync. */
  progress(): ReadingProgress | undefined;
}

export type { Adoption } from "./core/adoption.ts";
export type { Adopted } from "./pipeline/adopt.ts";
export type { Imported, KeyConflict, KeyMapping } from "./pipeline/key-map.ts";

/** What adoption finds out of each record streams out; `result` has the totals. The exit code is 1 where a person must choose. */
export interface Adopting extends AsyncIterable<Adoption> {
  readonly result: Promise<Adopted & { readonly exitCode: number }>;
  /** How far it is, whenever it is asked; undefined before the first sync. */
  progress(): ReadingProgress | undefined;
}

export interface AdoptOptions extends Pick<RunOptions, "signal"> {
  /** Only look: nothing is remembered. */
  readonly dryRun?: boolean;
}

export interface SyncInfo {
  readonly name: string;
  readonly source: { readonly connection: string; readonly request: string };
  readonly destination: { readonly connection: string; readonly request: string };
  readonly guarantee: Guarantee;
}

export interface SyncStatus {
  readonly sync: string;
  readonly checkpoint: Checkpoint | undefined;
  readonly counts: LedgerCounts;
  readonly lastRun: RunRow | undefined;
  /** The process in which that run goes on just now; undefined when it has ended, or its process died. */
  readonly runBy: Holder | undefined;
  /** Earliest moment at which something parked may be tried again. */
  readonly parkedUntilMs: number | undefined;
  /** Keys whose last write may or may not have been applied, some of the first. `explain` says what can be done about one. */
  readonly unknownKeys: readonly string[];
  /** Writes of unknown outcome of which no run can find out what became of them; only a person can. */
  readonly undecidable: number;
  /** Their keys, some of the first. */
  readonly undecidableKeys: readonly string[];
}

export interface Explanation {
  readonly sync: string;
  readonly key: string;
  readonly entry: Entry | undefined;
  readonly body: JsonObject | undefined;
  readonly operation: StoredOperation | undefined;
  readonly waiting: StoredOperation | undefined;
  readonly reject: Reject | undefined;
  readonly history: readonly StoredHistoryEvent[];
  /** What it all means, in sentences. */
  readonly story: readonly string[];
}

/** What the ledger knows, and what can be decided in it: no API is called. */
export interface State {
  readonly configFile: string | undefined;
  readonly stateFile: string;
  status(): Promise<readonly SyncStatus[]>;
  rejects(sync?: string): AsyncIterable<Reject & { readonly sync: string }>;
  reject(sync: string, id: number): Promise<Reject | undefined>;
  discardRejects(sync: string, ids: readonly number[]): Promise<number>;
  explain(sync: string, key: string): Promise<Explanation>;
  /** Clears what is parked (and blocked lanes); an operation of unknown outcome is decided with `decide`. */
  unblock(options: {
    readonly sync?: string;
    readonly key?: string;
    readonly decide?: "applied" | "resend";
  }): Promise<{ readonly operations: number; readonly lanes: number }>;
  /** Which record of the destination each source key is, in key order. */
  exportKeys(sync: string): AsyncIterable<KeyMapping>;
  reset(sync: string, what: { readonly checkpoint: boolean; readonly entries: boolean }): Promise<void>;
  close(): Promise<void>;
}

export interface Evenkeel extends State {
  readonly syncs: readonly SyncInfo[];
  run(options?: RunOptions): Run;
  plan(options?: PlanOptions): Plan;
  /** Reads a few pages of both APIs, and tells what they really do and how that differs from what is declared; writes nothing, to the ledger neither. */
  probe(options?: Pick<RunOptions, "syncs" | "signal">): Probe;
  /** Compares the live destination with the source; writes nothing. */
  check(options?: CheckOptions): Check;
  /** Compares the live destination with the source, and writes what is astray; each difference is an event before it is mended. */
  repair(options?: Pick<RunOptions, "syncs" | "allowDeletes" | "trace" | "signal" | "killSignal">): Run;
  /**
   * Plans anew from the source records of these rejects and sends them (P11); when `ids` is absent all of the sync's, but for those that may be in the
   * destination already (`ADOPTION_AMBIGUOUS`, `ID_SHARED`): each of those is created when its id is given.
   */
  retryRejects(sync: string, ids?: readonly number[], options?: Pick<RunOptions, "signal" | "trace">): Run;
  /** Finds out which records of the destination are which of the source, from its list; writes to neither API. */
  adopt(sync: string, options?: AdoptOptions): Adopting;
  /** Says that the destination has none of the source's records, so that runs may create them all. */
  declineAdoption(sync: string): Promise<void>;
  /** Takes over a file of lines as `exportKeys` gives them. Throws `USAGE`, and imports nothing, when a line is none. */
  importKeys(sync: string, file: string): Promise<Imported>;
}
