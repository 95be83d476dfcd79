import { circlesOf } from "../core/circles.ts";
import { listed } from "../core/observation.ts";
import type { InvalidRecord, SourceRecord } from "../core/record.ts";
import type { RunContext } from "./context.ts";
import type { Flow } from "./flow.ts";
import { createJournal } from "./journal.ts";
import type { Opening } from "./opening.ts";
import { rejectedRecords } from "./selection.ts";
import { rejectOfInvalid, type Stage } from "./stage.ts";

/** Rejects looked at in one pass. */
const BATCH = 500;

/** Among so many it is looked for circles, and of one so many records are named. */
const CIRCULAR_MAX = 1_000;
const NAMED_MAX = 5;

/**
 * Records that refer to one that was not in its destination when they were read: tried again once everything else is written, round by round while
 * fewer of them wait, since one of them may be what another waits for. What still waits is told, and stays with the rejects: the next run tries it again.
 */
export async function resolveReferences(
  opening: Opening,
  context: RunContext,
  stage: Stage,
  flow: Flow,
): Promise<void> {
  // The checkpoint is past them, so each keeps its bytes.
  const journal = createJournal({ ...context, partial: true });
  // They were counted when they were read.
  const quiet = { ...context, counts: { ...context.counts } };
  const { mapping } = context.sync;
  const round = async (): Promise<number> => {
    let seen = 0;
    for await (const waiting of waitingOnes(opening, context)) {
      seen += waiting.length;
      const pages = await Array.fromAsync(
        rejectedRecords(
          waiting.map(({ id }) => id),
          opening.start,
          quiet,
        ),
      );
      const records = await unwritten(
        pages.flatMap((page) => page.records),
        context,
      );
      const { planned, clearRejects, found, ...plan } = await stage.plan(records);
      // What lacks nothing but its reference stands as it was.
      const invalid = [...pages.flatMap((page) => page.invalid), ...plan.invalid].filter(
        ({ code }) => code !== "REFERENCE_MISSING",
      );
      const atMs = context.ports.clock.wallMs();
      const rejects = invalid.map((record) => rejectOfInvalid(record, mapping.fingerprint, atMs));
      for (const delivery of await journal.page(planned, rejects, { clearRejects, found }))
        flow.start(delivery, undefined);
      tell(invalid, context);
      await flow.room();
    }
    await flow.idle();
    return seen;
  };
  for (let before = Number.POSITIVE_INFINITY; !context.stop.aborted;) {
    const seen = await round();
    if (seen === 0 || seen >= before) break;
    before = seen;
  }
  const circular: Waiting[number][] = [];
  for await (const waiting of waitingOnes(opening, context)) {
    tell(waiting, context);
    if (circular.length < CIRCULAR_MAX) circular.push(...waiting);
  }
  await tellCircles(circular, context);
}

type Waiting = Awaited<ReturnType<RunContext["ports"]["ledger"]["rejects"]>>;

function tell(
  invalid: readonly (Pick<InvalidRecord, "key" | "reason"> & { readonly code: string })[],
  { counts, say }: RunContext,
): void {
  counts.invalid += invalid.length;
  for (const { key, code, reason } of invalid) say({ type: "invalid", key, code, reason });
}

/** Records that wait for each other wait for ever, which none of their reasons says. */
async function tellCircles(waiting: Waiting, { sync, say }: RunContext): Promise<void> {
  const keys = new Set(waiting.map(({ key }) => key));
  const waitsFor = new Map<string, string>();
  for (const { key, source } of waiting) {
    const mapped = source === undefined ? undefined : await sync.mapping.map(source);
    const other =
      mapped?.ok === false ? mapped.waits?.find((one) => one.sync === sync.name && keys.has(one.key)) : undefined;
    if (key !== undefined && other !== undefined) waitsFor.set(key, other.key);
  }
  for (const circle of circlesOf(waitsFor)) {
    const more = circle.length - NAMED_MAX;
    const named = listed([...circle.slice(0, NAMED_MAX), ...(more > 0 ? [`${more} more`] : [])]);
    const message =
      circle.length === 1
        ? `record ${named} waits for itself`
        : `records ${named} wait for each other, and none can be the first`;
    const next = "Leave the reference out of one of them, in the source or by the mapping.";
    say({ type: "warning", code: "REFERENCE_CIRCLE", message, next });
  }
}

/** Of a key that has a write to come, that write is newer than what was refused. */
async function unwritten(records: readonly SourceRecord[], { ports }: RunContext): Promise<readonly SourceRecord[]> {
  const known = await ports.ledger.lookup(records.map(({ key }) => key));
  return records.filter(({ key }) => {
    const { operation, waiting } = known.get(key) ?? {};
    return operation === undefined && waiting === undefined;
  });
}

/** A read of all that did not meet a record again says that the source has it no more. */
async function* waitingOnes({ start, resumed }: Opening, { ports, run }: RunContext): AsyncGenerator<Waiting> {
  const isWhole = start.kind === "full" && !resumed;
  for (let after = 0; ;) {
    const batch = await ports.ledger.rejects(after, BATCH);
    const waiting = batch.filter((reject) => reject.code === "REFERENCE_MISSING" && (!isWhole || reject.run === run));
    if (waiting.length > 0) yield waiting;
    const last = batch.at(-1);
    if (last === undefined || batch.length < BATCH) return;
    after = last.id;
  }
}
