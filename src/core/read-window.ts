import { compareCursors, notAfter, parseCursor, subtractFromCursor } from "./cursor.ts";
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

/**
 * The cursor to store for what was read up to `maximum` (P3): never past the source's own clock less the safety lag, since a row
 * with an earlier time may still be committed; and never behind the one stored already.
 *
 * @param dateMs the source's `Date` when it was asked; the local clock stands in where the API sends none.
 */
export function cursorToStore(
  spec: CursorSpec,
  maximum: string | undefined,
  stored: string | undefined,
  dateMs: number,
): string | undefined {
  if (maximum === undefined) return stored;
  const safe = spec.type === "timestamp" ? notAfter(spec.type, maximum, dateMs - spec.safetyLagMs) : maximum;
  return higher(spec, stored, safe);
}

/** The highest usable cursor among these, as the source wrote it. */
export function maximumOf(spec: CursorSpec, cursors: readonly (string | undefined)[]): string | undefined {
  let best: string | undefined;
  for (const cursor of cursors)
    if (cursor !== undefined && parseCursor(spec.type, cursor) !== undefined) best = higher(spec, best, cursor);
  return best;
}
