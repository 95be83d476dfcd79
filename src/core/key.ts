import { invariant } from "./invariant.ts";
import { scalarText, type Json } from "./json.ts";
import { KEY_LENGTH_MAX, type KeyReading, type SourceRecord } from "./record.ts";

/**
 * Reads a primary key from its parts. 0 and "0" are keys; null, "", missing, booleans, lists and objects are not. Numbers keep the
 * text that the source wrote where a double would change it. Parts of a composite key are joined by `/`; `%` and `/` inside a part
 * are percent-encoded, so that different parts never give one key.
 */
export function readKey(parts: readonly (Json | undefined)[]): KeyReading {
  invariant(parts.length > 0, "U11", "a key has no parts");
  const isComposite = parts.length > 1;
  let key = "";
  let kind = "";
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index];
    const text = part === "" ? undefined : scalarText(part);
    const problem = text === undefined ? problemOfKind(part) : problemOf(text);
    if (text === undefined || problem !== undefined) {
      const its = isComposite ? `part ${index + 1} of its key` : "its key";
      return { ok: false, code: isMissing(part) ? "KEY_MISSING" : "KEY_UNUSABLE", reason: `${its} ${problem}` };
    }
    if (index > 0) key += "/";
    key += isComposite ? text.replaceAll("%", "%25").replaceAll("/", "%2F") : text;
    kind += typeof part === "string" ? "t" : "n";
  }
  if (key.length > KEY_LENGTH_MAX)
    return { ok: false, code: "KEY_UNUSABLE", reason: `its key is longer than ${KEY_LENGTH_MAX} characters` };
  return { ok: true, key, kind };
}

const isMissing = (part: Json | undefined): boolean => part === undefined || part === null || part === "";

const problemOfKind = (part: Json | undefined): string =>
  `is ${nameOf(part)}${isMissing(part) ? "" : ", and a key is a text or a number"}`;

function problemOf(text: string): string | undefined {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(text)) return `has a control character: ${JSON.stringify(text.slice(0, SHOWN))}`;
  if (!text.isWellFormed()) return "has half of a character (a lone surrogate), which no URL or database keeps";
  return undefined;
}

/** Characters of a bad key that a message shows. */
const SHOWN = 60;

function nameOf(value: Json | undefined): string {
  if (value === undefined) return "missing";
  if (value === null) return "null";
  if (value === "") return "empty";
  if (Array.isArray(value)) return "a list";
  return typeof value === "boolean" || typeof value === "number" ? String(value) : "an object";
}

/** What a page holds of each key. */
export interface PageKeys<Item extends SourceRecord> {
  readonly kept: readonly Item[];
  /** U11: met again in the page with a higher cursor, or later. */
  readonly superseded: readonly Item[];
  /** U11: 0 and "0": two records that claim one key. */
  readonly ambiguous: readonly Item[];
}

/**
 * Settles keys that occur twice in a page (U11): the higher cursor wins, else the later record; where the same text was written
 * once as a number and once as text, none of them may be sent.
 */
export function settleDuplicates<Item extends SourceRecord>(
  records: readonly Item[],
  compare: ((a: string, b: string) => number) | undefined,
): PageKeys<Item> {
  const keys = new Set<string>();
  for (const { key } of records) keys.add(key);
  if (keys.size === records.length) return { kept: records, superseded: [], ambiguous: [] };
  const byKey = Map.groupBy(records, ({ key }) => key);
  const kept = new Set<Item>();
  const ambiguous = new Set<Item>();
  for (const group of byKey.values()) {
    const kinds = new Set(group.map(({ keyKind }) => keyKind));
    if (kinds.size > 1) for (const record of group) ambiguous.add(record);
    else kept.add(group.reduce((best, record) => (isOlder(record, best, compare) ? best : record)));
  }
  return {
    kept: records.filter((record) => kept.has(record)),
    superseded: records.filter((record) => !kept.has(record) && !ambiguous.has(record)),
    ambiguous: records.filter((record) => ambiguous.has(record)),
  };
}

/** A record without a cursor value counts as older than any that has one: most sources leave it out of what never changed. */
function isOlder(a: SourceRecord, b: SourceRecord, compare: ((a: string, b: string) => number) | undefined): boolean {
  if (compare === undefined || b.cursor === undefined) return false;
  return a.cursor === undefined || compare(a.cursor, b.cursor) < 0;
}
