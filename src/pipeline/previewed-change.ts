import { differences, type FieldDifference } from "../core/difference.ts";
import type { Counts } from "../core/events.ts";
import type { JsonObject } from "../core/json.ts";
import { ADOPTED, type Known } from "../core/ledger.ts";
import type { Reference } from "../core/reference.ts";
import type { Planned } from "./journal.ts";

/** What a plan says of one record. */
export type PreviewedChange =
  | {
      readonly kind: "create";
      readonly sync: string;
      readonly key: string;
      readonly address: string | undefined;
      readonly mapped: JsonObject;
    }
  | {
      readonly kind: "update";
      readonly sync: string;
      readonly key: string;
      readonly address: string | undefined;
      readonly differences: readonly FieldDifference[];
      readonly note: string | undefined;
    }
  | {
      readonly kind: "delete";
      readonly sync: string;
      readonly key: string;
      readonly address: string | undefined;
      readonly note: string | undefined;
    }
  /** It refers to records that the plan creates, and is written once they are there. */
  | {
      readonly kind: "wait";
      readonly sync: string;
      readonly key: string;
      readonly waitsFor: readonly Reference[];
    }
  | {
      readonly kind: "invalid";
      readonly sync: string;
      readonly key: string | undefined;
      readonly code: string;
      readonly reason: string;
    };

/** What is planned of a record, which is counted. */
export function changeOf(
  { record, decision }: Planned,
  known: Known | undefined,
  body: JsonObject | undefined,
  sync: string,
  counts: Counts,
): PreviewedChange {
  const { key, address, mapped } = record;
  if (decision.kind === "gone") {
    counts.deleted += 1;
    return { kind: "delete", sync, key, address: decision.address, note: undefined };
  }
  if (decision.kind === "create") {
    counts.created += 1;
    return { kind: "create", sync, key, address, mapped };
  }
  counts.updated += 1;
  const note =
    known?.operation !== undefined
      ? "an earlier write of it is unresolved"
      : known?.entry?.operation === ADOPTED && known.entry.hash === undefined
        ? "it was adopted; a run looks at it first, and leaves it where it is level"
        : body === undefined
          ? "what the destination holds is not kept"
          : undefined;
  return { kind: "update", sync, key, address, differences: body === undefined ? [] : differences(body, mapped), note };
}
