import { isObject, member, type Json, type JsonObject } from "./json.ts";

/** A list in an answer's body, and where it is. */
export interface FoundList {
  /** Member names from the top; none when the body is the list. */
  readonly path: readonly string[];
  readonly items: readonly Json[];
}

/** Lists are looked for this deep: deeper ones belong to records. */
const LIST_DEPTH = 3;

/** The lists of a body, from the top down. */
export function listsOf(body: Json | undefined, depth: number = LIST_DEPTH): readonly FoundList[] {
  if (Array.isArray(body)) return [{ path: [], items: body as readonly Json[] }];
  if (!isObject(body) || depth === 0) return [];
  return Object.entries(body).flatMap(([name, value]) =>
    listsOf(value, depth - 1).map(({ path, items }) => ({ path: [name, ...path], items })),
  );
}

/** What APIs call the list of records, where an answer has several lists. */
const LIST_NAMES =
  /^(?:data|items?|results?|records?|values?|entries|rows|list|content|elements|objects|hits|nodes|docs)$/i;

/**
 * The list of an answer that is most likely the one of its records: of those with objects in it, then the highest, the one with a usual name, the
 * longest. Undefined when the body has no list at all.
 */
export function likelyList(body: Json | undefined): FoundList | undefined {
  const weight = ({ path, items }: FoundList): readonly number[] => [
    items.some(isObject) ? 1 : 0,
    -path.length,
    LIST_NAMES.test(path.at(-1) ?? "") ? 1 : 0,
    items.length,
  ];
  return listsOf(body).toSorted((a, b) => compareWeights(weight(b), weight(a)))[0];
}

/** The order of two lists of numbers, of which the first that differs counts. */
export function compareWeights(a: readonly number[], b: readonly number[]): number {
  const differing = a.findIndex((each, index) => each !== b[index]);
  return differing === -1 ? 0 : (a[differing] as number) - (b[differing] as number);
}

/** Words that mean something else to JSONata than a member's name. */
const RESERVED: ReadonlySet<string> = new Set(["true", "false", "null", "function", "and", "or", "in"]);

/** A path as a JSONata expression: names that are not plain stand in back-ticks. `$` for none. */
export const pathExpression = (path: readonly string[]): string =>
  path.length === 0
    ? "$"
    : path.map((name) => (/^[A-Za-z_]\w*$/.test(name) && !RESERVED.has(name) ? name : `\`${name}\``)).join(".");

/** What is at a path; undefined when it is not there. */
export const valueAt = (value: Json | undefined, path: readonly string[]): Json | undefined =>
  path.reduce<Json | undefined>((inner, name) => member(inner, name), value);

/** A value of an answer's body that belongs to no record. */
export interface Leaf {
  readonly path: readonly string[];
  readonly value: Json;
}

/** The scalar values of a body around its lists, as deep as lists are looked for. */
export function leavesAround(body: Json | undefined, depth: number = LIST_DEPTH): readonly Leaf[] {
  if (!isObject(body) || depth === 0) return [];
  return Object.entries(body as JsonObject).flatMap(([name, value]): readonly Leaf[] => {
    if (Array.isArray(value)) return [];
    if (!isObject(value)) return [{ path: [name], value }];
    return leavesAround(value, depth - 1).map(({ path, value: inner }) => ({ path: [name, ...path], value: inner }));
  });
}
