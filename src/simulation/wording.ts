import jsonata from "jsonata";
import type { ConnectionConfig } from "../config/config.ts";
import { compileExpression, type ExpressionSource } from "../config/expression.ts";
import { EvenkeelError } from "../core/errors.ts";
import { isObject, objectOf, scalarText, type Json } from "../core/json.ts";
import { jsonAnswer, notFound, type Answer } from "./answer.ts";
import { put, type Place } from "./place.ts";

/** How a double words what has a word of its own in the config. */
export interface Wording {
  readonly throttled: Answer;
  readonly missing: Answer;
  readonly exists: Answer;
}

const PLAIN: Wording = {
  throttled: jsonAnswer(429, { code: "throttled" }),
  missing: notFound,
  exists: jsonAnswer(409, { code: "exists" }),
};

/** The wording that a connection's `answers` ask for. A rule that no answer could be made up for is left out, and goes into the list. */
export async function wordingOf(
  { answers }: ConnectionConfig,
  left: ExpressionSource[],
): Promise<{ readonly wording: Wording; readonly answers: ConnectionConfig["answers"] }> {
  const kept: Record<string, ExpressionSource | undefined> = {};
  const wording: Record<string, Answer> = {};
  for (const [name, rule] of Object.entries(answers)) {
    if (rule === undefined) continue;
    const method = name === "exists" ? "POST" : "GET";
    const answer = await answerOf(rule, PLAIN[name as keyof Wording] ?? jsonAnswer(400, {}), method);
    if (answer === undefined) left.push(rule);
    else [kept[name], wording[name]] = [rule, answer];
  }
  const undeclared = { throttled: undefined, failed: undefined, missing: undefined, exists: undefined };
  const unused = { inProgress: undefined, keyMismatch: undefined, replayed: undefined };
  return { wording: { ...PLAIN, ...wording }, answers: { ...undeclared, ...unused, ...kept } };
}

type Node = { readonly [member: string]: unknown };

/**
 * An answer of which a rule of `answers` says yes: what the rule compares with a literal is set to it, on top of an answer as HTTP has it.
 * Undefined when that does not do, or when the rule says yes of an answer that means nothing special.
 */
export async function answerOf(rule: ExpressionSource, plain: Answer, method: string): Promise<Answer | undefined> {
  if (typeof rule !== "string") return undefined;
  const expression = compileExpression(rule);
  const says = async (input: Json): Promise<boolean> => {
    try {
      return (await expression.evaluate(input)) === true;
    } catch (error) {
      if (error instanceof EvenkeelError && error.code === "CONFIG_EXPRESSION") return false;
      throw error;
    }
  };
  const input = (status: number, body: Json): Json => ({ method, status, headers: {}, body });
  if ((await says(input(200, {}))) || (await says(input(201, {})))) return undefined;
  const wanted = comparisons(jsonata(rule).ast()).reduce<Json>(
    (made, [place, value]) => put(made, place, value),
    input(plain.status, JSON.parse(plain.body) as Json),
  );
  if (!isObject(wanted) || !(await says(wanted))) return undefined;
  const { status, headers, body } = wanted;
  if (typeof status !== "number" || !isObject(headers)) return undefined;
  const texts = Object.entries(headers).map(([name, value]) => [name, scalarText(value) ?? ""] as const);
  return {
    status,
    headers: { ...plain.headers, ...(objectOf(texts) as Readonly<Record<string, string>>) },
    body: JSON.stringify(body),
  };
}

/** Every member that is compared with a literal, and what would make the comparison true. */
function comparisons(node: unknown): readonly (readonly [place: Place, value: Json])[] {
  if (Array.isArray(node)) return node.flatMap(comparisons);
  if (typeof node !== "object" || node === null) return [];
  const { type, value, lhs, rhs, ...parts } = node as Node;
  if (type === "binary" && (value === "=" || value === "!=")) {
    const place = placeIn(lhs) ?? placeIn(rhs);
    const other = literalOf(placeIn(lhs) === undefined ? lhs : rhs);
    if (place === undefined || other === undefined) return [];
    return [[place, value === "=" ? other : other === null ? "something" : null]];
  }
  return [lhs, rhs, ...Object.values(parts)].flatMap(comparisons);
}

/** Where a path of plain names leads; undefined when the node is anything else. */
function placeIn(node: unknown): Place | undefined {
  const { type, steps } = (node ?? {}) as Node;
  if (type !== "path" || !Array.isArray(steps)) return undefined;
  const named = (steps as readonly Node[]).filter((step) => step["type"] === "name" && step["stages"] === undefined);
  if (named.length !== steps.length) return undefined;
  return named.map((step) => ({ name: String(step["value"]), index: undefined }));
}

/** The value of a literal; undefined when the node is none. */
function literalOf(node: unknown): Json | undefined {
  const { type, value } = (node ?? {}) as Node;
  return type === "string" || type === "number" || type === "value" ? (value as Json) : undefined;
}
