import type { DestinationTraits } from "./destination.ts";
import { ADOPTED, wasThere, type Entry, type Known, type KnownOperation } from "./ledger.ts";
import { landsUntilMs } from "./operation.ts";
import { GONE, type DesiredRecord } from "./record.ts";
import type { Sync } from "./sync.ts";

/** Why a record is left alone although it differs. */
export type SkipReason = "createOnly" | "updateOnly" | "noUpdate" | "noDelete";

/** What planning makes of one record. */
export type Decision =
  /** The destination is known to hold this content, or an operation with it is under way. */
  | { readonly kind: "unchanged" }
  /** A newer version is known: sending this one would put the destination back. */
  | { readonly kind: "superseded" }
  /** Rejected before, and neither record nor mapping has changed since (P11). */
  | { readonly kind: "stillRejected" }
  | { readonly kind: "skipped"; readonly reason: SkipReason }
  | {
      readonly kind: "invalid";
      readonly code: "ADDRESS_CHANGED" | "ADDRESS_UNUSABLE" | "KEY_AMBIGUOUS";
      readonly reason: string;
    }
  | Write
  /** Behind an unresolved operation of the same key (U2). */
  | { readonly kind: "wait" }
  | Removal;

/** The record has gone from the source. Its delete waits until the read is complete and the guard has spoken (D3). */
export interface Removal {
  readonly kind: "gone";
  /** Where the destination holds it, as far as that is known. */
  readonly address: string | undefined;
  readonly addressFollowsKey: boolean;
  readonly destinationId: string | undefined;
  /** Wall clock until when an older write of this key may still land (U3). */
  readonly staleUntilMs: number | undefined;
}

export interface Write {
  readonly kind: "create" | "update";
  readonly destinationId: string | undefined;
  /** Look in the destination first: the record may exist there, or must. */
  readonly lookFirst: boolean;
  /** The version that the destination is known to hold (U4). */
  readonly etag?: string | undefined;
  /** Unresolved operation that this one takes the place of. */
  readonly replaces: number | undefined;
  /** Wall clock until when an older write of this key with other content may still land (U3). */
  readonly staleUntilMs: number | undefined;
  /** The same of one with this content: a newer version that overtakes it must know. */
  readonly twinUntilMs?: number;
}

export interface PlanContext {
  readonly traits: DestinationTraits;
  readonly writes: Sync["writes"];
  /** Whether records are deleted that have gone from the source. */
  readonly deletes: boolean;
  /** Number of the run under way. */
  readonly run: number;
  /** Fingerprint of the mapping in force. */
  readonly mapping: string;
  /** Hash of the source record, for comparison with what was rejected; lazily, since most records were not. */
  readonly sourceHash: (record: DesiredRecord) => string;
  /** Order of two cursor values; undefined without a cursor. */
  readonly compare: ((a: string, b: string) => number) | undefined;
  /** The read under way: full or incremental, and its number. */
  readonly read: { readonly kind: "full" | "incremental"; readonly number: number };
  /** Numbers of operations that this process is delivering just now. */
  readonly inFlight: (number: number) => boolean;
  /** True to try what was rejected before, whatever has changed (`rejects retry`): a person has decided that the source counts. */
  readonly retryRejected: boolean;
  readonly nowMs: number;
}

/**
 * Compares one desired record with what is known of its key. Pure. The order of the questions matters: what is unresolved
 * comes before what is known to be applied, since the destination may hold either (U1).
 */
export function planRecord(record: DesiredRecord, known: Known | undefined, context: PlanContext): Decision {
  const clash = kindClash(record, known?.entry, context);
  if (clash !== undefined) return clash;
  if (isOlder(record, known, context)) return { kind: "superseded" };
  if (isStillRejected(record, known, context)) return { kind: "stillRejected" };
  // U4: what is there now is what a person has seen, whatever version was known before.
  const isDecided = known?.rejected !== undefined && context.retryRejected;
  if (record.hash === GONE) return planRemoval(known, context);
  // It has come back. Its delete goes when this version takes its turn, though it may turn out to be level.
  if (known?.waiting?.hash === GONE) return { kind: "wait" };
  const operation = known?.operation;
  if (operation !== undefined) return behindOperation(record, known as Known, operation, context);
  // U2: a version that waits is about to take its turn; this one waits in its place, or is the same.
  if (known?.waiting !== undefined)
    return known.waiting.hash === record.hash ? { kind: "unchanged" } : { kind: "wait" };
  const entry = known?.entry;
  if (entry === undefined) return planCreate(context, undefined, undefined, isDecided);
  if (entry.hash === record.hash && entry.address === record.address) return { kind: "unchanged" };
  return planUpdate(record, entry, context, undefined, undefined, isDecided);
}

