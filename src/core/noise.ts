import type { Duration } from "./episode.ts";
import { isObject, member, type Json, type JsonObject } from "./json.ts";

/** So many episodes in a row that a lower rate did not prevent make noise likely; twice as many after each time that it was none. */
const SUSPECT_EPISODES = 5;
/** More of the requests than this are refused only by a limit. */
const SUSPECT_SHARE_MAX = 0.1;
/** By chance, numbers of requests between episodes vary at least so much in relation to their mean, and do not grow more than this. */
const SUSPECT_VARIATION_MIN = 0.4;
const SUSPECT_GROWTH_MAX = 3;
/** What is so much rarer than before belongs to another row. */
const ROW_GAP = 5;

/**
 * The test: at so many times the rate, for so many times the requests that are usual between episodes. A limit that the rate is near to refuses most
 * of them; noise refuses no more than before.
 */
const TEST_RATE = 4;
const TEST_LENGTH = 4;

/** Chance alone is not further off than this from what is usual, in standard deviations and in refusals. */
const DEVIATIONS = 3;
const SLACK = 2;
/** Older refusals count less from here on: an API that has mended its ways is believed. What the test found is the measure all the same. */
const REFUSALS_MAX = 64;
const SHARE_GROWTH_MAX = 1.5;

/** So few refusals, one at a time, say nothing: two in a thousand requests. */
const BUDGET_PER_REQUEST = 0.002;
const BUDGET_MAX = 3;

interface Seen {
  readonly requests: number;
  readonly refusals: number;
}

interface SeenEpisode extends Seen {
  /** The rate at which it came, requests a ms. */
  readonly perMs: number;
  /** A higher rate was being tried. */
  readonly isTrial: boolean;
}

interface Test {
  /** The rate before it. */
  readonly backPerMs: number;
  readonly share: number;
  readonly length: number;
}

/** What is to be judged. */
interface Finding {
  readonly episode: SeenEpisode;
  readonly duration: Duration;
  /** Since the rate was set. */
  readonly sinceSet: Seen;
  /** A rate that is known to be the most: more cannot be tried. */
  readonly mostPerMs: number | undefined;
}

/** What is worth remembering (L7). */
export interface NoiseMemory {
  readonly budget: number;
  readonly row: readonly SeenEpisode[];
  readonly known: (Seen & { readonly shareMax: number }) | undefined;
}

/**
 * What to make of an episode. `explained`: nothing. `counts`: it is about the rate, for all that is known. `test`: go on at this rate, to find out.
 * `back`: it was about the rate; go back to this one.
 */
export type Judgement =
  | { readonly kind: "explained" }
  | { readonly kind: "counts" }
  | { readonly kind: "test" | "back"; readonly perMs: number };

const EXPLAINED: Judgement = { kind: "explained" };
const COUNTS: Judgement = { kind: "counts" };

/**
 * Refusals that do not follow the rate: one of the API's servers is overloaded, a record is locked, or the refusals are drawn by lot. A lower rate
 * makes them no rarer in relation to requests, so they would lower it for ever. Pure.
 *
 * ```
 * counts ── a row of episodes that lower rates did not prevent ──▶ test at a much higher rate ── no more is refused ──▶ known: explains its share
 *    ▲                                                                       │
 *    └──────────────────────────────── more is refused ─────────────────────┘
 * ```
 */
export class Noise {
  #budget = 0;
  #row: SeenEpisode[] = [];
  #suspectEpisodes = SUSPECT_EPISODES;
  #test: Test | undefined;
  #known: { requests: number; refusals: number; readonly shareMax: number } | undefined;

