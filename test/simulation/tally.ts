import type { Played } from "./play.ts";

/** What many worlds came to together. */
export class Tally {
  readonly #requests: number[] = [];
  readonly #faultCounts: number[] = [];
  readonly #faults = new Map<string, number>();
  readonly #deaths = new Map<string, number>();
  readonly #crossed = new Map<string, number>();
  readonly #asked = new Map<string, number>();
  readonly #refused = new Map<string, number>();

  add({ requests, faults, limited, deaths }: Played): void {
    for (const { kind, requests: asked, refused } of limited) {
      raise(this.#asked, kind, asked);
      raise(this.#refused, kind, refused);
    }
    this.#requests.push(requests);
    this.#faultCounts.push(faults.reduce((sum, [, count]) => sum + count, 0));
    for (const [fault, count] of faults) raise(this.#faults, fault, count);
    for (const death of deaths) raise(this.#deaths, death, 1);
    for (const death of new Set(deaths)) for (const [fault] of faults) raise(this.#crossed, `${death} × ${fault}`, 1);
  }

  get worlds(): number {
    return this.#requests.length;
  }

  get medianRequests(): number {
    return median(this.#requests);
  }

  get medianFaults(): number {
    return median(this.#faultCounts);
  }

  text(): string {
    const sum = this.#requests.reduce((all, each) => all + each, 0);
    const lines = (counts: ReadonlyMap<string, number>): string =>
      [...counts]
        .toSorted(([, a], [, b]) => b - a)
        .map(([name, count]) => `${name} ${count}`)
        .join(", ");
    const crossings = [...this.#crossed].toSorted(([, a], [, b]) => a - b);
    const [rarest] = crossings;
    return [
      `${this.worlds} worlds, ${sum} requests; the median world has ${this.medianRequests} requests and ${this.medianFaults} faults`,
      `faults: ${lines(this.#faults)}`,
      `deaths: ${lines(this.#deaths)}`,
      `refused by announced limits: ${[...this.#asked].map(([kind, asked]) => `${kind} ${this.#refused.get(kind) ?? 0} of ${asked}`).join(", ")}`,
      `crossings of a death and a fault: ${crossings.length}, the rarest ${rarest?.[0]} in ${rarest?.[1]} worlds`,
    ].join("\n");
  }
}

const raise = (counts: Map<string, number>, name: string, by: number): void =>
  void counts.set(name, (counts.get(name) ?? 0) + by);

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
