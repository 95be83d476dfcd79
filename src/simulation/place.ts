import type { ExpressionSource } from "../config/expression.ts";
import { inputSteps, type Step } from "../config/path.ts";
import { isObject, setMember, type Json } from "../core/json.ts";

/** Where a value stands in an answer or a record: the steps of a plain path, none for the whole of it. */
export type Place = readonly Step[];

/** Where an expression reads from, when it is a plain path; undefined when it is anything else, which cannot be turned round. */
export const placeOf = (source: ExpressionSource): Place | undefined =>
  typeof source === "string" ? inputSteps(source.trim()) : undefined;

/** Whether one place lies within another, whatever item of a list is meant: `data[0]` and `data.id` lie within `data`. */
export function isWithin(inner: Place, outer: Place): boolean {
  if (!outer.every(({ name }, index) => inner[index]?.name === name)) return false;
  const [last, outerLast] = [inner[outer.length - 1], outer.at(-1)];
  return inner.length > outer.length || (last?.index !== undefined && outerLast?.index === undefined);
}

/** The body with a value at its place; what has to be there around it is made. Undefined leaves a place for a value empty. */
export function put(body: Json | undefined, place: Place, value: Json | undefined): Json {
  const [first, ...rest] = place;
  if (first === undefined) return value ?? null;
  const { name, index } = first;
  const members: Record<string, Json> = isObject(body) ? { ...body } : {};
  const inner = Object.hasOwn(members, name) ? members[name] : undefined;
  if (index === undefined) {
    if (value !== undefined || rest.length > 0) setMember(members, name, put(inner, rest, value));
    return members;
  }
  const list = Array.isArray(inner) ? [...(inner as readonly Json[])] : [];
  const at = index < 0 ? Math.max(0, list.length + index) : index;
  if (value !== undefined) {
    while (list.length < at) list.push({});
    list[at] = put(list[at], rest, value);
  }
  setMember(members, name, list);
  return members;
}

/** What stands at a place; undefined when nothing does. */
export function at(body: Json | undefined, place: Place): Json | undefined {
  let value = body;
  for (const { name, index } of place) {
    value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
    if (index !== undefined) value = Array.isArray(value) ? (value as readonly Json[]).at(index) : undefined;
  }
  return value;
}
