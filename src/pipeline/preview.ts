import { EvenkeelError } from "../core/errors.ts";
import { noCounts, type Counts } from "../core/events.ts";
import { guaranteeOf } from "../core/guarantee.ts";
import { differences, type FieldDifference } from "../core/difference.ts";
import type { JsonObject } from "../core/json.ts";
import type { Entry, Known, SyncLedger } from "../core/ledger.ts";
import type { Sync } from "../core/sync.ts";
import { Absences } from "./absence.ts";
import type { RunContext } from "./context.ts";
import type { Planned } from "./journal.ts";
import { refuseUnadopted } from "./first-run.ts";
import { emptyLedger, lookingContext } from "./looking.ts";
import { openRead, type ReadChoice } from "./opening.ts";
import type { Ports } from "./ports.ts";
import { comparison, whyNothing } from "./read.ts";
import { selectPages } from "./selection.ts";
import { createStage } from "./stage.ts";
import { eachDue, mayDelete } from "./sweep.ts";

export type PreviewedChange =
  | {
      readonly kind: "create";
      readonly sync: string;
      readonly key: string;
      readonly address: string | undefined;
      readonly mapped: JsonObject;
    }
  | {
      readonly kind: "update";
      readonly sync: string;
      readonly key: string;
      readonly address: string | undefined;
      readonly differences: readonly FieldDifference[];
      readonly note: string | undefined;
    }
  | {
      readonly kind: "delete";
      readonly sync: string;
      readonly key: string;
      readonly address: string | undefined;
      readonly note: string | undefined;
    }
  | {
      readonly kind: "invalid";
      readonly sync: string;
      readonly key: string | undefined;
      readonly code: string;
      readonly reason: string;
    };

export interface Preview {
  readonly sync: string;
  readonly counts: Readonly<Counts>;
  readonly guarantee: string;
  readonly forecast: { readonly requests: number; readonly minutes: number | undefined; readonly basis: string };
  /** Why the guard would withhold the deletes; undefined when it would not. */
  readonly withheld: string | undefined;
  /** Why a run would not begin, as it is now; undefined when it would. */
  readonly refused: EvenkeelError | undefined;
  readonly why: string | undefined;
  readonly error: EvenkeelError | undefined;
}

interface PreviewSettings extends ReadChoice {
  readonly stop: AbortSignal;
  /** Declared limit of the destination; undefined without one. */
  readonly ratePerSecond: number | undefined;
}

/** Reads and plans as a run would, and writes nothing, neither to the destination nor to the ledger. */
export async function planSync(
  sync: Sync,
  ports: Pick<Ports, "clock" | "chance"> & {
    readonly ledger: SyncLedger | undefined;
    /** Resolves when whoever is told of changes has kept up. */
    readonly breathe: () => Promise<void>;
  },
  settings: PreviewSettings,
  emit: (change: PreviewedChange) => void,
): Promise<Preview> {
  const counts = noCounts();
  const ledger = ports.ledger ?? emptyLedger(sync.name);
  let error: EvenkeelError | undefined;
  let why: string | undefined;
  let withheld: string | undefined;
  let refused: EvenkeelError | undefined;
  try {
    const opening = await openRead(sync, { ledger, clock: ports.clock }, settings);
    const context = lookingContext(sync, { ...ports, ledger }, counts, settings.stop, {
      number: opening.start.read,
      kind: opening.start.kind,
    });
    const absences = ports.ledger === undefined || opening.partial ? undefined : new Absences(context, opening);
    // Keys that come back although their deletes wait.
    const found = new Set<string>();
    const isWithheld = absences !== undefined && (await ledger.counts()).withheld > 0;
    await absences?.begin();
    const stage = createStage({ ...context, retryRejected: false, compare: comparison(sync) }, () => false);
    for await (const page of selectPages(settings, opening.start, context)) {
      await absences?.meet(page);
      const plan = await stage.plan(page.records);
      counts.superseded += page.superseded + plan.tally.superseded;
      counts.unchanged += plan.tally.unchanged;
      counts.stillRejected += plan.tally.stillRejected;
      counts.skipped += plan.tally.skipped;
      for (const { key, code, reason } of [...page.invalid, ...plan.invalid]) {
        counts.invalid += 1;
        emit({ kind: "invalid", sync: sync.name, key, code, reason });
      }
      const bodies = await ledger.bodies(plan.planned.map(({ record }) => record.key));
      for (const planned of plan.planned) {
        const { key } = planned.record;
        if (isWithheld) found.add(key);
        emit(changeOf(planned, plan.known.get(key), bodies.get(key), sync.name, counts));
      }
      await ports.breathe();
    }
    if (absences !== undefined) withheld = await previewDeletes(absences, found, context, emit);
    why = whyNothing(opening.start, counts, sync);
    if (counts.created > 0) refused = await whyRefused(context);
  } catch (thrown) {
    error = EvenkeelError.from(thrown);
  }
  const guarantee = guaranteeOf(sync).summary;
  return {
    sync: sync.name,
    counts: { ...counts },
    guarantee,
    forecast: forecastOf(counts, settings.ratePerSecond),
    withheld,
    refused,
    why,
    error,
  };
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

/** What a run would delete besides what it meets marked as deleted. Returns why the guard would withhold it all. */
async function previewDeletes(
  absences: Absences,
  found: ReadonlySet<string>,
  context: RunContext,
  emit: (change: PreviewedChange) => void,
): Promise<string | undefined> {
  const { counts, sync } = context;
  const tell = ({ key, address }: Pick<Entry, "key" | "address">, note?: string): void => {
    counts.deleted += 1;
    emit({ kind: "delete", sync: sync.name, key, address, note });
  };
  const waiting = new Set<string>();
  for await (const due of eachDue(context))
    for (const { stored, known } of due) {
      waiting.add(stored.key);
      const { key, address } = { ...stored, address: known.entry?.address ?? stored.address };
      if (!found.has(key)) tell({ key, address }, "it has waited since an earlier run");
    }
  const isAsked = sync.source.readOne !== undefined;
  for await (const { entry, isGone } of absences.missing()) {
    if (waiting.has(entry.key)) continue;
    if (isGone) tell(entry, isAsked ? "if the source does not know it when it is asked for it" : undefined);
    else counts.missed += 1;
  }
  return mayDelete(counts.deleted, { allowed: undefined }, context);
}

function changeOf(
  { record, decision }: Planned,
  known: Known | undefined,
  body: JsonObject | undefined,
  sync: string,
  counts: Counts,
): PreviewedChange {
  const { key, address, mapped } = record;
  if (decision.kind === "gone") {
    counts.deleted += 1;
    return { kind: "delete", sync, key, address: decision.address, note: undefined };
  }
  if (decision.kind === "create") {
    counts.created += 1;
    return { kind: "create", sync, key, address, mapped };
  }
  counts.updated += 1;
  const note =
    known?.operation !== undefined
      ? "an earlier write of it is unresolved"
      : body === undefined
        ? "what the destination holds is not kept"
        : undefined;
  return { kind: "update", sync, key, address, differences: body === undefined ? [] : differences(body, mapped), note };
}

function forecastOf(counts: Counts, ratePerSecond: number | undefined): Preview["forecast"] {
  const { created, updated, deleted, pages } = counts;
  const writes = created + updated + deleted;
  if (ratePerSecond === undefined)
    return { requests: writes + pages, minutes: undefined, basis: "the destination declares no `limits.rate`" };
  return {
    requests: writes + pages,
    minutes: writes / ratePerSecond / 60,
    basis: `${writes} writes at the declared ${ratePerSecond}/s`,
  };
}
