import { allOf, type Eventual } from "./eventual.ts";
import type { Bindings, Expression, Scope } from "./expression.ts";
import type { Json } from "./json.ts";

/** An expression that was compiled, or why it cannot be; `offset` counts characters from the start of its text. */
export type Compiled =
  | { readonly ok: true; readonly expression: Expression }
  | { readonly ok: false; readonly reason: string; readonly offset: number };

export type Compile = (text: string) => Compiled;

/** A stretch of a template: text that stands for itself, or an expression in `{}`. `offset` is where it starts. */
export type Part =
  | { readonly kind: "literal"; readonly text: string; readonly offset: number }
  | { readonly kind: "value"; readonly expression: Expression; readonly offset: number };

export type Parsed<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly reason: string; readonly offset: number };

/** Longer texts of templates and expressions are no longer read by people; this bounds the work of parsing one. */
const TEMPLATE_LENGTH_MAX = 16_384;

/**
 * Splits a text into literal parts and expressions in `{}`. `{{` and `}}` stand for the braces themselves.
 * Braces inside an expression's strings, names in back-ticks and nested `{}` do not end it.
 */
export function parseTemplate(text: string, compile: Compile): Parsed<readonly Part[]> {
  if (text.length > TEMPLATE_LENGTH_MAX) return broken(`it is longer than ${TEMPLATE_LENGTH_MAX} characters`, 0);
  const parts: Part[] = [];
  let literal = "";
  let literalStart = 0;
  let index = 0;
  const endLiteral = (): void => {
    if (literal !== "") parts.push({ kind: "literal", text: literal, offset: literalStart });
    literal = "";
  };
  while (index < text.length) {
    const character = text[index] as string;
    if ((character === "{" || character === "}") && text[index + 1] === character) {
      literal += character;
      index += 2;
    } else if (character === "}") {
      return broken("a `}` without its `{`; write `}}` for the character itself", index);
    } else if (character === "{") {
      const end = closingBrace(text, index);
      if (end === undefined) return broken("a `{` without its `}`; write `{{` for the character itself", index);
      const compiled = compile(text.slice(index + 1, end));
      if (!compiled.ok) return broken(compiled.reason, index + 1 + compiled.offset);
      endLiteral();
      parts.push({ kind: "value", expression: compiled.expression, offset: index });
      index = end + 1;
      literalStart = index;
    } else {
      literal += character;
      index += 1;
    }
  }
  endLiteral();
  return { ok: true, value: parts };
}

/** The text as a literal of a template: {@link parseTemplate} gives it back whatever it holds. */
export const escapeTemplate = (text: string): string => text.replaceAll("{", "{{").replaceAll("}", "}}");

/** Index of the brace that closes the one at `open`. */
function closingBrace(text: string, open: number): number | undefined {
  let depth = 0;
  let quote: string | undefined;
  for (let index = open; index < text.length; index++) {
    const character = text[index] as string;
    if (quote !== undefined) {
      if (character === "\\" && quote !== "`") index += 1;
      else if (character === quote) quote = undefined;
    } else if (character === "'" || character === '"' || character === "`") quote = character;
    else if (character === "{") depth += 1;
    else if (character === "}" && --depth === 0) return index;
  }
  return undefined;
}

const broken = (reason: string, offset: number): Parsed<never> => ({ ok: false, reason, offset });

/** What a template's expressions see of a record. */
const bindingsOf = (scope: Scope): Bindings => ({
  key: scope.key,
  id: scope.destinationId,
  source: scope.source,
});

/** The names that {@link bindingsOf} gives. */
export const SCOPE_NAMES: ReadonlySet<string> = new Set(["key", "id", "source"]);

/**
 * Evaluates the expressions over a record, in order, and hands their values on. Without a promise among them everything
 * happens at once. `failed` is called with the error of the first that fails.
 */
export function evaluateAll<Result>(
  expressions: readonly Expression[],
  scope: Scope,
  then: (values: readonly (Json | undefined)[]) => Result,
  failed: (error: unknown) => Result,
): Eventual<Result> {
  if (expressions.length === 0) return then([]);
  const bindings = bindingsOf(scope);
  const values: Eventual<Json | undefined>[] = [];
  try {
    for (const expression of expressions) values.push(expression.evaluate(scope.mapped, bindings));
  } catch (error) {
    // A value that is still on its way must not end as an unhandled rejection.
    for (const value of values) if (value instanceof Promise) value.catch(() => undefined);
    return failed(error);
  }
  const all = allOf(values);
  return all instanceof Promise ? all.then(then, failed) : then(all);
}
