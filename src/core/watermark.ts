import { invariant } from "./invariant.ts";

/** A page that was read: what may be saved once everything up to its end is settled. */
interface OpenPage<End> {
  readonly end: End;
  unsettled: number;
}

/**
 * How far everything is settled, in pages (P2). Pages are opened in the order in which they were read; their records settle in
 * any order; the watermark moves over a page only when all pages before it and itself are settled.
 *
 * With pages of 3, 2 and 1 unsettled records: settling the second page whole moves nothing; settling the first moves over both.
 */
export class Watermark<End> {
  readonly #pages: OpenPage<End>[] = [];
  #first = 0;
  #unsettled = 0;

  /** Opens the next page and returns its number. `unsettled`: how many of its records are not settled yet. */
  open(end: End, unsettled: number): number {
    this.#pages.push({ end, unsettled });
    this.#unsettled += unsettled;
    return this.#first + this.#pages.length - 1;
  }

  /** One record of this page is settled. */
  settle(page: number): void {
    const open = this.#pages[page - this.#first];
    invariant(open !== undefined && open.unsettled > 0, "P2", `page ${page} settled more records than it has`);
    open.unsettled -= 1;
    this.#unsettled -= 1;
  }

  /** Moves over all settled pages; the end of the last one, or undefined when the watermark stays where it is. */
  advance(): End | undefined {
    let moved: OpenPage<End> | undefined;
    while (this.#pages[0]?.unsettled === 0) {
      moved = this.#pages.shift();
      this.#first += 1;
    }
    return moved?.end;
  }

  /** Records that are not settled, over all pages: what bounds the memory of a run. */
  get unsettled(): number {
    return this.#unsettled;
  }
}
