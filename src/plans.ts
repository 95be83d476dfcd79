import type { BuiltSync } from "./config/build.ts";
import type { Config } from "./config/config.ts";
import type { Coming } from "./core/coming.ts";
import { combineExitCodes, exitCodeOf } from "./core/exit-code.ts";
import { EvenkeelError } from "./core/errors.ts";
import { noCounts, type Counts } from "./core/events.ts";
import { sha256 } from "./core/fingerprint.ts";
import type { Ledger } from "./core/ledger.ts";
import type { PlannedOperation, PlanStore } from "./core/planned.ts";
import type { Plan, PlannedChange, PlanOptions, PlanSummary, Run, RunOptions, SyncResult } from "./evenkeel.ts";
import { NEVER, type Means } from "./means.ts";
import { ledgerMark, whyLeftOut, whyMoved, type LeftOut } from "./pipeline/exact.ts";
import { emptyLedger } from "./pipeline/looking.ts";
import { planSync, type OnPlanned, type Preview } from "./pipeline/preview.ts";
import { PlanWriter, readPlan, type PlanHead } from "./plan-file.ts";
import { ReadingWatch } from "./reading-progress.ts";
import { ALL, choiceOf, startPrepared, type Prepared } from "./runs.ts";
import { createComing } from "./sqlite/coming-store.ts";
import { createPlanStore } from "./sqlite/plan-store.ts";
import { failed } from "./sync-result.ts";
import { createStream, streaming } from "./stream.ts";

/** Operations put aside together. */
const BATCH = 1_000;

/** Of what a plan leaves out, so much is named. */
const NAMED_MAX = 20;

/** Plans syncs, and writes the plan to a file where one is asked for. */
export function makePlan(means: Means, options: PlanOptions): Plan {
  const { chosen, looking, clock, config } = means;
  const changes = createStream<PlannedChange>();
  const watch = new ReadingWatch(clock);
  const { out, allowDeletes, signal = NEVER } = options;
  const choice = choiceOf(options);
  const work = async (
    ledger: Ledger | undefined,
    writer: PlanWriter | undefined,
    coming: Coming | undefined,
  ): Promise<readonly PlanSummary[]> => {
    const built = await means.built(ledger);
    const syncs: PlanSummary[] = [];
    for (const name of chosen(options.syncs)) {
      const entry = built.get(name) as BuiltSync;
      const { sync } = entry;
      const at = (await ledger?.of(name)) ?? undefined;
      const marks = { config: configMark(config, name), ledger: await ledgerMark(at ?? emptyLedger(name)) };
      await writer?.sync({ sync: name, marks, choice: { ...choice, allowDeletes } });
      const exactly: OnPlanned | undefined = writer && ((operation) => writer.operation(operation));
      const counts = watch.begin(name, entry);
      const ports = {
        ...portsOf(means, at, counts, means.breatheWith(changes)),
        trace: options.trace,
        waits: watch.waits,
      };
      const preview = await planSync(
        sync,
        ports,
        { ...ALL, ...choice, allowDeletes, stop: signal, pace: paceOf(built, name, config), exactly, coming },
        changes.push,
      );
      const why = writer === undefined ? undefined : whyNotExact(preview);
      syncs.push({ ...preview, error: preview.error ?? why });
    }
    return syncs;
  };
  const whole = async (): Promise<{ syncs: readonly PlanSummary[]; exitCode: number; operations?: number }> => {
    const writer = out === undefined ? undefined : await PlanWriter.begin(means.planFiles, out, clock.wallMs());
    const coming = comingOf(config);
    try {
      const syncs = await looking((ledger) => work(ledger, writer, coming));
      const isSound = syncs.every(({ error }) => error === undefined) && !signal.aborted;
      const operations = writer !== undefined && isSound ? await writer.end() : undefined;
      const codes = syncs.map(({ error, counts, withheld, refused }) => {
        if (error !== undefined) return exitCodeOf(error.code);
        return counts.invalid > 0 || withheld !== undefined || refused !== undefined ? 1 : 0;
      });
      return { syncs, exitCode: combineExitCodes(codes), ...(operations === undefined ? {} : { operations }) };
    } finally {
      coming?.close();
      await writer?.abandon();
    }
  };
  return { ...streaming(changes, whole()), progress: watch.progress };
}

