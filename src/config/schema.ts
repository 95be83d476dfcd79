import * as z from "zod";
import type { DeleteGuard } from "../core/delete-guard.ts";
import type { Config, SyncConfig } from "./config.ts";
import { connectionSchema } from "./connection-schema.ts";
import { destinationSchema } from "./destination-schema.ts";
import { leaf, map, maybe } from "./leaf.ts";
import { mapping } from "./mapping-leaf.ts";
import type { Substitute } from "./secrets.ts";
import { sourceSchema } from "./source-schema.ts";
import { createValues, type Values } from "./values.ts";

// A config is read once: what zod would compile for the next one takes longer than it saves.
z.config({ jitless: true });

/** Names that people type on the command line. Beginning with a letter, they keep the order of the file. */
const NAME = /^[A-Za-z][A-Za-z0-9_-]*$/;
const NAME_PROBLEM = "is not a name: it begins with a letter, and has letters, digits, `-` and `_`";

/**
 * The config's schema: the one source of its validation, its JSON Schema, its reference in docs/config.md and the types of
 * TypeScript configs. `substitute` replaces `${}` in plain values and in the fixed parts of templates, never in expressions.
 */
export function configSchema(substitute: Substitute): z.ZodType<Config> {
  const values = createValues(substitute);
  const name = z.string().regex(NAME, NAME_PROBLEM);
  return map({
    $schema: maybe(leaf({ type: "string" }, () => ({ ok: true, value: undefined }))).describe(
      "The address of the config's JSON Schema, for completion in editors.",
    ),
    connections: z.record(name, connectionSchema(values)).describe("The HTTP APIs, by name."),
    syncs: z
      .record(name, syncSchema(values, substitute))
      .describe("The syncs, by name, in the order in which they run."),
    state: map({
      file: maybe(values.text)
        .meta({ "x-default": "`.evenkeel/state.db`" })
        .describe("The ledger's file, relative to the config."),
      bodies: values.flag
        .prefault(true)
        .describe("Keep what was last sent of each record, so that `plan` and `explain` can show differences."),
    })
      .prefault({})
      .describe("The ledger: what the destinations are known to hold."),
  }).transform(({ $schema: _, ...config }) => config);
}

function syncSchema(values: Values, substitute: Substitute): z.ZodType<SyncConfig> {
  return map({
    after: z
      .array(values.text)
      .prefault([])
      .describe("Syncs that run before this one, so that `$ref` finds their records."),
    source: sourceSchema(values, substitute).describe("Where records come from."),
    mapping: maybe(mapping).describe(
      "The destination's record: a map of expressions over the source record, as deep as needed, or one expression for all of it. The record as it is when absent.",
    ),
    mappingVersion: maybe(values.text).describe(
      "The meaning of the functions in a TypeScript mapping; raise it when one of them changes. Every record is then compared anew.",
    ),
    destination: destinationSchema(values, substitute).describe("Where records go."),
    deletes: map({
      mode: values
        .choice(["never", "tombstone", "mirror"])
        .prefault("never")
        .describe(
          "Which records are deleted that have gone from the source: those that it marks as deleted (`tombstone`), or also those that two complete reads in a row miss (`mirror`).",
        ),
      guard: guardSchema(values)
        .prefault({})
        .describe(
          "How many deletes are too many, of the last 24 hours. Beyond that none happens, and the run says so.",
        ),
      fullRefresh: values.duration
        .prefault("24h")
        .describe("How often a mirror with a cursor reads everything, to learn what has gone."),
    })
      .prefault({})
      .transform(({ fullRefresh, ...deletes }) => ({ ...deletes, fullRefreshMs: fullRefresh }))
      .describe("What becomes of records that have gone from the source."),
    writes: values
      .choice(["both", "createOnly", "updateOnly"])
      .prefault("both")
      .describe("Narrows what is written: only records that are new, or only records that the destination has."),
  });
}

function guardSchema({ integer }: Values): z.ZodType<DeleteGuard> {
  const number = integer({ min: 0, max: 1_000_000_000 });
  const percent = integer({ min: 0, max: 100 });
  return map({
    count: number.prefault(10).describe("Up to so many are allowed, unless they are more than `percentMax`."),
    percent: percent
      .prefault(10)
      .describe("Up to this share of all records is allowed, unless they are more than `countMax`."),
    countMax: number.prefault(1_000).describe("Never more than so many."),
    percentMax: percent.prefault(50).describe("Never more than this share, unless it is one record."),
  });
}
