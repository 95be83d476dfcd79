/** One line of the table. */
export interface Row {
  readonly what: string;
  readonly value: string;
  /** What the bar is about: as a rule how many times as fast as something else, or a share of it. */
  readonly figure?: number;
  /** What the figure should be at least, or at most. */
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** Of two in the middle it is what lies between them. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = Math.floor(sorted.length / 2);
  const lower = sorted.length % 2 === 0 ? upper - 1 : upper;
  return ((sorted[lower] ?? Number.NaN) + (sorted[upper] ?? Number.NaN)) / 2;
}

export const whole = (value: number): string => Math.round(value).toLocaleString("en-US");

export const perSecond = (records: number, ms: number): string => `${whole((records / ms) * 1_000)}/s`;

/** How many there are of something in this run of the bench: fewer where it is only tried. */
export type Sized = (count: number) => number;
