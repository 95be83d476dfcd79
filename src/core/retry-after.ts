/** IMF-fixdate, RFC 850 and asctime dates (RFC 9110, 5.6.7). */
const HTTP_DATE =
  /^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}:\d{2} GMT|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, \d{2}-(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-\d{2} \d{2}:\d{2}:\d{2} GMT|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d{2}:\d{2}:\d{2} \d{4})$/;

/** An HTTP date in ms since the epoch; undefined for anything else. */
export function parseHttpDate(text: string): number | undefined {
  if (!HTTP_DATE.test(text)) return undefined;
  // asctime has no zone, and means UTC all the same.
  const ms = Date.parse(text.endsWith("GMT") ? text : `${text} GMT`);
  return Number.isFinite(ms) ? ms : undefined;
}

/**
 * `Retry-After` in ms (RFC 9110, 10.2.3), strictly (R5): digits, a decimal number (rounded up to the ms), or an HTTP date measured against the
 * answer's own clock, since the two machines' clocks may differ. A date that has passed gives 0; anything else gives undefined.
 *
 * @param nowMs the answer's `Date`, or the local clock where it has none
 */
export function parseRetryAfter(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  const trimmed = text.trim();
  if (/^\d{1,15}(?:\.\d{1,9})?$/.test(trimmed)) return Math.ceil(Number(trimmed) * 1_000);
  const dateMs = parseHttpDate(trimmed);
  return dateMs === undefined ? undefined : Math.max(0, dateMs - nowMs);
}
