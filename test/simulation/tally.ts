import { MOMENTS, READ_FAULTS, STEPS, WRITE_FAULTS } from "../../src/simulation/faults.ts";
import type { Played } from "./play.ts";

type Counts = Record<string, number>;

/** What many worlds came to together. */
export class Tally {
  #requests: number[] = [];
  #faultCounts: number[] = [];
  readonly #faults: Counts = {};
  readonly #deaths: Counts = {};
  readonly #crossed: Counts = {};
  readonly #asked: Counts = {};
  readonly #refused: Counts = {};

  add({ requests, faults, limited, deaths }: Played): void {
    this.#requests.push(requests);
    this.#faultCounts.push(faults.reduce((sum, [, count]) => sum + count, 0));
    for (const [fault, count] of faults) raise(this.#faults, fault, count);
    for (const death of deaths) raise(this.#deaths, death, 1);
    for (const death of new Set(deaths)) for (const [fault] of faults) raise(this.#crossed, `${death} × ${fault}`, 1);
    for (const { kind, requests: asked, refused } of limited) {
      raise(this.#asked, kind, asked);
      raise(this.#refused, kind, refused);
    }
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

  get requests(): number {
    return this.#requests.reduce((all, each) => all + each, 0);
  }

  /** How often each kind of fault happened, and where processes died. */
  get faults(): Readonly<Counts> {
    return this.#faults;
  }

  get deaths(): Readonly<Counts> {
    return this.#deaths;
  }

  /** Requests under each kind of announced limit, and how many of them were refused. */
  get limited(): readonly { readonly kind: string; readonly asked: number; readonly refused: number }[] {
    return Object.entries(this.#asked).map(([kind, asked]) => ({ kind, asked, refused: this.#refused[kind] ?? 0 }));
  }

  /** Pairs of a point of death and a fault, with the number of worlds that had both, the rarest first. */
  get crossings(): readonly (readonly [pair: string, worlds: number])[] {
    const points = [
      "at some time",
      ...Object.keys(STEPS).flatMap((step) => MOMENTS.map((moment) => `${moment} ${step}`)),
    ];
    const faults = [...new Set<string>([...READ_FAULTS, ...WRITE_FAULTS])];
    const pairs = points.flatMap((point) => faults.map((fault) => `${point} × ${fault}`));
    return pairs.map((pair) => [pair, this.#crossed[pair] ?? 0] as const).toSorted(([, a], [, b]) => a - b);
  }

  text(): string {
    const { crossings, limited } = this;
    const few = crossings.filter(([, count]) => count < CROSSED_MIN).length;
    const rarest = crossings.slice(0, 5).map(([pair, count]) => `${pair} ${count}`);
    return [
      `${this.worlds} worlds, ${this.requests} requests; the median world has ${this.medianRequests} requests and ${this.medianFaults} faults`,
      `faults: ${listed(this.#faults)}`,
      `deaths: ${listed(this.#deaths)}`,
      `refused by announced limits: ${limited.map(({ kind, asked, refused }) => `${kind} ${refused} of ${asked}`).join(", ")}`,
      `crossings of a death and a fault: ${crossings.length}, ${few} of them in fewer than ${CROSSED_MIN} worlds; the rarest: ${rarest.join(", ")}`,
    ].join("\n");
  }

  stringify(): string {
    return JSON.stringify({ requests: this.#requests, faultCounts: this.#faultCounts, counts: this.#counts });
  }

  /** Adds what {@link stringify} gave. */
  include(text: string): this {
    const { requests, faultCounts, counts } = JSON.parse(text) as {
      readonly requests: number[];
      readonly faultCounts: number[];
      readonly counts: readonly Counts[];
    };
    this.#requests = [...this.#requests, ...requests];
    this.#faultCounts = [...this.#faultCounts, ...faultCounts];
    for (const [index, own] of this.#counts.entries())
      for (const [name, count] of Object.entries(counts[index] ?? {})) raise(own, name, count);
    return this;
  }

  get #counts(): readonly Counts[] {
    return [this.#faults, this.#deaths, this.#crossed, this.#asked, this.#refused];
  }
}

/** Worlds that every crossing should have been seen in. */
export const CROSSED_MIN = 100;

const listed = (counts: Counts): string =>
  Object.entries(counts)
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");

const raise = (counts: Counts, name: string, by: number): void => void (counts[name] = (counts[name] ?? 0) + by);

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
