import type { SeededChance } from "../testing/seeded-chance.ts";
import { MOMENTS, STEPS, type Crash, type Fault, type Outage, type Step } from "./faults.ts";
import type { AnnouncedLimit } from "./announced-limit.ts";
import { BEGINNING, type Content, type Drift, type Edit, type Lapse, type ProcessPlan, type World } from "./world.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Steps that most processes never come to. */
const RARE_STEPS: readonly Step[] = ["promote", "takeUp", "dropWaiting", "abandonLeftovers", "endRun"];

/** Steps about a version that waits for the one before it: only restless records come to that. */
const RESTLESS_STEPS: readonly Step[] = ["promote", "dropWaiting", "dropWaiting", "takeUp"];

/** Steps of a repair. */
const REPAIR_STEPS: readonly Step[] = ["journal", "journal", "settle", "endRun"];

/** Steps of a run of a plan. */
const PLAN_STEPS: readonly Step[] = ["journal", "settle", "endRun"];

const ALONE = { fullRefresh: false, fullFrom: undefined, rivalAfterMs: undefined };

/** Steps of any run. */
const RUN_STEPS = Object.keys(STEPS) as Step[];

/** What a fair world keeps to: under these assumptions the engine has promised something. */
export interface Terms extends Pick<World, "pageSize" | "resolutionMs"> {
  readonly recordsMin: number;
  /** Up to so many more. */
  readonly recordsMore: number;
  /** No more are ever made. */
  readonly recordsMax: number;
  /** How long after the time that it bears a change can be seen, at most; undefined when the source must not change meanwhile. */
  readonly commitLagMs: number | undefined;
  readonly editsMax: number;
  /** Share of worlds in which the destination has some of the records before the first run, and they are adopted. */
  readonly adopted: number;
  /** Nobody says so, and `find` finds them. */
  readonly isFound: boolean;
  /** What somebody else may do to the destination, before repairs; none is asked for where it is nothing. */
  readonly drifts: readonly Drift["kind"][];
  /** The source may list less than it has for a while. */
  readonly lapses: boolean;
  /** Share of worlds in which plans are made and applied. */
  readonly plans: number;
  /** Records change after they were made, or are deleted. */
  readonly updates: boolean;
  /** Records are deleted while the first pages are read, so that those after them move. */
  readonly moves: boolean;
  /** Share of edits that delete a record. */
  readonly deletions: number;
  /** What may happen to a request. */
  readonly faults: readonly Fault[];
  /** Share of worlds in which a few records change to and fro while hardly anything comes through. */
  readonly restless: number;
  /** What is wrong with some records, so that they cannot be written. */
  readonly flaws: readonly NonNullable<Content["flaw"]>[];
  /** Some APIs limit requests, and announce it. */
  readonly limits: boolean;
  readonly tellsAllResults: boolean;
  /** The longest time without a process. */
  readonly downMaxMs: number;
}

/** The world of a seed. Swarm style: each seed switches on a random part of what there is, so that rare things meet each other undisturbed. */
export function worldOf(seed: number, chance: SeededChance, terms: Terms): World {
  const { pageSize, resolutionMs } = terms;
  const isRestless = terms.updates && flip(chance.fork("restless"), terms.restless);
  const records = terms.recordsMin + chance.integer(terms.recordsMore);
  return {
    seed,
    records,
    adopted: flip(chance.fork("whether adopted"), terms.adopted) ? 1 + chance.fork("adopted").integer(records) : 0,
    isFound: terms.isFound,
    pageSize,
    resolutionMs,
    edits: withMoves(editsOf(records, isRestless, terms, chance.fork("edits")), records, terms, chance.fork("moves")),
    faults: isRestless ? terms.faults : faultsOf(terms.faults, chance.fork("faults")),
    faultRate: isRestless ? chance.pick([0.25, 0.4]) : chance.pick([0.01, 0.03, 0.1, 0.25]),
    faultsMax: Number.MAX_SAFE_INTEGER,
    ...(terms.tellsAllResults ? {} : { tellsAllResults: false }),
    outages: isRestless
      ? [earlyOutage(chance.fork("outage"))]
      : Array.from({ length: chance.pick([0, 0, 1, 2]) }, (_, index) => outageOf(chance.fork(`outage ${index}`))),
    lapses: terms.lapses ? [lapseOf(chance.fork("lapse"))] : [],
    limits: terms.limits ? limitsOf(chance.fork("limits")) : {},
    processes: [
      ...withPlans(runsOf(chance, terms, isRestless), terms, chance.fork("plans")),
      ...(terms.drifts.length === 0 ? [] : repairsOf(chance.fork("repairs"), terms)),
    ],
  };
}

