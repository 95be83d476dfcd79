/** How a write ended, as far as a streak is concerned. */
export type StreakOutcome = "applied" | "rejected" | "held";

/**
 * So many records refused in a row, and none applied between, are no bad records: the mapping, an address or a permission is
 * wrong. The run stops before it spends a request on each of the rest.
 */
const REJECTED_IN_A_ROW_MAX = 1_000;

/**
 * So many writes given up in a row, and none that came through between: the API is down. Each of them is kept with its bytes,
 * so the run stops before the ledger holds a copy of the whole source.
 */
const HELD_IN_A_ROW_MAX = 200;

/** Counts equal endings in a row. */
export class Streak {
  #kind: StreakOutcome = "applied";
  #length = 0;

  /** Notes an ending; returns the kind when its streak has just reached its limit. */
  note(kind: StreakOutcome): "rejected" | "held" | undefined {
    this.#length = kind === this.#kind ? this.#length + 1 : 1;
    this.#kind = kind;
    if (kind === "rejected" && this.#length === REJECTED_IN_A_ROW_MAX) return kind;
    if (kind === "held" && this.#length === HELD_IN_A_ROW_MAX) return kind;
    return undefined;
  }
}
