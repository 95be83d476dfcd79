import { EvenkeelError } from "../core/errors.ts";
import { counted } from "../core/observation.ts";
import type { Checkpoint } from "../core/checkpoint.ts";
import type { OpenCounts } from "../core/ledger-counts.ts";
import type { PlanStore } from "../core/planned.ts";
import { boundAtStart, sinceOf } from "../core/read-window.ts";
import type { Scratch } from "../core/scratch.ts";
import type { Sync } from "../core/sync.ts";
import type { LeftOut } from "./exact.ts";
import type { Ports } from "./ports.ts";

/** What a run is asked to read. */
export interface ReadChoice {
  readonly fullRefresh: boolean;
  /** Only so many records. */
  readonly limit: number | undefined;
  /** Only the record with this key. */
  readonly key: string | undefined;
  /** Only the records of these rejects, whatever has changed (P11). */
  readonly rejects: readonly number[] | undefined;
  /** These are all that can be tried. */
  readonly allRejects?: true;
  /** Only what a comparison of both sides finds astray, which is put aside there. */
  readonly repair?: (() => Scratch) | undefined;
  /** Exactly what was planned, from the records that it was planned of. */
  readonly plan?:
    | { readonly store: PlanStore; readonly kind: Checkpoint["kind"]; readonly leftOut: LeftOut }
    | undefined;
  /** It adopts what is there already. */
  readonly adopts?: true;
}

/** How a read begins. */
export interface Opening {
  /** The checkpoint of its beginning: where it starts, what it asks for. */
  readonly start: Checkpoint;
  /** It goes on where an earlier run stopped. */
  readonly resumed: boolean;
  /** A run over a part of the records: it proves nothing about the rest and moves no checkpoint. */
  readonly partial: boolean;
  /** Why it reads what it reads, as a sentence. */
  readonly reason: string;
}

/**
 * Decides what a run reads: everything or what changed, from the beginning or from where an earlier run stopped. Takes up which fields were written
 * before.
 * Throws `RUN_CHANGED_IDENTITY` when the ledger describes another destination or other keys (P10).
 */
export async function openRead(
  sync: Sync,
  ports: Pick<Ports, "ledger" | "clock">,
  choice: ReadChoice,
): Promise<Opening> {
  const stored = await ports.ledger.checkpoint();
  if (stored !== undefined && stored.identity !== sync.identity) await refuseOtherIdentity(sync, ports.ledger);
  const fields = await ports.ledger.fields();
  if (fields !== undefined) sync.mapping.owned.restore(fields);
  if (stored?.adopting === true && choice.adopts !== true)
    throw notAdopted(sync.name, "an adoption of it was begun and did not come to its end");
  const partial =
    choice.limit !== undefined ||
    choice.key !== undefined ||
    choice.rejects !== undefined ||
    choice.repair !== undefined ||
    choice.plan !== undefined;
  const opening = choose(sync, stored, choice, partial, ports.clock.wallMs());
  const { limit } = choice;
  return { partial, ...opening, ...(limit === undefined ? {} : { reason: limitedTo(limit) }) };
}

/**
 * As {@link openRead}, for whoever writes. What is left of another destination, of which the ledger knows no record, is forgotten: what was put off for it
 * was never sent, what was refused was refused by another one (whoever tries it again needs it still), and whether the new one has the records already is
 * asked as before a first run.
 */
export async function openWriting(
  sync: Sync,
  ports: Pick<Ports, "ledger" | "clock">,
  choice: ReadChoice,
): Promise<Opening> {
  const stored = await ports.ledger.checkpoint();
  if (stored !== undefined && stored.identity !== sync.identity && stored.adopting !== true) {
    await refuseOtherIdentity(sync, ports.ledger);
    const keepsRejects = choice.rejects !== undefined;
    const forgotten = leftOf(await ports.ledger.openCounts(), keepsRejects);
    await ports.ledger.reset({ checkpoint: true, entries: true, keepsRejects });
    const opening = await openRead(sync, ports, choice);
    return forgotten === undefined ? opening : { ...opening, reason: `${opening.reason}; ${forgotten}` };
  }
  return openRead(sync, ports, choice);
}

/** What is forgotten with another destination; undefined when that is nothing. */
function leftOf({ unresolved, invalid, rejected }: OpenCounts, keepsRejects: boolean): string | undefined {
  const writes = unresolved.parked + unresolved.waiting;
  const rejects = keepsRejects ? 0 : invalid + rejected;
  const left = [
    ...(writes > 0 ? [`${counted(writes, "write")} put off`] : []),
    ...(rejects > 0 ? [counted(rejects, "reject")] : []),
  ];
  if (left.length === 0) return undefined;
  return `the key or the destination has changed, and what was left under the old one is forgotten: ${left.join(" and ")}`;
}

/** What is in the destination already may be the records that would be created. */
export const notAdopted = (sync: string, why: string): EvenkeelError =>
  new EvenkeelError("RUN_NOT_ADOPTED", `${sync} would create records that may be there already: ${why}`, {
    next: `Take over those that are the same with \`evenkeel state adopt ${sync}\`; if none is, say so with \`evenkeel state adopt ${sync} --decline\`.`,
  });

const limitedTo = (limit: number): string => `${limit === 1 ? "one record" : `${limit} records`} at most, as asked`;

