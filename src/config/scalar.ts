import type { Bindings } from "../core/expression.ts";
import type { Json } from "../core/json.ts";

/** What the closures leave to the library: lists, objects as values, and everything that it calls an error. */
export const LEFT: unique symbol = Symbol("left to the library");

/** A scalar; undefined for what is absent. */
export type Scalar = string | number | boolean | null | undefined;

/** One part of an expression, over the input. */
export type Closure = (input: Json, bindings: Bindings) => Scalar | typeof LEFT;

/** What counts as true (docs.jsonata.org, `$boolean`). */
export const truthOf = (value: Scalar): boolean =>
  value !== undefined && value !== null && value !== "" && value !== 0 && value !== false;

/** A value in a text, with numbers as the library writes them: to 15 digits. */
export function textOf(value: Scalar): string | typeof LEFT {
  if (typeof value === "string") return value;
  if (typeof value !== "number") return String(value);
  if (!Number.isFinite(value)) return LEFT;
  return JSON.stringify(Number.isInteger(value) ? value : Number(value.toPrecision(15)));
}
