/**
 * A timestamp taken apart, exact whatever its precision (P1): whole seconds since the Unix epoch, which a double holds exactly,
 * and the digits of the fraction as they were written.
 */
export interface Timestamp {
  readonly seconds: number;
  readonly fraction: string;
  readonly shape: TimestampShape;
}

/** How the source writes a timestamp, so that a computed one looks the same. */
interface TimestampShape {
  /** `T`, `t` or a blank; empty for a date alone. */
  readonly separator: string;
  readonly hasSeconds: boolean;
  /** `.` or `,`; ISO 8601 allows both. */
  readonly point: string;
  /** As written, with a blank before it where there is one: `Z`, `+02:00`, ` UTC`; empty counts as UTC. */
  readonly zone: string;
  readonly offsetSeconds: number;
}

/** RFC 3339 with what APIs make of it: a blank for the `T`, a date alone, no zone, no seconds, any number of fraction digits. */
const TIMESTAMP =
  /^(\d{4})-(\d{2})-(\d{2})(?:([Tt ])(\d{2}):(\d{2})(?::(\d{2})(?:([.,])(\d+))?)?( ?(?:[Zz]|UTC|GMT|[+-]\d{2}(?::?\d{2})?))?)?$/;

const DAY_SECONDS = 86_400;
/** The Gregorian calendar repeats every 400 years, which are so many days. */
const ERA_YEARS = 400;
const ERA_DAYS = 146_097;
const MS_DIGITS = 3;

/** A timestamp, or why the text is none. */
export type TimestampReading =
  | { readonly ok: true; readonly timestamp: Timestamp }
  | { readonly ok: false; readonly reason: string };

/**
 * Reads a timestamp. One without a zone counts as UTC, and a date alone as its first instant. Second 60 is a leap second (RFC 3339,
 * 5.7) and counts as the first of the next minute.
 */
export function readTimestamp(text: string): TimestampReading {
  const parts = TIMESTAMP.exec(text);
  if (parts === null) return unreadable(text);
  const [, year, month, day, separator = "", hour = "0", minute = "0", second, point = ".", fraction = "", zone = ""] =
    parts;
  const days = daysSinceEpoch(Number(year), Number(month), Number(day));
  if (days === undefined) return { ok: false, reason: "is a day that does not exist" };
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second ?? "0") > 60)
    return { ok: false, reason: "is a time of day that does not exist" };
  const offsetSeconds = offsetOf(zone);
  if (offsetSeconds === undefined) return { ok: false, reason: "has a time zone that does not exist" };
  const ofDay = Number(hour) * 3_600 + Number(minute) * 60 + Number(second ?? "0");
  const shape = { separator, hasSeconds: second !== undefined, point, zone, offsetSeconds };
  return { ok: true, timestamp: { seconds: days * DAY_SECONDS + ofDay - offsetSeconds, fraction, shape } };
}

function unreadable(text: string): TimestampReading {
  const reason = /^-?\d+(?:\.\d+)?$/.test(text)
    ? "is a number, and no timestamp: declare `cursor.type: integer`"
    : "is no timestamp such as 2026-01-31T12:00:00Z";
  return { ok: false, reason };
}

/** Days from 1970-01-01; undefined for a day that the calendar does not have. */
function daysSinceEpoch(year: number, month: number, day: number): number | undefined {
  // Date.UTC takes the years 0 to 99 for the last century; an era later the calendar is the same.
  const date = new Date(Date.UTC(year + ERA_YEARS, month - 1, day));
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  return date.getTime() / (DAY_SECONDS * 1_000) - ERA_DAYS;
}

function offsetOf(zone: string): number | undefined {
  const [, sign, hours = "0", minutes = "0"] = /([+-])(\d{2}):?(\d{2})?$/.exec(zone) ?? [];
  if (Number(hours) > 23 || Number(minutes) > 59) return undefined;
  return (sign === "-" ? -1 : 1) * (Number(hours) * 3_600 + Number(minutes) * 60);
}

/** Order by instant, exact. */
export function compareTimestamps(a: Timestamp, b: Timestamp): number {
  return a.seconds - b.seconds || compareFractions(a.fraction, b.fraction);
}

function compareFractions(a: string, b: string): number {
  if (a === b) return 0;
  const digits = Math.max(a.length, b.length);
  const [x, y] = [a.padEnd(digits, "0"), b.padEnd(digits, "0")];
  return x < y ? -1 : x > y ? 1 : 0;
}

/**
 * `amountMs` before this timestamp, in its own format and zone. Where the format cannot say the exact instant (whole seconds, whole
 * days) it is the next earlier one that it can.
 */
export function subtractMs(timestamp: Timestamp, amountMs: number): string {
  const { seconds, fraction, shape } = timestamp;
  // All digits as one integer: with microseconds, 10^-6 s is its unit.
  const digits = Math.max(fraction.length, MS_DIGITS);
  const unitsPerSecond = 10n ** BigInt(digits);
  const units = BigInt(seconds) * unitsPerSecond + BigInt(fraction.padEnd(digits, "0"));
  const result = units - BigInt(Math.ceil(amountMs)) * 10n ** BigInt(digits - MS_DIGITS);
  const rest = ((result % unitsPerSecond) + unitsPerSecond) % unitsPerSecond;
  const wholeSeconds = Number((result - rest) / unitsPerSecond);
  return format(wholeSeconds, String(rest).padStart(digits, "0"), fraction.length, shape);
}

/** The instant `epochMs` as this timestamp's source would write it, when the timestamp is later; undefined otherwise. */
export function cutTo(timestamp: Timestamp, epochMs: number): string | undefined {
  const seconds = Math.floor(epochMs / 1_000);
  const fraction = String(Math.floor(epochMs) - seconds * 1_000).padStart(MS_DIGITS, "0");
  const isLater = timestamp.seconds - seconds || compareFractions(timestamp.fraction, fraction);
  return isLater > 0 ? format(seconds, fraction, timestamp.fraction.length, timestamp.shape) : undefined;
}

/** Writes an instant as the source does, rounded down to what its format can say. */
function format(seconds: number, fraction: string, digits: number, shape: TimestampShape): string {
  const { separator, hasSeconds, point, zone, offsetSeconds } = shape;
  const local = seconds + offsetSeconds;
  const isBeforeAll = local < YEAR_ZERO_SECONDS;
  const iso = new Date((isBeforeAll ? YEAR_ZERO_SECONDS : local) * 1_000).toISOString();
  if (separator === "") return iso.slice(0, 10);
  const shown = (isBeforeAll ? "" : fraction).slice(0, digits).padEnd(digits, "0");
  return `${iso.slice(0, 10)}${separator}${iso.slice(11, hasSeconds ? 19 : 16)}${digits === 0 ? "" : point + shown}${zone}`;
}

/** The format has no earlier instant than 0000-01-01; going back from the year 1, a favourite for "never", stops there. */
const YEAR_ZERO_SECONDS = -62_167_219_200;
