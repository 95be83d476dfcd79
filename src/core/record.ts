import type { Json, JsonObject } from "./json.ts";

/** How a key's parts were written: `n` for a number, `t` for text, one letter a part. Tells 0 from "0" (U11). */
export type KeyKind = string;

/** One item of the source with its primary key. */
export interface SourceRecord {
  /** Text, never a float. Parts of a composite key are joined by `/`, with `%` and `/` inside a part percent-encoded. */
  readonly key: string;
  readonly keyKind: KeyKind;
  /** The cursor field as the source wrote it (P1); undefined without a cursor. */
  readonly cursor: string | undefined;
  readonly body: JsonObject;
  /** The source marks it as deleted (D1). */
  readonly isTombstone?: true;
  /** It does not pass the declared filter: the source shows it, and it is none of the records that count. */
  readonly isExcluded?: true;
}

/** A source record and what the mapping made of it. */
export interface DesiredRecord extends SourceRecord {
  /** The mapped record: what the destination should hold. */
  readonly mapped: JsonObject;
  /** Content hash of what a write would send, base64url SHA-256. */
  readonly hash: string;
  /** The record's own address in the destination, rendered; undefined where the destination assigns ids (U10). */
  readonly address: string | undefined;
  /**
   * The key that the address follows from, where one value alone makes it: `7` for `/items/7`. Mostly the record's own key, and then no
   * two records can have it.
   */
  readonly addressKey: string | undefined;
}

/** Begins the key of what is not a record of the source, and deleted by a repair: no key of one can have it. */
export const FOREIGN = "\u0001";

/** In the place of a content hash: the record has gone from the source, and is to be deleted. */
export const GONE = "gone";

/** The version of a record that has gone. `mapped` is what the source still shows of it, if its delete takes fields of the record. */
export const goneRecord = (
  { key, keyKind, cursor }: Pick<SourceRecord, "key" | "keyKind" | "cursor">,
  mapped: JsonObject = {},
): DesiredRecord => ({
  key,
  keyKind,
  cursor,
  body: {},
  mapped,
  hash: GONE,
  address: undefined,
  addressKey: undefined,
});

/** A record refused before sending. `key` is undefined when the record has none. */
export interface InvalidRecord {
  readonly key: string | undefined;
  /** Stable code, such as `KEY_MISSING`; listed in docs/errors.md. */
  readonly code: InvalidCode;
  /** The reason in words, naming the field. */
  readonly reason: string;
  readonly body: Json;
  /** As of {@link SourceRecord}. */
  readonly isExcluded?: true;
}

export type InvalidCode =
  | "KEY_MISSING"
  | "KEY_UNUSABLE"
  | "KEY_AMBIGUOUS"
  | "KEY_DUPLICATE_NAME"
  | "CURSOR_UNUSABLE"
  | "FILTER_FAILED"
  | "TOMBSTONE_FAILED"
  | "NOT_AN_OBJECT"
  | "MAPPING_FAILED"
  | "ADDRESS_UNUSABLE"
  | "ADDRESS_SHARED"
  | "ADDRESS_CHANGED"
  | "ADOPTION_AMBIGUOUS"
  | "REFERENCE_MISSING"
  | "PARENT_UNUSABLE";

/** Keys longer than this are refused: they fit no address and would bloat the ledger's index. */
export const KEY_LENGTH_MAX = 1_024;

export type KeyReading =
  | { readonly ok: true; readonly key: string; readonly kind: KeyKind }
  | { readonly ok: false; readonly code: "KEY_MISSING" | "KEY_UNUSABLE"; readonly reason: string };
