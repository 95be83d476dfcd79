import * as z from "zod";
import { SCOPE_NAMES } from "../core/template.ts";
import { compileText, type CompileOptions, type ExpressionSource } from "./expression.ts";
import { found, leaf, type LeafReading } from "./leaf.ts";

/** What an expression sees beside its input, by where it stands. */
export const SEES: Readonly<Record<"input" | "mapping" | "page" | "write" | "key" | "answer", CompileOptions>> = {
  /** A page, an answer's body or a source record: everything is in the input. */
  input: { bindings: new Set() },
  /** A source record, in a mapping. */
  mapping: { bindings: new Set(), functions: new Map([["ref", undefined]]) },
  /** A page's body, and the headers of its answer. */
  page: { bindings: new Set(["headers"]) },
  /** A destination's request: the mapped record is the input. */
  write: { bindings: SCOPE_NAMES },
  /** A read of the source by key: the record as it was last read is the input. */
  key: { bindings: new Set(["key", "source"]) },
  /** An answer, taken apart. */
  answer: { bindings: new Set(), inputs: new Set(["method", "status", "headers", "body"]) },
};

/** An expression: a text that compiles where it stands, or in TypeScript a function. Stays as it was written. */
export function expression(sees: CompileOptions): z.ZodType<ExpressionSource> {
  return leaf({ type: "string", "x-type": "Expression" }, (raw) => readExpression(raw, sees));
}

/** One expression or several, as a list. */
export function expressions(sees: CompileOptions): z.ZodType<readonly ExpressionSource[]> {
  return z
    .preprocess(
      (raw) => (Array.isArray(raw) || raw === undefined ? raw : [raw]),
      z.array(expression(sees)).min(1, "is an empty list"),
    )
    .meta({ "x-or": "item" });
}

export function readExpression(raw: unknown, sees: CompileOptions): LeafReading<ExpressionSource> {
  if (typeof raw === "function") return { ok: true, value: raw as ExpressionSource };
  if (typeof raw !== "string") {
    const isNested = typeof raw === "object" && raw !== null;
    return { ok: false, reason: `takes an expression, which is a text; ${found(raw)}`, quote: isNested };
  }
  const compiled = compileText(raw, sees);
  if (compiled.ok) return { ok: true, value: raw };
  const reason = /\$\{/.test(raw)
    ? `${compiled.reason}; \`\${...}\` is not replaced inside expressions`
    : compiled.reason;
  return {
    ok: false,
    code: "CONFIG_EXPRESSION",
    reason: `is not an expression: ${reason}`,
    offset: compiled.offset,
    ...(PLAIN_WORDS.test(raw) ? { next: `A fixed text has two pairs of quotes: \`"'${raw.trim()}'"\`.` } : {}),
  };
}

/** Words as people write them, which no expression is. */
const PLAIN_WORDS = /^\s*[\p{L}\p{N}_-]+(?:[,.]?\s+[\p{L}\p{N}_-]+)+[.!?]?\s*$/u;
