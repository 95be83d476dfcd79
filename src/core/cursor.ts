import { invariant } from "./invariant.ts";
import type { CursorType } from "./sync.ts";
import { compareTimestamps, cutTo, readTimestamp, subtractMs, type Timestamp } from "./timestamp.ts";

/** A cursor value taken apart: exact, whatever its precision (P1). */
export type ParsedCursor =
  | { readonly type: "timestamp"; readonly timestamp: Timestamp }
  | { readonly type: "integer"; readonly value: bigint }
  | { readonly type: "text"; readonly value: string };

export type CursorReading =
  | { readonly ok: true; readonly cursor: ParsedCursor }
  /** `reason` goes on from the value: "is no timestamp such as ...". */
  | { readonly ok: false; readonly reason: string };

/** Longer values are no positions in an order, would fit no address, and make exact arithmetic slow. */
export const CURSOR_LENGTH_MAX = 1_024;

/** Takes a cursor value apart, or says why it is none of its type. */
export function readCursor(type: CursorType, text: string): CursorReading {
  if (text.length > CURSOR_LENGTH_MAX)
    return { ok: false, reason: `is longer than ${CURSOR_LENGTH_MAX} characters, and no cursor` };
  switch (type) {
    case "text":
      if (text.isWellFormed()) return { ok: true, cursor: { type, value: text } };
      return { ok: false, reason: "has half of a character (a lone surrogate), which no address keeps" };
    case "integer":
      if (/^-?\d+$/.test(text)) return { ok: true, cursor: { type, value: BigInt(text) } };
      return { ok: false, reason: "is no whole number" };
    case "timestamp": {
      const reading = readTimestamp(text);
      return reading.ok ? { ok: true, cursor: { type, timestamp: reading.timestamp } } : reading;
    }
  }
}

/** Takes a cursor value apart; undefined when it is not one of its type. */
export function parseCursor(type: CursorType, text: string): ParsedCursor | undefined {
  const reading = readCursor(type, text);
  return reading.ok ? reading.cursor : undefined;
}

/**
 * Exact order of two cursor values; negative when `a` is before `b`. Timestamps compare by instant, whatever their zone and
 * precision; text by UTF-16 code units, which is the order of bytes for ASCII. A value that is not of the type is before all that are.
 */
export function compareCursors(type: CursorType, a: string, b: string): number {
  if (a === b) return 0;
  const left = parseCursor(type, a);
  const right = parseCursor(type, b);
  if (left !== undefined && right !== undefined) return compareParsed(left, right);
  return orderOf(left !== undefined, right !== undefined) || orderOf(a, b);
}

/** The order of {@link compareCursors}, for two cursors of one type that were taken apart already. */
export function compareParsed(a: ParsedCursor, b: ParsedCursor): number {
  if (a.type === "timestamp" && b.type === "timestamp") return compareTimestamps(a.timestamp, b.timestamp);
  if (a.type === "integer" && b.type === "integer") return orderOf(a.value, b.value);
  invariant(a.type === "text" && b.type === "text", "P1", `a cursor of type ${a.type} met one of type ${b.type}`);
  return orderOf(a.value, b.value);
}

const orderOf = <Value extends bigint | string | boolean>(a: Value, b: Value): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * `amount` before this value, in the source's own format and zone (P1): ms for timestamps, units for integers. Where the format
 * cannot say the exact instant (whole seconds, whole days) it is the next earlier one that it can. A text stays as it is, and so does
 * a value that is not of the type.
 */
export function subtractFromCursor(type: CursorType, text: string, amount: number): string {
  const parsed = parseCursor(type, text);
  if (parsed === undefined || amount === 0) return text;
  switch (parsed.type) {
    case "text":
      return text;
    case "integer":
      return formatInteger(parsed.value - BigInt(Math.ceil(amount)), text);
    case "timestamp":
      return subtractMs(parsed.timestamp, amount);
  }
}

/** Some sources pad their numbers with zeros to one length; a computed one has it too. */
function formatInteger(value: bigint, like: string): string {
  const digits = /^-?(0\d+)$/.exec(like)?.[1]?.length ?? 0;
  const [sign, size] = value < 0n ? ["-", -value] : ["", value];
  return sign + String(size).padStart(digits, "0");
}

/**
 * The timestamp itself, or `epochMs` in its format when it is later than that (P3). Other types are returned as they are. A
 * timestamp without a zone counts as UTC: where the source means another zone, ahead of UTC it is only cut earlier than it had to be;
 * behind UTC, `lookback` must cover the difference.
 */
export function notAfter(type: CursorType, text: string, epochMs: number): string {
  const parsed = parseCursor(type, text);
  if (parsed?.type !== "timestamp") return text;
  return cutTo(parsed.timestamp, epochMs) ?? text;
}
