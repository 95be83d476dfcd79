import type { Correction } from "./correction.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { StoredHistoryEvent } from "./history.ts";
import type { LedgerCounts, OpenCounts } from "./ledger-counts.ts";
import type { JsonObject } from "./json.ts";
import type { Holder, Lease } from "./lease.ts";
import type { OperationKind, OperationState, Progress } from "./operation.ts";
import type { AddressClaim, Places } from "./places.ts";
import type { KeyKind } from "./record.ts";
import type { StoredFields } from "./owned-fields.ts";
import type { NewReject, Reject } from "./reject.ts";
import type { Settlement } from "./settlement.ts";
import type { Write } from "./destination.ts";

/** What the destination is known to hold for one key. */
export interface Entry {
  readonly key: string;
  readonly keyKind: KeyKind;
  /** The id that the destination assigned; undefined where the record has its own address, or the id is not known. */
  readonly destinationId: string | undefined;
  /** The rendered address, so that a delete needs no record (U10). */
  readonly address: string | undefined;
  /** See {@link DesiredRecord.addressKey}: no other key can come to this address, except by a claim. */
  readonly addressFollowsKey: boolean;
  /** Hash of the content last applied; undefined when what the destination holds is not known: never planned as unchanged. */
  readonly hash: string | undefined;
  /** Cursor value of the version last applied. */
  readonly sourceVersion: string | undefined;
  readonly etag: string | undefined;
  /** Number of the operation that wrote it; {@link ADOPTED} when none of this ledger's has. */
  readonly operation: number;
  /** Number of the read that last wrote this row. Not touched for unchanged records. */
  readonly read: number;
  /** Number of the complete read that missed it first, while no read has met it since (D2). */
  readonly missed?: number | undefined;
}

/** In the place of an operation's number: the record was there before, and nothing is known of it but where it is. */
export const ADOPTED = 0;

/** Whether the record was there: an entry may say no more than that a write of it may have been applied. */
export const wasThere = ({ hash, operation, read }: Entry): boolean =>
  hash !== undefined || operation === ADOPTED || read > 0;

/** What planning needs to know of one key. */
export interface Known {
  readonly entry: Entry | undefined;
  /** Its unresolved operation, if any (not the waiting one). */
  readonly operation: KnownOperation | undefined;
  /** The version waiting behind it, if any. */
  readonly waiting:
    | {
        readonly number: number;
        readonly run: number;
        readonly hash: string;
        readonly sourceVersion: string | undefined;
      }
    | undefined;
  /** Why, and the source hash and mapping fingerprint under which this key was last rejected or invalid (P11). */
  readonly rejected: Pick<NewReject, "kind" | "code" | "sourceHash" | "mapping"> | undefined;
  /** Of a key without an entry whose record was deleted: the source's version of it then. */
  readonly deletedVersion?: string | undefined;
}

/** The id that the destination gave this record. While an entry is known to be wrong, what is left to be sent still tells. */
export const destinationIdOf = (known: Pick<Known, "entry" | "operation"> | undefined): string | undefined =>
  known?.entry?.destinationId ?? known?.operation?.destinationId;

export interface KnownOperation {
  readonly number: number;
  readonly kind: OperationKind;
  readonly state: OperationState;
  readonly hash: string;
  readonly sourceVersion: string | undefined;
  /** Journalled by this process, so it is in flight rather than left over. */
  readonly ours: boolean;
  /** True when the row holds the bytes: it can be sent again as it is. False for a repeatable write that a re-read will plan anew. */
  readonly held: boolean;
  readonly progress: Progress;
  readonly address: string | undefined;
  readonly addressFollowsKey: boolean;
  readonly destinationId: string | undefined;
}

/** An operation as it is about to be journalled. */
export interface Intent {
  readonly kind: OperationKind;
  readonly state: "sent" | "waiting";
  readonly key: string;
  readonly keyKind: KeyKind;
  readonly hash: string;
  readonly sourceVersion: string | undefined;
  readonly address: string | undefined;
  readonly addressFollowsKey: boolean;
  readonly destinationId: string | undefined;
  readonly idempotencyKey: string | undefined;
  readonly progress: Progress;
  /**
   * The record and the bytes. Kept in the row when the write is not repeatable by its own address (K1) and for every waiting
   * one (U2); otherwise a re-read plans it anew and the row stays small.
   */
  readonly held: Held | undefined;
  /** Number of an operation of the same key that this one replaces (certainly not sent, left over, or verifying); its row goes. */
  readonly replaces: number | undefined;
  /**
   * What it replaces may have been applied, or was found, and what is there must be known for its own: so the key has an entry from now on, whatever
   * becomes of this one (U10, U4).
   */
  readonly mayBeThere?: boolean;
  /** True when it comes from the source, so that what waited behind the replaced one is older (U2). */
  readonly dropsWaiting: boolean;
}

