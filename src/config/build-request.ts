import type { Expression } from "../core/expression.ts";
import type { Parsed } from "../core/template.ts";
import { parseRequest, type RequestTemplate } from "../core/url-template.ts";
import type { RequestConfig, TemplateSource } from "./config.ts";
import { compileExpression, compileText, type CompileOptions, type ExpressionSource } from "./expression.ts";

export const optionalExpression = (
  source: ExpressionSource | undefined,
  sees: CompileOptions = {},
): Expression | undefined => (source === undefined ? undefined : compileExpression(source, sees));

/** A request with its expressions compiled. */
export function templateOf(request: RequestConfig): RequestTemplate {
  const value = (source: TemplateSource): string | Expression =>
    typeof source === "function" ? compileExpression(source) : source;
  const query = Object.fromEntries(
    Object.entries(request.query).map(([name, source]) => [
      name,
      Array.isArray(source) ? source.map(value) : value(source as TemplateSource),
    ]),
  );
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, source]) => [name, value(source)]));
  return checked(
    parseRequest({ request: request.request, query, headers }, (text) => compileText(text)),
    request.request,
  );
}

function checked<Value>(parsed: Parsed<Value>, text: string): Value {
  if (parsed.ok) return parsed.value;
  throw new TypeError(`${text} was checked and cannot be parsed: ${parsed.reason}`);
}
