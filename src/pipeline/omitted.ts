import type { DriftOf } from "../core/drift.ts";
import type { Warning } from "../core/events.ts";
import { counted } from "../core/observation.ts";
import { namesText } from "../core/record-shape.ts";
import type { Sync } from "../core/sync.ts";

/** Counts the records in which the destination holds a field that the mapping has left out. */
export class Omitted {
  readonly #writes: Sync["writes"];
  readonly #paths = new Set<string>();
  #records = 0;

  constructor({ writes }: Pick<Sync, "writes">) {
    this.#writes = writes;
  }

  see(drift: DriftOf): void {
    if (drift.kind !== "different") return;
    const paths = drift.differences.filter(({ after }) => after === undefined).map(({ path }) => path);
    for (const path of paths) this.#paths.add(path);
    if (paths.length > 0) this.#records += 1;
  }

  /** What the user should know of it; undefined when there is none. */
  get warning(): Warning | undefined {
    if (this.#paths.size === 0) return undefined;
    return {
      code: "OMITTED_HELD",
      message: `in ${counted(this.#records, "record")} the destination holds what the mapping has left out: ${namesText([...this.#paths])}`,
      next: `${this.#writes === "createOnly" ? ONLY_CREATED : WRITTEN_AGAIN} Where the API keeps what a write leaves out, let the mapping give null instead, with \`?? null\` at the end of the field's expression; or declare \`omitted: kept\`, and it is not compared.`,
    };
  }
}

const ONLY_CREATED = "No run writes them again, since records are only created.";
const WRITTEN_AGAIN = "`evenkeel check --repair` writes them again.";
