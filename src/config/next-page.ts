import jsonata from "jsonata";
import { andThen } from "../core/eventual.ts";
import type { Expression } from "../core/expression.ts";
import { isExactNumber, isObject, type Json } from "../core/json.ts";
import type { NextPage } from "../http/paginate/next-value.ts";
import { optionalExpression } from "./build-request.ts";
import { compileExpression, type ExpressionSource } from "./expression.ts";
import { SEES } from "./expression-leaf.ts";
import { inputPaths } from "./input-paths.ts";
import { truthOf, type Scalar } from "./scalar.ts";
import type { Node } from "./syntax-tree.ts";

/** What a pagination declares of the next page, compiled. */
export function nextPageOf(next: ExpressionSource, more?: ExpressionSource): NextPage {
  return {
    next: compileExpression(next, SEES.page),
    more: optionalExpression(more, SEES.page) ?? conditionOf(next),
    isMoreDeclared: more !== undefined,
    holders: holdersOf(next),
  };
}

/** The outermost members of what it reads, where that lies within a member of the answer. */
const holdersOf = (next: ExpressionSource): readonly string[] => [
  ...new Set(inputPaths(next).flatMap(([outermost, ...inner]) => (inner.length === 0 ? [] : (outermost?.name ?? [])))),
];

/**
 * Of `flag ? token`, the flag: whoever writes so says that the flag tells whether there is a next page. It is true or false as JSONata takes it, and
 * neither where it is absent or null. Undefined for every other expression.
 */
function conditionOf(next: ExpressionSource): Expression | undefined {
  const found = typeof next === "string" ? conditionIn(next.trim()) : undefined;
  if (found === undefined) return undefined;
  const condition = compileExpression(found.text, SEES.page);
  const told = (value: Json | undefined): Json | undefined =>
    value === undefined || value === null ? value : isTrue(value) !== found.endsRead;
  return { ...condition, evaluate: (input, bindings) => andThen(condition.evaluate(input, bindings), told) };
}

/** As `$boolean` has it (docs.jsonata.org). */
function isTrue(value: Json): boolean {
  if (Array.isArray(value)) return value.some((item: Json) => isTrue(item));
  if (isObject(value)) return Object.keys(value).length > 0;
  return isExactNumber(value) ? Number(value.rawJSON) !== 0 : truthOf(value as Scalar);
}

interface Condition {
  readonly text: string;
  /** The read ends where it holds: `is_last ? null : token`. */
  readonly endsRead: boolean;
}

function conditionIn(text: string): Condition | undefined {
  if (!text.includes("?")) return undefined;
  let node = jsonata(text).ast() as unknown as Node;
  let brackets = 0;
  for (; node["type"] === "block"; brackets++) node = (node["expressions"] as readonly Node[]).at(-1) ?? {};
  const end = Number(node["position"]);
  // `a ?: b` and `a ?? b` are conditions to the parser, too.
  if (node["type"] !== "condition" || !/[^?]\?$/.test(text.slice(0, end))) return undefined;
  const [then, otherwise] = [node["then"], node["else"]] as readonly (Node | undefined)[];
  const endsRead = then !== undefined && givesNothing(then);
  // Where either side may give a token or not, the condition does not tell.
  const given = endsRead ? otherwise : then;
  if (given === undefined || holdsCondition(given) || !(endsRead || otherwise === undefined || givesNothing(otherwise)))
    return undefined;
  return { text: text.slice(0, end - 1).trim() + ")".repeat(brackets), endsRead };
}

const givesNothing = ({ type, value }: Node): boolean =>
  (type === "value" || type === "string") && (value === null || value === false || value === "");

function holdsCondition(node: Node): boolean {
  if (node["type"] === "block") return (node["expressions"] as readonly Node[]).some(holdsCondition);
  return node["type"] === "condition";
}
