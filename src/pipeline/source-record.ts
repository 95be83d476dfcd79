import { parseCursor } from "../core/cursor.ts";
import { andThen, orElse, type Eventual } from "../core/eventual.ts";
import { whyFailed } from "../core/expression.ts";
import { isObject, scalarText, type Json, type JsonObject } from "../core/json.ts";
import type { InvalidRecord, KeyReading, SourceRecord } from "../core/record.ts";
import type { CursorSpec, Sync } from "../core/sync.ts";

/** The record that an item of the source is, or why it is none. */
export function recordOf(item: Json, hasDuplicateNames: boolean, sync: Sync): Eventual<SourceRecord | InvalidRecord> {
  if (!isObject(item))
    return {
      key: undefined,
      code: "NOT_AN_OBJECT",
      reason: `it is ${JSON.stringify(item).slice(0, SHOWN)}, and a record is an object`,
      body: item,
    };
  const made = andThen(sync.key(item), (key) => withKey(item, key, hasDuplicateNames, sync));
  return sync.filter === undefined ? made : andThen(made, (record) => filtered(record, item, sync));
}

function withKey(
  item: JsonObject,
  key: KeyReading,
  hasDuplicateNames: boolean,
  sync: Sync,
): Eventual<SourceRecord | InvalidRecord> {
  if (!key.ok) return { key: undefined, code: key.code, reason: key.reason, body: item };
  // S5: which of two values of one name is the key is anybody's guess.
  if (hasDuplicateNames)
    return { key: key.key, code: "KEY_DUPLICATE_NAME", reason: "its key or cursor field occurs twice", body: item };
  const { cursor } = sync;
  const made: Eventual<SourceRecord | InvalidRecord> =
    cursor === undefined
      ? { key: key.key, keyKind: key.kind, cursor: undefined, body: item }
      : orElse(
          () => andThen(cursor.read(item), (value) => withCursor(item, key, value, cursor)),
          (error) => ({ key: key.key, code: "CURSOR_UNUSABLE", reason: whyFailed(error), body: item }),
        );
  return sync.tombstone === undefined ? made : andThen(made, (record) => marked(record, item, sync));
}

/** Marked where it is none of the records that count. */
function filtered(
  record: SourceRecord | InvalidRecord,
  item: JsonObject,
  { filter }: Pick<Sync, "filter">,
): Eventual<SourceRecord | InvalidRecord> {
  if (filter === undefined) return record;
  return orElse<SourceRecord | InvalidRecord>(
    () => andThen(filter(item), (passes) => (passes === true ? record : { ...record, isExcluded: true })),
    (error) => ({ key: record.key, code: "FILTER_FAILED", reason: whyFailed(error), body: item }),
  );
}

/** A record that the source marks as deleted, or as it is (D1). */
function marked(
  record: SourceRecord | InvalidRecord,
  item: JsonObject,
  { tombstone }: Pick<Sync, "tombstone">,
): Eventual<SourceRecord | InvalidRecord> {
  if ("code" in record || tombstone === undefined) return record;
  return orElse<SourceRecord | InvalidRecord>(
    () => andThen(tombstone(item), (mark) => (mark === true ? { ...record, isTombstone: true } : record)),
    (error) => ({ key: record.key, code: "TOMBSTONE_FAILED", reason: whyFailed(error), body: item }),
  );
}

/** Characters of a value that a message shows. */
const SHOWN = 80;

/** A record without a cursor value is delivered all the same: it is only met again by a full refresh. */
function withCursor(
  body: JsonObject,
  { key, kind }: Extract<KeyReading, { ok: true }>,
  value: Json | undefined,
  { field, type }: CursorSpec,
): SourceRecord | InvalidRecord {
  if (value === undefined || value === null || value === "") return { key, keyKind: kind, cursor: undefined, body };
  const cursor = scalarText(value);
  if (cursor !== undefined && parseCursor(type, cursor) !== undefined) return { key, keyKind: kind, cursor, body };
  const reason = `its ${field} is ${JSON.stringify(value).slice(0, SHOWN)}, which is no ${type}`;
  return { key, code: "CURSOR_UNUSABLE", reason, body };
}
