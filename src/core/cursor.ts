import type { CursorType } from "./sync.ts";

/** A cursor value taken apart: exact, whatever its precision (P1). */
export type ParsedCursor =
  | { readonly type: "timestamp"; readonly instant: bigint; readonly shape: TimestampShape }
  | { readonly type: "integer"; readonly value: bigint }
  | { readonly type: "text"; readonly value: string };

/** How the source writes a timestamp, so that a computed one looks the same. */
interface TimestampShape {
  readonly separator: string;
  /** Digits of the seconds' fraction. */
  readonly digits: number;
  readonly hasTime: boolean;
  readonly hasSeconds: boolean;
  /** As written: `Z`, `+02:00`, `+0200`, or empty, which counts as UTC. */
  readonly zone: string;
  readonly offsetMinutes: number;
}

/** RFC 3339 with what APIs make of it: a blank for the `T`, no zone, no seconds, any number of fraction digits. */
const TIMESTAMP =
  /^(\d{4})-(\d{2})-(\d{2})(?:([Tt ])(\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,18}))?)?\s?([Zz]|[+-]\d{2}(?::?\d{2})?)?)?$/;

const NANOS_PER_MS = 1_000_000n;
/** Instants are kept in attoseconds: 18 digits of a second's fraction, more than any API writes. */
const ATTO_PER_NANO = 1_000_000_000n;
const ATTO_PER_MS = NANOS_PER_MS * ATTO_PER_NANO;
const FRACTION_DIGITS = 18;

/** Takes a cursor value apart; undefined when it is not one of its type. Text is anything. */
export function parseCursor(type: CursorType, text: string): ParsedCursor | undefined {
  switch (type) {
    case "text":
      return { type, value: text };
    case "integer":
      return /^-?\d{1,400}$/.test(text) ? { type, value: BigInt(text) } : undefined;
    case "timestamp":
      return parseTimestamp(text);
  }
}

function parseTimestamp(text: string): ParsedCursor | undefined {
  const parts = TIMESTAMP.exec(text);
  if (parts === null) return undefined;
  const [, year, month, day, separator = "", hour = "0", minute = "0", second, fraction = "", zone = ""] = parts;
  const ms = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second ?? "0"),
  );
  const date = new Date(ms);
  // Date.UTC rolls 31 February over to March; such a text is no date. Second 60 is a leap second (RFC 3339, 5.7) and may roll over.
  const isReal = date.getUTCMonth() === Number(month) - 1 || Number(second) === 60;
  if (
    !isReal ||
    Number(month) > 12 ||
    Number(hour) > 23 ||
    Number(minute) > 59 ||
    Number(second ?? "0") > 60 ||
    Number(year) < 100
  )
    return undefined;
  const offsetMinutes = offsetOf(zone);
  const instant =
    (BigInt(ms) - BigInt(offsetMinutes) * 60_000n) * ATTO_PER_MS + BigInt(fraction.padEnd(FRACTION_DIGITS, "0"));
  const shape = {
    separator,
    digits: fraction.length,
    hasTime: separator !== "",
    hasSeconds: second !== undefined,
    zone,
    offsetMinutes,
  };
  return { type: "timestamp", instant, shape };
}

function offsetOf(zone: string): number {
  if (zone === "" || zone === "Z" || zone === "z") return 0;
  const sign = zone.startsWith("-") ? -1 : 1;
  const digits = zone.slice(1).replace(":", "");
  return sign * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2) || "0"));
}

/** Exact order of two cursor values; negative when `a` is before `b`. Values that are not of the type compare as text. */
export function compareCursors(type: CursorType, a: string, b: string): number {
  if (a === b) return 0;
  const left = parseCursor(type, a);
  const right = parseCursor(type, b);
  if (left === undefined || right === undefined) return a < b ? -1 : 1;
  const [x, y] = [orderOf(left), orderOf(right)];
  return x < y ? -1 : x > y ? 1 : 0;
}

const orderOf = (cursor: ParsedCursor): bigint | string =>
  cursor.type === "timestamp" ? cursor.instant : cursor.value;

/**
 * `amount` before this value, in the source's own format and zone (P1): ms for timestamps, units for integers. Where the format
 * cannot say the exact instant (whole seconds, whole days) it is the next earlier one that it can. A text stays as it is.
 */
export function subtractFromCursor(type: CursorType, text: string, amount: number): string {
  const parsed = parseCursor(type, text);
  if (parsed === undefined || amount === 0) return text;
  switch (parsed.type) {
    case "text":
      return text;
    case "integer":
      return String(parsed.value - BigInt(Math.ceil(amount)));
    case "timestamp":
      return formatInstant(parsed.instant - BigInt(Math.ceil(amount)) * ATTO_PER_MS, parsed.shape);
  }
}

/** The timestamp itself, or `epochMs` in its format when it is later than that (P3). Other types are returned as they are. */
export function notAfter(type: CursorType, text: string, epochMs: number): string {
  const parsed = parseCursor(type, text);
  if (parsed?.type !== "timestamp") return text;
  const limit = BigInt(Math.floor(epochMs)) * ATTO_PER_MS;
  return parsed.instant <= limit ? text : formatInstant(limit, parsed.shape);
}

/** Writes an instant as the source does, rounded down to what its format can say. */
function formatInstant(instant: bigint, shape: TimestampShape): string {
  const local = instant + BigInt(shape.offsetMinutes) * 60_000n * ATTO_PER_MS;
  const ms = floorDivide(local, ATTO_PER_MS);
  const atto = local - floorDivide(local, ATTO_PER_MS * 1_000n) * ATTO_PER_MS * 1_000n;
  const iso = new Date(Number(ms)).toISOString();
  const date = iso.slice(0, 10);
  if (!shape.hasTime) return date;
  const time = iso.slice(11, shape.hasSeconds ? 19 : 16);
  const fraction = shape.digits === 0 ? "" : `.${String(atto).padStart(FRACTION_DIGITS, "0").slice(0, shape.digits)}`;
  return `${date}${shape.separator}${time}${fraction}${shape.zone}`;
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}
