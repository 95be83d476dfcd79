import { EvenkeelError } from "../core/errors.ts";
import type { Counts } from "../core/events.ts";
import { guaranteeOf } from "../core/guarantee.ts";
import { Outage } from "../core/outage.ts";
import type { InvalidRecord } from "../core/record.ts";
import type { Scratch } from "../core/scratch.ts";
import type { Sync } from "../core/sync.ts";
import { Absences } from "./absence.ts";
import { Batches } from "./batches.ts";
import { complete, warnOfAbsentPaths } from "./complete.ts";
import { createControl, type RunControl, type RunEnding } from "./control.ts";
import { refuseUnadopted } from "./first-run.ts";
import { Flow } from "./flow.ts";
import { IdClaims } from "./id-claims.ts";
import { createJournal } from "./journal.ts";
import { Launch } from "./launch.ts";
import { openWriting, type Opening, type ReadChoice } from "./opening.ts";
import type { Ports } from "./ports.ts";
import { comparison, type ReadPage } from "./read.ts";
import { MetTwice } from "./met-twice.ts";
import { planMissed, tellLeftOut } from "./exact.ts";
import { recover, type Recovered } from "./recover.ts";
import { resolveReferences } from "./references.ts";
import { Repair } from "./repair.ts";
import { selectPages } from "./selection.ts";
import { Settler } from "./settle.ts";
import { createStage, rejectOfInvalid, type PlannedPage } from "./stage.ts";
import { sweep } from "./sweep.ts";
import { verify } from "./verify.ts";

export interface RunSettings extends ReadChoice {
  /** Deletes that this run may do whatever the guard says (D3). */
  readonly allowDeletes: number | undefined;
  readonly trace: boolean;
  /** First abort: no new page, no new request; what is under way finishes. */
  readonly stop: AbortSignal;
  /** Second abort: nothing is awaited. */
  readonly kill: AbortSignal;
}

export interface RunOutcome extends RunEnding {
  readonly run: number;
  readonly durationMs: number;
}

/**
 * Runs one sync: takes up what an earlier run left, reads page by page, plans each page against the ledger, journals it, sends it,
 * settles it, and moves the checkpoint behind what is settled. The caller holds the ledger's lease.
 * Never throws for what an API does: the outcome says it. Throws when the ledger cannot begin a run, or knows another destination.
 */
export async function runSync(sync: Sync, ports: Ports, settings: RunSettings): Promise<RunOutcome> {
  const startedMs = ports.clock.monotonicMs();
  const opening = await openWriting(sync, ports, settings);
  const { start, partial, resumed } = opening;
  const run = await ports.ledger.beginRun(ports.clock.wallMs());
  const control = createControl(sync, ports, {
    ...settings,
    run,
    partial,
    resumed,
    read: start,
  });
  announce(control, opening);
  const scratch = settings.repair?.();
  try {
    await work(control, opening, settings, scratch);
  } catch (error) {
    control.fail(EvenkeelError.from(error));
  } finally {
    scratch?.close();
  }
  const ending = await control.end(opening);
  return { ...ending, run, durationMs: ports.clock.monotonicMs() - startedMs };
}