/** Room for what a plan creates; undefined where no mapping can refer to it. */
const comingOf = ({ syncs }: Config): Coming | undefined =>
  JSON.stringify(Object.values(syncs).map(({ mapping }) => mapping ?? null)).includes("$ref")
    ? createComing()
    : undefined;

/** Applies exactly the plan of a file: plans again, and sends nothing unless that comes to the same. */
export function applyPlan(means: Means, file: string, options: RunOptions): Run {
  return startPrepared(
    means,
    `run --plan ${file}`,
    (ledger, built) => prepared(means, file, options, ledger, built),
    options,
  );
}

async function prepared(
  means: Means,
  file: string,
  { syncs, signal = NEVER }: RunOptions,
  ledger: Ledger,
  built: ReadonlyMap<string, BuiltSync>,
): Promise<Prepared> {
  const plans = await loaded(means, file);
  const close = (): void => {
    for (const { store } of plans) store.close();
  };
  try {
    const has = plans.map(({ head }) => head.sync);
    const wanted = new Set(syncs !== undefined && syncs.length > 0 ? means.chosen(syncs) : has);
    for (const name of wanted)
      if (!has.includes(name))
        throw new EvenkeelError("USAGE", `the plan has nothing of ${name}`, {
          next: `It was made of ${has.join(", ")}: \`evenkeel plan ${name} --out FILE\` makes one of it.`,
        });
    const checks = await checkedPlans(
      plans.filter(({ head }) => wanted.has(head.sync)),
      means,
      ledger,
      built,
      signal,
    );
    const refused = checks.flatMap(({ refusal }) => refusal ?? []);
    const tasks = checks.map(({ plan: { head, store }, kind, leftOut }) => ({
      name: head.sync,
      choice: async () => ({ ...ALL, plan: { store, kind, leftOut } }),
      // The guard has let them pass when they were planned again.
      allowDeletes: store.countDeletes(),
    }));
    return { tasks, refused, close };
  } catch (error) {
    close();
    throw error;
  }
}

interface LoadedPlan {
  readonly head: PlanHead;
  readonly store: PlanStore;
}

interface Checked {
  readonly plan: LoadedPlan;
  readonly kind: Preview["kind"];
  readonly leftOut: LeftOut;
  readonly refusal: SyncResult | undefined;
}

async function loaded({ planFiles }: Means, file: string): Promise<readonly LoadedPlan[]> {
  const plans: LoadedPlan[] = [];
  let batch: PlannedOperation[] = [];
  const put = (): void => {
    plans.at(-1)?.store.expect(batch);
    batch = [];
  };
  try {
    for await (const line of readPlan(planFiles, file)) {
      if ("sync" in line) {
        put();
        plans.push({ head: line, store: createPlanStore() });
      } else if (batch.push(line) >= BATCH) put();
    }
    put();
    return plans;
  } catch (error) {
    for (const { store } of plans) store.close();
    throw error;
  }
}

async function checkedPlans(
  plans: readonly LoadedPlan[],
  means: Means,
  ledger: Ledger,
  built: ReadonlyMap<string, BuiltSync>,
  signal: AbortSignal,
): Promise<readonly Checked[]> {
  const coming = comingOf(means.config);
  try {
    const checks: Checked[] = [];
    for (const plan of plans) checks.push(await checkedPlan(plan, means, ledger, built, { signal, coming }));
    return checks;
  } finally {
    coming?.close();
  }
}

