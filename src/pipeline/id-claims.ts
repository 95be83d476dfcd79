import type { SyncLedger } from "../core/ledger.ts";

/** An id of the destination, and the key that it is about to belong to. */
export interface IdClaim {
  readonly id: string;
  readonly key: string;
}

/**
 * U5, U10: an id that the destination gives belongs to one key: two would overwrite each other, and the delete of one would delete the other. A
 * search that ignores what it is asked for shows everybody the same record, and some APIs take two records for one when they are created.
 */
export class IdClaims {
  readonly #ledger: Pick<SyncLedger, "owned">;
  /** What the ledger does not show yet. */
  readonly #pending = new Map<string, string>();

  constructor(ledger: Pick<SyncLedger, "owned">) {
    this.#ledger = ledger;
  }

  /** Takes each id for its key; in the same order, the other key that has it already. */
  async take(claims: readonly IdClaim[]): Promise<readonly (string | undefined)[]> {
    const pending = claims.map((claim) => this.#await(claim));
    const known = await this.#ledger.owned({ ids: claims.map(({ id }) => id) });
    return claims.map((claim, index) => {
      const owner = pending[index] ?? known.get(claim.id);
      if (owner === undefined || owner === claim.key) return undefined;
      this.release(claim);
      return owner;
    });
  }

  /** The ledger shows it, or nothing has come of it. */
  release({ id, key }: IdClaim): void {
    if (this.#pending.get(id) === key) this.#pending.delete(id);
  }

  /** The key that waits for this id already; otherwise this one does. */
  #await({ id, key }: IdClaim): string | undefined {
    const waiting = this.#pending.get(id);
    if (waiting === undefined) this.#pending.set(id, key);
    return waiting;
  }
}

type Shared =
  | { readonly kind: "rejected"; readonly message: string; readonly code: "ID_SHARED" }
  | { readonly kind: "held"; readonly state: "unknown"; readonly message: string };

/** How an operation ends whose id is another key's. A search that shows another's record has not found out what became of this one (R2). */
export function idShared(id: string, owner: string, isInDoubt: boolean): Shared {
  const message = `the destination gives it the id ${id}, which is that of record ${owner}: what is written to one would overwrite the other`;
  return isInDoubt ? { kind: "held", state: "unknown", message } : { kind: "rejected", message, code: "ID_SHARED" };
}