  get memory(): NoiseMemory {
    return { budget: this.#budget, row: this.#row, known: this.#known };
  }

  resume({ budget, row, known }: NoiseMemory): void {
    this.#budget = Math.min(budget, BUDGET_MAX);
    this.#row = row.slice(-SUSPECT_EPISODES);
    this.#known = known && { ...known };
  }

  /** A request starts. */
  started(sinceSet: Seen): void {
    this.#budget = Math.min(BUDGET_MAX, this.#budget + BUDGET_PER_REQUEST);
    const test = this.#test;
    if (test === undefined || sinceSet.requests < test.length) return;
    this.#test = undefined;
    this.learn(totalOf([...this.#row, sinceSet]));
  }

  /** So many of so many requests are refused at any rate. */
  learn({ requests, refusals }: Seen): void {
    this.#known = { requests, refusals, shareMax: (SHARE_GROWTH_MAX * refusals) / requests };
    this.#test = undefined;
    this.#row = [];
  }

  /** An episode is over. */
  judge({ episode, duration, sinceSet, mostPerMs = Number.POSITIVE_INFINITY }: Finding): Judgement {
    const test = this.#test;
    const isBrief = duration !== "long";
    if (test !== undefined) {
      if (isBrief && isUsual(sinceSet, test.share)) return EXPLAINED;
      this.#test = undefined;
      this.#row = [];
      this.#suspectEpisodes *= 2;
      return { kind: "back", perMs: test.backPerMs };
    }
    if (duration === "moment" && this.#budget >= episode.refusals) {
      this.#budget -= episode.refusals;
      return EXPLAINED;
    }
    const known = this.#known;
    if (
      isBrief &&
      known !== undefined &&
      isUsual(sinceSet, Math.min(known.shareMax, known.refusals / known.requests))
    ) {
      this.#keep(known, episode);
      return EXPLAINED;
    }
    if (episode.requests * this.#row.length > ROW_GAP * totalOf(this.#row).requests) this.#row = [];
    this.#row.push(episode);
    const testPerMs = episode.perMs * TEST_RATE;
    if (this.#row.length < this.#suspectEpisodes) return COUNTS;
    if (testPerMs > mostPerMs || !isSuspect(this.#row)) {
      this.#row.shift();
      return COUNTS;
    }
    const { requests, refusals } = totalOf(this.#row);
    const length = (TEST_LENGTH * requests) / this.#row.length;
    this.#test = { backPerMs: episode.perMs, share: refusals / requests, length };
    return { kind: "test", perMs: testPerMs };
  }

  #keep(known: { requests: number; refusals: number }, { requests, refusals }: Seen): void {
    known.requests += requests;
    known.refusals += refusals;
    if (known.refusals < REFUSALS_MAX) return;
    known.requests /= 2;
    known.refusals /= 2;
  }
}

function isUsual({ requests, refusals }: Seen, share: number): boolean {
  const expected = share * requests;
  return refusals <= expected + DEVIATIONS * Math.sqrt(expected) + SLACK;
}

/** In a window that is used up the numbers of requests are all the same; on the way down to a limit they grow; and a limit is met by trials. */
function isSuspect(row: readonly SeenEpisode[]): boolean {
  const { requests, refusals } = totalOf(row);
  const usual = requests / row.length;
  const deviation = Math.sqrt(row.reduce((sum, each) => sum + (each.requests - usual) ** 2, 0) / row.length);
  const later = totalOf(row.slice(row.length / 2)).requests;
  return (
    refusals <= requests * SUSPECT_SHARE_MAX &&
    deviation >= usual * SUSPECT_VARIATION_MIN &&
    later <= (requests - later) * SUSPECT_GROWTH_MAX &&
    row.filter(({ isTrial }) => isTrial).length * 2 <= row.length
  );
}

function totalOf(seen: readonly Seen[]): Seen {
  let [requests, refusals] = [0, 0];
  for (const each of seen) {
    requests += each.requests;
    refusals += each.refusals;
  }
  return { requests, refusals };
}

/** What was remembered; undefined for anything else. */
export function noiseMemoryOf(value: Json | undefined): NoiseMemory | undefined {
  if (!isObject(value)) return undefined;
  const [budget, row, known] = [member(value, "budget"), member(value, "row"), member(value, "known")];
  if (!isCount(budget) || !Array.isArray(row)) return undefined;
  return { budget, row: row.flatMap((each: Json) => episodeOf(each) ?? []), known: knownOf(known) };
}

function episodeOf(value: Json): SeenEpisode | undefined {
  if (!isObject(value)) return undefined;
  const seen = seenOf(value);
  const [perMs, isTrial] = [member(value, "perMs"), member(value, "isTrial")];
  return seen !== undefined && isCount(perMs) && typeof isTrial === "boolean" ? { ...seen, perMs, isTrial } : undefined;
}

function knownOf(value: Json | undefined): NoiseMemory["known"] {
  if (!isObject(value)) return undefined;
  const seen = seenOf(value);
  const shareMax = member(value, "shareMax");
  return seen !== undefined && seen.requests > 0 && isCount(shareMax) ? { ...seen, shareMax } : undefined;
}

function seenOf(value: JsonObject): Seen | undefined {
  const [requests, refusals] = [member(value, "requests"), member(value, "refusals")];
  return isCount(requests) && isCount(refusals) ? { requests, refusals } : undefined;
}

const isCount = (value: Json | undefined): value is number =>
  typeof value === "number" && Number.isFinite(value) && value >= 0;
