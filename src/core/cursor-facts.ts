import { compareCursors, compareParsed, parseCursor, type ParsedCursor } from "./cursor.ts";
import type { CursorType } from "./sync.ts";

/** How fine the values of a cursor are: what lies closer together has the same value. */
export type Resolution = "day" | "minute" | "second" | "millisecond" | "microsecond" | "finer" | "unit";

/** What the values of a cursor are like, over some pages of records in the order of the source. */
export interface CursorFacts {
  /** Records with a value that is one of the declared type. */
  readonly usable: number;
  /** Records without a value. */
  readonly missing: number;
  /** Records whose value is none of the declared type. */
  readonly unusable: number;
  /** `level`: all have the same value. */
  readonly order: "ascending" | "descending" | "level" | "none";
  /** Neighbours that do not follow the better of both directions. */
  readonly outOfOrder: number;
  readonly resolution: Resolution | undefined;
  /** Timestamps that say no zone. */
  readonly withoutZone: number;
  /** Values that several records share, and how many records share one of them. */
  readonly tiedValues: number;
  readonly tiedRecords: number;
  readonly largestTie: number;
  /** Borders of pages at which the last record of one page and the first of the next have the same value. */
  readonly tiedBorders: number;
  readonly borders: number;
  readonly lowest: string | undefined;
  readonly highest: string | undefined;
}

interface Valued {
  readonly text: string;
  readonly parsed: ParsedCursor;
}

/** Looks at the cursor values of pages: for each record, in order, what its field holds as text; undefined where it holds nothing. */
export function cursorFacts(type: CursorType, pages: readonly (readonly (string | undefined)[])[]): CursorFacts {
  const read = pages.map((page) =>
    page.map((text): Valued | "missing" | "unusable" => {
      if (text === undefined || text === "") return "missing";
      const parsed = parseCursor(type, text);
      return parsed === undefined ? "unusable" : { text, parsed };
    }),
  );
  const all = read.flat();
  const values = all.filter((each): each is Valued => typeof each === "object");
  const sorted = values.toSorted((a, b) => compareParsed(a.parsed, b.parsed));
  const [up, down] = steps(values);
  const ties = runsOf(sorted);
  const borders = bordersOf(read.map((page) => page.filter((each): each is Valued => typeof each === "object")));
  return {
    usable: values.length,
    missing: all.filter((each) => each === "missing").length,
    unusable: all.filter((each) => each === "unusable").length,
    order: up === 0 && down === 0 ? "level" : down === 0 ? "ascending" : up === 0 ? "descending" : "none",
    outOfOrder: Math.min(up, down),
    resolution: resolutionOf(values),
    withoutZone: values.filter(({ parsed }) => parsed.type === "timestamp" && parsed.timestamp.shape.zone === "")
      .length,
    tiedValues: ties.length,
    tiedRecords: ties.reduce((sum, length) => sum + length, 0),
    largestTie: Math.max(0, ...ties),
    tiedBorders: borders.filter(Boolean).length,
    borders: borders.length,
    lowest: sorted[0]?.text,
    highest: sorted.at(-1)?.text,
  };
}

/** How often the order of change goes up, and how often down, from one record to the next. */
function steps(values: readonly Valued[]): readonly [up: number, down: number] {
  let [up, down] = [0, 0];
  for (let index = 1; index < values.length; index++) {
    const order = compareParsed((values[index] as Valued).parsed, (values[index - 1] as Valued).parsed);
    if (order > 0) up += 1;
    else if (order < 0) down += 1;
  }
  return [up, down];
}

/** The lengths of runs of equal values, of those that are longer than one. */
function runsOf(sorted: readonly Valued[]): readonly number[] {
  const lengths: number[] = [];
  for (const [index, { parsed }] of sorted.entries()) {
    const before = sorted[index - 1];
    if (before !== undefined && compareParsed(before.parsed, parsed) === 0) lengths.push((lengths.pop() ?? 0) + 1);
    else lengths.push(1);
  }
  return lengths.filter((length) => length > 1);
}

function bordersOf(pages: readonly (readonly Valued[])[]): readonly boolean[] {
  return pages.slice(1).flatMap((page, index) => {
    const [last, first] = [pages[index]?.at(-1), page[0]];
    return last === undefined || first === undefined ? [] : [compareParsed(last.parsed, first.parsed) === 0];
  });
}

/** The finest unit that any value uses, whatever the format could hold: `.000Z` everywhere is a source of whole seconds. */
function resolutionOf(values: readonly Valued[]): Resolution | undefined {
  if (values.length === 0) return undefined;
  const times = values.flatMap(({ parsed }) => (parsed.type === "timestamp" ? [parsed.timestamp] : []));
  if (times.length === 0) return values[0]?.parsed.type === "integer" ? "unit" : undefined;
  const digits = Math.max(...times.map(({ fraction }) => fraction.replace(/0+$/, "").length));
  if (digits > 6) return "finer";
  if (digits > 3) return "microsecond";
  if (digits > 0) return "millisecond";
  // Midnight is midnight in the zone that the value is written in.
  const local = times.map(({ seconds, shape }) => seconds + shape.offsetSeconds);
  if (local.some((seconds) => seconds % 60 !== 0)) return "second";
  return local.some((seconds) => seconds % 86_400 !== 0) ? "minute" : "day";
}

/** Whether a value is there, and one of the type. */
export const isUsable =
  (type: CursorType) =>
  (value: string | undefined): value is string =>
    value !== undefined && value !== "" && parseCursor(type, value) !== undefined;

/** A value in the middle of these, above the lowest where they are not all the same; undefined when none is usable. */
export function middleOf(type: CursorType, values: readonly (string | undefined)[]): string | undefined {
  const sorted = values.filter(isUsable(type)).toSorted((a, b) => compareCursors(type, a, b));
  const [lowest] = sorted;
  if (lowest === undefined) return undefined;
  return sorted.slice(Math.floor(sorted.length / 2)).find((value) => compareCursors(type, value, lowest) > 0) ?? lowest;
}
