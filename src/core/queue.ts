/** Places of items that are gone are given up when there are this many, and more than of those that are left. */
const GONE_MAX = 1_024;

/** First in, first out, at the same cost however many wait: a list shifts all of its items, and a Set walks over those that are gone. */
export class Queue<Item extends object> {
  #items: (Item | undefined)[] = [];
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  get first(): Item | undefined {
    return this.#items[this.#head];
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  /** Removes the first. */
  shift(): void {
    if (this.size === 0) return;
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head === this.#items.length || (this.#head >= GONE_MAX && this.#head > this.size)) this.#close();
  }

  /** Keeps those for which `isKept` is true, in their order. */
  keep(isKept: (item: Item) => boolean): void {
    this.#close();
    this.#items = this.#items.filter((item) => isKept(item as Item));
  }

  #close(): void {
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}
