import { READ_FAULTS, WRITE_FAULTS, type Fault } from "../../src/simulation/faults.ts";
import { deletionsIn } from "../../src/simulation/rehearsal.ts";
import { simulate } from "../../src/simulation/simulate.ts";
import type { Drift, Outcome, World } from "../../src/simulation/world.ts";
import { worldOf as worldUnder } from "../../src/simulation/worlds.ts";
import { seededChance, type SeededChance } from "../../src/testing/seeded-chance.ts";
import { stageOf, type DestinationShape, type Shape, type SourceShape } from "./shape.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** A world between two APIs that the seed decides too. */
export interface ShapedWorld extends World {
  readonly shape: Shape;
}

/** How much of what there is the worlds have. */
export interface Shares {
  /** Of restless worlds. */
  readonly restless: number;
  /** Of worlds in which what has gone is deleted. */
  readonly deletes: number;
  /** Of worlds in which records are only created, where nothing is deleted. */
  readonly createOnly: number;
  /** Of worlds in which nothing can be made of some records. */
  readonly invalids: number;
  /** Of worlds in which a record would have an address of its own, and the destination gives it an id all the same. */
  readonly assigned: number;
  /** Of worlds in which the destination has some records before the first run. */
  readonly adopted: number;
  /** Of worlds in which it has some of which nobody has said so, where they can be found and none is deleted. */
  readonly found: number;
  /** Of worlds in which records go together, where they may. */
  readonly batches: number;
  /** Of worlds in which the destination takes no write without the current version, where one can be learned. */
  readonly fences: number;
  /** Of those worlds, in which the version is a field of the record. */
  readonly versions: number;
  /** Of those worlds, in which somebody else's change is not overwritten. */
  readonly conflicts: number;
  /** Of worlds in which records go together, but need not, and which are as well as that. */
  readonly fencedBatches: number;
  /** Of worlds in which records go together, and the answer does not tell the truth of each. */
  readonly partialResults: number;
  /** Of worlds in which records have a field now and then. */
  readonly notes: number;
  /** Of worlds in which somebody else changes the destination, and repairs are asked for. */
  readonly repairs: number;
  /** Of worlds in which plans are made and applied. */
  readonly plans: number;
  /** Of worlds in which the source has a list for each parent, where it cannot be asked for one record. */
  readonly parents: number;
  /** Of offsets that overlap. */
  readonly overlaps: number;
  /** Of mirrors read whole whose source lists less than it has for a while. */
  readonly lapses: number;
  /** Of worlds in which records are only updated, where nothing is deleted. */
  readonly updateOnly: number;
  /** Of worlds in which records refer to each other, where they are called by their keys and nothing is deleted. */
  readonly refers: number;
}

export const USUAL: Shares = {
  restless: 0.1,
  deletes: 0.35,
  createOnly: 0.1,
  invalids: 0.2,
  assigned: 0,
  adopted: 0.15,
  found: 0.4,
  batches: 0.5,
  fences: 0.3,
  versions: 0.4,
  conflicts: 0.4,
  fencedBatches: 0.3,
  partialResults: 0.4,
  notes: 0.4,
  repairs: 0.15,
  plans: 0.15,
  parents: 0.1,
  overlaps: 0.5,
  lapses: 0.5,
  updateOnly: 0.05,
  refers: 0.3,
};

/** Without all that most worlds do without, but for records that change to and fro. */
export const PLAIN: Omit<Shares, "restless"> = {
  deletes: 0,
  createOnly: USUAL.createOnly,
  invalids: USUAL.invalids,
  assigned: 0,
  adopted: 0,
  found: 0,
  batches: 0,
  fences: 0,
  versions: 0,
  conflicts: 0,
  fencedBatches: 0,
  partialResults: 0,
  notes: 0,
  repairs: 0,
  plans: 0,
  parents: 0,
  overlaps: 0,
  lapses: 0,
  updateOnly: 0,
  refers: 0,
};

