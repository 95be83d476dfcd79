import { EvenkeelError } from "../core/errors.ts";
import { andThen } from "../core/eventual.ts";
import type { Expression } from "../core/expression.ts";
import { isExactNumber, type Json } from "../core/json.ts";
import { compileExpression, type CompileOptions, type ExpressionSource } from "./expression.ts";

/**
 * An expression that has to give true or false, or nothing (absent and null), which is as good as false where no more is said. Anything else is refused while it is evaluated (`CONFIG_EXPRESSION`): what
 * a 1, a time or the text "false" was meant to say is a guess, and it would be one about which records there are.
 */
export function compileCondition(source: ExpressionSource, sees: CompileOptions = {}): Expression {
  const expression = compileExpression(source, sees);
  return {
    ...expression,
    evaluate: (input, bindings) => andThen(expression.evaluate(input, bindings), (value) => truth(value, expression)),
  };
}

export const optionalCondition = (source: ExpressionSource | undefined): Expression | undefined =>
  source === undefined ? undefined : compileCondition(source);

function truth(value: Json | undefined, { text, path }: Expression): boolean | undefined {
  if (typeof value === "boolean") return value;
  if (value === undefined || value === null) return undefined;
  const how = path === undefined ? "" : `: write \`${comparisonOf(value, text)}\``;
  throw new EvenkeelError("CONFIG_EXPRESSION", `\`${text}\` gives ${shown(value)}, and has to be true or false${how}`);
}

/** What a path was probably meant to ask. */
function comparisonOf(value: Json, path: string): string {
  if (isExactNumber(value) || typeof value === "number") return `${path} = 1`;
  if (typeof value === "string" && /^(?:true|yes|y|false|no|n|on|off|0|1)$/i.test(value))
    return `${path} = ${JSON.stringify(value)}`;
  return Array.isArray(value) ? `$count(${path}) > 0` : `${path} != null`;
}

const SHOWN = 60;

function shown(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text;
}
