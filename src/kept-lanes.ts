import type { Clock } from "./core/clock.ts";
import type { LaneMemory, Ledger } from "./core/ledger.ts";
import { Lanes } from "./http/lanes.ts";

/** Lanes that begin with what the ledger remembers of them, and write down what the next process should know (L7). */
export class KeptLanes {
  readonly lanes: Lanes;
  readonly #ledger: Pick<Ledger, "saveLane">;
  /** What is still to be written, the newest of each lane. */
  readonly #news = new Map<string, LaneMemory>();
  readonly #written = new Map<string, LaneMemory>();
  #writing: Promise<void> | undefined;

  private constructor(clock: Clock, memories: readonly LaneMemory[], ledger: Pick<Ledger, "saveLane">) {
    this.#ledger = ledger;
    this.lanes = new Lanes(clock, memories, (memory) => this.#keep(memory));
  }

  static async of(clock: Clock, ledger: Pick<Ledger, "lanes" | "saveLane">): Promise<KeptLanes> {
    return new KeptLanes(clock, await ledger.lanes(), ledger);
  }

  /** Writes down all that they know by now. Never throws: a run does not fail because its successor will know less. */
  async save(): Promise<void> {
    for (const memory of this.lanes.memories()) this.#keep(memory);
    await this.#writing;
    for (const memory of this.lanes.memories()) if (!this.#written.has(memory.lane)) this.#keep(memory);
    await this.#writing;
  }

  #keep(memory: LaneMemory): void {
    const { blockedUntilMs, learned } = this.#written.get(memory.lane) ?? memory;
    const isWritten = this.#written.has(memory.lane) && !this.#news.has(memory.lane);
    if (isWritten && blockedUntilMs === memory.blockedUntilMs && learned === memory.learned) return;
    this.#news.set(memory.lane, memory);
    this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    for (let [first] = this.#news.values(); first !== undefined; [first] = this.#news.values()) {
      this.#news.delete(first.lane);
      const { lane } = first;
      this.#written.set(lane, first);
      // The end of the run tries it again.
      await this.#ledger.saveLane(first).catch(() => void this.#written.delete(lane));
    }
    this.#writing = undefined;
  }
}
