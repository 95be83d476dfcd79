import jsonata from "jsonata";
import { parseTemplate } from "../core/template.ts";
import type { RequestConfig, TemplateSource } from "./config.ts";
import { compileText, type ExpressionFunction, type ExpressionSource } from "./expression.ts";
import { inputSteps, type Step } from "./path.ts";

/** The members of its input that an expression reads, each from the input down. None of a function, whose text is not read. */
export function inputPaths(source: ExpressionSource): readonly (readonly Step[])[] {
  if (typeof source !== "string") return [];
  const plain = inputSteps(source.trim());
  if (plain !== undefined) return plain.length === 0 ? [] : [plain];
  try {
    return pathsIn(jsonata(source).ast(), []);
  } catch {
    return [];
  }
}

type Node = { readonly [member: string]: unknown };

/** Paths in a part of a syntax tree; `base` is what its input is a part of. */
function pathsIn(node: unknown, base: readonly Step[]): readonly (readonly Step[])[] {
  if (Array.isArray(node)) return node.flatMap((item) => pathsIn(item, base));
  if (typeof node !== "object" || node === null || node instanceof RegExp) return [];
  const { type, steps, ...parts } = node as Node;
  if (type !== "path") return Object.values(parts).flatMap((part) => pathsIn(part, base));
  let at = base;
  const inner: (readonly Step[])[] = [];
  for (const step of Array.isArray(steps) ? (steps as readonly Node[]) : []) {
    if (step["type"] === "name") {
      const stages = [step["stages"], step["predicate"]].filter((stage) => stage !== undefined);
      // A filter or an index is at work on a list, and sees one item of it.
      at = [...at, { name: String(step["value"]), index: stages.length > 0 ? 0 : undefined }];
      inner.push(...stages.flatMap((stage) => pathsIn(stage, at)));
    } else if (step["type"] === "variable" && step["value"] === "$") at = [];
    else if (step["type"] === "variable" && step["value"] !== "") return inner;
    else inner.push(...pathsIn(step, at));
  }
  return at.length > 0 && at !== base ? [...inner, at] : inner;
}

/** The texts in the `{}` of a request, and its functions. */
export function expressionsOfRequest({
  request,
  query,
  headers,
}: RequestConfig): readonly (string | ExpressionFunction)[] {
  const values = [request, ...Object.values(query).flat(), ...Object.values(headers)] as readonly TemplateSource[];
  return values.flatMap((value): readonly (string | ExpressionFunction)[] => {
    if (typeof value === "function") return [value];
    const parts = parseTemplate(value, (text) => compileText(text));
    return parts.ok ? parts.value.flatMap((part) => (part.kind === "value" ? [part.expression.text] : [])) : [];
  });
}
