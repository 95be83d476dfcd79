/** An address that a key is about to have (U10). */
export interface AddressClaim {
  readonly address: string;
  /** The other key that the address follows from; undefined when it follows from its own, or from none alone. */
  readonly otherKey: string | undefined;
}

/** Where records of the destination are: the paths of their addresses, or the ids that it gave. */
export type Places = { readonly addresses: readonly string[] } | { readonly ids: readonly string[] };
