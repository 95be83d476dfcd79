import { Few } from "../core/few.ts";
import { counted } from "../core/observation.ts";
import type { Ending } from "./deliver.ts";
import type { RunContext } from "./context.ts";

/**
 * Records that were written, and of which the answers gave no version, where somebody else's change is not to be overwritten: what is changed before
 * the next write cannot be told from what this one has written.
 */
export class Versionless {
  readonly #context: RunContext;
  readonly #few = new Few();

  constructor(context: RunContext) {
    this.#context = context;
  }

  note(ending: Ending): void {
    const { precondition } = this.#context.sync.destination.traits;
    if (precondition === undefined || precondition.conflict === "source") return;
    const { kind, record } = ending.operation;
    if (ending.kind !== "applied" || ending.how === "found" || kind === "delete" || ending.etag !== undefined) return;
    this.#few.add(record.key);
  }

  /** Says it once. */
  tell(): void {
    const { sync, say } = this.#context;
    const { number, text } = this.#few;
    if (number === 0) return;
    const isOne = number === 1;
    const conflict = sync.destination.traits.precondition?.conflict;
    say({
      type: "warning",
      code: "VERSION_MISSING",
      message: `${counted(number, "record")} ${isOne ? "was written, and the answer" : "were written, and the answers"} had no version of ${isOne ? "it" : "them"} (${text}): what somebody else changes before the next write is overwritten, although \`conflict\` is \`${conflict}\``,
      next: "Ask the API to answer a write with its version: some give the ETag, or the record, for `headers: { Prefer: return=representation }`. Where the answer has it somewhere, `precondition.version` says where.",
    });
  }
}
