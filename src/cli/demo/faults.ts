import type { Chance } from "../../core/clock.ts";

/** What goes wrong with one request to the demo's destination. */
export type Fault = "none" | "throttle" | "fail" | "lose-answer" | "cut-before";

export type FaultCounts = Record<Exclude<Fault, "none">, number>;

/** Share of write requests that meet each fault. */
const SHARES: readonly (readonly [Exclude<Fault, "none">, number])[] = [
  ["fail", 0.02],
  ["lose-answer", 0.03],
  ["cut-before", 0.01],
];

/** A 429 comes once in so many requests: it pauses the whole lane, so a few of them are enough to see. */
const THROTTLE_EVERY = 700;

/** Draws faults from a seed, and counts them. */
export class Faults {
  readonly counts: FaultCounts = { throttle: 0, fail: 0, "lose-answer": 0, "cut-before": 0 };
  readonly #chance: Chance;
  #requests = 0;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  draw(): Fault {
    this.#requests += 1;
    const fault = this.#requests % THROTTLE_EVERY === 0 ? "throttle" : this.#byShare();
    if (fault !== "none") this.counts[fault] += 1;
    return fault;
  }

  #byShare(): Fault {
    let rest = this.#chance.random();
    for (const [fault, share] of SHARES) {
      if (rest < share) return fault;
      rest -= share;
    }
    return "none";
  }
}
