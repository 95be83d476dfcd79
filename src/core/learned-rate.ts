import { Episode } from "./episode.ts";
import { Noise } from "./noise.ts";
import { Probation } from "./probation.ts";
import { RateLevels } from "./rate-levels.ts";
import type { RateMemory } from "./rate-memory.ts";
import { Throughput } from "./throughput.ts";

/** How long a rate must hold without a refusal before a higher one is tried; it doubles with each trial that fails (L5). */
const HOLD_MS = 20_000;
const HOLD_MAX_MS = 600_000;
/** It need not be longer than so many requests take: a trial costs two or three refusals, and one in a hundred is the most there should be. */
const HOLD_REQUESTS = 600;
/** A slow rate holds for longer, since fewer requests than these say nothing. */
const HOLD_REQUESTS_LEAST = 10;
const HOLD_REQUESTS_SLOW = 100;
/** An estimate need not hold for as long: for the pause that it was made from, within these bounds. What holds for less than a window may be on credit. */
const HOLD_OF_NEW_MS = 5_000;
const HOLD_OF_NEW_MAX_MS = 60_000;
/** The upper bound grows by this while one long pause follows the other. */
const HOLD_OF_NEW_GROWTH = 8;
/** Where an answer takes long, many are refused before the first of them is known: for each one beyond these it holds for so many requests more. */
const COST_USUAL = 3;
const COST_REQUESTS = 50;

/** The next rate to try is higher by this, by twice as much after each that held and by half as much after each that did not. */
const STEP = 0.1;
const STEP_MIN = 0.01;
const STEP_MAX = 0.4;

/** Of what was measured this share is used, and somewhat more where it was measured with few requests; less of it where nothing was known before. */
const SHARE = 0.985;
const SHARE_OF_NEW = 0.9;
/** A refusal at a rate that had held before: the wire bunches requests. */
const AGAIN_SHARE = 0.97;
/** Where pauses take more than the rest of this, a rate held only because something had been saved up. */
const ON_CREDIT_SHARE = 0.93;
/** Less than this share of the rate was served: the limit is another one now, or there is an outage. */
const CHANGED_SHARE = 0.7;
const CHANGED_ABOVE = 1.025;
/** Fewer than these measure little: they count together with what comes next. */
const FEW = 8;

/**
 * After an outage, the rate from before it is tried again if it had held for so many times as long, and without any rate for so long at least. In a
 * window that is used up, a rate of which less than CHANGED_SHARE is served holds for less than 2.4 times the pause.
 */
const OUTAGE_FACTOR = 2.5;
/** Where the API asked for the pause, it may be longer than the limit needs, and costs a single refusal. */
const OUTAGE_ASKED_FACTOR = 0.7;
const UNLIMITED_MS = 60_000;

/** Without anything under way, no more than this counts as time in which requests could have gone. */
const IDLE_MAX_MS = 1_000;
const IDLE_MAX_GAPS = 3;

/** Slower than one request in a quarter of an hour is no limit but an API that is closed. */
const LEAST_PER_MS = 1 / 900_000;
/** The first estimate is at least one a second, and each further one at least this share of the one before. */
const FIRST_LEAST_PER_MS = 1 / 1_000;
const DROP_SHARE = 0.25;

/** A rate was refused. */
interface Refused {
  readonly pauseMs: number;
  /** How long the rate had held by then. */
  readonly heldMs: number;
  readonly isAsked: boolean;
  readonly refusals: number;
  /** The rate that was refused, and the one that had held before a higher one was tried. */
  readonly perMs: number;
  readonly heldPerMs: number | undefined;
}

/**
 * The limit of an API that announces none, or a higher one than it keeps to, learned from its refusals (L5). Pure; times are ms on the monotonic
 * clock.
 *
 * Nothing limits until the first refusal. Refusals at one time are one episode; it ends with the first request that is served again, and what was
 * served since the last episode, over the time that took with the pause, is what the API gives: in a window that is used up the pause is the rest of
 * it, and a bucket is empty at both ends. The rate then stays a little below that, and once it has held, a higher one is tried.
 */
export class LearnedRate {
  #perMs: number | undefined;
  #heldPerMs: number | undefined;
  /** The last rate that was refused. */
  #refusedPerMs: number | undefined;
  #holdMs = HOLD_MS;
  #probation = new Probation(0, HOLD_MS);
  #step = STEP;
  /** For how long about this rate has held. */
  #proven = { perMs: 0, ms: 0 };
  readonly #noise = new Noise();
  readonly #throughput = new Throughput();
  readonly #levels = new RateLevels();
  /** Since the rate was set, and since the last episode. */
  #sinceSet = { requests: 0, refusals: 0 };
  #sinceEpisode = { requests: 0, refusals: 0 };
  /** The one that is under way. */
  #episode: Episode | undefined;
  #longPauses = 0;

  /** Requests a ms; undefined before the first refusal. */
  get perMs(): number | undefined {
    return this.#perMs;
  }

