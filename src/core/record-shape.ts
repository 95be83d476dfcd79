import { isExactNumber, isObject, type Json, type JsonObject } from "./json.ts";
import { listed } from "./observation.ts";
import { readTimestamp } from "./timestamp.ts";

/** What a field holds. */
export type FieldType = "text" | "timestamp" | "integer" | "number" | "boolean" | "list" | "object" | "null";

/** A field as records show it. */
export interface FieldShape {
  /** Member names from the record. */
  readonly path: readonly string[];
  /** In the order in which they were met. */
  readonly types: readonly FieldType[];
  /** How many of the records have it, null included. */
  readonly present: number;
  /** Of how many records. */
  readonly of: number;
}

/** Fields are looked for this deep: what an API nests deeper is no key and no time of change. */
const FIELD_DEPTH = 3;

/** Records that use member names as values, such as translations by language, have fields without number. */
const FIELDS_MAX = 200;

/** The fields of records: which there are, what they hold, and how many records have them. In the order in which they were met. */
export function fieldsOf(records: readonly JsonObject[]): readonly FieldShape[] {
  const met = new Map<string, { path: readonly string[]; types: Set<FieldType>; present: number }>();
  const meet = (object: JsonObject, before: readonly string[]): void => {
    for (const [name, value] of Object.entries(object)) {
      const path = [...before, name];
      const id = JSON.stringify(path);
      const field = met.get(id) ?? { path, types: new Set<FieldType>(), present: 0 };
      if (!met.has(id) && met.size >= FIELDS_MAX) continue;
      met.set(id, field);
      field.types.add(typeOf(value));
      field.present += 1;
      if (isObject(value) && path.length < FIELD_DEPTH) meet(value, path);
    }
  };
  for (const record of records) meet(record, []);
  return [...met.values()].map(({ path, types, present }) => ({
    path,
    // Of numbers that are whole only now and then, nobody can tell that they are.
    types: [...types].filter((type) => type !== "integer" || !types.has("number")),
    present,
    of: records.length,
  }));
}

function typeOf(value: Json): FieldType {
  if (value === null) return "null";
  if (Array.isArray(value)) return "list";
  if (isExactNumber(value)) return /^-?\d+$/.test(value.rawJSON) ? "integer" : "number";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  if (typeof value === "boolean") return "boolean";
  if (typeof value === "string") return readTimestamp(value).ok ? "timestamp" : "text";
  return "object";
}

/** Names of members that a message lists. */
const NAMES_MAX = 8;

/** Names of a record's members in words: `` `id`, `title` and 3 more ``. */
export function namesText(names: readonly string[]): string {
  const more = names.length - NAMES_MAX;
  const shown = names.slice(0, NAMES_MAX).map((name) => `\`${name}\``);
  return names.length === 0 ? "no members" : listed([...shown, ...(more > 0 ? [`${more} more`] : [])]);
}
