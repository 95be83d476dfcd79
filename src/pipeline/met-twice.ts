import type { RunContext } from "./context.ts";
import { comparison, type ReadPage } from "./read.ts";
import type { PlannedPage } from "./stage.ts";

/**
 * Keys that one read shows more than once (U11): on a page, or on a later page as what is no later version of the record. A record that changes while
 * it is read comes again with a higher cursor, and is one all the same.
 */
export class MetTwice {
  readonly #context: RunContext;
  /** Nothing but this read has written anything yet, so what it wrote was met. */
  readonly #isFresh: boolean;
  #number = 0;
  #example: string | undefined;

  constructor(context: RunContext, isFresh: boolean) {
    this.#context = context;
    this.#isFresh = isFresh;
  }

  see({ superseded, records }: ReadPage, { known, planned }: PlannedPage): void {
    this.#add(superseded);
    if (!this.#isFresh) return;
    const { read, sync } = this.#context;
    const compare = comparison(sync);
    const written = new Set(planned.map(({ record }) => record.key));
    const again = records.filter(({ key, cursor }) => {
      const { entry, operation } = known.get(key) ?? {};
      const before = operation?.ours === true ? operation : entry?.read === read.number ? entry : undefined;
      if (before === undefined) return false;
      const version = before.sourceVersion;
      const order =
        compare === undefined || cursor === undefined || version === undefined ? 0 : compare(cursor, version);
      return order < 0 || (order === 0 && written.has(key));
    });
    this.#add(again.map(({ key }) => key));
  }

  /** Tells it, at the end of the read. */
  warn(): void {
    if (this.#number === 0) return;
    const { say, sync } = this.#context;
    const records = this.#number === 1 ? "1 record has a key" : `${this.#number} records have a key`;
    const counts =
      sync.cursor === undefined ? "the later one" : `the one with the higher ${sync.cursor.field}, else the later one,`;
    const message = `${records} that another one of the same read has, such as ${this.#example}: ${counts} counts`;
    say({ type: "warning", code: "KEY_TWICE", message, next: HINT });
  }

  #add(keys: readonly string[]): void {
    this.#number += keys.length;
    this.#example ??= keys[0];
  }
}

const HINT =
  "If they are different records, `key` does not tell them apart: give it a further field. `evenkeel probe` says which fields do.";
