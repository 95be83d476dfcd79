import { deflateRawSync, inflateRawSync } from "node:zlib";
import { parseExact } from "../core/exact-json.ts";
import { corruptValue } from "./failure.ts";

/**
 * Shorter texts are kept as they are: deflating takes 20 us whatever the length, and a record of 450 characters shrinks by a
 * quarter only, while one of 3,500 shrinks to a ninth.
 */
const DEFLATE_FROM_CHARS = 1_024;

/** The fastest level: on JSON of this size the others take a third longer and save nothing. */
const DEFLATE_LEVEL = 1;

/** The same of what is stored for no longer than a request takes: the disk writes so much in less time. */
const DEFLATE_BRIEF_FROM_CHARS = 16_384;

/** A JSON value as it is stored: text, or deflated where that is smaller. Exact numbers keep their digits (S5). */
export const pack = (value: unknown): string | Uint8Array => packed(value, DEFLATE_FROM_CHARS);

/** As {@link pack}, for what is soon removed. */
export const packBriefly = (value: unknown): string | Uint8Array | null =>
  value === undefined ? null : packed(value, DEFLATE_BRIEF_FROM_CHARS);

function packed(value: unknown, deflateFromChars: number): string | Uint8Array {
  const text = JSON.stringify(value);
  if (text.length < deflateFromChars) return text;
  const deflated = deflateRawSync(text, { level: DEFLATE_LEVEL });
  return deflated.length < text.length ? deflated : text;
}

/** Throws `LEDGER_CORRUPT` when it is not what {@link pack} made. */
export function unpack<Value>(stored: unknown): Value {
  try {
    const text = typeof stored === "string" ? stored : inflateRawSync(stored as Uint8Array).toString("utf8");
    return parseExact(text) as Value;
  } catch (error) {
    throw corruptValue(error);
  }
}

export const packOptional = (value: unknown): string | Uint8Array | null => (value === undefined ? null : pack(value));
export const unpackOptional = <Value>(stored: unknown): Value | undefined =>
  stored === null || stored === undefined ? undefined : unpack<Value>(stored);

/** JSON that holds no numbers of an API, so that a double is enough. Throws `LEDGER_CORRUPT`. */
export function parsePlain<Value>(stored: unknown): Value {
  try {
    return JSON.parse(stored as string) as Value;
  } catch (error) {
    throw corruptValue(error);
  }
}

/** SQLite's null is our undefined. */
export const optional = <Value>(value: unknown): Value | undefined => (value === null ? undefined : (value as Value));
