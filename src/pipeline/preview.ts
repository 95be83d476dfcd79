import type { Checkpoint } from "../core/checkpoint.ts";
import type { Coming, Waiting } from "../core/coming.ts";
import { EvenkeelError } from "../core/errors.ts";
import type { Counts, Warning } from "../core/events.ts";
import { guaranteeOf } from "../core/guarantee.ts";
import type { JsonObject } from "../core/json.ts";
import type { Eventual } from "../core/eventual.ts";
import { Calls, forecastOf, type Forecast, type Pace, type Volume } from "../core/forecast.ts";
import { fingerprint } from "../core/fingerprint.ts";
import type { Entry, SyncLedger } from "../core/ledger.ts";
import type { PlannedOperation } from "../core/planned.ts";
import { GONE, type InvalidRecord, type SourceRecord } from "../core/record.ts";
import type { Sync } from "../core/sync.ts";
import { Absences } from "./absence.ts";
import { Awaiting } from "./awaiting.ts";
import { warnOfAbsentPaths } from "./complete.ts";
import { manyOf } from "./batches.ts";
import { confirmAbsence } from "./confirm.ts";
import type { RunContext } from "./context.ts";
import { countUndone, refuseUnfinished } from "./exact.ts";
import type { Planned } from "./journal.ts";
import { refuseUnadopted } from "./first-run.ts";
import { emptyLedger, lookingContext, type Onlooker } from "./looking.ts";
import { MetTwice } from "./met-twice.ts";
import { openRead, type ReadChoice } from "./opening.ts";
import type { Ports } from "./ports.ts";
import { comparison, whyNothing } from "./read.ts";
import { selectPages } from "./selection.ts";
import { changeOf, type PreviewedChange } from "./previewed-change.ts";
import { createStage, type PlannedPage } from "./stage.ts";
import { eachDue, isRefusedDelete, judge } from "./sweep.ts";

export interface Preview {
  readonly sync: string;
  /** How the source is read. */
  readonly kind: Checkpoint["kind"];
  readonly counts: Readonly<Counts>;
  /** Records that refer to some that the plan creates. */
  readonly waiting: number;
  /** Writes that earlier runs have left undone, and that the next one takes up first. */
  readonly unresolved: number;
  readonly guarantee: string;
  readonly forecast: Forecast;
  /** Why so many deletes as `counts.withheld` would be withheld; undefined when none would. */
  readonly withheld: string | undefined;
  /** Why a run would not begin, as it is now; undefined when it would. */
  readonly refused: EvenkeelError | undefined;
  readonly why: string | undefined;
  /** What a run would warn of. */
  readonly warnings: readonly Warning[];
  readonly error: EvenkeelError | undefined;
}

/** Told of every operation of a plan that is to be applied exactly, with the record that it comes from. */
export type OnPlanned = (operation: PlannedOperation, source: SourceRecord | undefined) => Eventual<void>;

interface PreviewSettings extends ReadChoice {
  readonly stop: AbortSignal;
  readonly allowDeletes: number | undefined;
  /** Of the destination; undefined where no limit is known. */
  readonly pace: Pace | undefined;
  /** Undefined for a plan that is only looked at. */
  readonly exactly: OnPlanned | undefined;
  /** Told of the keys of each page, whatever is planned of them. */
  readonly onRead?: ((keys: readonly string[]) => void) | undefined;
  /** What the plan creates, of this sync and those before it; undefined where none refers to another. */
  readonly coming: Coming | undefined;
}

