import { EvenkeelError } from "../core/errors.ts";
import { boundAtStart } from "../core/read-window.ts";
import type { Checkpoint } from "../core/checkpoint.ts";
import type { PlanStore } from "../core/planned.ts";
import type { Reject } from "../core/reject.ts";
import { GONE, type InvalidRecord, type SourceRecord } from "../core/record.ts";
import { saysGone } from "./confirm.ts";
import type { RunContext } from "./context.ts";
import type { ReadChoice } from "./opening.ts";
import { pageOf, readPages, type ReadPage } from "./read.ts";
import { recordOf } from "./source-record.ts";

/** The pages that a choice selects: all of them, the first records, one record, or what was rejected. */
export async function* selectPages(
  choice: ReadChoice,
  start: Checkpoint,
  context: RunContext,
): AsyncGenerator<ReadPage> {
  if (choice.plan !== undefined) yield* plannedRecords(choice.plan.store, start, context);
  else if (choice.rejects !== undefined) yield* rejectedRecords(choice.rejects, start, context);
  else if (choice.key !== undefined) yield* oneRecord(choice.key, start, context);
  else if (choice.limit !== undefined) yield* firstRecords(choice.limit, start, context);
  else yield* readOrAnew(start, context);
}

/** Records planned together. */
const BATCH = 500;

/** The records that a plan was made of, as they were read when it was made again. */
async function* plannedRecords(store: PlanStore, start: Checkpoint, { counts }: RunContext): AsyncGenerator<ReadPage> {
  for (let after = 0; ;) {
    const planned = store.records(after, BATCH);
    const last = planned.at(-1);
    if (last === undefined) return;
    counts.read += planned.length;
    counts.pages += 1;
    yield pageOf(
      planned.map(({ record }) => record),
      start,
    );
    after = last.number;
  }
}

/** P7: a position that the source has forgotten is answered by a full refresh, said aloud; never silently by reading from now on. */
async function* readOrAnew(start: Checkpoint, context: RunContext): AsyncGenerator<ReadPage> {
  try {
    yield* readPages(start, context);
  } catch (error) {
    const isFromBeginning = start.position === undefined && start.since === undefined;
    if (!(error instanceof EvenkeelError) || error.code !== "READ_CURSOR_EXPIRED" || isFromBeginning) throw error;
    context.say({
      type: "warning",
      code: error.code,
      message: `${error.message}; everything is read anew`,
      next: undefined,
    });
    yield* readPages(
      {
        ...start,
        kind: "full",
        since: undefined,
        position: undefined,
        pendingCursor: boundAtStart(context.sync.cursor, start.highest),
        passedMs: undefined,
        passed: undefined,
      },
      context,
    );
  }
}

async function* firstRecords(limit: number, start: Checkpoint, context: RunContext): AsyncGenerator<ReadPage> {
  let left = limit;
  for await (const page of readPages(start, context, limit)) {
    const records = page.records.slice(0, left);
    // What can be made nothing of counts as well: otherwise a misspelt key would be looked for in all that there is.
    const invalid = page.invalid.slice(0, left - records.length);
    // What a page shows besides is none of this run's.
    context.counts.read -= page.records.length + page.invalid.length - records.length - invalid.length;
    yield { ...page, records, invalid };
    left -= records.length + invalid.length;
    if (left <= 0) return;
  }
}

/** One record: read at its own address where the source declares one, else searched for in the list. */
async function* oneRecord(key: string, start: Checkpoint, context: RunContext): AsyncGenerator<ReadPage> {
  const { record } = await readOne(key, context);
  if (record !== undefined) {
    yield pageOf([record], start);
    return;
  }
  for await (const page of readPages(start, context, 0)) {
    const records = page.records.filter((record) => record.key === key);
    const invalid = page.invalid.filter((record) => record.key === key);
    const found = records.length + invalid.length;
    context.counts.read -= page.items - found;
    if (found === 0) continue;
    yield { ...page, records, invalid, superseded: [] };
    return;
  }
  throw new EvenkeelError("USAGE", `the source has no record with the key ${key}`, {
    next: "Keys are compared as text; a composite key is written with `/` between its parts.",
  });
}

interface ReadOne {
  readonly record?: SourceRecord | InvalidRecord;
  /** The source says that it has none, or none that counts. */
  readonly isMissing: boolean;
}

async function readOne(key: string, context: RunContext): Promise<ReadOne> {
  const { sync } = context;
  const { source } = sync;
  const made = await source.readOne?.(key, undefined, { signal: context.kill, stop: context.stop });
  if (made === undefined) return { isMissing: false };
  context.sent(source.connection, made.evidence);
  if (made.record === undefined) return { isMissing: saysGone(made.outcome) };
  const record = await recordOf(made.record, false, sync);
  if (record.isExcluded === true) return { isMissing: true };
  context.counts.read += 1;
  context.counts.pages += 1;
  return { record, isMissing: false };
}

/** P11: planned anew from the source record, read again where the source can be asked for one, else as it was when it was refused. */
export async function* rejectedRecords(
  ids: readonly number[],
  start: Checkpoint,
  context: RunContext,
): AsyncGenerator<ReadPage> {
  for (const id of ids) {
    const reject = await context.ports.ledger.reject(id);
    if (reject === undefined) continue;
    const record = await freshRecord(reject, context);
    if (typeof record !== "string") yield pageOf([record], start);
    else {
      const of = reject.key === undefined ? `number ${id}` : `of record ${reject.key}`;
      context.say({
        type: "warning",
        code: "REJECT_LEFT",
        message: `the reject ${of} stays as it is: ${record}`,
        next: undefined,
      });
    }
  }
}

/** Returns why when it is not to be tried. */
async function freshRecord(reject: Reject, context: RunContext): Promise<SourceRecord | InvalidRecord | string> {
  const read = reject.key === undefined ? undefined : await readOne(reject.key, context);
  if (read?.record !== undefined) return read.record;
  // What was refused is its delete.
  if (reject.sourceHash === GONE && reject.key !== undefined)
    return { key: reject.key, keyKind: "t", cursor: undefined, body: reject.source ?? {}, isTombstone: true };
  if (reject.source === undefined || read?.isMissing === true || (await isMissed(reject.key, context)))
    return "the source does not show the record any more";
  if (await isOvertaken(reject, context))
    return "a newer version of the record is still to be written, by the next run";
  const record = await recordOf(reject.source, false, context.sync);
  // What is remembered is not counted as read.
  return record.isExcluded === true ? "the source's `filter` leaves the record out" : record;
}

/** U11: a newer version of it is still to be written, which it must not take the place of. */
async function isOvertaken({ key, sourceHash }: Reject, { ports: { ledger } }: RunContext): Promise<boolean> {
  if (key === undefined || sourceHash !== "") return false;
  const { operation, waiting } = (await ledger.lookup([key])).get(key) ?? {};
  return operation !== undefined || waiting !== undefined;
}

/** D2: what the source does not show any more is not sent from memory, as if it had been met. */
async function isMissed(key: string | undefined, { ports: { ledger } }: RunContext): Promise<boolean> {
  if (key === undefined) return false;
  const known = (await ledger.lookup([key])).get(key);
  return known?.entry?.missed !== undefined || known?.waiting?.hash === GONE;
}
