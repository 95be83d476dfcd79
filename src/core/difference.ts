import { canonical } from "./fingerprint.ts";
import { holds } from "./holds.ts";
import { isObject, type Json, type JsonObject } from "./json.ts";
import { fieldsWithin, leftOver, type Fields } from "./owned-fields.ts";

export interface FieldDifference {
  /** Path within the mapped record, such as `address.city`. */
  readonly path: string;
  /** JSON texts; undefined where the field is absent. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** What differs between two records, field by field; lists are compared whole. */
export function differences(before: JsonObject, after: JsonObject): readonly FieldDifference[] {
  return compare(before, after, "");
}

/**
 * What a record in the destination does not hold of what it should (`before` is what it holds, `after` what it should), by the rules of
 * `holds`: members that the mapping does not own are left out, and so is what only seems to differ.
 */
export function unheldFields(
  found: JsonObject,
  wanted: JsonObject,
  owned: Fields | undefined,
  prefix = "",
): readonly FieldDifference[] {
  const unheld = Object.entries(wanted).flatMap(([name, after]): readonly FieldDifference[] => {
    const [before, within] = [own(found, name), fieldsWithin(owned, name)];
    if (holds(before, after as Json, within)) return [];
    if (isObject(before) && isObject(after)) return unheldFields(before, after, within, `${prefix}${name}.`);
    return [{ path: prefix + name, before: textOf(before), after: textOf(after) }];
  });
  const left = owned === undefined ? [] : leftOver(found, wanted, owned, false);
  return [...unheld, ...left.map((name) => ({ path: prefix + name, before: textOf(found[name]), after: undefined }))];
}

function compare(before: JsonObject, after: JsonObject, prefix: string): readonly FieldDifference[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].flatMap((name): readonly FieldDifference[] => {
    const [left, right] = [own(before, name), own(after, name)];
    if (isObject(left) && isObject(right)) return compare(left, right, `${prefix}${name}.`);
    const [a, b] = [textOf(left), textOf(right)];
    return a === b ? [] : [{ path: prefix + name, before: a, after: b }];
  });
}

const own = (object: JsonObject, name: string): Json | undefined =>
  Object.hasOwn(object, name) ? object[name] : undefined;
const textOf = (value: Json | undefined): string | undefined => (value === undefined ? undefined : canonical(value));