/**
 * A version older than what this key is known to have is not sent. In a full refresh the source is the truth even when its
 * clock went back (a restored backup), so there it counts only against versions met in the same read (U11).
 */
function isOlder(record: DesiredRecord, known: Known | undefined, context: PlanContext): boolean {
  const { compare, read } = context;
  if (compare === undefined || record.cursor === undefined || known === undefined) return false;
  const { entry, operation, waiting, deletedVersion } = known;
  const isNewer = (version: string | undefined): boolean =>
    version !== undefined && compare(record.cursor as string, version) < 0;
  if (operation?.ours === true && isNewer(operation.sourceVersion)) return true;
  // D1: an old page does not bring back what has gone since.
  if (read.kind === "incremental" && isNewer(deletedVersion)) return true;
  const countsWaiting = read.kind === "incremental" || waiting?.run === context.run;
  if (waiting !== undefined && countsWaiting && isNewer(waiting.sourceVersion)) return true;
  return (
    entry !== undefined && (read.kind === "incremental" || entry.read === read.number) && isNewer(entry.sourceVersion)
  );
}

/** U11: 0 and "0" give one key, and they are two records: when one read has both, neither may overwrite the other. */
function kindClash(record: DesiredRecord, entry: Entry | undefined, context: PlanContext): Decision | undefined {
  if (entry === undefined || entry.keyKind === record.keyKind || entry.read !== context.read.number) return undefined;
  return {
    kind: "invalid",
    code: "KEY_AMBIGUOUS",
    reason: `the key ${record.key} occurs as a number and as text in one read`,
  };
}

function isStillRejected(record: DesiredRecord, known: Known | undefined, context: PlanContext): boolean {
  const rejected = known?.rejected;
  if (rejected === undefined || context.retryRejected) return false;
  // Which record of the destination it is does not depend on what it holds: it waits for a person.
  if (rejected.code === "ADOPTION_AMBIGUOUS") return true;
  // U5: it may have been created under an id that is not its own; where nothing can look, another create could double it.
  if (rejected.code === "ID_SHARED" && context.traits.find === undefined) return true;
  // It could be mapped, so what it refers to has come.
  if (rejected.code === "REFERENCE_MISSING") return false;
  return rejected.mapping === context.mapping && rejected.sourceHash === context.sourceHash(record);
}

/** D2: only what this ledger owns is ever deleted. */
function planRemoval(known: Known | undefined, { deletes, inFlight, nowMs, traits }: PlanContext): Decision {
  if (!deletes) return { kind: "skipped", reason: "noDelete" };
  const { entry, operation, waiting } = known ?? {};
  const latest = waiting?.hash ?? operation?.hash ?? entry?.operation;
  if (latest === undefined || latest === GONE) return { kind: "unchanged" };
  const { address, addressFollowsKey, destinationId } = entry ?? operation ?? NOWHERE;
  const isLeftover = operation?.state === "sent" && !operation.ours && !inFlight(operation.number);
  const staleUntilMs = isLeftover ? nowMs + traits.lateWriteMs : operation && landsUntilMs(operation.progress);
  return { kind: "gone", address, addressFollowsKey, destinationId, staleUntilMs };
}

const NOWHERE = { address: undefined, addressFollowsKey: true, destinationId: undefined };

function behindOperation(
  record: DesiredRecord,
  known: Known,
  operation: KnownOperation,
  context: PlanContext,
): Decision {
  const isBusy = operation.ours || context.inFlight(operation.number);
  const latestHash = known.waiting?.hash ?? operation.hash;
  switch (operation.state) {
    case "verifying":
      // Applied already: a newer version may go at once, but the older write may still land after it (U3).
      if (record.hash === operation.hash && known.entry?.hash === record.hash) return { kind: "unchanged" };
      return replaceOperation(record, known, operation, context, landsUntilMs(operation.progress));
    case "parked":
      // An update of what is not there any more under the id that it goes to: the entry has gone, so it is created.
      if (known.entry === undefined && operation.destinationId !== undefined && !context.inFlight(operation.number))
        return replaceOperation(record, known, operation, context, landsUntilMs(operation.progress));
      if (isBusy) break;
      if (record.hash === operation.hash) return { kind: "unchanged" };
      return replaceOperation(record, known, operation, context, landsUntilMs(operation.progress));
    case "sent":
      // A left-over repeatable write: it may or may not have been sent, so the record is written again, whatever it holds (U1).
      if (!isBusy && !operation.held) {
        const mayLandUntilMs = context.nowMs + context.traits.lateWriteMs;
        if (record.hash !== operation.hash) return replaceOperation(record, known, operation, context, mayLandUntilMs);
        const again = replaceOperation(record, known, operation, context, operation.progress.staleUntilMs);
        return "replaces" in again ? { ...again, twinUntilMs: mayLandUntilMs } : again;
      }
      break;
    case "unknown":
    case "waiting":
      break;
  }
  return record.hash === latestHash ? { kind: "unchanged" } : { kind: "wait" };
}