/** Reads and plans as a run would, and writes nothing, neither to the destination nor to the ledger. */
export async function planSync(
  sync: Sync,
  ports: Pick<Ports, "clock" | "chance"> & {
    readonly ledger: SyncLedger | undefined;
    /** Of this sync, counted as it goes on. */
    readonly counts: Counts;
    /** Resolves when whoever is told of changes has kept up. */
    readonly breathe: () => Promise<void>;
  } & Onlooker,
  settings: PreviewSettings,
  emit: (change: PreviewedChange) => void,
): Promise<Preview> {
  const { counts } = ports;
  const ledger = ports.ledger ?? emptyLedger(sync.name);
  const volume = { bytes: 0, lookUps: 0, later: 0, writes: new Calls(), deletes: new Calls() };
  const warnings: Warning[] = [];
  const found: {
    unresolved?: number;
    kind?: Checkpoint["kind"];
    error?: EvenkeelError;
    why?: string | undefined;
    withheld?: string | undefined;
    refused?: EvenkeelError | undefined;
  } = {};
  try {
    const opening = await openRead(sync, { ledger, clock: ports.clock }, settings);
    found.kind = opening.start.kind;
    if (settings.exactly !== undefined) await refuseUnfinished(sync.name, ledger);
    found.unresolved = await countUndone(ledger);
    const read = { number: opening.start.read, kind: opening.start.kind };
    const warn = (warning: Warning): number => warnings.push(warning);
    const context = lookingContext(sync, { ...ports, ledger }, counts, settings.stop, read, warn);
    const telling = { emit, exactly: settings.exactly, volume, allowed: settings.allowDeletes };
    const absences = ports.ledger === undefined || opening.partial ? undefined : new Absences(context, opening);
    // Keys that come back although their deletes wait.
    const back = new Set<string>();
    const isWithheld = absences !== undefined && (await ledger.openCounts()).withheld > 0;
    await absences?.begin();
    const awaiting = new Awaiting(context, settings.coming, opening.partial);
    const stage = createStage({ ...context, retryRejected: false, compare: comparison(sync) }, () => false);
    const twice = new MetTwice(context, true);
    for await (const page of selectPages(settings, opening.start, context)) {
      await absences?.meet(page);
      settings.onRead?.([...page.records, ...page.invalid].flatMap(({ key }) => key ?? []));
      const plan = await stage.plan(page.records);
      twice.see(page, plan);
      counts.superseded += page.superseded.length + plan.tally.superseded;
      counts.unchanged += plan.tally.unchanged;
      counts.stillRejected += plan.tally.stillRejected;
      counts.skipped += plan.tally.skipped;
      for (const record of await awaiting.meet(plan, [...page.invalid, ...plan.invalid]))
        tellInvalid(record, context, emit);
      if (isWithheld) for (const { record } of plan.planned) back.add(record.key);
      await tellPage(plan, page.records, context, telling);
      await ports.breathe();
    }
    for (const waiting of awaiting.conclude()) {
      tellWaiting(waiting, context, telling);
      await ports.breathe();
    }
    if (absences !== undefined) found.withheld = await previewDeletes(absences, back, context, telling);
    // What ends quietly when it is told to stop has not seen all.
    if (settings.stop.aborted) throw new EvenkeelError("RUN_INTERRUPTED", "it was stopped before its end");
    twice.warn();
    warnOfAbsentPaths(context);
    found.why = whyNothing(opening.start, counts, sync);
    if (counts.created + volume.later > 0) found.refused = await whyRefused(context);
  } catch (thrown) {
    found.error = EvenkeelError.from(thrown);
  }
  return {
    sync: sync.name,
    kind: found.kind ?? "full",
    counts: { ...counts },
    waiting: volume.later,
    unresolved: found.unresolved ?? 0,
    guarantee: guaranteeOf(sync).summary,
    forecast: forecastOf(counts.pages, volume, found.withheld !== undefined, settings.pace),
    withheld: found.withheld,
    refused: found.refused,
    why: found.why,
    warnings,
    error: found.error,
  };
}

function tellInvalid(
  { key, code, reason }: Pick<InvalidRecord, "key" | "code" | "reason">,
  { counts, sync }: RunContext,
  emit: Telling["emit"],
): void {
  counts.invalid += 1;
  emit({ kind: "invalid", sync: sync.name, key, code, reason });
}

/** What waited while the sync was read: for what the plan brings, or for what nobody brings. */
function tellWaiting(
  waiting: readonly (Waiting & { readonly comes: boolean })[],
  context: RunContext,
  { emit, volume }: Telling,
): void {
  for (const { key, reason, waitsFor, comes } of waiting) {
    if (!comes) tellInvalid({ key, code: "REFERENCE_MISSING", reason }, context, emit);
    else {
      volume.later += 1;
      volume.writes.add(manyOf("create", context.sync.destination), 0);
      emit({ kind: "wait", sync: context.sync.name, key, waitsFor });
    }
  }
}

interface Telling {
  readonly emit: (change: PreviewedChange) => void;
  readonly exactly: OnPlanned | undefined;
  readonly volume: Volume;
  /** So many deletes are allowed whatever the guard says. */
  readonly allowed: number | undefined;
}

