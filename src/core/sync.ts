import type { DeleteGuard } from "./delete-guard.ts";
import type { Destination } from "./destination.ts";
import type { Eventual } from "./eventual.ts";
import type { Json, JsonObject } from "./json.ts";
import type { Fields, OwnedFields } from "./owned-fields.ts";
import type { KeyReading } from "./record.ts";
import type { Reference } from "./reference.ts";
import type { Source } from "./source.ts";

export type CursorType = "timestamp" | "integer" | "text";

/** How the source orders its changes. Durations are ms for timestamps and plain units for integers. */
export interface CursorSpec {
  /** The field's name, for messages. */
  readonly field: string;
  readonly type: CursorType;
  /** How far before the stored cursor a read asks, to meet rows committed late (P3). */
  readonly lookback: number;
  /** True when the source promises ascending order; then the cursor moves within a read. */
  readonly sorted: boolean;
  /** The cursor is never stored past the source's clock less this (P3); 0 for integer and text. */
  readonly safetyLagMs: number;
  read(record: JsonObject): Eventual<Json | undefined>;
}

export type MappingResult =
  | { readonly ok: true; readonly mapped: JsonObject }
  /** `waits`: for records that are not there yet, and for nothing else. */
  | { readonly ok: false; readonly reason: string; readonly waits: readonly Reference[] | undefined };

export interface Mapping {
  /** Identifies the mapping's meaning: equal fingerprints map equally (P10). */
  readonly fingerprint: string;
  map(record: JsonObject): Eventual<MappingResult>;
  /** The fields that are its own in the destination. */
  readonly owned: OwnedFields;
  /** Source paths that were absent in every record since the mapping was built, for the warning about misspelt paths. */
  absentPaths(): readonly string[];
}

export interface RetryPolicy {
  readonly attempts: number;
  readonly baseMs: number;
  /** Base for throttled answers without Retry-After. */
  readonly throttledBaseMs: number;
  readonly capMs: number;
  /** For one operation, all attempts and waits together. */
  readonly deadlineMs: number;
}

/** The destination's own list. */
export interface Live {
  /** Reads it page by page, as a source is read. */
  readonly source: Source;
  /** The value by which a listed record and a mapped record are the same one. */
  readonly match: (record: JsonObject) => Eventual<KeyReading>;
  /** Whether a listed record is one of those that count; undefined where all do. */
  readonly filter: ((record: JsonObject) => Eventual<Json | undefined>) | undefined;
  /** How records that were there before are adopted. */
  readonly adopt: {
    /** Like `match`, where the ledger knows nothing yet. */
    readonly match: (record: JsonObject) => Eventual<KeyReading>;
    /** The id that the destination gave to a listed record; undefined where what it is matched by is its id. */
    readonly id: ((record: JsonObject) => Eventual<Json | undefined>) | undefined;
  };
}

/** What becomes of records that have gone from the source. */
export interface Deletes {
  readonly mode: "never" | "tombstone" | "mirror";
  readonly guard: DeleteGuard;
  /** How often a mirror with a cursor reads everything, ms. */
  readonly fullRefreshMs: number;
}

/** Everything that a run of one sync needs, built from the config. */
export interface Sync {
  readonly name: string;
  readonly source: Source;
  readonly destination: Destination;
  /** An expression that fails for one record gives it no key (P11). */
  readonly key: (record: JsonObject) => Eventual<KeyReading>;
  readonly cursor: CursorSpec | undefined;
  /** All that the destination holds, for a comparison; undefined where no `list` is declared. */
  readonly live: Live | undefined;
  readonly mapping: Mapping;
  readonly writes: "both" | "createOnly" | "updateOnly";
  readonly deletes: Deletes;
  /** What a write does to a field that the mapped record leaves out: then nothing is there, or it stays as it was. */
  readonly omitted: "cleared" | "kept";
  /** Whether the source marks this record as deleted (D1); undefined where it marks none. */
  readonly tombstone: ((record: JsonObject) => Eventual<Json | undefined>) | undefined;
  /** Whether this record is one of those that count; undefined where all do. */
  readonly filter: ((record: JsonObject) => Eventual<Json | undefined>) | undefined;
  readonly retry: { readonly source: RetryPolicy; readonly destination: RetryPolicy };
  /** True when what a write sends depends on more than the mapped record; then the hash covers the source record too. */
  readonly hashSource: boolean;
  /**
   * Fingerprint of what a read covers and makes of it: source, request, filter, cursor, mapping (P10). When it changes, everything
   * is read once under the new one.
   */
  readonly reading: string;
  /**
   * Fingerprint of key expression and destination addresses (P10): when it changes, entries describe something else and the
   * run is refused until the user decides.
   */
  readonly identity: string;
  /** Pages in one read before it is called endless (P4). */
  readonly pagesMax: number;
}

/** Whether it matters later what of the destination this ledger has written: for a delete (D2), and where somebody else's change is kept (U4). */
export const asksWhose = ({ deletes, destination }: Pick<Sync, "deletes" | "destination">): boolean =>
  deletes.mode !== "never" || (destination.traits.precondition?.conflict ?? "source") !== "source";

/** The fields in which the destination must not hold what the mapping left out; undefined where it may. */
export const clearedFields = ({ omitted, mapping }: Pick<Sync, "omitted" | "mapping">): Fields | undefined =>
  omitted === "cleared" ? mapping.owned.fields : undefined;
