import type { OperationState } from "./operation.ts";

export interface LedgerCounts extends OpenCounts {
  readonly entries: number;
}

/** What is not level, or waits for somebody. */
export interface OpenCounts {
  /** Without the deletes that wait. */
  readonly unresolved: Readonly<Record<OperationState, number>>;
  /** Deletes that wait for the end of a read, or for a person (D3). */
  readonly withheld: number;
  readonly invalid: number;
  readonly rejected: number;
  /** Of the invalid ones, those that may be in the destination already (`ADOPTION_AMBIGUOUS`). */
  readonly ambiguous: number;
}
