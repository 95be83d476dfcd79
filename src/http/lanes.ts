import type { Clock } from "../core/clock.ts";
import { sha256 } from "../core/fingerprint.ts";
import type { LaneLimits } from "../core/lane.ts";
import type { LaneStats } from "../core/lane-times.ts";
import type { LaneMemory } from "../core/ledger.ts";
import { Gate } from "./gate.ts";

/** Characters of a credential's hash in the name of its lane: enough to tell an API's credentials apart, too few to guess one by. */
const IDENTITY_CHARS = 4;

/** All lanes of a process: one for each origin and credential, whichever connections, syncs and sides share it (L1). */
export class Lanes {
  readonly #clock: Clock;
  readonly #gates = new Map<string, Gate>();
  readonly #memories: readonly LaneMemory[];
  readonly #keep: (memory: LaneMemory) => void;

  /**
   * @param memories what earlier processes were told (L7)
   * @param keep called with what the next process should know, as soon as a lane does
   */
  constructor(clock: Clock, memories: readonly LaneMemory[], keep: (memory: LaneMemory) => void = () => undefined) {
    this.#clock = clock;
    this.#memories = memories;
    this.#keep = keep;
  }

  /**
   * The gate of this origin and credential. Where the connections that share it declare different limits, the lowest count.
   *
   * @param identity tells credentials apart; it may hold secrets and is not kept
   */
  of(origin: string, identity: string, limits: LaneLimits): Gate {
    const lane = `${origin} ${sha256(identity).slice(0, IDENTITY_CHARS)}`;
    const known = this.#gates.get(lane);
    if (known !== undefined) {
      known.tighten(limits);
      return known;
    }
    const gate: Gate = new Gate(limits, this.#clock, () => this.#keep({ lane, ...gate.memory }));
    const memory = this.#memories.find((each) => each.lane === lane);
    if (memory !== undefined) gate.resume(memory);
    this.#gates.set(lane, gate);
    return gate;
  }

  /** What each of them did so far. */
  stats(): readonly LaneStats[] {
    return [...this.#gates].map(([lane, gate]) => gate.stats(lane.split(" ")[0] ?? lane));
  }

  /** What the next process should know. */
  memories(): readonly LaneMemory[] {
    return [...this.#gates].map(([lane, gate]) => ({ lane, ...gate.memory }));
  }
}
