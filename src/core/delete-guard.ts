/** How many deletes are too many (D3), of the last 24 hours. Percentages are of the records that the destination is known to hold. */
export interface DeleteGuard {
  /** Up to so many are allowed, whatever their share below `percentMax`. */
  readonly count: number;
  /** Up to this share of all records is allowed, whatever their number below `countMax`. */
  readonly percent: number;
  /** Never more than so many... */
  readonly countMax: number;
  /** ...nor more than this share, if it is more than one record. */
  readonly percentMax: number;
}

/** The time over which deletes are counted together: many small runs are one large one. */
export const GUARD_WINDOW_MS = 86_400_000;

export interface Deleting {
  /** Records that are about to be deleted. */
  readonly deletes: number;
  /** Deleted within the last {@link GUARD_WINDOW_MS}, or on the way. */
  readonly recent: number;
  /** Records that the destination is known to hold, those about to be deleted included. */
  readonly entries: number;
}

/**
 * Whether these deletes may happen (D3). They happen all or none: some of them would only hide that something is wrong. Undefined when they
 * may, otherwise the reason, as a clause.
 */
export function guardDeletes(guard: DeleteGuard, { deletes, recent, entries }: Deleting): string | undefined {
  if (deletes === 0) return undefined;
  const all = deletes + recent;
  const known = entries + recent;
  const isMore = (percent: number): boolean => all * 100 > known * percent;
  // Rounded up, where rounding down would seem to be within the limit.
  const share =
    known === 0
      ? "of none that the destination is known to hold"
      : `${Math.ceil((all * 1_000) / known) / 10} % of ${known} records`;
  const together = recent === 0 ? "" : `, with ${recent} of the last 24 hours,`;
  const are = `${deletes === 1 ? "1 delete" : `${deletes} deletes`}${together} ${all === 1 ? "is" : "are"}`;
  if (all > guard.countMax) return `${are} more than ${guard.countMax} (\`guard.countMax\`)`;
  if (all > 1 && isMore(guard.percentMax))
    return `${are} ${share}, more than ${guard.percentMax} % (\`guard.percentMax\`)`;
  if (all > guard.count && isMore(guard.percent))
    return `${are} more than ${guard.count} and, at ${share}, more than ${guard.percent} % (\`guard\`)`;
  return undefined;
}
