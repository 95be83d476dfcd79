import { EvenkeelError } from "./errors.ts";
import type { Eventual } from "./eventual.ts";
import type { Json, JsonObject } from "./json.ts";

/**
 * What an expression can see besides its input: `$key`, `$id`, `$source` and, for `answers`, the parts of an answer.
 * Names are without the `$`.
 */
export type Bindings = { readonly [name: string]: Json | undefined };

/**
 * A compiled JSONata expression, path, literal or user function. Pure: the same input gives the same value.
 * A plain path returns what is there, lists as they are and exact numbers untouched; undefined when absent.
 * Throws EvenkeelError `CONFIG_EXPRESSION` (with the cause in words) when evaluation fails.
 */
export interface Expression {
  /** As the user wrote it, or the function's source. */
  readonly text: string;
  /** Binding names it refers to: "source", "key", "id". A function refers to all of them. */
  readonly uses: ReadonlySet<string>;
  /** For a plain path: its member names, so that callers can name what is absent. */
  readonly path?: readonly string[];
  /** For any other text: paths from its input that it needs whatever that is, so that one that is never there is misspelt. */
  readonly needs?: readonly (readonly string[])[];
  evaluate(input: Json, bindings?: Bindings): Eventual<Json | undefined>;
}

/** P11: an expression that fails for one record is that record's trouble. Returns why, and throws every other error. */
export function whyFailed(error: unknown): string {
  if (error instanceof EvenkeelError && error.code === "CONFIG_EXPRESSION") return error.message;
  throw error;
}

/** Whether its text fits into a sentence. */
export const isShort = ({ text }: Pick<Expression, "text">): boolean => text.length <= TEXT_MAX && !text.includes("\n");

/** Characters of an expression that a message quotes. */
const TEXT_MAX = 80;

/** The input of a destination's expressions in `{}` and of `body`. */
export interface Scope {
  readonly mapped: JsonObject;
  readonly key: string;
  readonly source: JsonObject;
  readonly destinationId?: string | undefined;
}