function replaceOperation(
  record: DesiredRecord,
  known: Known,
  operation: KnownOperation,
  context: PlanContext,
  staleUntilMs: number | undefined,
): Decision {
  if (known.entry === undefined) return planCreate(context, operation.number, staleUntilMs);
  return planUpdate(record, known.entry, context, operation.number, staleUntilMs);
}

function planCreate(
  context: PlanContext,
  replaces: number | undefined,
  staleUntilMs: number | undefined,
  isDecided = false,
): Decision {
  const { traits, writes } = context;
  // Whatever may still land is of an id that this one will not have.
  const isOwn = traits.addressing === "own";
  const write = { destinationId: undefined, replaces, staleUntilMs: isOwn ? staleUntilMs : undefined };
  if (writes === "updateOnly") {
    // Not known is not absent: only the destination can say whether there is something to update, by `read` where it is known which.
    return (traits.readBack && isOwn) || traits.find !== undefined
      ? { kind: "update", lookFirst: true, ...write }
      : { kind: "skipped", reason: "updateOnly" };
  }
  const lookFirst = isLookedForFirst(traits, writes) || (isDecided && traits.precondition !== undefined);
  return { kind: "create", lookFirst, ...write };
}

/** Whether a record that the ledger does not know is looked for before it is created, in whichever run it is sent: somebody else may have made it. */
export function isLookedForFirst(
  traits: Pick<DestinationTraits, "addressing" | "find" | "readBack">,
  writes: Sync["writes"],
): boolean {
  const { addressing, find, readBack } = traits;
  // `read` takes the id that the destination gave, and a new record has none.
  const canLook = find !== undefined || (readBack && addressing === "own");
  return canLook && (addressing === "assigned" || writes === "createOnly");
}

function planUpdate(
  record: DesiredRecord,
  entry: Entry,
  context: PlanContext,
  replaces: number | undefined,
  staleUntilMs: number | undefined,
  isDecided = false,
): Decision {
  const { traits, writes } = context;
  // An entry may say no more than that a write of it was about to leave.
  if (writes !== "both" && !wasThere(entry)) return planCreate(context, replaces, staleUntilMs, isDecided);
  if (writes === "createOnly") return { kind: "skipped", reason: "createOnly" };
  if (traits.addressing === "own" && entry.address !== undefined && entry.address !== record.address) {
    // U10: writing to the new address would leave the old record behind, and nobody decided to delete it.
    const reason = `its address changed from ${entry.address} to ${record.address}`;
    return { kind: "invalid", code: "ADDRESS_CHANGED", reason };
  }
  // Nobody has looked at it yet: it counts as level only when it was read.
  const isAdopted =
    entry.operation === ADOPTED && entry.hash === undefined && (traits.readBack || traits.find !== undefined);
  // What may have been written since has another version.
  const etag = replaces === undefined && entry.hash !== undefined && !isDecided ? entry.etag : undefined;
  const lookFirst = isAdopted || (traits.precondition !== undefined && etag === undefined);
  if (traits.addressing === "own")
    return { kind: "update", destinationId: undefined, lookFirst, etag, replaces, staleUntilMs };
  if (!traits.updates) return { kind: "skipped", reason: "noUpdate" };
  if (entry.destinationId === undefined && traits.find === undefined) {
    const reason = "it was created, but the answer had no id and no `find` is declared, so it cannot be addressed";
    return { kind: "invalid", code: "ADDRESS_UNUSABLE", reason };
  }
  return {
    kind: "update",
    destinationId: entry.destinationId,
    lookFirst: lookFirst || entry.destinationId === undefined,
    etag,
    replaces,
    staleUntilMs,
  };
}
