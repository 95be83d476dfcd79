import type { SyncConfig } from "../config/config.ts";
import type { LoadedConfig } from "../config/load.ts";
import { EvenkeelError } from "../core/errors.ts";
import type { JsonObject } from "../core/json.ts";
import type { Sync } from "../core/sync.ts";
import { createRedactor } from "../http/redact.ts";
import { seededChance } from "../testing/seeded-chance.ts";
import { READ_FAULTS, WRITE_FAULTS, type Fault } from "./faults.ts";
import { givenSample, inventedSample } from "./sample.ts";
import { sceneOf, type Scene } from "./scene.ts";
import { shrink, storyOf } from "./shrink.ts";
import { simulate } from "./simulate.ts";
import type { Outcome, TraceLine, Violation, World } from "./world.ts";
import { worldOf, type Terms } from "./worlds.ts";

/** What a rehearsal of one sync has come to so far. */
export interface Rehearsal {
  readonly sync: string;
  /** Worlds played so far, each from a seed of its own. */
  readonly worlds: number;
  readonly requests: number;
  readonly faults: number;
  /** Times that the process died. */
  readonly crashes: number;
  readonly runs: number;
  /** Records, over all worlds. */
  readonly lost: number;
  readonly doubled: number;
  /** In the destination in an older version than in the source. */
  readonly outdated: number;
  /** In the destination, though the source has them no more and `deletes` asks for that. */
  readonly undeleted: number;
  /** Writes of which no run could find out whether they were applied: they waited for a person, who had them sent again. */
  readonly stuck: number;
  /** Refused for good although nothing is wrong with them, as `retry.never` can have it. */
  readonly rejected: number;
  /** Anything else that did not hold; a defect of Evenkeel. */
  readonly other: number;
  /** Writes that changed nothing: sent again to be sure, after a lost answer or a crash. */
  readonly repeated: number;
  /** Those of them for which there was no reason. */
  readonly needless: number;
  /** Worlds in which anything did not hold. */
  readonly broken: number;
  /** The seed of the first world of the worst kind. */
  readonly seed: number | undefined;
  /** What is played in another way than it is declared, or not played, a sentence each. */
  readonly notes: readonly string[];
}

/** How the config's promise breaks: the smallest world that shows it. */
export interface Break {
  readonly seed: number;
  readonly violation: Violation;
  readonly story: readonly TraceLine[];
}

export interface RehearsalOptions {
  readonly loaded: LoadedConfig;
  readonly sync: string;
  /** The first seed. */
  readonly seed: number;
  readonly worlds: number;
  /** Records as the source lists them; made up when absent. */
  readonly records: readonly JsonObject[] | undefined;
  readonly signal: AbortSignal;
  readonly onWorld: (rehearsal: Rehearsal) => void;
}

const MINUTE = 60_000;

/** Smaller worlds that are played before the story is told. */
const TRIES = 40;

/** The worst first. */
const KINDS = ["DOUBLED", "LOST", "STALE", "UNDELETED", "STUCK", "REJECTED"] as const;

/** Plays one sync of a config in as many worlds as asked for. Throws EvenkeelError USAGE when no records suit it. */
export async function rehearse(
  options: RehearsalOptions,
): Promise<{ readonly rehearsal: Rehearsal; readonly broke: Break | undefined }> {
  const { loaded, sync, seed: first, worlds, onWorld, signal } = options;
  const staged = await stage(options);
  const { scene } = staged;
  const play = (world: World): Promise<Outcome> => simulate(world, scene, "blind");
  let rehearsal: Rehearsal = { ...NOTHING, sync, notes: scene.notes };
  let worst: { readonly world: World; readonly outcome: Outcome } | undefined;
  for (let seed = first; seed < first + worlds && !signal.aborted; seed++) {
    const world = worldOf(seed, seededChance(`rehearsal ${seed}`), termsOf(staged, seed));
    const outcome = await play(world);
    if (outcome.violations.length > 0 && (worst === undefined || rankOf(outcome) < rankOf(worst.outcome)))
      worst = { world, outcome };
    rehearsal = { ...added(rehearsal, outcome), seed: worst?.world.seed };
    onWorld(rehearsal);
  }
  if (worst === undefined) return { rehearsal, broke: undefined };
  const redactor = createRedactor(loaded.secrets);
  const ranked = ordered(worst.outcome);
  const again = async (world: World): Promise<Outcome> => ordered(await play(world));
  const { outcome } = await shrink({ world: worst.world, outcome: ranked }, again, TRIES, signal);
  return {
    rehearsal,
    broke: {
      seed: worst.world.seed,
      violation: outcome.violations[0] as Violation,
      story: storyOf(outcome, 1).map((line) => ({ ...line, text: redactor.text(line.text) })),
    },
  };
}

interface Staged {
  readonly scene: Scene;
  /** How many records there are; undefined for as many as wanted. */
  readonly size: number | undefined;
  /** What changes at the source is to be written. */
  readonly updates: boolean;
}

