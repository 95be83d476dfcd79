import { exactNumber, type Json } from "./json.ts";

/**
 * Looks like a number that a double may change: 16 digits or more, an exponent, a fraction that ends in 0, many zeros after the
 * point, minus zero. Inside a string that only costs the slower parse; timestamps and UUIDs, which every page is full of, do not
 * look like it.
 */
const SUSPICIOUS =
  /[\d.]{17}|\d{16}|(?:^|[:,[\s])-?(?:\d[\d.]*[eE]|\d+\.\d*0(?=[,\]}\s]|$)|0\.0{6}|0(?<=-0)(?=[,\]}\s]|$))/;

/**
 * Parses JSON so that no number changes (S5): one whose text a double would not give back is an exact number that keeps its text.
 * `__proto__` is a member like any other. Throws SyntaxError.
 */
export function parseExact(text: string): Json {
  if (!SUSPICIOUS.test(text)) return JSON.parse(text) as Json;
  return JSON.parse(text, keepText as (name: string, value: unknown) => unknown) as Json;
}

function keepText(_name: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== "number" || context?.source === undefined) return value;
  return String(value) === context.source ? value : exactNumber(context.source);
}