function runsOf(chance: SeededChance, { downMaxMs }: Terms, isRestless: boolean): readonly ProcessPlan[] {
  return Array.from({ length: (isRestless ? 8 : 3) + chance.integer(5) }, (_, index) => {
    const each = chance.fork(`process ${index}`);
    return {
      crash: flip(each, 0.7) ? crashOf(each, downMaxMs, isRestless) : undefined,
      stopAfterMs: flip(each, 0.2) ? Math.ceil(each.random() * each.pick([100, SECOND, 30 * SECOND])) : undefined,
      thenWaitMs: isRestless
        ? each.pick([0, SECOND, 10 * SECOND, MINUTE])
        : Math.min(downMaxMs, each.pick([0, SECOND, 3 * MINUTE, each.random() < 0.1 ? 30 * HOUR : MINUTE])),
      fullRefresh: each.random() < 0.1,
      fullFrom: flip(each, 0.05) ? 1 + each.integer(30) : undefined,
      rivalAfterMs: flip(each, 0.1) ? Math.ceil(each.random() * each.pick([100, SECOND, 30 * SECOND])) : undefined,
    };
  });
}

/** Plans between the first runs, the first of them perhaps before any. */
function withPlans(runs: readonly ProcessPlan[], { plans }: Terms, chance: SeededChance): readonly ProcessPlan[] {
  if (!flip(chance, plans)) return runs;
  const first = chance.integer(3);
  return runs.flatMap((run, index) => {
    if (index < first || (index - first) % 2 === 1) return [run];
    const each = chance.fork(`plan ${index}`);
    const at = flip(each)
      ? ({ kind: "method", step: each.pick(PLAN_STEPS), number: 1, moment: each.pick(MOMENTS) } as const)
      : ({ kind: "time", afterMs: each.random() * each.pick([SECOND, 10 * SECOND]) } as const);
    const plan: ProcessPlan = {
      does: "plan",
      applyAfterMs: each.pick([0, 0, SECOND, 30 * SECOND]),
      crash: flip(each) ? { at, power: flip(each, 0.3), downMs: each.pick([0, SECOND]) } : undefined,
      stopAfterMs: flip(each, 0.1) ? Math.ceil(each.random() * 10 * SECOND) : undefined,
      thenWaitMs: each.pick([0, SECOND]),
      ...ALONE,
    };
    return [plan, run];
  });
}

/** Repairs of what somebody else has done to the destination, half of them before a run. */
function repairsOf(chance: SeededChance, { downMaxMs, drifts }: Terms): readonly ProcessPlan[] {
  return Array.from({ length: 1 + chance.integer(2) }, (_, index) => {
    const each = chance.fork(`repair ${index}`);
    const drift = Array.from({ length: 1 + each.integer(8) }, () => ({
      kind: each.pick(drifts),
      which: each.random(),
    }));
    const at = flip(each)
      ? ({ kind: "method", step: each.pick(REPAIR_STEPS), number: 1, moment: each.pick(MOMENTS) } as const)
      : ({ kind: "time", afterMs: each.random() * each.pick([SECOND, 10 * SECOND]) } as const);
    const repair: ProcessPlan = {
      ...ALONE,
      does: "repair",
      drift,
      crash: flip(each, 0.6) ? { at, power: flip(each, 0.3), downMs: each.pick([0, SECOND]) } : undefined,
      stopAfterMs: flip(each, 0.1) ? Math.ceil(each.random() * 10 * SECOND) : undefined,
      thenWaitMs: Math.min(downMaxMs, each.pick([0, SECOND, 3 * MINUTE])),
    };
    const run: ProcessPlan = { ...ALONE, crash: undefined, stopAfterMs: undefined, thenWaitMs: 0 };
    return flip(each) ? [repair, run] : [repair];
  }).flat();
}

/** Of all kinds many, or two of them that meet each other all the time. */
function faultsOf(all: readonly Fault[], chance: SeededChance): readonly Fault[] {
  return flip(chance, 0.6) ? some(all, chance) : [chance.pick(all), chance.pick(all)];
}

const flip = (chance: SeededChance, share = 0.5): boolean => chance.random() < share;

function some<Item>(items: readonly Item[], chance: SeededChance): Item[] {
  const share = 0.2 + 0.8 * chance.random();
  return items.filter(() => flip(chance, share));
}