async function refuseOtherIdentity(sync: Sync, ledger: Ports["ledger"]): Promise<void> {
  const { entries, unresolved } = await ledger.counts();
  const { sent, unknown, verifying } = unresolved;
  const inDoubt = sent + unknown + verifying;
  if (entries + inDoubt === 0) return;
  const known = [
    ...(entries > 0 ? [counted(entries, "record")] : []),
    ...(inDoubt > 0 ? [`${counted(inDoubt, "write")} in doubt`] : []),
  ];
  throw new EvenkeelError(
    "RUN_CHANGED_IDENTITY",
    `the key or the destination of ${sync.name} has changed, and the ledger knows ${known.join(" and ")} under the old ones`,
    {
      next: `If the destination is a new one, forget the old with \`evenkeel state reset ${sync.name} --entries --yes\`; otherwise take the change back.`,
    },
  );
}

function choose(
  sync: Sync,
  stored: Checkpoint | undefined,
  choice: ReadChoice,
  partial: boolean,
  nowMs: number,
): Omit<Opening, "partial"> {
  const { reading } = sync;
  // A time, so that a checkpoint that was reset never gives a number that entries of an earlier read still carry.
  const read = Math.max(Math.floor(nowMs), (stored?.read ?? 0) + 1);
  const isOtherScope =
    stored !== undefined &&
    (stored.identity !== sync.identity || (stored.complete ? stored.mapping : stored.readMapping) !== reading);
  const fresh = (kind: "full" | "incremental", since: string | undefined): Checkpoint => ({
    read,
    kind,
    cursor: stored?.cursor,
    complete: false,
    position: undefined,
    since,
    pendingCursor: boundAtStart(sync.cursor, stored?.highest),
    highest: stored?.highest,
    startedMs: nowMs,
    completeMs: stored?.completeMs,
    fullMs: stored?.fullMs,
    mirrorMs: stored?.mirrorMs,
    untoldMs: stored?.untoldMs,
    scopeRead: isOtherScope ? read : (stored?.scopeRead ?? read),
    fullRecords: stored?.fullRecords,
    mapping: stored?.mapping,
    readMapping: reading,
    identity: sync.identity,
    pageSize: stored?.pageSize,
  });
  const full = (reason: string): Omit<Opening, "partial"> => ({
    start: fresh("full", undefined),
    resumed: false,
    reason,
  });

  if (choice.plan !== undefined)
    return { start: fresh(choice.plan.kind, undefined), resumed: false, reason: "exactly what was planned" };
  if (choice.key !== undefined) return full(`only the record ${choice.key}, as asked`);
  if (choice.rejects !== undefined) return full("only what was rejected, as asked");
  if (choice.repair !== undefined) return full("both sides, to mend what is astray");
  if (choice.fullRefresh) return full("a full refresh, as asked");
  if (stored === undefined) return full("the first run reads everything");
  // P10: another mapping, filter or cursor field gives other records, so everything is read once under the new one, and a
  // position in the old order means nothing.
  if (isOtherScope) {
    const anew = full(
      stored.identity === sync.identity
        ? "the mapping or the source request has changed, so everything is read once"
        : "the key or the destination has changed, so everything is read once",
    );
    return { ...anew, start: { ...anew.start, cursor: undefined, pendingCursor: undefined, highest: undefined } };
  }
  if (!stored.complete && !partial) return resume(sync, stored);
  if (sync.cursor === undefined) return full("there is no cursor, so every run reads everything");
  if (stored.cursor === undefined) return full("no cursor is known yet, so everything is read");
  const { mode, fullRefreshMs } = sync.deletes;
  if (mode === "mirror" && !partial && nowMs - (stored.mirrorMs ?? 0) >= fullRefreshMs)
    return full("a mirror reads everything from time to time, to learn what has gone");
  const since = sinceOf(sync.cursor, stored.cursor);
  return { start: fresh("incremental", since), resumed: false, reason: `what has changed since ${since}` };
}

const askedFor = ({ since }: Checkpoint): string =>
  since === undefined ? "everything" : `what has changed since ${since}`;

/**
 * Goes on with an unfinished read. Sorted input goes on from its cursor; otherwise from the page, where its position still means
 * the same; numbered pages may have shifted meanwhile, so such a read begins anew, and what is level already costs no write (P9).
 */
function resume(sync: Sync, stored: Checkpoint): Omit<Opening, "partial"> {
  const { cursor, source } = sync;
  if (cursor?.sorted === true && stored.pendingCursor !== undefined) {
    const since = sinceOf(cursor, stored.pendingCursor);
    return {
      start: { ...stored, since, position: undefined },
      resumed: true,
      reason: `the last run stopped at ${stored.pendingCursor}`,
    };
  }
  if (stored.position === undefined)
    return {
      start: stored,
      resumed: false,
      reason:
        stored.kind === "full" && stored.fullMs === undefined
          ? "no run has read everything yet"
          : `the last run finished no page, so it is asked again for ${askedFor(stored)}`,
    };
  if (!source.paging.resumes) {
    return {
      start: { ...stored, position: undefined, pendingCursor: boundAtStart(cursor, stored.highest) },
      resumed: true,
      reason: "the last run stopped midway; numbered pages may have shifted, so they are read again",
    };
  }
  return { start: stored, resumed: true, reason: "the last run stopped midway" };
}
