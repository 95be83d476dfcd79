import type { Eventual } from "./eventual.ts";
import type { DesiredRecord } from "./record.ts";
import type { Json, JsonObject } from "./json.ts";
import type { Attempt, Outcome } from "./outcome.ts";
import type { OperationKind } from "./operation.ts";

/** A write as it will be sent: rendered once, so that a retry sends the same bytes (R8, K2). Holds no credentials. */
export interface Write {
  readonly method: string;
  /** Absolute. */
  readonly url: string;
  /** Without credentials and without the idempotency key. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** True when sending it twice has the effect of sending it once: PUT, DELETE, PATCH of absolute values (R2). */
  readonly repeatable: boolean;
}

export type RenderedWrite =
  | { readonly ok: true; readonly write: Write }
  | { readonly ok: false; readonly code: "ADDRESS_UNUSABLE" | "MAPPING_FAILED"; readonly reason: string };

export type Addressed =
  /** Both are undefined where the destination assigns ids. */
  | ({ readonly ok: true } & Pick<DesiredRecord, "address" | "addressKey">)
  | { readonly ok: false; readonly reason: string };

export interface SendOptions {
  readonly idempotencyKey: string | undefined;
  /** Ends the request at once; once the first byte left, the outcome is unknown. */
  readonly signal: AbortSignal;
  /** Leaves the lane's queue (`not-sent`), but lets a request that is under way finish. */
  readonly stop?: AbortSignal;
  /** The version that the write is based on; undefined when none is known. Only for whom a precondition is declared. */
  readonly tag?: string | undefined;
  /** Nothing must be there yet. */
  readonly isNew?: boolean;
  /** How long the caller is willing to wait for the lane, in ms; a longer block gives `not-sent` with `retryAfterMs`. */
  readonly patienceMs: number;
  /** K4: after this moment, in ms on the monotonic clock, it is `not-sent`; undefined when it may wait for its turn for as long as that takes. */
  readonly leavesByMs?: number | undefined;
}

/** What a look-up in the live destination found. */
export type Finding =
  | {
      readonly kind: "found";
      readonly destinationId: string | undefined;
      readonly record: JsonObject;
      /** Its version: the ETag, or where another one is declared, that as JSON. */
      readonly etag?: string;
    }
  | { readonly kind: "absent" }
  | { readonly kind: "unclear"; readonly attempt: Attempt };

/** A record as one of several in a request. */
export interface BatchItem {
  readonly record: Pick<DesiredRecord, "key" | "mapped" | "body">;
  readonly destinationId: string | undefined;
}

/** Writes of one kind that may go together in one request. */
export interface ManyWrites {
  /** At most so many records, and so many bytes of them. */
  readonly size: number;
  readonly bytes: number;
  /** There is no request for a single record: it goes as the only one of a batch. */
  readonly isOnly: boolean;
  render(items: readonly BatchItem[]): Eventual<RenderedWrite>;
  /**
   * Sends them once. `each` is what became of every one of them, in their order; undefined when the answer was for the request as a whole, so
   * that its outcome is that of all.
   */
  send(
    write: Write,
    items: readonly BatchItem[],
    options: Omit<SendOptions, "idempotencyKey">,
  ): Promise<{ readonly attempt: Attempt; readonly each: readonly Outcome[] | undefined }>;
}

/** What the config declares about a destination's writes; planning and guarantees derive from it. */
export interface DestinationTraits {
  /** `own`: the record has its own address (upsert). `assigned`: the destination gives ids (create). */
  readonly addressing: "own" | "assigned";
  readonly updates: boolean;
  /** The method of what writes a record under its own name, and whether twice is as good as once; undefined where the destination gives ids. */
  readonly upsert: { readonly method: string; readonly isRepeatable: boolean } | undefined;
  /** At most so many records go in one request; undefined when each goes alone. */
  readonly together: number | undefined;
  readonly delete:
    | {
        /** Its request takes fields of the record, as it was last written. */
        readonly needsRecord: boolean;
        /** It goes to the address that the record was written to, or to the id that the destination gave, whatever the record's key is. */
        readonly knowsPlace: boolean;
      }
    | undefined;
  readonly idempotencyKey: { readonly retentionMs: number } | undefined;
  readonly find: { readonly visibilityLagMs: number; readonly unique: boolean } | undefined;
  /** A write bears the version that it is based on, and is refused when that is not the current one (U4); and who wins then. */
  readonly precondition: { readonly conflict: ConflictPolicy } | undefined;
  readonly readBack: boolean;
  /** How long a request given up may still land (U3). */
  readonly lateWriteMs: number;
}

/** Who wins when somebody else has changed a record of the destination: what the source has, what is there, or neither until a person looks. */
export type ConflictPolicy = "source" | "destination" | "reject";

export type LookUp = (
  record: Pick<DesiredRecord, "key" | "mapped" | "body"> & Partial<Pick<DesiredRecord, "address">>,
  destinationId: string | undefined,
  options: Omit<SendOptions, "idempotencyKey">,
) => Promise<Finding>;

/** The end of a sync that is written. One attempt a call. Never throws for what an API does. */
export interface Destination {
  readonly connection: string;
  readonly traits: DestinationTraits;
  /** The record's own address, checked against S1; undefined where ids are assigned. */
  address(record: Pick<DesiredRecord, "key" | "mapped" | "body">): Eventual<Addressed>;
  /**
   * Renders a write. `destinationId` is needed for an update where ids are assigned. For a delete, `mapped` is the content last applied and
   * `body` is empty.
   */
  render(
    kind: OperationKind,
    record: Pick<DesiredRecord, "key" | "mapped" | "body" | "address">,
    destinationId: string | undefined,
  ): Eventual<RenderedWrite>;
  /** How writes of this kind go together; undefined when each goes alone. */
  many(kind: OperationKind): ManyWrites | undefined;
  /** Sends it once through the lane. */
  send(write: Write, options: SendOptions): Promise<Attempt>;
  /** The id that an applied create's answer gave, or a replayed one's; undefined when it cannot be found there. */
  idOf(body: Json | undefined): Eventual<string | undefined>;
  /** Finds a record by its own external id (`find`) or address (`read`). Undefined when neither is declared. */
  readonly lookUp?: LookUp;
  /** Reads a record where it is known to be (`read`): at its own address, or under the id that the destination gave it. */
  readonly readBack?: LookUp;
}
