/** Rates that differ by less than this factor are one level. */
const LEVEL = 2;
/** A lower level says something of a higher one when it is so many levels below: at least twice as slow. */
const APART = 2;

/** So many refusals tell a share; fewer are chance. */
const REFUSALS_LEAST = 8;
/** Of fewer than one request in fifty that is refused, the trials of higher rates may be the reason. */
const SHARE_LEAST = 0.02;
/** Two shares are the same within this factor. */
const SAME_WITHIN = 2;
/** So much less was served at the lower level: the rate was what held it up, and not a limit. */
const SERVED_LESS = 0.6;
/** Half of what was seen at a level is forgotten when there are so many refusals. */
const REFUSALS_MAX = 64;

interface Seen {
  requests: number;
  refusals: number;
  served: number;
  ms: number;
}

/** Refusals that do not follow the rate, and the rate to go back to. */
export interface Unmoved {
  readonly perMs: number;
  readonly requests: number;
  readonly refusals: number;
}

/**
 * What came of each rate that was tried. A limit gives the same at every rate above it, and below it refuses nothing; where a rate that is several
 * times as slow serves less and is refused as often, the refusals have nothing to do with the rate. Pure; times are ms.
 */
export class RateLevels {
  readonly #levels = new Map<number, Seen>();
  #refusalsLeast = REFUSALS_LEAST;

  pass(perMs: number, ms: number): void {
    this.#at(perMs).ms += ms;
  }

  serve(perMs: number): void {
    this.#at(perMs).served += 1;
  }

  /** An episode of refusals is over: so many requests came to it, and so many of them were refused. */
  refuse(perMs: number, { requests, refusals }: { readonly requests: number; readonly refusals: number }): void {
    const level = this.#at(perMs);
    level.requests += requests;
    level.refusals += refusals;
    if (level.refusals < REFUSALS_MAX) return;
    for (const name of ["requests", "refusals", "served", "ms"] as const) level[name] /= 2;
  }

  /** Whether the refusals at this rate have nothing to do with it; undefined while they may have. */
  unmoved(perMs: number): Unmoved | undefined {
    const low = this.#at(perMs);
    let best: { readonly level: number; readonly seen: Seen } | undefined;
    for (const [level, seen] of this.#levels)
      if (level >= levelOf(perMs) + APART && this.#isSame(low, seen) && speedOf(seen) > speedOf(best?.seen))
        best = { level, seen };
    if (best === undefined) return undefined;
    const { level, seen } = best;
    return {
      perMs: LEVEL ** level,
      requests: low.requests + seen.requests,
      refusals: low.refusals + seen.refusals,
    };
  }

  /** Begins anew; it takes twice as many refusals to say the same again. */
  restart(): void {
    this.#refusalsLeast = Math.min(2 * this.#refusalsLeast, REFUSALS_MAX / 2);
    this.#levels.clear();
  }

  #isSame(low: Seen, high: Seen): boolean {
    if (Math.min(low.refusals, high.refusals) < this.#refusalsLeast) return false;
    const [lowShare, highShare] = [low.refusals / low.requests, high.refusals / high.requests];
    return (
      Math.min(lowShare, highShare) >= SHARE_LEAST &&
      Math.max(lowShare, highShare) <= Math.min(lowShare, highShare) * SAME_WITHIN &&
      speedOf(low) <= speedOf(high) * SERVED_LESS
    );
  }

  #at(perMs: number): Seen {
    const level = levelOf(perMs);
    const known = this.#levels.get(level);
    if (known !== undefined) return known;
    const fresh = { requests: 0, refusals: 0, served: 0, ms: 0 };
    this.#levels.set(level, fresh);
    return fresh;
  }
}

const levelOf = (perMs: number): number => Math.floor(Math.log(perMs) / Math.log(LEVEL));

const speedOf = (seen: Seen | undefined): number => (seen === undefined ? 0 : seen.served / Math.max(1, seen.ms));
