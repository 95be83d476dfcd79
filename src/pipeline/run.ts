import { EvenkeelError } from "../core/errors.ts";
import { noCounts, type Counts } from "../core/events.ts";
import { guaranteeOf } from "../core/guarantee.ts";
import type { Sync } from "../core/sync.ts";
import { createContext, type Ending, type RunControl } from "./control.ts";
import { Flow } from "./flow.ts";
import { createJournal } from "./journal.ts";
import type { Ports } from "./ports.ts";
import { openRead, type Read, type ReadChoice } from "./read.ts";
import { recover } from "./recover.ts";
import { Settler } from "./settle.ts";
import { createStage, rejectOfInvalid, type Stage } from "./stage.ts";
import { verify } from "./verify.ts";

export interface RunSettings extends ReadChoice {
  readonly trace: boolean;
  /** First abort: no new pages and requests; what is under way finishes. */
  readonly stop: AbortSignal;
  /** Second abort: nothing is awaited. */
  readonly kill: AbortSignal;
}

export interface RunOutcome {
  readonly run: number;
  readonly status: "level" | "incomplete" | "failed" | "interrupted";
  readonly counts: Readonly<Counts>;
  readonly durationMs: number;
  readonly why: string | undefined;
  readonly error: EvenkeelError | undefined;
}

/** Operations that are read ahead of what is settled: enough for the fastest lane, little enough for any memory. */
const UNDER_WAY_MAX = 4_000;

/**
 * Runs one sync: takes up what an earlier run left, reads page by page, plans each page against the ledger, journals it, sends it,
 * settles it, and moves the checkpoint behind what is settled. The caller holds the ledger's lease.
 * Never throws for what an API does: the outcome says it. Throws only when the ledger cannot even begin a run.
 */
export async function runSync(sync: Sync, ports: Ports, settings: RunSettings): Promise<RunOutcome> {
  const startedMs = ports.clock.monotonicMs();
  const run = await ports.ledger.beginRun(ports.clock.wallMs());
  const read = await openRead(sync, ports, settings);
  const control = createContext(sync, ports, { run, read: read.identity, partial: read.partial, ...settings });
  control.context.say(announcement(sync, read, run));
  try {
    await work(control, read);
  } catch (error) {
    control.context.fail(EvenkeelError.from(error));
  }
  const ending = await control.end(read);
  return { run, durationMs: ports.clock.monotonicMs() - startedMs, ...ending };
}

/** The stages, in the order of a run. */
async function work(control: RunControl, read: Read): Promise<void> {
  const { context } = control;
  const settler = new Settler(context);
  const journal = createJournal(context);
  const inFlight = { has: (_number: number): boolean => false };
  const stage = createStage({ ...context, retryRejected: read.retryRejected, compare: read.compare }, (number) => inFlight.has(number));
  const flow = new Flow(context, journal, settler, stage);
  inFlight.has = flow.isInFlight;
  control.watch(flow);

  if (read.refusal !== undefined) throw read.refusal;
  const recovered = await recover(context, flow);
  if (recovered.held + recovered.leftovers > 0) context.say({ type: "recovered", ...recovered });

  await read.begin(context);
  for await (const page of read.pages(context)) {
    const plan = await stage.plan(page.records);
    const invalid = [...page.invalid, ...plan.invalid];
    tally(context.counts, page, plan.tally, invalid.length);
    const rejects = invalid.map((record) => rejectOfInvalid(record, sync(control).mapping.fingerprint, context.ports.clock.wallMs()));
    const deliveries = await journal.page(plan.planned, rejects, plan.clearRejects);
    for (const record of invalid) context.say({ type: "invalid", key: record.key, code: record.code, reason: record.reason });
    for (const { record, decision } of plan.planned) if (decision.kind === "wait") flow.expect(record.key);
    const number = settler.open(page.end, deliveries.length);
    for (const delivery of deliveries) flow.start(delivery, number);
    await flow.below(UNDER_WAY_MAX);
  }

  await flow.idle();
  await read.finish(context);
  await verify(context, flow);
}
