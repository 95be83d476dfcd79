import type { Json } from "./json.ts";
import type { DesiredRecord } from "./record.ts";

/** A record of the source under the value by which it is found among those of the destination. */
export interface Expected {
  readonly match: string;
  readonly record: DesiredRecord;
  /** What the destination was found to hold of it so far. */
  readonly state: "missing" | "equal" | "different";
}

/** A record of the destination that the source does not have. */
export interface Extra {
  /** In the order in which they came. */
  readonly number: number;
  readonly match: string;
  readonly item: Json;
}

/** Room for what two sides are compared with, on the disk and not in memory; gone when it is closed. */
export interface Scratch {
  /**
   * Notes records, missing as yet; of one key the later one stays. Returns those that another key has the match of already: they are not noted.
   */
  put(expected: readonly Pick<Expected, "match" | "record">[]): readonly Pick<Expected, "match" | "record">[];
  /** Forgets the records of these keys: the source says that they are deleted. */
  remove(keys: readonly string[]): void;
  /** Finds these, by match. */
  among(matches: readonly string[]): ReadonlyMap<string, Expected>;
  mark(matches: readonly string[], state: "equal" | "different"): void;
  /** Those that are missing or different, in order of match, after `after`, at most `limit`. */
  astray(after: string, limit: number): readonly Expected[];
  /** One of a match. */
  addExtras(extras: readonly Pick<Extra, "match" | "item">[]): void;
  /** Forgets the extras of these matches: the source has them after all. */
  dropExtras(matches: readonly string[]): void;
  /** After the one of this number, at most `limit`. */
  extras(after: number, limit: number): readonly Extra[];
  close(): void;
}
