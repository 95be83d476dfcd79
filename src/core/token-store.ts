/** Where refresh tokens are kept that took the place of the declared one. */
export interface TokenStore {
  read(name: string): Promise<string | undefined>;
  /** Has happened durably when it resolves. */
  write(name: string, token: string): Promise<void>;
}
