import type { JsonObject } from "./json.ts";
import { readKey } from "./key.ts";
import { compareWeights, valueAt } from "./record-list.ts";
import { fieldsOf, type FieldShape } from "./record-shape.ts";
import type { CursorType } from "./sync.ts";

/** What names of keys look like, the best first. */
const KEY_NAMES: readonly RegExp[] = [
  /^[@$_]?id$/i,
  /^(?:uuid|guid|uid|key|oid|objectid|recordid|sys_?id)$/i,
  /(?:[_-]id|Id|ID|[_-]?uuid|[_-]?guid|[_-]key|Key)$/,
  /^(?:code|sku|ean|isbn|slug|number|no|handle|email|login|username)$/i,
  /(?:code|number|sku|slug)$/i,
];

/** Values that a record has by chance only, whatever they are called. */
const NO_KEYS = /name|title|description|price|amount|date|time|_at$|At$|url|href|link|lat|lng|lon|version|etag/i;

/** Without a telling name, so many records must have different values before a field counts as a key. */
const UNNAMED_FROM = 20;

/**
 * The key that records seem to have: fields that every record has, with a value of its own in each. Empty when there is none; two parts where
 * only together they tell records apart.
 */
export function likelyKey(records: readonly JsonObject[]): readonly (readonly string[])[] {
  const usable = fieldsOf(records).filter((field) => isKeyLike(field, records));
  const best = usable
    .filter(
      ({ path }) => isUnique(records, [path]) && (rank(path) < KEY_NAMES.length || records.length >= UNNAMED_FROM),
    )
    .toSorted(byRank)[0];
  if (best !== undefined) return [best.path];
  const named = usable.filter(({ path }) => rank(path) < KEY_NAMES.length).toSorted(byRank);
  for (const [index, { path: first }] of named.entries())
    for (const { path: second } of named.slice(index + 1))
      if (isUnique(records, [first, second])) return [first, second];
  return [];
}

const byRank = (a: FieldShape, b: FieldShape): number =>
  compareWeights([a.path.length, rank(a.path)], [b.path.length, rank(b.path)]);

function rank(path: readonly string[]): number {
  const name = path.at(-1) ?? "";
  const found = KEY_NAMES.findIndex((pattern) => pattern.test(name));
  return found === -1 ? KEY_NAMES.length + (NO_KEYS.test(name) ? 1 : 0) : found;
}

function isKeyLike({ path, present, of, types }: FieldShape, records: readonly JsonObject[]): boolean {
  if (present !== of || types.some((type) => !["text", "integer"].includes(type))) return false;
  if (rank(path) > KEY_NAMES.length) return false;
  return records.every((record) => readKey([valueAt(record, path)]).ok);
}

function isUnique(records: readonly JsonObject[], parts: readonly (readonly string[])[]): boolean {
  const keys = new Set<string>();
  for (const record of records) {
    const reading = readKey(parts.map((part) => valueAt(record, part)));
    if (!reading.ok) return false;
    keys.add(reading.key);
  }
  return keys.size === records.length;
}

/** A field by which a source may order its changes. */
export interface LikelyCursor {
  readonly path: readonly string[];
  readonly type: Extract<CursorType, "timestamp" | "integer">;
}

/** What fields are called that tell when a record last changed, the best first. A time of creation is none: it misses changes. */
const CURSOR_NAMES: readonly RegExp[] = [
  /^(?:last_?)?(?:updated?|modified|changed)(?:_?(?:at|on|date|time|timestamp|ts|datetime))?$/i,
  /^(?:date|time|when)_?(?:last_?)?(?:updated|modified|changed)$/i,
  /(?:updated|modified|changed|modification|lastmod)/i,
];

/** Whole numbers are times only where they are as large as one: seconds since 1970 passed this in 2001. */
const EPOCH_FROM = 1e9;

/** The field that tells when a record last changed, by its name and values; undefined when no field seems to. */
export function likelyCursor(records: readonly JsonObject[]): LikelyCursor | undefined {
  const ranked = fieldsOf(records)
    .map((field) => ({ field, type: cursorTypeOf(field, records), rank: cursorRank(field.path) }))
    .filter(({ type, rank: its }) => type !== undefined && its < CURSOR_NAMES.length)
    .toSorted((a, b) => compareWeights([a.field.path.length, a.rank], [b.field.path.length, b.rank]));
  const [best] = ranked;
  return best?.type === undefined ? undefined : { path: best.field.path, type: best.type };
}

function cursorRank(path: readonly string[]): number {
  const found = CURSOR_NAMES.findIndex((pattern) => pattern.test(path.at(-1) ?? ""));
  return found === -1 ? CURSOR_NAMES.length : found;
}

/** Records that never changed may have none. */
function cursorTypeOf({ path, types }: FieldShape, records: readonly JsonObject[]): LikelyCursor["type"] | undefined {
  const held = types.filter((type) => type !== "null");
  if (held.length !== 1) return undefined;
  if (held[0] === "timestamp") return "timestamp";
  if (held[0] !== "integer") return undefined;
  const values = records.map((record) => valueAt(record, path));
  return values.every((value) => typeof value !== "number" || value >= EPOCH_FROM) ? "integer" : undefined;
}
