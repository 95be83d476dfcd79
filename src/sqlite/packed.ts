import { deflateRawSync, inflateRawSync } from "node:zlib";
import { parseExact } from "../core/exact-json.ts";

/** Shorter texts are kept as they are: deflating them costs more time than it saves space. */
const DEFLATE_FROM_CHARS = 1_024;

/** A JSON value as it is stored: text, or deflated when it is long. Exact numbers keep their digits. */
export function pack(value: unknown): string | Uint8Array {
  const text = JSON.stringify(value);
  return text.length < DEFLATE_FROM_CHARS ? text : deflateRawSync(text);
}

export function unpack<Value>(stored: unknown): Value {
  const text = typeof stored === "string" ? stored : inflateRawSync(stored as Uint8Array).toString("utf8");
  return parseExact(text) as Value;
}

export const unpackOptional = <Value>(stored: unknown): Value | undefined =>
  stored === null || stored === undefined ? undefined : unpack<Value>(stored);

/** SQLite's null is our undefined. */
export const optional = <Value>(value: unknown): Value | undefined => (value === null ? undefined : (value as Value));
