import type { Counts } from "./events.ts";

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

/** What is sent besides one request for each operation, counted while a plan is made. */
export interface Volume {
  bytes: number;
  lookUps: number;
  /** Records that are written once what they refer to is there. */
  later: number;
}

/** The lowest limit of the destination, and where it is known from. */
export interface Pace {
  readonly perSecond: number;
  readonly isDeclared: boolean;
}

export function forecastOf(
  { created, updated, deleted, pages }: Counts,
  { bytes, lookUps, later }: Volume,
  pace: Pace | undefined,
): Forecast {
  const calls = created + updated + deleted + lookUps + later;
  const requests = calls + pages;
  if (pace === undefined) return { requests, bytes, minutes: undefined, basis: "no limit of the destination is known" };
  const { perSecond, isDeclared } = pace;
  const rate = `${isDeclared ? "the declared" : "the announced"} ${Number(perSecond.toPrecision(3))}/s`;
  return { requests, bytes, minutes: calls / perSecond / 60, basis: `${calls} to the destination at ${rate}` };
}
