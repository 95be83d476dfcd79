import type { Coming, Waiting } from "../core/coming.ts";
import { isObject, type JsonObject } from "../core/json.ts";
import type { InvalidRecord } from "../core/record.ts";
import { waits } from "./ambiguity.ts";
import type { RunContext } from "./context.ts";
import type { PlannedPage } from "./stage.ts";

/** Records looked at in one pass. */
const BATCH = 500;

/** A plan's records that refer to others: whether they come to be written is known when all is planned that they may wait for. */
export class Awaiting {
  readonly #context: RunContext;
  readonly #coming: Coming | undefined;
  /** A run over a part of the records does not come back to those that wait for others of the same sync. */
  readonly #partial: boolean;

  constructor(context: RunContext, coming: Coming | undefined, partial: boolean) {
    this.#context = context;
    this.#coming = coming;
    this.#partial = partial;
  }

  /** Notes what a page brings, and what of it waits. Returns what is invalid whatever else is planned. */
  async meet(
    { planned }: Pick<PlannedPage, "planned">,
    invalid: readonly InvalidRecord[],
  ): Promise<readonly InvalidRecord[]> {
    if (this.#coming === undefined) return invalid;
    const { name } = this.#context.sync;
    const created = planned.filter(({ decision }) => decision.kind === "create").map(({ record }) => record.key);
    if (created.length > 0) this.#coming.add(name, created);
    const waiting = await Promise.all(invalid.map((record) => this.#waitingOf(record)));
    const found = waiting.filter((record) => record !== undefined);
    if (found.length > 0) this.#coming.wait(name, found);
    return invalid.filter((_, index) => waiting[index] === undefined);
  }

  /** What waits, once the sync is read: `comes` when it waits for nothing but what the plan brings. */
  *conclude(): Generator<readonly (Waiting & { readonly comes: boolean })[]> {
    const { name } = this.#context.sync;
    this.#coming?.resolve(name);
    for (let after = 0; this.#coming !== undefined;) {
      const batch = this.#coming.waiting(name, after, BATCH);
      const last = batch.at(-1);
      if (last === undefined) return;
      yield batch;
      after = last.number;
    }
  }

  async #waitingOf(record: InvalidRecord): Promise<Waiting | undefined> {
    const { key, body, reason } = record;
    const { mapping, name } = this.#context.sync;
    if (!waits(record) || key === undefined || !isObject(body)) return undefined;
    const mapped = await mapping.map(body as JsonObject);
    const waitsFor = mapped.ok ? undefined : mapped.waits;
    if (waitsFor === undefined || (this.#partial && waitsFor.some(({ sync }) => sync === name))) return undefined;
    return { key, reason, waitsFor };
  }
}
