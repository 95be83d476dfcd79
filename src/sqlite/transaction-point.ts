import type { SyncLedger } from "../core/ledger.ts";

/** Called inside each writing transaction, before it commits, with the method's name; what it throws rolls the transaction back. */
export type TransactionPoint = (method: string) => void;

const points = new WeakMap<SyncLedger, { step: TransactionPoint | undefined }>();

/** For the ledger: gives it a place where a test can step into its transactions. */
export function transactionPoint(): {
  readonly pass: TransactionPoint;
  readonly openFor: (ledger: SyncLedger) => void;
} {
  const point: { step: TransactionPoint | undefined } = { step: undefined };
  return { pass: (method) => point.step?.(method), openFor: (ledger) => void points.set(ledger, point) };
}

/** For tests of crashes: steps into the writing transactions of an SQLite ledger. Returns false when it is another kind of ledger. */
export function stepInside(ledger: SyncLedger, step: TransactionPoint): boolean {
  const point = points.get(ledger);
  if (point === undefined) return false;
  point.step = step;
  return true;
}
