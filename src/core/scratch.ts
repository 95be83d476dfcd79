import type { DesiredRecord } from "./record.ts";

/** A record of the source under the value by which it is found among those of the destination. */
export interface Expected {
  readonly match: string;
  readonly record: DesiredRecord;
  /** The destination has shown it. */
  readonly seen: boolean;
}

/** Room for one side of a comparison, on the disk and not in memory; gone when it is closed. */
export interface Scratch {
  /**
   * Notes records; of one key the later one stays. Returns those that another key has the match of already: they are not noted.
   */
  put(expected: readonly Pick<Expected, "match" | "record">[]): readonly Pick<Expected, "match" | "record">[];
  /** Finds these, by match. */
  among(matches: readonly string[]): ReadonlyMap<string, Expected>;
  see(matches: readonly string[]): void;
  /** Those that were not seen, in order of match, after `after`, at most `limit`. */
  unseen(after: string, limit: number): readonly Expected[];
  close(): void;
}
