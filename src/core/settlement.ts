import type { Checkpoint } from "./checkpoint.ts";
import type { HistoryEvent } from "./history.ts";
import type { JsonObject } from "./json.ts";
import type { Entry, Held } from "./ledger.ts";
import type { Progress } from "./operation.ts";
import type { NewReject } from "./reject.ts";

/** How one operation left the in-flight state, and the line in the record's history; a group of these is one transaction. */
export type Resolution = ResolutionKind & { readonly line?: HistoryEvent | undefined };

type ResolutionKind =
  /** Applied: the entry is written, the row goes (or becomes `verifying` when `verifyAtMs` is given, with its bytes). */
  | {
      readonly kind: "applied";
      readonly number: number;
      readonly entry: Entry;
      /** True when the key certainly has no entry yet: then none is looked for. */
      readonly isNew?: boolean;
      /** Content for `plan` and `explain`; not stored when `state.bodies` is false, nor when what the destination holds is not known. */
      readonly mapped: JsonObject | undefined;
      readonly verify: Verification | undefined;
    }
  /** Applied delete: the entry goes, and the row, unless an older write may still land (`verify`, as above). */
  | {
      readonly kind: "deleted";
      readonly number: number;
      readonly key: string;
      /** Of the mark that says that it has gone; undefined where it was missed: then that of what was last written counts. */
      readonly sourceVersion: string | undefined;
      readonly atMs: number;
      readonly verify: Verification | undefined;
    }
  /** A delete that was certainly not applied, for whatever reason: it waits again, for the guard of a later run (D3). */
  | { readonly kind: "withheld"; readonly number: number; readonly key: string }
  /** Refused for good and certainly not applied: the row goes, a reject is written, the entry stays as it was. */
  | {
      readonly kind: "rejected";
      readonly number: number;
      readonly reject: NewReject;
      readonly mayLandUntilMs?: number | undefined;
    }
  /** Unknown or parked beyond this run's patience: the row keeps its bytes, so the checkpoint may pass it. */
  | {
      readonly kind: "held";
      readonly number: number;
      readonly state: "unknown" | "parked";
      readonly progress: Progress;
      readonly held: Held;
    }
  /** Never sent, because the run stops: the row goes. The checkpoint does not pass it. */
  | { readonly kind: "released"; readonly number: number; readonly mayLandUntilMs?: number | undefined }
  /** Never sent, because there is nothing to be done about this version of the record: the row goes, and refusals of older versions with it. */
  | { readonly kind: "needless"; readonly number: number; readonly key: string }
  /** Found to be as wanted before anything was sent, or verified after: the row goes, the entry stays. */
  | { readonly kind: "verified"; readonly number: number };

/** Until when an older write may land. `held` has the bytes to repair with; undefined when the older write has the same content. */
export interface Verification {
  readonly atMs: number;
  readonly held: Held | undefined;
}

export interface Settlement {
  readonly run: number;
  readonly resolutions: readonly Resolution[];
  /** Written in the same transaction as the outcomes before it (P2); undefined when the watermark did not move. */
  readonly checkpoint: Checkpoint | undefined;
}
