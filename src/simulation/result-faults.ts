import type { SeededChance } from "../testing/seeded-chance.ts";
import type { Json } from "../core/json.ts";

/**
 * What the answer to a batch may say of one record besides the truth: 503 with or without the effect, 429 without, or nothing at all. By its place
 * alone, a result that is left out makes all of the answer unreadable.
 */
export type ResultFault = "unsure" | "unwritten" | "throttled" | "leftOut";

/** Of each record of a batch. */
const RATE = 0.06;

/** Draws what becomes of the results of a batch. */
export class ResultFaults {
  readonly #chance: SeededChance;
  #isOver: boolean;

  constructor(chance: SeededChance, isHonest: boolean) {
    this.#chance = chance;
    this.#isOver = isHonest;
  }

  draw(): ResultFault | undefined {
    if (this.#isOver || this.#chance.random() >= RATE) return undefined;
    return this.#chance.pick(["unsure", "unwritten", "throttled", "leftOut"] as const);
  }

  /** From here on the destination tells the truth. */
  calm(): void {
    this.#isOver = true;
  }
}

/** The result of a record of which the destination says no more than that. */
export const resultOf = (status: number): { readonly [name: string]: Json } => ({
  status,
  ok: false,
  missing: false,
  exists: false,
});
