import type { Write } from "./destination.ts";
import { fingerprint } from "./fingerprint.ts";
import type { Json } from "./json.ts";
import type { OperationKind } from "./operation.ts";
import type { SourceRecord } from "./record.ts";

/** An operation of a plan that is to be applied exactly as it was read. */
export interface PlannedOperation {
  readonly kind: OperationKind;
  readonly key: string;
  /** The request; undefined for an update whose record must be looked up first, since that gives its address. */
  readonly write: Write | undefined;
  /** The id that the destination gave the record, as far as it is known. */
  readonly destinationId: string | undefined;
  /** Hash of the content that is written. */
  readonly hash: string;
  /** Hash of the source record; `gone` for what a read does not show any more. */
  readonly sourceHash: string;
}

/** Equal for operations that send the same. */
export const digestOf = ({ kind, key, write, destinationId, hash, sourceHash }: PlannedOperation): string =>
  fingerprint({
    kind,
    key,
    write: (write ?? null) as Json,
    destinationId: destinationId ?? null,
    hash,
    sourceHash,
  });

/** What a plan was made from; when any of it is another one, the plan does not hold any more. */
export interface PlanMarks {
  /** Of what the config says of the sync and its connections, without credentials. */
  readonly config: string;
  /** Of where the ledger stands. */
  readonly ledger: string;
}

/** How an operation that is planned again differs from the plan. */
export type Moved = "sourceChanged" | "changed" | "new" | "unneeded" | "gone";

/** The operations of one sync's plan, put aside on the disk while they are planned again; gone when it is closed. */
export interface PlanStore {
  /** Operations that the plan has. Of a key the later one stays. */
  expect(operations: readonly PlannedOperation[]): void;
  /** One that is planned again, with the record that it comes from; undefined where a read has missed that. Of a key the later one stays. */
  meet(operation: PlannedOperation, source: SourceRecord | undefined): void;
  /** Keys that the source shows, whatever is planned of them. */
  see(keys: readonly string[]): void;
  /** What is planned otherwise now, at most `limit` of it. `gone` is what no {@link see} has shown: it is so where everything was read. */
  moved(limit: number): readonly { readonly key: string; readonly how: Moved }[];
  countDeletes(): number;
  isDelete(key: string): boolean;
  /** Source records of those that were, in the order of the plan, after the one of this number, at most `limit`. */
  records(after: number, limit: number): readonly { readonly number: number; readonly record: SourceRecord }[];
  /** Keys that a read has missed, of operations that were met, in the order of the keys, after `after`, at most `limit`. */
  missed(after: string, limit: number): readonly string[];
  close(): void;
}