async function stage({ loaded, sync, records }: RehearsalOptions): Promise<Staged> {
  const declared = loaded.config.syncs[sync] as SyncConfig;
  if (declared.writes === "updateOnly")
    throw new EvenkeelError(
      "USAGE",
      `${sync} cannot be rehearsed: it creates nothing, and a double is empty at first`,
      {
        next: "Rehearse the others by naming them: `evenkeel rehearse SYNC...`.",
      },
    );
  const bare = await sceneOf(loaded, sync, () => ({}));
  const played = { ...declared, source: bare.source };
  const { size, record, isEditable } =
    records === undefined ? await inventedSample(bare, played) : await givenSample(bare, records);
  const isUpdated = bare.sync.destination.traits.updates && declared.writes === "both";
  const notes = [
    ...bare.notes,
    mayNotChange(declared.source) &&
      "The source does not change while its numbered pages are read: an incremental read of them can miss what moves between pages until the next full refresh, and no rehearsal can change that.",
    !isUpdated && "Records only come and never change, since this sync updates none.",
    isUpdated &&
      !isEditable &&
      "Records only come and never change, since nothing of them can without making them others.",
    !isOnce(bare.destination) &&
      "No request is delivered twice: without an address, a key or a unique search that makes two records, whoever sends it.",
  ].filter((note) => note !== false);
  return { scene: { ...bare, record, notes }, size, updates: isUpdated && isEditable };
}

/** P9: a numbered read of a list that changes can miss what moves, and an incremental one never meets it again. */
const mayNotChange = ({ cursor, pagination }: SyncConfig["source"]): boolean =>
  cursor !== undefined && (pagination.type === "page" || pagination.type === "offset");

/** A write that a proxy delivers twice is one all the same. */
const isOnce = ({ upsert, create, find }: SyncConfig["destination"]): boolean =>
  upsert !== undefined || create?.idempotencyKey !== undefined || find?.unique === true;

/** Under these terms every promise of the config should hold. */
function termsOf({ scene, size, updates }: Staged, seed: number): Terms {
  const { source, destination } = scene;
  const chance = seededChance(`terms ${seed}`);
  const { cursor } = source;
  const lookbackMs = cursor?.lookback ?? MINUTE;
  const resolutionMs = lookbackMs >= 4_000 ? chance.pick([1, 1_000]) : 1;
  const recordsMin = Math.min(20, size ?? 20);
  return {
    recordsMin,
    recordsMore: Math.max(1, Math.min(40, (size ?? Number.POSITIVE_INFINITY) - recordsMin)),
    recordsMax: size ?? Number.POSITIVE_INFINITY,
    pageSize: 5 + chance.integer(20),
    resolutionMs,
    commitLagMs: mayNotChange(source) ? undefined : 0.9 * Math.max(0, lookbackMs - resolutionMs),
    editsMax: 40,
    updates,
    deletions: deletionsIn(scene.sync.deletes.mode),
    faults: [...new Set<Fault>([...READ_FAULTS, ...WRITE_FAULTS])].filter(
      (fault) => fault !== "denied" && (fault !== "twice" || isOnce(destination)),
    ),
    restless: 0.1,
    adopted: 0,
    isFound: false,
    drifts: [],
    plans: 0,
    lapses: false,
    moves: false,
    tellsAllResults: true,
    flaws: [],
    limits: false,
    downMaxMs: 10 * MINUTE,
  };
}

/** Where deletes are asked for, there are some. */
export const deletionsIn = (mode: Sync["deletes"]["mode"]): number => (mode === "never" ? 0.05 : 0.2);

const NOTHING: Omit<Rehearsal, "sync" | "notes"> = {
  worlds: 0,
  requests: 0,
  faults: 0,
  crashes: 0,
  runs: 0,
  lost: 0,
  doubled: 0,
  outdated: 0,
  undeleted: 0,
  stuck: 0,
  rejected: 0,
  other: 0,
  repeated: 0,
  needless: 0,
  broken: 0,
  seed: undefined,
};

function added(before: Rehearsal, outcome: Outcome): Rehearsal {
  const { violations, requests, faults, deaths, runs, repeated, needless } = outcome;
  const count = (kind: Violation["kind"]): number => violations.filter((violation) => violation.kind === kind).length;
  return {
    ...before,
    worlds: before.worlds + 1,
    requests: before.requests + requests,
    faults: before.faults + [...faults.values()].reduce((sum, times) => sum + times, 0),
    crashes: before.crashes + deaths.length,
    runs: before.runs + runs,
    lost: before.lost + count("LOST"),
    doubled: before.doubled + count("DOUBLED"),
    outdated: before.outdated + count("STALE"),
    undeleted: before.undeleted + count("UNDELETED"),
    stuck: before.stuck + count("STUCK"),
    rejected: before.rejected + count("REJECTED"),
    other: before.other + violations.filter(({ kind }) => !KINDS.some((known) => known === kind)).length,
    repeated: before.repeated + repeated,
    needless: before.needless + needless,
    broken: before.broken + (violations.length > 0 ? 1 : 0),
  };
}

const rank = ({ kind }: Violation): number => {
  const index = KINDS.findIndex((known) => known === kind);
  return index < 0 ? -1 : index;
};

const rankOf = ({ violations }: Outcome): number => Math.min(...violations.map(rank));

/** The worst violation first: a world is made smaller as long as it still shows that. */
const ordered = (outcome: Outcome): Outcome => ({
  ...outcome,
  violations: outcome.violations.toSorted((a, b) => rank(a) - rank(b)),
});
