import type { Json } from "./json.ts";
import type { DesiredRecord, InvalidRecord } from "./record.ts";

/** A record of the destination's list. */
export interface Listed {
  /** The id that the destination gave it; where records have their own addresses, what it is matched by. */
  readonly place: string;
  readonly match: string;
  readonly item: Json;
}

/** A record of the source, and what may be the same one. */
export interface Pair {
  readonly match: string;
  readonly record: DesiredRecord;
  /** Keys of other records with the same match, at most {@link SHOWN_MAX}. */
  readonly rivals: readonly string[];
  /** Records of the destination with this match, at most {@link SHOWN_MAX}. */
  readonly listed: readonly Listed[];
}

/** A record of the source of which nothing can be made, so that nothing can be like it. */
export type Unmapped = InvalidRecord & { readonly key: string };

/** So many of those that share a match are looked at: one would do, and a person wants to see some. */
export const SHOWN_MAX = 5;

/** Room in which the records of both sides find each other, on the disk and not in memory; gone when it is closed. */
export interface Pairing {
  /** Notes records of the source; of one key the later one stays. */
  addRecords(records: readonly Pick<Pair, "match" | "record">[]): void;
  /** Notes records that cannot be mapped; of one key the later one stays, mapped or not. */
  addUnmapped(records: readonly Unmapped[]): void;
  /** In the order of the keys, after `after`, at most `limit`. */
  unmapped(after: string, limit: number): readonly Unmapped[];
  /** Forgets the records of these keys: the source says that they are deleted. */
  removeRecords(keys: readonly string[]): void;
  /** Notes records of the destination; of one place the later one stays. */
  addListed(listed: readonly Listed[]): void;
  /** From here on `pairs` are of the records that are added from here on; those before them stay as their rivals. */
  nextRound(): void;
  /** Of the records of this round, in the order of their keys, after `after`, at most `limit`. */
  pairs(after: string, limit: number): readonly Pair[];
  /** Records of the destination whose match no record of the source has, in order of place, after `after`, at most `limit`. */
  strangers(after: string, limit: number): readonly Pick<Listed, "match" | "place">[];
  close(): void;
}
