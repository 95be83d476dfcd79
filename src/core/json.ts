/**
 * A JSON number whose text a double would change (`9007199254740993`, `1.10`), kept as it was written.
 * It is the object that `JSON.rawJSON` makes, so `JSON.stringify` writes the original digits (rule S5).
 */
export type ExactNumber = {
  readonly rawJSON: string;
  /** Exists in the type only: it keeps the compiler from taking an exact number for an object with members. */
  readonly isExactNumber: typeof exact;
};

declare const exact: unique symbol;

export type JsonObject = { readonly [name: string]: Json };

/** A parsed JSON value. Numbers that a double would change are {@link ExactNumber}s. */
export type Json = null | boolean | number | string | ExactNumber | readonly Json[] | JsonObject;

const { rawJSON, isRawJSON } = JSON as unknown as {
  rawJSON(text: string): ExactNumber;
  isRawJSON(value: unknown): boolean;
};

/** Keeps the text of a JSON number. Throws SyntaxError when `text` is not a JSON scalar. */
export const exactNumber = (text: string): ExactNumber => rawJSON(text);

export const isExactNumber = (value: unknown): value is ExactNumber =>
  typeof value === "object" && value !== null && isRawJSON(value);

/** True for a JSON object: not null, not an array, not an exact number. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isRawJSON(value);
}

/**
 * The text of a string or number, exactly as the API wrote it; undefined for everything else.
 * A boolean, null, list or object has no text: it can be neither a key nor a cursor.
 */
export function scalarText(value: Json | undefined): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : undefined;
  return isExactNumber(value) ? value.rawJSON : undefined;
}

/** The object of these members, with `__proto__` as a member like any other (S5). */
export function objectOf(members: Iterable<readonly [string, Json]>): JsonObject {
  const object: Record<string, Json> = {};
  for (const [name, value] of members) setMember(object, name, value);
  return object;
}

/** Sets one member without ever reaching a prototype (S5). */
export function setMember(object: Record<string, Json>, name: string, value: Json): void {
  if (name === "__proto__") {
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  } else object[name] = value;
}

/** An own member, or undefined: never something inherited (S5). */
export function member(value: Json | undefined, name: string): Json | undefined {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}
