import type { JsonObject } from "./json.ts";
import type { Evidence } from "./outcome.ts";
import type { InvalidCode } from "./record.ts";

/** `REFUSED` by the destination; `ID_SHARED`: the id that it gives is that of another key (U5). */
export type RejectCode = "REFUSED" | "ID_SHARED";

/** A dead letter. `invalid`: refused before sending. `rejected`: refused by the destination. */
export interface NewReject {
  readonly kind: "invalid" | "rejected";
  /** Undefined when the record has no usable key; such rejects are told apart by `sourceHash`. */
  readonly key: string | undefined;
  readonly code: InvalidCode | RejectCode;
  readonly reason: string;
  readonly source: JsonObject | undefined;
  /** Empty once a record of the key was planned that was read after the refusal. */
  readonly sourceHash: string;
  /** Fingerprint of the mapping that was in force (P11). */
  readonly mapping: string;
  readonly evidence: Evidence | undefined;
  readonly atMs: number;
}

export interface Reject extends NewReject {
  readonly id: number;
  readonly run: number;
  /** How often it was refused in the same way. */
  readonly times: number;
}
