/** Concurrency without a declaration: where it starts and how far it goes. More gained nothing in measurements (L6). */
const CONCURRENCY_START = 8;
const CONCURRENCY_MAX = 64;

/** Answers that are judged together; fewer would follow single slow ones. */
const SAMPLES_MIN = 16;

/** Answers that take up to this many times the usual leave room for more at once. */
const GROW_BELOW = 1.5;
/** Answers that take more than this many times the usual queue up over there. */
const SHRINK_ABOVE = 2.5;
const SHRINK_TO = 0.8;
/** After a timeout or a refusal for speed. */
const OVERLOAD_TO = 0.5;

/** Differences below this are the wire's, not the load's. */
const SLACK_MS = 10;

/** The usual time is the lowest seen; it rises this slowly, so that an API that became slower for good is believed in the end. */
const USUAL_DOUBLES_MS = 600_000;

/** Reads and writes take different times, so each is compared with its own kind. */
export type RequestKind = "read" | "write";

interface Kind {
  /** Logarithm of the usual time. */
  usual: number;
  sum: number;
  samples: number;
}

/**
 * How many requests may be under way at once (L6). Pure; times are ms on the monotonic clock.
 *
 * Answers are judged in groups by how much longer they take than usual: the mean of the logarithms, so that one slow answer in a group counts
 * little. While the group is fast and the allowance was used up, it doubles until the first slow group or overload (8, 16, 32, 64), and from
 * then on rises by one a group; slow groups lower it to 80 %, a timeout or refusal for speed to half, once for everything that was under way.
 */
export class Concurrency {
  #declared: number;
  #max: number;
  #limit: number;
  #isStarting = true;
  #read: Kind | undefined;
  #write: Kind | undefined;
  #samples = 0;
  /** Sum of the logarithms of time over usual time. */
  #inflation = 0;
  #isUsedUp = false;
  #groupSinceMs = 0;
  #overloadAtMs = Number.NEGATIVE_INFINITY;

  /** @param declared the most that the config allows; undefined: start low and follow the answers */
  constructor(declared: number | undefined) {
    this.#declared = declared ?? Number.POSITIVE_INFINITY;
    this.#max = declared ?? CONCURRENCY_MAX;
    this.#limit = Math.min(declared ?? CONCURRENCY_START, this.#max);
  }

  get limit(): number {
    return Math.max(1, Math.floor(this.#limit));
  }

  /**
   * What is worth remembering (L7); undefined while it is only where it started, or what the config allows, which says nothing of the API.
   */
  get memory(): number | undefined {
    return this.#isStarting || this.limit >= this.#declared ? undefined : this.limit;
  }

  /** A further declared concurrency: the lower one counts. */
  tighten(declared: number): void {
    this.#declared = Math.min(this.#declared, declared);
    this.#max = Math.min(this.#max, declared);
    this.#limit = Math.min(this.#limit, declared);
  }

  /** Takes up what an earlier process came to, once its start was over (L7). */
  resume(limit: number): void {
    this.#limit = Math.min(Math.max(1, limit), this.#max);
    this.#isStarting = false;
  }

  /** A request starts, and this many are under way with it. */
  started(underWay: number): void {
    if (underWay >= this.limit) this.#isUsedUp = true;
  }

  /** An answer came. */
  answered(kind: RequestKind, tookMs: number, nowMs: number): void {
    const time = Math.log(tookMs + SLACK_MS);
    const of = this.#kind(kind, time);
    of.sum += time;
    of.samples += 1;
    this.#samples += 1;
    this.#inflation += time - of.usual;
    if (this.#samples >= Math.max(SAMPLES_MIN, this.#limit)) this.#judge(nowMs);
  }

  /** A timeout or a refusal for speed. L3: what was under way when the last one was noticed belongs to it. */
  overloaded(startedMs: number, nowMs: number): void {
    if (startedMs < this.#overloadAtMs) return;
    this.#overloadAtMs = nowMs;
    this.#isStarting = false;
    this.#limit = Math.max(1, this.#limit * OVERLOAD_TO);
    this.#forget(nowMs);
  }

  #judge(nowMs: number): void {
    const slower = Math.exp(this.#inflation / this.#samples);
    if (slower > SHRINK_ABOVE) {
      this.#isStarting = false;
      this.#limit = Math.max(1, this.#limit * SHRINK_TO);
    } else if (slower < GROW_BELOW && this.#isUsedUp) {
      this.#limit = Math.min(this.#max, this.#isStarting ? this.#limit * 2 : this.#limit + 1);
      if (this.#limit >= CONCURRENCY_MAX) this.#isStarting = false;
    } else if (slower >= GROW_BELOW) this.#isStarting = false;
    const rise = ((nowMs - this.#groupSinceMs) / USUAL_DOUBLES_MS) * Math.LN2;
    for (const kind of [this.#read, this.#write])
      if (kind !== undefined && kind.samples > 0) kind.usual = Math.min(kind.usual + rise, kind.sum / kind.samples);
    this.#forget(nowMs);
  }

  #forget(nowMs: number): void {
    this.#samples = 0;
    this.#inflation = 0;
    this.#isUsedUp = false;
    this.#groupSinceMs = nowMs;
    for (const kind of [this.#read, this.#write]) if (kind !== undefined) kind.sum = kind.samples = 0;
  }

  /** The first answer's time is the first guess at the usual one. */
  #kind(kind: RequestKind, time: number): Kind {
    if (kind === "read") return (this.#read ??= { usual: time, sum: 0, samples: 0 });
    return (this.#write ??= { usual: time, sum: 0, samples: 0 });
  }
}