/** What is planned of a page. */
async function tellPage(
  { planned, known }: PlannedPage,
  records: readonly SourceRecord[],
  context: RunContext,
  { emit, exactly, volume }: Telling,
): Promise<void> {
  const { ports, sync, counts } = context;
  const bodies = await ports.ledger.bodies(planned.map(({ record }) => record.key));
  const sources = exactly && new Map(records.map((record) => [record.key, record]));
  for (const each of planned) {
    const { record, decision, write } = each;
    const bytes = Buffer.byteLength(write?.body ?? "");
    volume.bytes += bytes;
    if (decision.kind === "gone") volume.deletes.add(manyOf("delete", sync.destination), bytes);
    else volume.writes.add(manyOf(decision.kind === "create" ? "create" : "update", sync.destination), bytes);
    if ("lookFirst" in decision && decision.lookFirst) volume.lookUps += 1;
    emit(changeOf(each, known.get(record.key), bodies.get(record.key), sync.name, counts));
    if (exactly === undefined) continue;
    const operation =
      decision.kind === "gone"
        ? await deleteOf({ key: record.key, ...decision }, bodies.get(record.key) ?? record.mapped, context)
        : operationOf(each);
    await exactly({ ...operation, sourceHash: fingerprint(record.body) }, sources?.get(record.key));
  }
}

const operationOf = ({ record, decision, write }: Planned): Omit<PlannedOperation, "sourceHash"> => ({
  kind: decision.kind === "create" ? "create" : "update",
  key: record.key,
  write,
  destinationId: "destinationId" in decision ? decision.destinationId : undefined,
  hash: record.hash,
});

type Place = Pick<Entry, "key" | "address" | "destinationId">;

async function deleteOf(
  { key, address, destinationId }: Place,
  mapped: JsonObject | undefined,
  { sync }: RunContext,
): Promise<PlannedOperation> {
  const { destination } = sync;
  const isPlaced = destination.traits.addressing === "own" ? address !== undefined : destinationId !== undefined;
  const record = { key, mapped: mapped ?? {}, body: {}, address };
  const rendered = isPlaced ? await destination.render("delete", record, destinationId) : undefined;
  const write = rendered?.ok === true ? rendered.write : undefined;
  return { kind: "delete", key, write, destinationId, hash: GONE, sourceHash: GONE };
}

/** Creating into a list that nobody has looked at is refused. */
async function whyRefused(context: RunContext): Promise<EvenkeelError | undefined> {
  try {
    await refuseUnadopted(context);
    return undefined;
  } catch (thrown) {
    const error = EvenkeelError.from(thrown);
    if (error.code !== "RUN_NOT_ADOPTED") throw error;
    return error;
  }
}

/** What a run would delete besides what it meets marked as deleted. Counts what it would withhold, and returns why. */
async function previewDeletes(
  absences: Absences,
  back: ReadonlySet<string>,
  context: RunContext,
  { emit, exactly, allowed, volume }: Telling,
): Promise<string | undefined> {
  const { counts, sync, ports } = context;
  const tell = async (place: Place, note?: string): Promise<void> => {
    counts.deleted += 1;
    volume.deletes.add(manyOf("delete", sync.destination), 0);
    emit({ kind: "delete", sync: sync.name, key: place.key, address: place.address, note });
    if (exactly === undefined) return;
    const body = (await ports.ledger.bodies([place.key])).get(place.key);
    await exactly(await deleteOf(place, body, context), undefined);
  };
  const { doubt } = absences;
  let doubted = 0;
  const waiting = new Set<string>();
  for await (const due of eachDue(context, { doubt }))
    for (const { stored, known, isDoubted } of due) {
      waiting.add(stored.key);
      if (back.has(stored.key)) continue;
      if (isDoubted) doubted += 1;
      await tell({ ...(known.entry ?? stored), key: stored.key }, "it has waited since an earlier run");
    }
  const isAsked = sync.source.readOne !== undefined;
  for await (const { entry, isGone } of absences.missing({ allowed }, exactly !== undefined)) {
    if (waiting.has(entry.key)) continue;
    if (isRefusedDelete((await ports.ledger.lookup([entry.key])).get(entry.key)?.rejected, context)) continue;
    // D2: what is to be applied exactly must be known, and not only supposed.
    const isCertain = isGone && isAsked && exactly !== undefined;
    if (isCertain && (await confirmAbsence(entry.key, context)).kind !== "gone") continue;
    if (isGone)
      await tell(entry, isAsked && !isCertain ? "if the source does not know it when it is asked for it" : undefined);
    else counts.missed += 1;
  }
  const { withheld, reason } = await judge({ all: counts.deleted, doubted }, { allowed, doubt }, context);
  counts.withheld = withheld;
  return reason;
}
