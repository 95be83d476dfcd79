import type { PagePosition } from "./source.ts";

/** Where a sync's reading stands: what the next run goes on from (P2). */
export interface Checkpoint {
  /** The read that is under way, or the last one. */
  readonly read: number;
  readonly kind: "full" | "incremental";
  /** Cursor to start the next read from, as the source wrote it; undefined before the first complete read with a cursor. */
  readonly cursor: string | undefined;
  /** True when the read is finished: the next run begins a new one. */
  readonly complete: boolean;
  /** Where the read under way goes on; undefined for its beginning, and when it is complete. */
  readonly position: PagePosition | undefined;
  /** `since` of the read under way, so that a resumed read asks the same. */
  readonly since: string | undefined;
  /** What the cursor becomes when the read under way is complete (P3). */
  readonly pendingCursor: string | undefined;
  /**
   * From where on a read in the order of the cursor may have passed what was committed late: an instant of the source's clock, or a value. The
   * cursor goes no further, though the read does (P3).
   */
  readonly passedMs?: number | undefined;
  readonly passed?: string | undefined;
  /** Highest cursor that any read has met. */
  readonly highest: string | undefined;
  readonly startedMs: number;
  /** When the last complete read, and the last complete full refresh, began. */
  readonly completeMs: number | undefined;
  readonly fullMs: number | undefined;
  /** When the last complete read began that could tell what has gone from the source (D2). */
  readonly mirrorMs?: number | undefined;
  /** Since when no read could tell that, because each was resumed: when the first of them ended. */
  readonly untoldMs?: number | undefined;
  /** Records of the last full refresh that one run read whole: how many the next may be expected to have. */
  readonly fullRecords: number | undefined;
  /** Fingerprints in force (P10). `mapping` is the `reading` (mapping, request, filter, cursor) whose read is complete. */
  readonly mapping: string | undefined;
  /** The first read under the `reading` in force: what an earlier one missed was missed in another scope (D1). */
  readonly scopeRead?: number;
  /** The `reading` under which the read under way began: another one begins it anew. */
  readonly readMapping: string;
  readonly identity: string;
  /** An adoption was begun, and has not come to its end: what it has not met yet would be created a second time. */
  readonly adopting?: true;
  /** A smaller page size that the source was found to need (P6). */
  readonly pageSize: number | undefined;
}
