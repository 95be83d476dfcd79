import { hash } from "node:crypto";
import { isExactNumber, setMember, type Json, type JsonObject } from "./json.ts";

/** Base64url SHA-256 of a text: 43 characters, faster to compare in SQLite than a blob. */
export const sha256 = (text: string): string => hash("sha256", text, "base64url");

/** Content hash of a JSON value: equal for equal content, whatever the order of members. */
export const fingerprint = (value: Json): string => sha256(canonical(value));

/**
 * A text that is the same for the same content: members sorted by UTF-16 code units, as in RFC 8785. Unlike there,
 * numbers keep their exact text when a double would change them, so 1.10 and 1.1 differ: they are sent differently.
 */
export function canonical(value: Json): string {
  return JSON.stringify(sorted(value));
}

/** The same value with its members in order; the value itself when they already are, which is the common case. */
function sorted(value: Json): Json {
  if (typeof value !== "object" || value === null || isExactNumber(value)) return value;
  if (Array.isArray(value)) return sortedList(value);
  return sortedObject(value as JsonObject);
}

function sortedList(list: readonly Json[]): readonly Json[] {
  let copy: Json[] | undefined;
  for (let index = 0; index < list.length; index++) {
    const item = list[index] as Json;
    const inOrder = sorted(item);
    if (inOrder !== item) (copy ??= [...list])[index] = inOrder;
  }
  return copy ?? list;
}

function sortedObject(object: JsonObject): JsonObject {
  const names = Object.keys(object);
  if (!areInOrder(names)) return ordered(object, inOrder(names));
  // JSON.stringify writes members in the order in which they came, so only changed members need a copy.
  for (const name of names) {
    const item = object[name] as Json;
    if (sorted(item) !== item) return ordered(object, names);
  }
  return object;
}

/** Records of one kind have the same names, so the last orders are kept, by the number of names. */
const orders: { readonly names: readonly string[]; readonly sorted: readonly string[] }[] = [];
const ORDERS_MAX = 64;

function inOrder(names: readonly string[]): readonly string[] {
  const last = orders[names.length];
  if (last !== undefined && names.every((name, index) => name === last.names[index])) return last.sorted;
  const sorted = names.toSorted();
  if (names.length < ORDERS_MAX) orders[names.length] = { names, sorted };
  return sorted;
}

/** Names that are array indexes come first in any object, whatever the order in which they came; they must not disturb the order. */
function areInOrder(names: readonly string[]): boolean {
  let before = "";
  for (const name of names) {
    if (name < before || isDigit(name.charCodeAt(0))) return false;
    before = name;
  }
  return true;
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;

/**
 * A copy with its members in the order of `names`. Index names jump to the front, in ascending order, for every object alike; so the text
 * stays a function of the content.
 */
function ordered(object: JsonObject, names: readonly string[]): JsonObject {
  const copy: Record<string, Json> = {};
  for (const name of names) setMember(copy, name, sorted(object[name] as Json));
  return copy;
}
