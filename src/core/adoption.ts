import type { InvalidCode } from "./record.ts";

/** What adoption finds out about a record, one at a time. */
export type Adoption = { readonly sync: string } & AdoptionOf;

export type AdoptionOf =
  /** Both sides have it: the ledger knows from now on which record of the destination it is. `place` is its id there, or its address. */
  | { readonly kind: "adopted"; readonly key: string; readonly place: string; readonly isEqual: boolean }
  /** The ledger knows it already, or an earlier write of it is unresolved. */
  | { readonly kind: "known"; readonly key: string }
  /** More than one record may be the same one; a person chooses. The first few of each side. */
  | {
      readonly kind: "ambiguous";
      readonly key: string;
      readonly match: string;
      readonly rivals: readonly string[];
      readonly places: readonly string[];
      readonly reason: string;
    }
  /** The source has it, and the destination does not: a run creates it. */
  | { readonly kind: "missing"; readonly key: string; readonly why?: string }
  /** The destination has it, and the source does not, or it cannot be told: `why`. */
  | {
      readonly kind: "extra";
      readonly match: string | undefined;
      readonly place: string | undefined;
      readonly why?: string;
    }
  | { readonly kind: "invalid"; readonly key: string | undefined; readonly code: InvalidCode; readonly reason: string };

export type AdoptionTally = Record<AdoptionOf["kind"], number>;

export const noAdoptions = (): AdoptionTally => ({
  adopted: 0,
  known: 0,
  ambiguous: 0,
  missing: 0,
  extra: 0,
  invalid: 0,
});
