import type { Known } from "./ledger.ts";

/**
 * An entry that was found to be wrong: what the destination holds is not what was last applied, or, with `isGone`, it holds nothing under the id that
 * it had given. What was refused of a record that has gone from there falls: it was an update.
 */
export interface Correction {
  readonly key: string;
  readonly isGone: boolean;
}

/** What is known of a key once it is corrected; a ledger comes to the same when it stores the correction. */
export function corrected(known: Known, { isGone }: Correction): Known {
  if (known.entry === undefined) return known;
  if (!isGone) return { ...known, entry: { ...known.entry, hash: undefined } };
  const falls = known.rejected?.kind === "rejected" || known.rejected?.sourceHash === "";
  return { ...known, entry: undefined, rejected: falls ? undefined : known.rejected };
}