/** What makes an operation independent of the source: then the checkpoint may pass it (P2). */
export interface Held {
  readonly source: JsonObject;
  readonly mapped: JsonObject;
  readonly write: Write | undefined;
}

export interface PageIntents {
  readonly run: number;
  readonly intents: readonly Intent[];
  /** Records of the page that are invalid: kept, so that they can be read and the checkpoint may pass them. */
  readonly rejects: readonly NewReject[];
  /** Keys whose older reject no longer stands, because the record is level or gone. */
  readonly clearRejects: readonly string[];
  /** Keys that are there, whatever an earlier read said (D2): they are not missed, and no delete of them waits. */
  readonly found?: readonly string[];
  /** What was known of the page's keys, and is wrong. */
  readonly corrections?: readonly Correction[];
  /** Fields that are written for the first time, with all that were before. */
  readonly fields?: StoredFields | undefined;
  /** The intents take the place of others for the same records, which nobody has read again: what was refused since stands (P11). */
  readonly sameRecords?: true;
}

/** A stored operation, whole. `held` is undefined for a repeatable write that a re-read plans anew. */
export interface StoredOperation extends KnownOperation {
  readonly key: string;
  readonly keyKind: KeyKind;
  readonly idempotencyKey: string | undefined;
  readonly stored: Held | undefined;
}

export type RunStatus = "running" | "level" | "incomplete" | "failed" | "interrupted";

export interface RunRow {
  readonly id: number;
  readonly sync: string;
  readonly startedMs: number;
  readonly endedMs: number | undefined;
  /** `running` with the lease free means that the process died. */
  readonly status: RunStatus;
  readonly counts: Readonly<Record<string, number>>;
  readonly message: string | undefined;
}

/** What a lane learned and must not learn again by hammering (L7). */
export interface LaneMemory {
  readonly lane: string;
  readonly blockedUntilMs: number | undefined;
  /** Opaque JSON of the limiter. */
  readonly learned: string | undefined;
}

/** What became of a version that waited, and is not sent. */
export type WaitingEnd =
  | { readonly kind: "level" | "moot"; readonly key: string }
  | { readonly kind: "refused"; readonly run: number; readonly reject: NewReject };

/**
 * The store of one sync. Every method is one transaction: it happens whole or not at all, and has happened durably when
 * its promise resolves. Writing methods check the lease's fencing number in the same transaction and throw `LEDGER_FENCED`
 * when another process has taken over (U7). A full disk throws `LEDGER_FULL`; the ledger is then as it was before the call.
 */