/** Edits while the first runs are under way, and some later. */
function editsOf(records: number, isRestless: boolean, terms: Terms, chance: SeededChance): readonly Edit[] {
  const { commitLagMs, deletions, editsMax, flaws, recordsMax, updates } = terms;
  if (commitLagMs === undefined) return [];
  const edits: Edit[] = [];
  const contents = new Map<number, readonly Content[]>();
  const spanMs = chance.pick(isRestless ? [MINUTE, 3 * MINUTE] : [5 * SECOND, MINUTE, 10 * MINUTE]);
  const count = isRestless ? editsMax : chance.integer(editsMax);
  const times = Array.from({ length: count }, () => Math.floor(chance.random() * spanMs)).toSorted((a, b) => a - b);
  const few = 1 + chance.integer(chance.pick([4, 20]));
  let known = records;
  /** When the last change of a record can be seen: they are seen in the order in which they are stamped. */
  const seenMs = new Map<number, number>();
  for (const [index, atMs] of times.entries()) {
    const isNew = (flip(chance, isRestless ? 0.05 : 0.25) || !updates) && known < recordsMax;
    if (!isNew && !updates) continue;
    const id = isNew ? (known += 1) : 1 + chance.integer(isRestless ? Math.min(few, known) : known);
    const before = contents.get(id) ?? [BEGINNING];
    const back = before.at(-2);
    const roll = chance.random();
    const content =
      !isNew && roll < deletions
        ? undefined
        : !isNew && roll < (isRestless ? 0.6 : deletions + 0.2) && back !== undefined
          ? back
          : { edit: index + 1, flaw: roll > 0.96 && flaws.length > 0 ? chance.pick(flaws) : undefined };
    if (content !== undefined) contents.set(id, [...before, content]);
    const drawnMs = flip(chance, 0.3) ? Math.floor(chance.random() * commitLagMs) : 0;
    const lagMs = Math.max(drawnMs, (seenMs.get(id) ?? 0) - atMs);
    seenMs.set(id, atMs + lagMs);
    edits.push({ atMs, id, content, lagMs });
  }
  return edits;
}

/** Besides, early records that nothing else happens to are deleted within the time that a first read takes. */
function withMoves(edits: readonly Edit[], records: number, { moves }: Terms, chance: SeededChance): readonly Edit[] {
  if (!moves) return edits;
  const edited = new Set(edits.map(({ id }) => id));
  const deletes = Array.from({ length: 2 + chance.integer(6) }, (_, index) => ({
    atMs: Math.floor(chance.random() * SECOND),
    // None is deleted twice.
    id: 1 + 3 * index + chance.integer(3),
    content: undefined,
    lagMs: 0,
  }));
  return [...edits, ...deletes.filter(({ id }) => id <= records && !edited.has(id))].toSorted(
    (a, b) => a.atMs - b.atMs,
  );
}

function limitsOf(chance: SeededChance): World["limits"] {
  const limitOf = (): AnnouncedLimit => {
    const kind = chance.pick(["ietf", "draft", "github", "shopify", "hubspot"] as const);
    const [limit, windowMs] =
      kind === "shopify"
        ? [chance.pick([40, 80]), 20 * SECOND]
        : chance.pick([
            [10, SECOND],
            [100, 10 * SECOND],
            [300, MINUTE],
          ] as const);
    return { kind, limit, windowMs, retryAfter: flip(chance) };
  };
  return {
    ...(flip(chance, 0.2) ? { source: limitOf() } : {}),
    ...(flip(chance, 0.2) ? { destination: limitOf() } : {}),
  };
}

/** While a restless world is young, all that is written is in doubt, or does not get through. */
function earlyOutage(chance: SeededChance): Outage {
  const fromMs = Math.floor(chance.random() * chance.pick([SECOND, MINUTE]));
  const kind = chance.pick(["unavailable", "refused"] as const);
  return { side: "destination", kind, fromMs, toMs: fromMs + chance.pick([10, 30, 90]) * SECOND };
}

/** From some time after the first run on, for some runs. */
function lapseOf(chance: SeededChance): Lapse {
  const fromMs = Math.floor(chance.random() * chance.pick([10 * SECOND, MINUTE]));
  return { kind: chance.pick(["empty", "half"]), fromMs, toMs: fromMs + chance.pick([1, 10, 60]) * MINUTE };
}

function outageOf(chance: SeededChance): Outage {
  const fromMs = Math.floor(chance.random() * chance.pick([SECOND, MINUTE, 10 * MINUTE]));
  return {
    side: chance.pick(["source", "destination", "destination"]),
    kind: chance.pick(["refused", "unavailable"]),
    fromMs,
    toMs: fromMs + Math.floor(chance.random() * chance.pick([10 * SECOND, 10 * MINUTE])),
  };
}

function crashOf(chance: SeededChance, downMaxMs: number, isRestless: boolean): Crash {
  return {
    at: flip(chance, isRestless ? 0.6 : 0.3)
      ? {
          kind: "method",
          step: chance.pick(isRestless ? RESTLESS_STEPS : flip(chance, 0.7) ? RARE_STEPS : RUN_STEPS),
          number: flip(chance, 0.7) ? 1 : 2,
          moment: chance.pick(MOMENTS),
        }
      : flip(chance, 0.75)
        ? { kind: "step", number: 1 + chance.integer(flip(chance) ? 6 : 30), moment: chance.pick(MOMENTS) }
        : { kind: "time", afterMs: chance.random() * chance.pick([200, 2 * SECOND, MINUTE]) },
    power: flip(chance, 0.3),
    downMs: isRestless
      ? 0
      : Math.min(downMaxMs, chance.pick([0, SECOND, 5 * MINUTE, flip(chance, 0.1) ? 30 * HOUR : 0])),
  };
}