  get memory(): RateMemory | undefined {
    if (this.#perMs === undefined) return undefined;
    return { perMs: this.#perMs, holdMs: this.#holdMs, noise: this.#noise.memory };
  }

  /** Takes up what an earlier process learned (L7). */
  resume({ perMs, holdMs, noise }: RateMemory, nowMs: number): void {
    this.#perMs = Math.max(perMs, LEAST_PER_MS);
    this.#holdMs = Math.min(Math.max(holdMs, HOLD_MS), HOLD_MAX_MS);
    if (noise !== undefined) this.#noise.resume(noise);
    // It has held since then for all that is known; and runs that are shorter than it should hold would never try a higher one.
    this.#probation = new Probation(nowMs, HOLD_OF_NEW_MS);
  }

  /**
   * A request starts.
   *
   * @param underWay how many are under way without it
   * @param isDue it came as soon as this rate allowed
   * @param knownPerMs what is declared or announced: at that rate or above, there is nothing to learn
   */
  started(nowMs: number, underWay: number, isDue: boolean, knownPerMs: number | undefined): void {
    this.#pass(nowMs, underWay === 0 && this.#episode === undefined);
    this.#sinceSet.requests += 1;
    this.#sinceEpisode.requests += 1;
    this.#noise.started(this.#sinceSet);
    this.#probation.started(isDue);
    if (this.#perMs === undefined || this.#episode !== undefined || !this.#probation.isOver(nowMs)) return;
    const heldMs = this.#probation.passedMs(nowMs);
    if (this.#probation.isUsed(this.#perMs, nowMs)) this.#raise(this.#perMs, heldMs, knownPerMs);
    this.#probation = new Probation(nowMs, this.#holdMs);
  }

  served(nowMs: number): void {
    this.#pass(nowMs, false);
    this.#throughput.serve();
    if (this.#perMs !== undefined) this.#levels.serve(this.#perMs);
  }

  /** A request was refused for speed, be it the first of an episode or not. */
  countRefusal(): void {
    this.#sinceSet.refusals += 1;
    this.#sinceEpisode.refusals += 1;
  }

  /**
   * The first refusal of an episode, or that of a request that asked whether it is over. Gives the ms until the next one may ask.
   *
   * @param isAsked the API says itself how long to wait
   */
  refused(nowMs: number, isAsked: boolean): number {
    this.#pass(nowMs, false);
    this.#episode ??= new Episode(nowMs);
    return this.#episode.refused(nowMs, isAsked, this.#perMs === undefined ? undefined : 1 / this.#perMs);
  }

  /** A request was served that started after the refusal: the episode is over. */
  resumed(nowMs: number, knownPerMs: number | undefined): void {
    const episode = this.#episode;
    if (episode === undefined) return;
    this.#pass(nowMs, false);
    this.#episode = undefined;
    const pauseMs = episode.pauseMs(nowMs);
    const seen = this.#sinceEpisode;
    this.#sinceEpisode = { requests: 0, refusals: 0 };
    const perMs = this.#perMs ?? knownPerMs;
    if (this.#perMs !== undefined) this.#levels.refuse(this.#perMs, seen);
    if (perMs === undefined) this.#meet(pauseMs);
    else {
      const heldPerMs = this.#heldPerMs;
      const judgement = this.#noise.judge({
        episode: { ...seen, perMs, isTrial: heldPerMs !== undefined },
        duration: episode.duration(nowMs, 1 / perMs),
        sinceSet: this.#sinceSet,
        mostPerMs: knownPerMs,
      });
      if (judgement.kind === "explained") return;
      const unmoved = judgement.kind === "counts" ? this.#levels.unmoved(perMs) : undefined;
      this.#refusedPerMs = judgement.kind === "test" || unmoved !== undefined ? undefined : perMs;
      if (unmoved !== undefined) {
        this.#noise.learn(unmoved);
        this.#levels.restart();
        this.#set(unmoved.perMs, HOLD_MS, STEP_MAX);
      } else if (judgement.kind !== "counts") this.#set(judgement.perMs, HOLD_MS, STEP);
      else {
        const heldMs = this.#probation.passedMs(nowMs) - pauseMs;
        this.#lower({ pauseMs, heldMs, isAsked: episode.isAsked, refusals: seen.refusals, perMs, heldPerMs });
      }
    }
    if (this.#throughput.served < FEW) this.#throughput.continue();
    else this.#throughput.restart();
    this.#probation = new Probation(nowMs, this.#holdMs);
  }

  /** A rate has held: a higher one is tried. */
  #raise(held: number, heldMs: number, knownPerMs: number | undefined): void {
    if (held * CHANGED_SHARE > this.#proven.perMs) this.#proven = { perMs: held, ms: 0 };
    this.#proven.ms += heldMs;
    const mostPerMs = knownPerMs ?? Number.POSITIVE_INFINITY;
    if (held >= mostPerMs) {
      this.#perMs = undefined;
      this.#heldPerMs = undefined;
      this.#sinceSet = { requests: 0, refusals: 0 };
      return this.#throughput.restart();
    }
    const above = this.#heldPerMs === undefined ? 0 : held / (this.#refusedPerMs ?? held);
    // Well above what was refused once, the limit is another one by now.
    const holdMs = above > CHANGED_ABOVE ? HOLD_MS : this.#holdMs;
    this.#set(Math.min(held * (1 + this.#step), mostPerMs), holdMs, above >= 1 ? this.#step * 2 : this.#step);
    this.#heldPerMs = held;
    // What comes now is measured together with the rate that held.
    this.#throughput.turn();
  }

  /** The first refusals of all. */
  #meet(pauseMs: number): void {
    const { served, activeMs } = this.#throughput;
    const busyMs = activeMs - pauseMs;
    if (busyMs < UNLIMITED_MS || busyMs < pauseMs * OUTAGE_FACTOR) return this.#estimate(pauseMs, 0);
    this.#set((served / busyMs) * AGAIN_SHARE, HOLD_OF_NEW_MS, STEP);
  }

  /** A rate was refused: what was measured says by how much it is too high. */
  #lower({ pauseMs, heldMs, isAsked, refusals, perMs, heldPerMs }: Refused): void {
    const { served, perMs: measured } = this.#throughput;
    const share = SHARE * (1 + 0.5 / Math.sqrt(Math.max(1, served)));
    const base = heldPerMs ?? perMs;
    const costMs = Math.min(HOLD_OF_NEW_MAX_MS, ((refusals - COST_USUAL) * COST_REQUESTS) / perMs);
    // L2: what is declared or announced is not given up for one episode.
    if (this.#perMs === undefined) return this.#set(base * AGAIN_SHARE, this.#holdMs * 2, this.#step / 2);
    if (measured < base * CHANGED_SHARE) {
      const { ms, perMs: provenPerMs } = this.#proven;
      this.#proven = { perMs: 0, ms: 0 };
      const outageMs = pauseMs * (isAsked ? OUTAGE_ASKED_FACTOR : OUTAGE_FACTOR);
      if (ms < outageMs) return this.#estimate(pauseMs, costMs);
      // It had held for long, so this was an outage, or the limit is another one now: the next episode tells.
      return this.#set(Math.max(provenPerMs, heldPerMs ?? 0) * AGAIN_SHARE, HOLD_MS, STEP);
    }
    this.#longPauses = 0;
    if (heldPerMs === undefined)
      return this.#set(Math.min(measured * share, base * AGAIN_SHARE), Math.max(this.#holdMs, costMs), this.#step / 2);
    const holdMs = Math.max(this.#holdMs * 2, costMs);
    // A trial that fails says nothing against the rate that held before it, unless that was on credit.
    if (measured >= base * ON_CREDIT_SHARE) {
      this.#proven.ms += heldMs;
      this.#set(base, holdMs, this.#step / 2);
    }
    // What is asked for may be longer than needed, and makes little of what was served.
    else this.#set(isAsked ? base * AGAIN_SHARE : measured * share, holdMs, this.#step / 2);
  }

  /** What was known before does not count: what was measured does. */
  #estimate(pauseMs: number, costMs: number): void {
    const { served, perMs: measured } = this.#throughput;
    const mostMs = HOLD_OF_NEW_MAX_MS * HOLD_OF_NEW_GROWTH ** this.#longPauses;
    if (pauseMs > mostMs) this.#longPauses += 1;
    const holdMs = Math.max(HOLD_OF_NEW_MS, costMs, Math.min(pauseMs, mostMs));
    this.#refusedPerMs = undefined;
    this.#set(measured * SHARE_OF_NEW, holdMs, served < FEW ? STEP_MAX : STEP);
  }

  #set(perMs: number, holdMs: number, step: number): void {
    // One episode is not believed to say more than this: what was refused may have been an outage.
    const leastPerMs = this.#perMs === undefined ? FIRST_LEAST_PER_MS : this.#perMs * DROP_SHARE;
    this.#perMs = Math.max(LEAST_PER_MS, leastPerMs, perMs);
    this.#heldPerMs = undefined;
    this.#sinceSet = { requests: 0, refusals: 0 };
    this.#step = Math.min(STEP_MAX, Math.max(STEP_MIN, step));
    const gapMs = 1 / this.#perMs;
    const leastMs = this.#refusedPerMs === undefined ? HOLD_OF_NEW_MS : HOLD_MS;
    const mostMs = Math.max(
      HOLD_OF_NEW_MAX_MS * HOLD_OF_NEW_GROWTH ** this.#longPauses,
      Math.min(HOLD_MAX_MS, HOLD_REQUESTS * gapMs),
      HOLD_REQUESTS_SLOW * gapMs,
    );
    this.#holdMs = Math.max(leastMs, HOLD_REQUESTS_LEAST * gapMs, Math.min(mostMs, holdMs));
  }

  /** Time passes. What nobody used says nothing about the limit. */
  #pass(nowMs: number, isIdle: boolean): void {
    const gapMs = this.#perMs === undefined ? 0 : 1 / this.#perMs;
    const mostMs = isIdle ? Math.max(IDLE_MAX_MS, IDLE_MAX_GAPS * gapMs) : Number.POSITIVE_INFINITY;
    const ms = this.#throughput.pass(nowMs, mostMs);
    if (this.#perMs !== undefined) this.#levels.pass(this.#perMs, ms);
  }
}
