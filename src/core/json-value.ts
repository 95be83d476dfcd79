import { exactNumber, isExactNumber, setMember, type Json } from "./json.ts";

/** A value as JSON, or what stands in the way: where in it, and what it is. */
export type JsonReading =
  | { readonly ok: true; readonly value: Json | undefined }
  | { readonly ok: false; readonly reason: string };

/** Deeper values are cyclic or hostile; no API nests records so far. */
export const NESTING_MAX = 200;

/** Characters of an unusable value that a message shows. */
const SHOWN = 60;

/**
 * Takes what an expression or a user's function gave as JSON: plain lists and objects only, members that are undefined left
 * out, a BigInt as a number with all its digits. NaN, functions, dates and other objects are refused, because JSON would turn
 * them into something else without a word.
 */
export function toJson(value: unknown): JsonReading {
  const faults: string[] = [];
  const json = convert(value, "", 0, faults);
  const [fault] = faults;
  return fault === undefined ? { ok: true, value: json } : { ok: false, reason: fault };
}

function convert(value: unknown, path: string, depth: number, faults: string[]): Json | undefined {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "undefined":
      return value;
    case "number":
      if (Number.isFinite(value)) return value;
      break;
    case "bigint":
      return exactNumber(String(value));
    case "object":
      if (value === null || isExactNumber(value)) return value;
      if (depth >= NESTING_MAX) return fault(faults, `${at(path)}is nested deeper than ${NESTING_MAX} levels`);
      if (Array.isArray(value)) return list(value, path, depth, faults);
      if (isPlain(value)) return members(value, path, depth, faults);
      break;
    case "function":
    case "symbol":
      break;
  }
  return fault(faults, `${at(path)}is ${describe(value)}, which is not JSON`);
}

function list(value: readonly unknown[], path: string, depth: number, faults: string[]): Json {
  return value.map((item, index): Json => {
    const json = convert(item, `${path}[${index}]`, depth + 1, faults);
    if (json === undefined) fault(faults, `${at(`${path}[${index}]`)}is undefined`);
    return json ?? null;
  });
}

function members(value: object, path: string, depth: number, faults: string[]): Json {
  const copy: Record<string, Json> = {};
  for (const [name, item] of Object.entries(value)) {
    const json = convert(item, path === "" ? name : `${path}.${name}`, depth + 1, faults);
    if (json !== undefined) setMember(copy, name, json);
  }
  return copy;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

const at = (path: string): string => (path === "" ? "it " : `its \`${path}\` `);

function fault(faults: string[], reason: string): undefined {
  faults.push(reason);
}

/** What an unusable value is, with its text where it has one: `a Date (2026-01-31T...)`. */
function describe(value: unknown): string {
  if (typeof value === "number") return String(value);
  if (typeof value !== "object" || value === null) return `a ${typeof value}`;
  const kind = value.constructor.name;
  if (value instanceof Date)
    return `a Date (${Number.isNaN(value.getTime()) ? "invalid" : value.toISOString()}); write date.toISOString()`;
  const text = JSON.stringify(value);
  return `a ${kind} (${text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text})`;
}
