import type { FieldDifference } from "./difference.ts";

/** What a destination was found to hold other than it should. */
export type Drift = { readonly sync: string } & DriftOf;

export type DriftOf =
  /** The source has it, and the destination does not. */
  | { readonly kind: "missing"; readonly key: string; readonly why?: string }
  /**
   * The destination has it, and the source does not; `isDouble` when it is there for the second time. Where so many records of the source could
   * not be compared (`uncompared`), it may be one of them.
   */
  | {
      readonly kind: "extra";
      readonly match: string | undefined;
      readonly isDouble: boolean;
      /** What it seems to be called, such as `id 17`, where it has no value to be matched by. */
      readonly named?: string;
      readonly uncompared?: number;
    }
  /** `before` is what the destination holds, `after` what it should. */
  | { readonly kind: "different"; readonly key: string; readonly differences: readonly FieldDifference[] }
  /** A record of the source of which nothing can be made, so that nothing can be compared. */
  | { readonly kind: "invalid"; readonly key: string | undefined; readonly code: string; readonly reason: string };
