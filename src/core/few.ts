import { listed } from "./observation.ts";

/** So many are named: enough to look them up. */
const NAMED_MAX = 3;

/** Counts records, and names the first of them for a message. */
export class Few {
  readonly #named: string[] = [];
  #number = 0;

  add(key: string): void {
    this.#number += 1;
    if (this.#named.length < NAMED_MAX) this.#named.push(key);
  }

  get number(): number {
    return this.#number;
  }

  /** `a, b, c and 7 more`. */
  get text(): string {
    const more = this.#number - this.#named.length;
    return listed([...this.#named, ...(more > 0 ? [`${more} more`] : [])]);
  }
}
