import type { ManyWrites } from "./destination.ts";

/** What a run will come to. */
export interface Forecast {
  readonly requests: number;
  /** Of the bodies that are written. */
  readonly bytes: number;
  /** At the destination's limit; undefined where none is known. */
  readonly minutes: number | undefined;
  /** What the minutes follow from, in words. */
  readonly basis: string;
}

/** How many records of how many bytes go in one request. */
type Together = Pick<ManyWrites, "size" | "bytes">;

/** Counts the requests of writes, of which several may go in one. Those that go together are taken to follow each other, as in a run that is not slowed down. */
export class Calls {
  /** What is in the request that is being filled. */
  readonly #open = new Map<Together, { records: number; bytes: number }>();
  number = 0;

  /** @param together with others of its kind; undefined: alone */
  add(together: Together | undefined, bytes: number): void {
    const open = together && this.#open.get(together);
    if (together !== undefined && open !== undefined && open.records < together.size) {
      open.records += 1;
      open.bytes += bytes;
      if (open.bytes <= together.bytes) return;
    }
    this.number += 1;
    if (together !== undefined) this.#open.set(together, { records: 1, bytes });
  }
}

/** What a run would send, counted while a plan is made. */
export interface Volume {
  /** Of the bodies that are written. */
  bytes: number;
  lookUps: number;
  /** Records that are written once what they refer to is there. */
  later: number;
  readonly writes: Calls;
  readonly deletes: Calls;
}

/** The lowest limit of the destination, and where it is known from. */
export interface Pace {
  readonly perSecond: number;
  readonly isDeclared: boolean;
}

export function forecastOf(
  pages: number,
  { bytes, lookUps, writes, deletes }: Volume,
  isWithheld: boolean,
  pace: Pace | undefined,
): Forecast {
  const calls = writes.number + lookUps + (isWithheld ? 0 : deletes.number);
  const requests = calls + pages;
  if (pace === undefined) return { requests, bytes, minutes: undefined, basis: "no limit of the destination is known" };
  const { perSecond, isDeclared } = pace;
  const rate = `${Number(perSecond.toPrecision(3))}/s`;
  const basis = `${calls} to the destination at ${rate}, the limit that ${isDeclared ? "is declared" : "it has shown"}`;
  return { requests, bytes, minutes: calls / perSecond / 60, basis };
}
