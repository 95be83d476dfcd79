import { EvenkeelError, type Place } from "../core/errors.ts";
import type { Bindings, Expression } from "../core/expression.ts";
import { toJson } from "../core/json-value.ts";
import type { Json } from "../core/json.ts";
import type { Compiled } from "../core/template.ts";
import { withoutExactNumbers } from "./exact-number.ts";
import { failed, parseQuery, problemOfInput, problemOfName, type Surroundings } from "./jsonata.ts";
import { literal, parseDirect } from "./path.ts";

/**
 * What a TypeScript config may write instead of an expression's text. `input` is the record (or answer, or mapped record)
 * with exact numbers made plain, `bindings` what the text form calls `$key`, `$id`, `$source`. It must give the same for the same
 * input; undefined leaves the field out.
 */
// oxlint-disable-next-line typescript/no-explicit-any -- users type their own records, and a parameter of any accepts them all
export type ExpressionFunction = (input: any, bindings: Readonly<Record<string, any>>) => unknown;

/** An expression as a config holds it: a text, or in TypeScript a function; in a mapping also a number, boolean or null. */
export type ExpressionSource = string | number | boolean | null | ExpressionFunction;

export interface CompileOptions extends Partial<Surroundings> {
  /** Where it stands in the config, for the error. */
  readonly place?: Place;
}

/** Everything that is bound anywhere; a caller that knows less passes what it knows. */
const ANY_BINDING: ReadonlySet<string> = new Set(["key", "id", "source"]);

/** Longer texts are not expressions; this bounds the parser's work. */
const TEXT_LENGTH_MAX = 16_384;

/**
 * Compiles an expression once. Plain paths, literals, synchronous functions and what {@link closureOf} compiles evaluate synchronously; everything
 * else gives a promise. Throws `CONFIG_EXPRESSION` when it cannot be compiled.
 */
export function compileExpression(source: ExpressionSource, options: CompileOptions = {}): Expression {
  if (typeof source === "function") return compileFunction(source);
  if (typeof source !== "string") return { text: String(source), uses: new Set(), evaluate: literal(source).evaluate };
  const compiled = compileText(source, options);
  if (compiled.ok) return compiled.expression;
  const { place } = options;
  const message = `\`${source}\`: ${compiled.reason} (at character ${compiled.offset + 1})`;
  throw new EvenkeelError("CONFIG_EXPRESSION", message, place === undefined ? {} : { place });
}

/** Compiles an expression's text; a problem carries its offset, for a place in the file. */
export function compileText(
  source: string,
  { bindings = ANY_BINDING, inputs, functions }: CompileOptions = {},
): Compiled {
  const text = source.trim();
  const start = source.length - source.trimStart().length;
  if (text === "") return { ok: false, reason: "it is empty", offset: 0 };
  if (text.length > TEXT_LENGTH_MAX)
    return { ok: false, reason: `it is longer than ${TEXT_LENGTH_MAX} characters`, offset: 0 };
  const direct = parseDirect(text);
  if (direct !== undefined) {
    const { binding, path, evaluate } = direct;
    const [first] = path ?? [];
    const problem =
      binding !== undefined
        ? problemOfBinding(binding, bindings)
        : first !== undefined && inputs !== undefined && !inputs.has(first)
          ? problemOfInput(first, inputs)
          : undefined;
    if (problem !== undefined) return { ok: false, reason: problem, offset: start };
    const uses = new Set(binding === undefined ? [] : [binding]);
    return {
      ok: true,
      expression: { text, uses, ...(path === undefined || path.length === 0 ? {} : { path }), evaluate },
    };
  }
  const parsed = parseQuery(text, {
    bindings,
    ...(inputs === undefined ? {} : { inputs }),
    ...(functions === undefined ? {} : { functions }),
  });
  if (!parsed.ok) return { ...parsed, offset: start + parsed.offset };
  return { ok: true, expression: { text, ...parsed.query } };
}

function problemOfBinding(name: string, bindings: ReadonlySet<string>): string | undefined {
  if (bindings.has(name)) return undefined;
  return problemOfName(name, false, bindings) ?? `\`$${name}\` is a function: call it, as in \`$${name}(name)\``;
}

function compileFunction(source: ExpressionFunction): Expression {
  const text = source.toString();
  const name = source.name === "" ? "the function" : source.name;
  const take = (result: unknown): Json | undefined => {
    const json = toJson(result);
    if (!json.ok) throw failed(name, json.reason);
    return json.value;
  };
  const fail = (error: unknown): never => {
    if (error instanceof EvenkeelError) throw error;
    throw failed(
      name,
      error instanceof Error ? `it throws ${error.name}: ${error.message}` : `it throws ${String(error)}`,
      error,
    );
  };
  return {
    text,
    uses: ANY_BINDING,
    evaluate: (input: Json, bindings: Bindings = {}) => {
      let result: unknown;
      try {
        result = source(
          withoutExactNumbers(input),
          withoutExactNumbers(bindings as Json) as Readonly<Record<string, unknown>>,
        );
      } catch (error) {
        return fail(error);
      }
      if (result instanceof Promise) return result.then(take, fail);
      return take(result);
    },
  };
}
