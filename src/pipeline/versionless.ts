import { counted, listed } from "../core/observation.ts";
import type { Ending } from "./deliver.ts";
import type { RunContext } from "./context.ts";

/** So many are named: enough to look at an answer. */
const NAMED_MAX = 3;

/**
 * Records that were written, and of which the answers gave no version, where somebody else's change is not to be overwritten: what is changed before
 * the next write cannot be told from what this one has written.
 */
export class Versionless {
  readonly #context: RunContext;
  readonly #named: string[] = [];
  #number = 0;

  constructor(context: RunContext) {
    this.#context = context;
  }

  note(ending: Ending): void {
    const { precondition } = this.#context.sync.destination.traits;
    if (precondition === undefined || precondition.conflict === "source") return;
    const { kind, record } = ending.operation;
    if (ending.kind !== "applied" || ending.how === "found" || kind === "delete" || ending.etag !== undefined) return;
    this.#number += 1;
    if (this.#named.length < NAMED_MAX) this.#named.push(record.key);
  }

  /** Says it once. */
  tell(): void {
    const { sync, say } = this.#context;
    if (this.#number === 0) return;
    const more = this.#number - this.#named.length;
    const keys = listed([...this.#named, ...(more > 0 ? [`${more} more`] : [])]);
    const isOne = this.#number === 1;
    const conflict = sync.destination.traits.precondition?.conflict;
    say({
      type: "warning",
      code: "VERSION_MISSING",
      message: `${counted(this.#number, "record")} ${isOne ? "was written, and the answer" : "were written, and the answers"} had no version of ${isOne ? "it" : "them"} (${keys}): what somebody else changes before the next write is overwritten, although \`conflict\` is \`${conflict}\``,
      next: "Ask the API to answer a write with its version: some give the ETag, or the record, for `headers: { Prefer: return=representation }`. Where the answer has it somewhere, `precondition.version` says where.",
    });
  }
}
