import {
  compareCursors,
  compareParsed,
  notAfter,
  parseCursor,
  subtractFromCursor,
  type ParsedCursor,
} from "./cursor.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { CursorSpec } from "./sync.ts";

/**
 * The value to ask from (P3): the stored cursor less the look-back. Ties and rows that were committed late are met again and
 * recognised by the ledger.
 */
export const sinceOf = (spec: CursorSpec, cursor: string): string =>
  subtractFromCursor(spec.type, cursor, spec.lookback);

/** The higher of two cursors; undefined only when both are. */
export function higher(spec: CursorSpec, a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return compareCursors(spec.type, a, b) >= 0 ? a : b;
}

/** When a page was asked for, on both clocks; ms since the epoch. */
export interface PageMoment {
  /** The answer's own `Date`; undefined where the API sends none: then the local clock stands in. */
  readonly dateMs: number | undefined;
  /** The local clock when the answer was there. */
  readonly nowMs: number;
  /** The local clock when the read began, in this run or an earlier one. */
  readonly readStartedMs: number;
}

/**
 * Up to which instant of the source's clock a page has shown everything (P3), before the safety lag is taken off.
 *
 * Sorted input shows a row that changes meanwhile again at its end, so the page's own time counts. Without an order, a row that
 * changes on a page that was read already is not met again in this read: only what was there when the read began is known to be seen.
 * That instant is the page's time less how long the read has taken, which holds whatever the two clocks say.
 */
export function seenUntilMs(spec: Pick<CursorSpec, "sorted">, { dateMs, nowMs, readStartedMs }: PageMoment): number {
  const pageMs = dateMs ?? nowMs;
  return spec.sorted ? pageMs : pageMs - Math.max(0, nowMs - readStartedMs);
}

/**
 * The cursor to store for what was read up to `maximum` (P3): never past `untilMs` less the safety lag, since a row with an earlier
 * time may still be committed; and never behind the one stored already.
 *
 * @param untilMs see {@link seenUntilMs}
 */
export function cursorToStore(
  spec: CursorSpec,
  maximum: string | undefined,
  stored: string | undefined,
  untilMs: number,
): string | undefined {
  if (maximum === undefined) return stored;
  const safe = spec.type === "timestamp" ? notAfter(spec.type, maximum, untilMs - spec.safetyLagMs) : maximum;
  return higher(spec, stored, safe);
}

/**
 * What a read may store at its end, as far as that is known at its beginning. Values without a time, from a source without an order, say
 * nothing about when they came: a row that changes on a page that was read already has a higher value than all that were there when the
 * read began, and maybe a lower one than a later page shows. So only values count that were met before, or that the first page shows.
 */
export const boundAtStart = (spec: CursorSpec | undefined, highest: string | undefined): string | undefined =>
  spec === undefined || hasOrder(spec) ? undefined : highest;

/** What a page adds to what the read may store, see {@link boundAtStart}. */
export function boundOfPage(
  spec: CursorSpec,
  maximum: string | undefined,
  moment: PageMoment & { readonly isFirst: boolean },
): string | undefined {
  if (!hasOrder(spec) && !moment.isFirst) return undefined;
  return cursorToStore(spec, maximum, undefined, seenUntilMs(spec, moment));
}

type Passed = Pick<Checkpoint, "passedMs" | "passed">;

/**
 * What the first page adds to {@link Passed} on which something may still come that is committed late: a read that goes on does not see it, and
 * its cursor less the look-back may be past it by then. Where values have no time, it may be any page but what was there before the read began.
 */
export function passedBy(
  spec: CursorSpec,
  { passedMs, passed, highest }: Passed & Pick<Checkpoint, "highest">,
  maximum: string | undefined,
  moment: PageMoment,
): Passed {
  // Without a look-back nothing is committed late.
  if (!spec.sorted || spec.lookback === 0 || maximum === undefined) return {};
  if (spec.type !== "timestamp") return passed === undefined ? { passed: higher(spec, highest, maximum) } : {};
  const pageMs = seenUntilMs(spec, moment);
  const isOver = passedMs !== undefined || notAfter(spec.type, maximum, pageMs - spec.lookback) === maximum;
  return isOver ? {} : { passedMs: pageMs };
}

/** As far as a cursor may be stored that a read has come to. */
export function upToPassed(
  spec: CursorSpec,
  cursor: string | undefined,
  { passedMs, passed }: Passed,
): string | undefined {
  if (cursor === undefined) return undefined;
  if (passedMs !== undefined) return notAfter(spec.type, cursor, passedMs - spec.safetyLagMs);
  return passed !== undefined && compareCursors(spec.type, cursor, passed) > 0 ? passed : cursor;
}

/** Either the rows or their values tell what may still come. */
const hasOrder = ({ sorted, type }: CursorSpec): boolean => sorted || type === "timestamp";

/** The highest usable cursor among these, as the source wrote it. */
export function maximumOf(spec: CursorSpec, cursors: readonly (string | undefined)[]): string | undefined {
  let best: { readonly text: string; readonly parsed: ParsedCursor } | undefined;
  for (const text of cursors) {
    const parsed = text === undefined ? undefined : parseCursor(spec.type, text);
    if (text === undefined || parsed === undefined) continue;
    if (best === undefined || compareParsed(parsed, best.parsed) > 0) best = { text, parsed };
  }
  return best?.text;
}
