/** Where refresh tokens are kept that took the place of the declared one. */
export interface TokenStore {
  /**
   * Runs `work` while nobody else has the token of this name, in this process or another one: a refresh token may be good once, so from reading the
   * current one until the new one is kept only one may ask for it. The death of the process gives it up.
   *
   * @param name letters, digits, `-` and `_`
   */
  hold<Result>(name: string, work: (kept: KeptToken) => Promise<Result>): Promise<Result>;
}

/** A token as whoever holds it has it. */
export interface KeptToken {
  /** Undefined when none was kept yet. */
  read(): Promise<string | undefined>;
  /** Has happened durably when it resolves. */
  write(token: string): Promise<void>;
}