export interface SyncLedger {
  readonly sync: string;
  checkpoint(): Promise<Checkpoint | undefined>;
  /** Writes a checkpoint alone: at the start of a read, when nothing is in flight. */
  saveCheckpoint(checkpoint: Checkpoint | undefined): Promise<void>;
  /** The fields that were ever journalled; undefined before there were any. */
  fields(): Promise<StoredFields | undefined>;
  /** Rows of a whole page in one read transaction; a key that is not in the map is not known at all. */
  lookup(keys: readonly string[]): Promise<ReadonlyMap<string, Known>>;
  /** Keys that own these rendered addresses (U10), by address. */
  addressOwners(claims: readonly AddressClaim[]): Promise<ReadonlyMap<string, string>>;
  /** Content last applied, for field differences; absent when bodies are off. */
  bodies(keys: readonly string[]): Promise<ReadonlyMap<string, JsonObject>>;
  /** Journals a page before any of it is sent (K1, U1). Returns the operation numbers, in the order of `intents`. */
  journal(page: PageIntents): Promise<readonly number[]>;
  /** Promotes a waiting operation: its row becomes the durable intent of what planning now made of it. */
  promote(waiting: number, run: number, intent: Intent): Promise<number>;
  /**
   * Operations that were put by are `sent` again: from here on each of them may leave at any time (K1). One that was `verifying` was found
   * overwritten, so what its entry says is not true any more (U1).
   */
  takeUp(numbers: readonly number[]): Promise<void>;
  /**
   * Removes a waiting operation that is not sent after all: its version is level already, so that no refusal of an earlier one stands any more, or it
   * is refused itself, or it is moot.
   */
  dropWaiting(waiting: number, because: WaitingEnd): Promise<void>;
  settle(settlement: Settlement): Promise<void>;
  /** Unresolved operations in order of number, after `after`, at most `limit`. */
  unresolved(after: number, limit: number): Promise<readonly StoredOperation[]>;
  operation(
    key: string,
  ): Promise<{ readonly active: StoredOperation | undefined; readonly waiting: StoredOperation | undefined }>;
  /**
   * At the end of a complete read: left-over operations without bytes, of earlier runs, that the read did not meet again.
   * Their rows go and their entries' hash becomes unknown. Returns how many.
   *
   * @param mayLandUntilMs where what has gone is deleted: the destination may hold them, so they have entries from now on, and until this
   * time they may still land (U3)
   */
  abandonLeftovers(run: number, mayLandUntilMs: number | undefined): Promise<number>;
  /** Begins to note which keys a read meets; what was noted before is forgotten. Kept nowhere: a read that is resumed proves nothing (D2). */
  beginMeeting(): Promise<void>;
  meet(keys: readonly string[]): Promise<void>;
  /** Entries in key order, after `after`, at most `limit`, that the read has not met since {@link beginMeeting}. */
  unmet(after: string, limit: number): Promise<readonly Entry[]>;
  countUnmet(): Promise<number>;
  /** Notes that a complete read has missed these keys, where none has before. */
  miss(read: number, keys: readonly string[]): Promise<void>;
  /** Deletes that wait, in order of number, after `after`, at most `limit`. */
  withheld(after: number, limit: number): Promise<readonly StoredOperation[]>;
  /** Deletes applied since this time (wall clock), and those that are on their way or in doubt (D3). */
  deletedSince(atMs: number): Promise<number>;
  /** The keys that have these, or that an unresolved operation is about, by place. There is an index of ids alone: of addresses a few hundred at a time. */
  owned(places: Places): Promise<ReadonlyMap<string, string>>;
  /** Takes over where records are that were there before, and what of them a person must decide; a refusal of a key that is adopted falls. */
  adopt(page: {
    readonly entries: readonly Entry[];
    readonly rejects: readonly NewReject[];
    /** Keys that the destination does not have, or all of them: none waits for a person any more (`ADOPTION_AMBIGUOUS`). */
    readonly absent: readonly string[] | "all";
    readonly fields?: StoredFields | undefined;
    /** Where the entries come from, for the history. */
    readonly detail: string;
    readonly atMs: number;
  }): Promise<void>;
  entry(key: string): Promise<Entry | undefined>;
  /** All entries in key order, for export; streams. */
  entries(): AsyncIterable<Entry>;
  beginRun(startedMs: number): Promise<number>;
  endRun(run: number, end: Pick<RunRow, "status" | "counts" | "message"> & { endedMs: number }): Promise<void>;
  runs(limit: number): Promise<readonly RunRow[]>;
  rejects(after: number, limit: number): Promise<readonly Reject[]>;
  reject(id: number): Promise<Reject | undefined>;
  rejectOf(key: string): Promise<Reject | undefined>;
  discardRejects(ids: readonly number[]): Promise<number>;
  history(key: string): Promise<readonly StoredHistoryEvent[]>;
  counts(): Promise<LedgerCounts>;
  /** The same without the entries: counting those takes as long as there are many. */
  openCounts(): Promise<OpenCounts>;
  /** Clears `notBefore` of parked operations, of one key or of all (`state unblock`). Returns how many. */
  unblock(key: string | undefined): Promise<number>;
  /** Forgets checkpoint and, with `entries`, everything known of the destination. */
  reset(what: {
    readonly checkpoint: boolean;
    readonly entries: boolean;
    readonly keepsRejects?: boolean;
  }): Promise<void>;
  /** Deletes the oldest history: what is older, and what is beyond the newest `keep` lines of the ledger. Bounded work a call. */
  trimHistory(olderThanMs: number, keep: number): Promise<void>;
}

/** One ledger file (later: one Postgres schema). */
export interface Ledger {
  readonly location: string;
  /**
   * Takes the right to write, for this process; throws `LEDGER_HELD` naming the holder. Freed by `release`, `close` and by the
   * death of the process, kept by a stopped one (U7).
   */
  acquire(holder: Holder): Promise<Lease>;
  /** Who has that right just now; undefined when nobody has. To be asked where something says that somebody may: it touches the lock. */
  holder(): Promise<Holder | undefined>;
  of(sync: string): Promise<SyncLedger>;
  /** Names of the syncs that this ledger knows. */
  syncs(): Promise<readonly string[]>;
  lanes(): Promise<readonly LaneMemory[]>;
  saveLane(memory: LaneMemory): Promise<void>;
  /** Forgets the block of every lane whose name contains `part` (all when undefined). Returns how many. */
  unblockLanes(part: string | undefined): Promise<number>;
  close(): Promise<void>;
}
