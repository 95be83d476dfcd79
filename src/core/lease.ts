/** The process that has the right to write. */
export interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly startedMs: number;
  readonly purpose: string;
}

/** The right of one process to write a ledger. */
export interface Lease {
  readonly fence: number;
  release(): Promise<void>;
}