export function worldOf(seed: number, shares: Partial<Shares> = {}): ShapedWorld {
  const chance = seededChance(`world ${seed}`);
  const { restless, adopted, found, plans, ...shaped } = { ...USUAL, ...shares };
  const shape = shapeOf(chance.fork("shape"), { ...USUAL, ...shaped });
  const { source } = shape;
  const isFound = mayBeFound(shape) && flip(chance.fork("whether found"), found);
  // P9: numbered pages of a list that changes leave out what moves, and an incremental read would never meet it again.
  const isNumbered = source.pagination === "page" || source.pagination === "offset";
  const mayLeaveOut = isNumbered && source.overlap === 0 && source.cursor !== undefined;
  const terms = {
    recordsMin: shape.refers ? 80 : 50,
    recordsMore: 100,
    recordsMax: Number.POSITIVE_INFINITY,
    pageSize: source.pageSize,
    resolutionMs: source.cursor?.resolutionMs ?? 1,
    commitLagMs: mayLeaveOut ? undefined : source.commitLagMs,
    editsMax: 80,
    restless,
    adopted: shape.updateOnly || isFound ? 1 : shape.refers ? 0 : adopted,
    isFound,
    plans: shape.refers ? 0 : plans,
    lapses: shape.lapses,
    moves: (source.overlap > 0 || source.parents !== undefined) && !mayLeaveOut && !shape.refers,
    drifts: shape.listed ? driftsOf(shape) : [],
    updates: true,
    deletions: shape.refers ? 0 : deletionsIn(shape.deletes?.mode ?? "never"),
    faults: [...new Set<Fault>([...READ_FAULTS, ...WRITE_FAULTS])].filter((fault) => isFair(fault, shape)),
    // What refers to what is never there, or has gone, waits for ever.
    flaws: shape.refers ? [] : shape.invalids ? (["refused", "invalid"] as const) : (["refused"] as const),
    limits: true,
    tellsAllResults: shape.destination.batch?.tellsAll !== false,
    downMaxMs: Number.POSITIVE_INFINITY,
  };
  return { ...worldUnder(seed, chance, terms), shape };
}

/** Every second world is a restless one. */
export const toothWorldOf = (seed: number, shares: Partial<Shares> = {}): ShapedWorld =>
  worldOf(seed, { restless: seed % 2, ...PLAIN, ...shares });

export const play = async (world: ShapedWorld): Promise<Outcome> => simulate(world, await stageOf(world.shape));

/** Delivered twice, a bare create is there twice, and nobody can tell. */
const isFair = (fault: Fault, { destination: { writes, unique } }: Shape): boolean =>
  fault !== "twice" || writes !== "find" || unique;

const flip = (chance: SeededChance, share = 0.5): boolean => chance.random() < share;

/** Where a list is declared, nothing is created in a destination that is not empty; and what was never found is never deleted. */
const mayBeFound = ({ destination, listed, deletes, updateOnly }: Shape): boolean =>
  destination.writes === "find" && destination.conflict === "source" && !listed && deletes === undefined && !updateOnly;

/** What has vanished under an id that the destination gave is only created again where it can be looked up. */
function driftsOf({ createOnly, destination: { writes, readBack } }: Shape): readonly Drift["kind"][] {
  const isSure = writes !== "keys" || readBack;
  return [...(createOnly ? [] : (["edit"] as const)), ...(isSure ? (["delete"] as const) : []), "add"];
}

function shapeOf(chance: SeededChance, shares: Shares): Shape {
  const { deletes, batches, repairs, overlaps, lapses } = shares;
  const own = chance.fork("sync");
  const drawn = sourceOf(chance.fork("source"), overlaps);
  const [createOnly, invalids] = [flip(own, shares.createOnly), flip(own, shares.invalids)];
  const isDeleting = flip(chance.fork("whether deletes"), deletes);
  const deleting = isDeleting ? deletesOf(drawn, chance.fork("deletes")) : undefined;
  const isNested = deleting?.read !== true && flip(chance.fork("whether parents"), shares.parents);
  const source = isNested ? nested(drawn, chance.fork("parents")) : drawn;
  const destination = destinationOf(chance.fork("destination"), shares.assigned);
  const goesTogether = destination.writes === "upsert" || destination.writes === "find";
  const batch = flip(chance.fork("whether batches"), goesTogether ? batches : 0)
    ? batchOf(chance.fork("batch"), !flip(chance.fork("whether partial results"), shares.partialResults))
    : undefined;
  const fence = fenceOf({ ...destination, batch }, chance, shares);
  const keeps = flip(chance.fork("whether kept"), fence === undefined ? 0 : shares.conflicts);
  const conflict = keeps ? chance.fork("conflict").pick(["destination", "reject"] as const) : "source";
  const updateOnly = deleting === undefined && flip(chance.fork("whether updated"), shares.updateOnly);
  const hasOwn = destination.writes === "upsert" || destination.writes === "keyedUpsert";
  const mayRefer = (hasOwn || destination.writes === "find") && deleting === undefined && !updateOnly && !createOnly;
  const refers = mayRefer && flip(chance.fork("whether refers"), shares.refers);
  const isWhole = deleting?.mode === "mirror" && !deleting.strict && source.cursor === undefined;
  return {
    source,
    destination: { ...destination, batch, fence, conflict },
    createOnly: createOnly && !isDeleting && !updateOnly,
    updateOnly,
    lapses: isWhole && flip(chance.fork("whether lapses"), lapses),
    refers,
    listed: !updateOnly && !refers && flip(chance.fork("whether listed"), repairs),
    invalids: invalids && !refers,
    notes: flip(chance.fork("whether notes"), shares.notes) ? notesOf(destination, chance.fork("notes")) : undefined,
    deletes: deleting,
  };
}

