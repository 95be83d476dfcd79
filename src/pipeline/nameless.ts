import { Few } from "../core/few.ts";
import { counted } from "../core/observation.ts";
import type { Ending } from "./deliver.ts";
import type { RunContext } from "./context.ts";

/** Records that were created, and of which the answers gave no id: they are there, and nothing more can be done to them. */
export class Nameless {
  readonly #context: RunContext;
  readonly #few = new Few();

  constructor(context: RunContext) {
    this.#context = context;
  }

  note(ending: Ending): void {
    const { addressing, find } = this.#context.sync.destination.traits;
    const { kind, record } = ending.operation;
    if (addressing === "own" || find !== undefined) return;
    if (ending.kind !== "applied" || kind !== "create" || ending.destinationId !== undefined) return;
    this.#few.add(record.key);
  }

  /** Says it once, before somebody wants to change one of them. */
  tell(): void {
    const { sync, say } = this.#context;
    const { number, text } = this.#few;
    if (number === 0) return;
    const isOne = number === 1;
    const [were, them] = isOne ? ["was created, and the answer", "it"] : ["were created, and the answers", "them"];
    const where =
      sync.destination.many("create") === undefined ? "`create.id`" : "`create.id` and `createMany.results.id`";
    say({
      type: "warning",
      code: "ID_MISSING",
      message: `${counted(number, "record")} ${were} had no id of ${them} (${text}): neither an update nor a delete can reach ${them}`,
      next: `Compare ${where} with an answer, as \`--trace\` shows it, or declare \`find\`. The ledger learns the ids of those by \`evenkeel state import ${sync.name} FILE\`.`,
    });
  }
}
