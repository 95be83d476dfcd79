import type { Reference } from "./reference.ts";

/** A record that refers to some that are not in their destination yet. */
export interface Waiting {
  readonly key: string;
  /** Why nothing is made of it while none of them comes, in words. */
  readonly reason: string;
  readonly waitsFor: readonly Reference[];
}

/** What a plan brings into the destinations, put aside on the disk while it is made; gone when it is closed. */
export interface Coming {
  /** Records that are created. */
  add(sync: string, keys: readonly string[]): void;
  wait(sync: string, records: readonly Waiting[]): void;
  /** At the end of a sync: those of its records that wait for nothing but what comes will come as well, and so will what waits for them. */
  resolve(sync: string): void;
  /** The records of a sync that wait, as they were met, after the one of this number, at most `limit`. */
  waiting(
    sync: string,
    after: number,
    limit: number,
  ): readonly (Waiting & { readonly number: number; readonly comes: boolean })[];
  close(): void;
}