/** What may not be sent twice counts as written where nothing shows but that it has not cleared a field (decision 0021). */
const notesOf = ({ method, writes }: DestinationShape, chance: SeededChance): Shape["notes"] =>
  method === "POST" || writes === "keyedUpsert" ? undefined : chance.pick(["field", "nested", "whole"] as const);

/** U4: a version must be learned of one record, and what bears one goes alone. */
function fenceOf(
  { writes, batch, readBack }: DestinationShape,
  chance: SeededChance,
  { fences, versions, fencedBatches }: Shares,
): DestinationShape["fence"] {
  const mayGoAlone = writes === "upsert" && batch?.isOnly === false;
  const share = batch === undefined ? fences : mayGoAlone ? fencedBatches : 0;
  if (!readBack || !flip(chance.fork("whether fenced"), share)) return undefined;
  const own = chance.fork("fence");
  return flip(own, versions) ? own.pick(["body", "query", "header"] as const) : "etag";
}

const batchOf = (chance: SeededChance, tellsAll: boolean): DestinationShape["batch"] => ({
  tellsAll,
  size: chance.pick([2, 7, 30]),
  isOnly: flip(chance, 0.3),
  keyed: flip(chance),
});

/** The lists of parents are short, and in the order of nothing that goes on from one to the next. */
function nested(source: SourceShape, chance: SeededChance): SourceShape {
  const pagination = chance.pick(["none", "cursor", "link", "nextUrl", "keyset"] as const);
  const asked = source.cursor !== undefined && flip(chance);
  const sorted = asked && pagination !== "keyset" && flip(chance);
  return {
    ...source,
    pageSize: 2 + chance.integer(10),
    parents: { pagination, asked },
    cursor: source.cursor && { ...source.cursor, sorted },
  };
}

function deletesOf({ pagination, overlap }: SourceShape, chance: SeededChance): Shape["deletes"] {
  const mode = chance.pick(["tombstone", "mirror"] as const);
  // P9: records move between numbered pages, so the source is asked.
  const isNumbered = pagination === "page" || pagination === "offset";
  const read = mode === "mirror" && ((isNumbered && overlap === 0) || flip(chance));
  return { mode, read, soft: flip(chance, 0.2), strict: flip(chance, 0.1) };
}

function sourceOf(chance: SeededChance, overlaps: number): SourceShape {
  const pagination = chance.pick(["none", "page", "offset", "cursor", "link", "nextUrl", "keyset"] as const);
  const overlapping = chance.fork("overlap");
  const isTimestamp = flip(chance, 0.7);
  const lookbackMs = chance.pick([10 * SECOND, 2 * MINUTE]);
  const resolutionMs = chance.pick([1, SECOND, lookbackMs / 4]);
  // A list by key is in the order of the keys.
  const sorted = pagination !== "keyset" && flip(chance);
  return {
    pagination,
    pageSize: 5 + chance.integer(40),
    parents: undefined,
    overlap: pagination === "offset" && flip(overlapping, overlaps) ? 1 + overlapping.integer(3) : 0,
    // A time that is rounded down is that much older.
    commitLagMs: 0.9 * (lookbackMs - resolutionMs),
    cursor: flip(chance, 0.65)
      ? {
          type: isTimestamp ? "timestamp" : "integer",
          sorted,
          lookbackMs,
          safetyLagMs: isTimestamp ? chance.pick([0, 10 * SECOND]) : 0,
          resolutionMs,
        }
      : undefined,
  };
}

const ASSIGNED: Partial<Readonly<Record<DestinationShape["writes"], DestinationShape["writes"]>>> = {
  upsert: "keys",
  keyedUpsert: "find",
};

function destinationOf(chance: SeededChance, assigned: number): DestinationShape {
  const drawn = chance.pick(["upsert", "keyedUpsert", "keys", "find"] as const);
  const other = flip(chance.fork("whether assigned"), assigned) ? ASSIGNED[drawn] : undefined;
  const writes = other ?? drawn;
  const method = chance.pick(["PUT", "PATCH"] as const);
  return {
    writes,
    method: writes === "find" && flip(chance.fork("whether posts"), 0.3) ? "POST" : method,
    readBack: flip(chance),
    retentionMs: chance.pick([HOUR, 24 * HOUR]),
    visibilityLagMs: writes === "find" ? chance.pick([0, 5 * SECOND, 25 * SECOND]) : 0,
    unique: writes === "find" && flip(chance),
    lateWriteMs: chance.pick([30 * SECOND, 2 * MINUTE]),
    concurrency: chance.pick([1, 4, 16, undefined]),
    form: flip(chance, 0.1),
    fence: undefined,
    conflict: "source",
    batch: undefined,
  };
}
