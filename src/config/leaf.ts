import * as z from "zod";
import type { ErrorCode } from "../core/errors.ts";
import { kindOf } from "../core/url-value.ts";

/** A value of the config that was read, or why it cannot be. */
export type LeafReading<Value> =
  | { readonly ok: true; readonly value: Value }
  | ({ readonly ok: false; readonly reason: string } & LeafDetails);

/** What a problem has besides its reason; travels through zod as an issue's `params`. */
export interface LeafDetails {
  /** `CONFIG_INVALID` when absent. */
  readonly code?: ErrorCode;
  /** Characters from the start of the value to the problem. */
  readonly offset?: number;
  readonly next?: string;
  /** The value is a map or list where an expression's text is wanted: its source should stand in quotes. */
  readonly quote?: boolean;
}

/** JSON Schema of a leaf. `x-type` is its type for TypeScript configs, where that differs. */
export type LeafMeta = Readonly<Record<string, unknown>> & { readonly "x-type"?: string };

/** A value that is read as a whole, with messages of its own. Undefined counts as missing. */
export function leaf<Value>(meta: LeafMeta, read: (raw: unknown) => LeafReading<Value>): z.ZodType<Value> {
  return z
    .unknown()
    .transform((raw, context): Value => {
      const reading: LeafReading<Value> = raw === undefined ? { ok: false, reason: MISSING } : read(raw);
      if (reading.ok) return reading.value;
      const { ok: _, reason, ...details } = reading;
      context.addIssue({ code: "custom", message: reason, params: details });
      return z.NEVER;
    })
    .meta({ ...meta });
}

export const MISSING = "is missing";

type Maybe<Value> = z.ZodPipe<z.ZodOptional<z.ZodType<Value>>, z.ZodTransform<Value | undefined, Value | undefined>>;

/** The same value, or undefined when it is absent. */
export function maybe<Value>(schema: z.ZodType<Value>): Maybe<Value> {
  return schema.optional().transform((value) => value);
}

/** A map with these keys and no others. The message carries the known names to whoever words the problem. */
export function map<Shape extends z.core.$ZodLooseShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  return z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? Object.keys(shape).join(" ") : undefined),
  });
}

/** What a value is that should have been something else. */
export const found = (raw: unknown): string =>
  raw === null ? "it is empty" : `found ${typeof raw === "object" && !Array.isArray(raw) ? "a map" : kindOf(raw)}`;
