/** One line of a record's life, for `explain`. */
export interface HistoryEvent {
  readonly key: string;
  readonly atMs: number;
  /** `create`, `update`, `applied`, `unknown`, `parked`, `rejected`, `found`, `verified`, `adopted`, `unblocked`, ... */
  readonly event: string;
  readonly operation: number | undefined;
  /** In words, redacted. */
  readonly detail: string;
}

export interface StoredHistoryEvent extends HistoryEvent {
  readonly run: number;
}
