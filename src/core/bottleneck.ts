import type { LaneStats } from "./lane-times.ts";

/** Where the time of a run went. */
export interface RunStats {
  readonly wallMs: number;
  /** Processor time of the thread that does everything. */
  readonly cpuMs: number;
  /** How long the ledger let nothing else go on. */
  readonly ledgerMs: number;
  /** How long something waited for the ledger's disk; other things went on meanwhile. */
  readonly diskMs: number;
  /** How many syncs were run. */
  readonly syncs: number;
  /** So many of them at once. */
  readonly parallel: number;
  readonly lanes: readonly LaneStats[];
}

/** What a run waited for most, and what would make it faster. Sentences. */
export interface Bottleneck {
  readonly because: string;
  readonly next: string | undefined;
}

/** A cause is one when it takes this share of the time. */
const DECISIVE = 0.5;
/** The API's own word, or its absence, is worth telling earlier. */
const NOTABLE = 0.3;
const BUSY = 0.8;

/** A run shorter than this says nothing about where time goes. */
const TELLING_MS = 200;

/** What to make of where the time went. Pure. */
export function bottleneckOf(stats: RunStats): Bottleneck {
  const { wallMs, lanes } = stats;
  if (wallMs < TELLING_MS) return { because: "The run was too short to tell.", next: undefined };
  const shares = lanes.map((lane) => ({ lane, ...sharesOf(lane, wallMs) }));
  for (const { lane, held } of shares) if (held >= NOTABLE) return heldUp(lane, held);
  const busiest = Math.max(0, ...shares.map(({ busy }) => busy));
  if (stats.syncs > 1 && stats.parallel === 1 && Math.max(busiest, stats.cpuMs / wallMs) < BUSY)
    return inTurns(busiest);
  for (const { lane, paced } of shares) if (paced >= DECISIVE) return limited(lane, wallMs);
  if (stats.ledgerMs >= wallMs * DECISIVE)
    return {
      because: `The ledger took ${percent(stats.ledgerMs / wallMs)} of the time.`,
      next: "Put it on a faster disk: `state.file`.",
    };
  if (stats.diskMs >= wallMs * DECISIVE && Math.max(busiest, stats.cpuMs / wallMs) < DECISIVE)
    return {
      because: `The ledger's disk was waited for during ${percent(stats.diskMs / wallMs)} of the time.`,
      next: "Put it on a faster disk: `state.file`.",
    };
  if (stats.cpuMs >= wallMs * BUSY)
    return {
      because: `This process was computing for ${percent(stats.cpuMs / wallMs)} of the time.`,
      next: "Expressions that paths, arithmetic and the usual functions cannot say are the dearest part of a record; otherwise a faster processor.",
    };
  const full = shares.toSorted((a, b) => b.full - a.full)[0];
  if (full !== undefined && full.full >= DECISIVE) return crowded(full.lane);
  const reading = shares.toSorted((a, b) => b.answering - a.answering)[0];
  if (reading !== undefined && reading.answering >= DECISIVE) return awaited(reading.lane);
  return { because: "Nothing stands out: no part took most of the time.", next: undefined };
}

interface Shares {
  readonly busy: number;
  readonly held: number;
  readonly paced: number;
  readonly full: number;
  readonly answering: number;
}

function sharesOf({ ms }: LaneStats, wallMs: number): Shares {
  return {
    busy: 1 - ms.idle / wallMs,
    held: (ms.asked + ms.throttled + ms.quota + ms.circuit) / wallMs,
    paced: ms.pace / wallMs,
    full: ms.full / wallMs,
    answering: ms.answers / wallMs,
  };
}

function heldUp({ origin, ms }: LaneStats, share: number): Bottleneck {
  const reasons = {
    asked: [`${origin} asked to wait`, "Ask its operator for a higher limit, or run at another time."],
    throttled: [
      `${origin} refused requests for speed`,
      "Its limit is learned from that, and kept for the next run; declare `limits.rate` if you know it.",
    ],
    quota: [`the quota of ${origin} was used up`, "Ask its operator for a higher one, or run at another time."],
    circuit: [`${origin} was down`, "Run again when it is well."],
  } as const;
  const [main] = (["asked", "throttled", "quota", "circuit"] as const).toSorted((a, b) => ms[b] - ms[a]);
  const [what, next] = reasons[main ?? "asked"];
  return { because: `For ${percent(share)} of the time, ${what}.`, next };
}

function inTurns(busiest: number): Bottleneck {
  return {
    because: `The syncs ran one after the other, and no API was busy for more than ${percent(busiest)} of the time.`,
    next: "`--parallel 4` lets several of them wait at the same time.",
  };
}

function limited({ origin, perSecond, requests }: LaneStats, wallMs: number): Bottleneck {
  if (perSecond === undefined) return { because: `${origin} was paced for most of the time.`, next: undefined };
  // What an API lets through at once after a rest can exceed it in a short run.
  const used = Math.min(1, (requests.read + requests.write) / (perSecond * (wallMs / 1_000)));
  return {
    because: `The limit of ${Number(perSecond.toPrecision(3))}/s of ${origin} is the bottleneck; ${percent(used)} of it is used.`,
    next: "Batches (`upsertMany`) move more records with each request, where the API has them; otherwise only a higher limit is faster.",
  };
}

function crowded(lane: LaneStats): Bottleneck {
  const { origin, concurrency } = lane;
  return {
    because: `${origin} answers in ${meanOf(lane)} ms on average, and as many requests were under way as may be: ${concurrency} in the end.`,
    next: "If it bears more at once, declare more as `limits.concurrency`; batches (`upsertMany`) move more records with each request.",
  };
}

function awaited(lane: LaneStats): Bottleneck {
  const { origin, requests } = lane;
  const isReading = requests.read > requests.write;
  return {
    because: `For most of the time, answers of ${origin} were waited for: ${meanOf(lane)} ms on average.`,
    next: isReading ? "Ask for larger pages, where the API gives them: `pagination.size`." : undefined,
  };
}

function meanOf({ requests, answersMs }: LaneStats): number {
  const count = requests.read + requests.write;
  return count === 0 ? 0 : Math.round((answersMs.read + answersMs.write) / count);
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;
