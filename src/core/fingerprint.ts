import { hash } from "node:crypto";
import { isExactNumber, type Json, type JsonObject } from "./json.ts";

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
  let isSorted = !hasIndexNames(names);
  for (let index = 1; isSorted && index < names.length; index++)
    isSorted = (names[index - 1] as string) < (names[index] as string);
  if (isSorted) {
    // JSON.stringify writes members in insertion order, so only changed members need a copy.
    let changed = false;
    const members = names.map((name): [string, Json] => {
      const item = object[name] as Json;
      const inOrder = sorted(item);
      changed ||= inOrder !== item;
      return [name, inOrder];
    });
    return changed ? ordered(members) : object;
  }
  return ordered(names.sort().map((name) => [name, sorted(object[name] as Json)]));
}

/** Names that are array indexes come first in any object, whatever the order of insertion; they must not disturb the order. */
const hasIndexNames = (names: readonly string[]): boolean => names.some((name) => /^\d+$/.test(name));

/**
 * An object that is written in the order of `members`. Index names would jump to the front, in ascending order, for every
 * object alike; so the text stays a function of the content.
 */
function ordered(members: readonly (readonly [string, Json])[]): JsonObject {
  const object: Record<string, Json> = Object.create(null) as Record<string, Json>;
  for (const [name, item] of members) object[name] = item;
  return object;
}
