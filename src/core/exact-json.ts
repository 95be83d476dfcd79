import { exactNumber, type Json } from "./json.ts";

/** A double has at least 15 digits (IEEE 754), so a number with so many comes back as it was, if it is written plainly. */
const SAFE_DIGITS = 15;

/**
 * Other numbers that a double may change: a fraction of 7 digits or more (0.0000001 comes back as 1e-7), or one behind 10 digits
 * or more (then there may be 16 together); a fraction that ends in 0; minus zero; an exponent. What follows a number in JSON must
 * follow it here, so that the timestamps and UUIDs that every page is full of do not look like one.
 */
const UNUSUAL_NUMBER = /(?:\.(?:\d{7,}|(?<=\d{10}\.)\d+|\d*0)|-0|[eE][-+]?\d+)(?:[,\]}\s]|$)/;

/**
 * Parses JSON so that no number changes (S5): one whose text a double would not give back is an exact number that keeps its text.
 * `__proto__` is a member like any other. Throws SyntaxError.
 *
 * A text without such numbers costs two scans and the native parse; the slow way costs eight times the parse alone. A string that looks like
 * such a number only leads to the slow way.
 */
export function parseExact(text: string): Json {
  if (!hasLongInteger(text) && !UNUSUAL_NUMBER.test(text)) return JSON.parse(text) as Json;
  return JSON.parse(text, keepText as (name: string, value: unknown) => unknown) as Json;
}

/** Whether more than {@link SAFE_DIGITS} digits follow each other. So many are in reach of one place in so many: the others are not looked at. */
function hasLongInteger(text: string): boolean {
  for (let at = SAFE_DIGITS; at < text.length; at += SAFE_DIGITS + 1) {
    if (!isDigitAt(text, at)) continue;
    let begin = at;
    while (isDigitAt(text, begin - 1)) begin -= 1;
    let end = at + 1;
    while (isDigitAt(text, end)) end += 1;
    if (end - begin > SAFE_DIGITS) return true;
  }
  return false;
}

function isDigitAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0x30 && code <= 0x39;
}

function keepText(_name: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== "number" || context?.source === undefined) return value;
  return String(value) === context.source ? value : exactNumber(context.source);
}