/** Whether config, ledger and source are as they were. */
async function checkedPlan(
  plan: LoadedPlan,
  means: Means,
  ledger: Ledger,
  built: ReadonlyMap<string, BuiltSync>,
  { signal, coming }: { readonly signal: AbortSignal; readonly coming: Coming | undefined },
): Promise<Checked> {
  const { head, store } = plan;
  const { sync: name, marks, choice } = head;
  const leftOut: { number: number; named: string[] } = { number: 0, named: [] };
  const refusedFor = (error: EvenkeelError): Checked => ({ plan, kind: "full", leftOut, refusal: failed(name, error) });
  const entry = built.get(name);
  if (entry === undefined) return refusedFor(moved(name, "the config has no such sync any more"));
  if (marks.config !== configMark(means.config, name)) return refusedFor(moved(name, "its config has changed"));
  const at = await ledger.of(name);
  if (marks.ledger !== (await ledgerMark(at)))
    return refusedFor(moved(name, "its ledger is not where it was: something was run, or decided, since"));
  const exactly: OnPlanned = (operation, source) => store.meet(operation, source);
  const preview = await planSync(
    entry.sync,
    portsOf(means, at, noCounts(), async () => undefined),
    { ...ALL, ...choice, stop: signal, pace: undefined, exactly, onRead: store.see, coming },
    (change) => {
      const why = whyLeftOut(change);
      if (why === undefined) return;
      leftOut.number += 1;
      if (leftOut.named.length < NAMED_MAX) leftOut.named.push(why);
    },
  );
  const isWhole = preview.kind === "full" && choice.limit === undefined && choice.key === undefined;
  const error = preview.error ?? whyNotExact(preview) ?? whyMoved(name, store, isWhole);
  return error === undefined ? { plan, kind: preview.kind, leftOut, refusal: undefined } : refusedFor(error);
}

const moved = (sync: string, what: string): EvenkeelError =>
  new EvenkeelError("RUN_PLAN_MOVED", `the plan of ${sync} does not hold any more, and nothing was sent: ${what}`, {
    next: "Plan anew with `evenkeel plan --out FILE`, and look at it.",
  });

/** What a run would not do is no part of a plan that is applied exactly. */
function whyNotExact({ sync, withheld, refused, counts }: Preview): EvenkeelError | undefined {
  if (refused !== undefined) return refused;
  if (withheld === undefined) return undefined;
  return new EvenkeelError(
    "USAGE",
    `a run of ${sync} would withhold ${counts.withheld} of ${counts.deleted} deletes: ${withheld}`,
    {
      next: `If they are meant: \`evenkeel plan ${sync} --out FILE --allow-deletes ${counts.deleted}\`.`,
    },
  );
}

const portsOf = (
  { clock, chance }: Means,
  ledger: Parameters<typeof planSync>[1]["ledger"],
  counts: Counts,
  breathe: () => Promise<void>,
): Parameters<typeof planSync>[1] => ({ clock, chance, ledger, counts, breathe });

function paceOf(
  built: ReadonlyMap<string, BuiltSync>,
  name: string,
  { connections, syncs }: Config,
): Parameters<typeof planSync>[2]["pace"] {
  const perSecond = built.get(name)?.destination.perSecond;
  const declared = connections[syncs[name]?.destination.connection ?? ""]?.limits.ratePerSecond;
  return perSecond === undefined ? undefined : { perSecond, isDeclared: perSecond === declared };
}

/** Of all that the config says of a sync, but for credentials and headers: another token sends the same. */
function configMark({ connections, syncs }: Config, name: string): string {
  const sync = syncs[name];
  const ends = [sync?.source.connection, sync?.destination.connection].map((end) => {
    const { auth: _, headers: __, ...connection } = connections[end ?? ""] ?? {};
    return connection;
  });
  const text = (_: string, value: unknown): unknown => (typeof value === "function" ? String(value) : value);
  return sha256(JSON.stringify([sync, ends], text));
}
