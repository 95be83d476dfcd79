import type { Expression } from "../core/expression.ts";
import { isObject, type Json } from "../core/json.ts";

export const NONE: ReadonlySet<number> = new Set();

/** Indexes of the records that the source does not count as having. What is no record is left to be told of. */
export async function excludedOf(
  records: readonly Json[],
  filter: Expression | undefined,
): Promise<ReadonlySet<number>> {
  if (filter === undefined) return NONE;
  const passed = await Promise.all(
    records.map(async (record) => !isObject(record) || (await filter.evaluate(record)) === true),
  );
  return new Set(passed.flatMap((passes, index) => (passes ? [] : [index])));
}
