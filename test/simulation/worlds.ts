import {
  MOMENTS,
  READ_FAULTS,
  WRITE_FAULTS,
  type Crash,
  type Fault,
  type Outage,
} from "../../src/simulation/faults.ts";
import { REFUSED_NAME } from "../../src/simulation/destination-double.ts";
import type { DestinationShape, Shape, SourceShape } from "../../src/simulation/shape.ts";
import type { Edit, World } from "../../src/simulation/world.ts";
import { seededChance, type SeededChance } from "../../src/testing/seeded-chance.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** The world of a seed. Swarm style: each seed switches on a random part of what there is, so that rare things meet each other undisturbed. */
export function worldOf(seed: number): World {
  const chance = seededChance(`world ${seed}`);
  const shape = shapeOf(chance.fork("shape"));
  const records = 50 + chance.integer(120);
  return {
    seed,
    shape,
    records,
    edits: editsOf(records, shape, chance.fork("edits")),
    faults: faultsOf(shape, chance.fork("faults")),
    faultRate: chance.pick([0.01, 0.03, 0.1, 0.25]),
    faultsMax: Number.MAX_SAFE_INTEGER,
    outages: Array.from({ length: chance.pick([0, 0, 1, 2]) }, (_, index) => outageOf(chance.fork(`outage ${index}`))),
    processes: Array.from({ length: 3 + chance.integer(5) }, (_, index) => {
      const each = chance.fork(`process ${index}`);
      return {
        crash: flip(each, 0.7) ? crashOf(each) : undefined,
        stopAfterMs: flip(each, 0.2) ? Math.ceil(each.random() * each.pick([100, SECOND, 30 * SECOND])) : undefined,
        thenWaitMs: each.pick([0, SECOND, 3 * MINUTE, each.random() < 0.1 ? 30 * HOUR : MINUTE]),
        fullRefresh: each.random() < 0.1,
      };
    }),
  };
}

/** Of all kinds many, or two of them that meet each other all the time. */
function faultsOf(shape: Shape, chance: SeededChance): readonly Fault[] {
  const all = [...new Set<Fault>([...READ_FAULTS, ...WRITE_FAULTS])].filter((fault) => isFair(fault, shape));
  return flip(chance, 0.6) ? some(all, chance) : [chance.pick(all), chance.pick(all)];
}

/** Delivered twice, a bare create is there twice, and nobody can tell. */
const isFair = (fault: Fault, { destination: { writes, unique } }: Shape): boolean =>
  fault !== "twice" || writes !== "find" || unique;

const flip = (chance: SeededChance, share = 0.5): boolean => chance.random() < share;

function some<Item>(items: readonly Item[], chance: SeededChance): Item[] {
  const share = 0.2 + 0.8 * chance.random();
  return items.filter(() => flip(chance, share));
}

function shapeOf(chance: SeededChance): Shape {
  return { source: sourceOf(chance.fork("source")), destination: destinationOf(chance.fork("destination")) };
}

function sourceOf(chance: SeededChance): SourceShape {
  const pagination = chance.pick(["none", "page", "offset", "cursor", "link", "nextUrl", "keyset"] as const);
  const isTimestamp = flip(chance, 0.7);
  const lookbackMs = chance.pick([10 * SECOND, 2 * MINUTE]);
  const resolutionMs = chance.pick([1, SECOND, lookbackMs / 4]);
  // A list by key is in the order of the keys.
  const sorted = pagination !== "keyset" && flip(chance);
  return {
    pagination,
    pageSize: 5 + chance.integer(40),
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

function destinationOf(chance: SeededChance): DestinationShape {
  const writes = chance.pick(["upsert", "keyedUpsert", "keys", "find"] as const);
  return {
    writes,
    method: chance.pick(["PUT", "PATCH"]),
    readBack: flip(chance),
    retentionMs: chance.pick([HOUR, 24 * HOUR]),
    visibilityLagMs: writes === "find" ? chance.pick([0, 5 * SECOND, 25 * SECOND]) : 0,
    unique: writes === "find" && flip(chance),
    lateWriteMs: chance.pick([30 * SECOND, 2 * MINUTE]),
    concurrency: chance.pick([1, 4, 16, undefined]),
  };
}

/** Edits while the first runs are under way, and some later. */
function editsOf(records: number, { source }: Shape, chance: SeededChance): readonly Edit[] {
  // P9: numbered pages of a list that changes leave out what moves, and an incremental read would never meet it again.
  const isNumbered = source.pagination === "page" || source.pagination === "offset";
  if (isNumbered && source.cursor !== undefined) return [];
  const edits: Edit[] = [];
  const contents = new Map<number, { name: string; edit: number }[]>();
  const spanMs = chance.pick([5 * SECOND, MINUTE, 10 * MINUTE]);
  const times = Array.from({ length: chance.integer(80) }, () => Math.floor(chance.random() * spanMs)).toSorted(
    (a, b) => a - b,
  );
  let known = records;
  /** When the last change of a record can be seen: they are seen in the order in which they are stamped. */
  const seenMs = new Map<number, number>();
  for (const [index, atMs] of times.entries()) {
    const isNew = flip(chance, 0.25);
    const id = isNew ? (known += 1) : 1 + chance.integer(known);
    const before = contents.get(id) ?? [{ name: `record ${id}`, edit: 0 }];
    const back = before.at(-2);
    const roll = chance.random();
    const content =
      !isNew && roll < 0.05
        ? undefined
        : !isNew && roll < 0.25 && back !== undefined
          ? back
          : { name: roll > 0.97 ? REFUSED_NAME : `record ${id}`, edit: index + 1 };
    if (content !== undefined) contents.set(id, [...before, content]);
    const drawnMs = flip(chance, 0.3) ? Math.floor(chance.random() * source.commitLagMs) : 0;
    const lagMs = Math.max(drawnMs, (seenMs.get(id) ?? 0) - atMs);
    seenMs.set(id, atMs + lagMs);
    edits.push({ atMs, id, content, lagMs });
  }
  return edits;
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

function crashOf(chance: SeededChance): Crash {
  return {
    at: flip(chance, 0.75)
      ? { kind: "step", number: 1 + chance.integer(flip(chance) ? 6 : 30), moment: chance.pick(MOMENTS) }
      : { kind: "time", afterMs: chance.random() * chance.pick([200, 2 * SECOND, MINUTE]) },
    power: flip(chance, 0.3),
    downMs: chance.pick([0, SECOND, 5 * MINUTE, flip(chance, 0.1) ? 30 * HOUR : 0]),
  };
}
