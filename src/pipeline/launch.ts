import type { Delivery } from "./deliver.ts";
import type { Flow } from "./flow.ts";
import type { ReadPage } from "./read.ts";
import type { Settler } from "./settle.ts";
import type { PlannedPage } from "./stage.ts";

/** Starts what was journalled, page by page, each once its intents are on the disk (K1). Meanwhile the next page is read, planned and stored. */
export class Launch {
  readonly #flow: Pick<Flow, "expect" | "start">;
  readonly #settler: Pick<Settler, "open">;
  #last: Promise<void> = Promise.resolve();

  constructor(flow: Pick<Flow, "expect" | "start">, settler: Pick<Settler, "open">) {
    this.#flow = flow;
    this.#settler = settler;
  }

  /** Resolves when the page before this one has started; throws what its journal threw. */
  async page(
    { end }: Pick<ReadPage, "end">,
    plan: Pick<PlannedPage, "planned">,
    journalled: Promise<readonly Delivery[]>,
  ): Promise<void> {
    const before = this.#last;
    this.#last = before.then(() => this.#start(end, plan, journalled));
    // Whoever waits for the next page, or for all, hears of it.
    for (const each of [journalled, this.#last]) each.catch(() => undefined);
    await before;
  }

  /** Resolves when every page has started; throws what a journal threw. */
  all(): Promise<void> {
    return this.#last;
  }

  async #start(
    end: ReadPage["end"],
    { planned }: Pick<PlannedPage, "planned">,
    journalled: Promise<readonly Delivery[]>,
  ): Promise<void> {
    const deliveries = await journalled;
    for (const { record, decision } of planned) if (decision.kind === "wait") this.#flow.expect(record.key);
    const number = this.#settler.open(end, deliveries.length);
    for (const delivery of deliveries) this.#flow.start(delivery, number);
  }
}
