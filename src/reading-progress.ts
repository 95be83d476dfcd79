import type { BuiltSync } from "./config/build.ts";
import type { Clock } from "./core/clock.ts";
import { noCounts, type Counts } from "./core/events.ts";
import type { Wait } from "./pipeline/looking.ts";

/** How far it is, of what reads and writes nothing, at the moment when it is asked. */
export interface ReadingProgress {
  readonly sync: string;
  /** So far; of a list that is compared with, pages and requests alone. */
  readonly counts: Readonly<Counts>;
  /** What is waited for, in words that follow "waiting for"; undefined when it is nothing that takes long. */
  readonly waitingFor: string | undefined;
}

/** What both APIs of a sync are waited for, in words; undefined when it is nothing. */
export const waitOf = ({ connections }: Pick<BuiltSync, "connections">): string | undefined =>
  connections.map((connection) => connection.waitingFor()).find((wait) => wait !== undefined);

/** Keeps which sync is read just now, for whoever asks. */
export class ReadingWatch {
  readonly #clock: Pick<Clock, "wallMs">;
  #current: { readonly name: string; readonly built: BuiltSync; readonly counts: Counts } | undefined;
  #wait: Wait | undefined;

  constructor(clock: Pick<Clock, "wallMs">) {
    this.#clock = clock;
  }

  /** The counts of this sync, from now on. */
  begin(name: string, built: BuiltSync): Counts {
    const counts = noCounts();
    this.#current = { name, built, counts };
    this.#wait = undefined;
    return counts;
  }

  /** What it waits for beside its lanes. */
  readonly waits = (wait: Wait): void => {
    this.#wait = wait;
  };

  readonly progress = (): ReadingProgress | undefined => {
    if (this.#current === undefined) return undefined;
    const { name, built, counts } = this.#current;
    return { sync: name, counts: { ...counts }, waitingFor: waitOf(built) ?? this.#pause() };
  };

  #pause(): string | undefined {
    const leftMs = this.#wait === undefined ? 0 : this.#wait.untilMs - this.#clock.wallMs();
    return leftMs <= 0 ? undefined : `${this.#wait?.reason}; ${Math.ceil(leftMs / 1_000)} s more`;
  }
}