/** The stages, in their order. */
async function work(
  control: RunControl,
  opening: Opening,
  choice: RunSettings,
  scratch: Scratch | undefined,
): Promise<void> {
  const outage = new Outage(control.context.sync.retry.destination);
  const context = {
    ...control.context,
    outage,
    ids: new IdClaims(control.context.ports.ledger),
    batches: new Batches(control.context),
    ...(scratch === undefined ? {} : { recreated: new Set<string>() }),
  };
  const settler = new Settler(context);
  const journal = createJournal(context);
  const stage = createStage(
    { ...context, compare: comparison(context.sync), retryRejected: choice.rejects !== undefined },
    (number) => flow.isInFlight(number),
  );
  const flow: Flow = new Flow(context, journal, settler, stage);
  control.watch(flow);

  const repair = scratch && new Repair(context, stage, scratch);
  // Nothing but what was planned is sent.
  const recovered = choice.plan === undefined ? await recover(context, flow) : NOTHING_RECOVERED;
  if (recovered.held + recovered.leftovers > 0) context.say({ type: "recovered", ...recovered });

  if (choice.plan !== undefined) tellLeftOut(choice.plan.leftOut, context);
  await refuseUnadopted(context);
  // What is still on its way would be neither there nor missing.
  if (repair !== undefined) await flow.idle();
  const absences = new Absences(context, opening);
  await absences.begin();
  // P10: whoever writes first says of which destination the ledger is; what it has read of some records says nothing of the rest.
  if (!context.partial || (await context.ports.ledger.checkpoint()) === undefined)
    await context.ports.ledger.saveCheckpoint(opening.start);
  const twice = new MetTwice(context, !opening.resumed && recovered.held + recovered.leftovers === 0);
  let end = opening.start;
  const launch = new Launch(flow, settler);
  const retried = choice.rejects && new Set<string>();
  try {
    for await (const page of repair?.pages(opening.start) ?? selectPages(choice, opening.start, context)) {
      await absences.meet(page);
      for (const { key } of page.records) retried?.add(key);
      const plan = await stage.plan(page.records, page.corrections);
      twice.see(page, plan);
      const invalid = [...page.invalid, ...plan.invalid];
      const final = context.partial ? invalid : invalid.filter(isFinal);
      count(context.counts, page, plan, final);
      const journalled = journal.page(
        plan.planned,
        invalid.map((record) => rejectOf(record, control)),
        {
          clearRejects: plan.clearRejects,
          found: [...plan.found, ...invalid.flatMap(({ key }) => key ?? [])],
          corrections: page.corrections ?? [],
        },
      );
      await launch.page(page, plan, journalled);
      for (const { key, code, reason } of final) context.say({ type: "invalid", key, code, reason });
      end = page.end;
      await flow.room();
    }
    await launch.all();
  } catch (error) {
    absences.breakOff();
    throw error;
  } finally {
    await launch.all().catch(() => undefined);
    // Whatever ended the read, what is on its way is brought to its end and settled.
    await flow.idle();
  }
  twice.warn();
  // A run over a part of the records writes no others.
  if (!context.partial) await resolveReferences(opening, context, stage, flow);
  const deletes = {
    allowed: choice.allowDeletes,
    // Nobody has asked for what else waits to be deleted.
    only: choice.plan
      ? (key: string) => choice.plan?.store.isDelete(key) === true
      : retried && ((key: string) => retried.has(key)),
  };
  const checkpoint = await complete(end, context, opening.resumed);
  if (choice.limit !== undefined && !context.stop.aborted) warnOfAbsentPaths(context);
  await absences.conclude(checkpoint, { stage, journal, ...deletes });
  if (choice.plan !== undefined) await planMissed(choice.plan.store, stage, journal);
  await repair?.removeExtras(opening.start, flow, journal, deletes);
  const sweeps = !context.partial || choice.rejects !== undefined || choice.plan !== undefined;
  if (sweeps && !absences.areUnsure) await sweep(context, flow, journal, { ...deletes, doubt: absences.doubt });
  if (choice.plan === undefined) await verify(context, flow);
}

/** What refers to a record that is not there yet is tried again when everything else is written. */
const isFinal = ({ code }: InvalidRecord): boolean => code !== "REFERENCE_MISSING";

const NOTHING_RECOVERED: Recovered = { leftovers: 0, held: 0 };

function announce({ context }: RunControl, { start, resumed, partial, reason }: Opening): void {
  const { sync } = context;
  const guarantee = guaranteeOf(sync).summary;
  context.say({
    type: "run-started",
    run: context.run,
    mode: start.kind,
    since: start.since,
    resumed,
    partial,
    hasCursor: sync.cursor !== undefined,
    reason,
    guarantee,
  });
}

function count(counts: Counts, page: ReadPage, plan: PlannedPage, invalid: readonly InvalidRecord[]): void {
  counts.invalid += invalid.length;
  counts.superseded += page.superseded.length + plan.tally.superseded;
  counts.unchanged += plan.tally.unchanged;
  counts.stillRejected += plan.tally.stillRejected;
  counts.skipped += plan.tally.skipped;
}

const rejectOf = (record: InvalidRecord, { context }: RunControl) =>
  rejectOfInvalid(record, context.sync.mapping.fingerprint, context.ports.clock.wallMs());
