import type { Expression, Scope } from "./expression.ts";
import { scalarText } from "./json.ts";
import { namesText } from "./record-shape.ts";
import type { Unusable } from "./url-value.ts";

/**
 * Why a value cannot stand in a request, for this record. The commonest reason is a name of the source's record, where the mapped one counts: then
 * it says what that has, and what to write.
 */
export function reasonIn(
  { mapped, source }: Pick<Scope, "mapped" | "source">,
  { reason, absent }: Unusable,
  expressions: readonly Pick<Expression, "text" | "path">[],
): string {
  const name = expressions.find(({ text }) => text === absent)?.path?.[0];
  const isForeign = name !== undefined && !Object.hasOwn(mapped, name) && Object.keys(mapped).length > 0;
  if (absent === undefined || !isForeign) return reason;
  const isMapped = mapped !== source && Object.keys(source).length > 0;
  const where = `\`${absent}\` is not in the ${isMapped ? "mapped " : ""}record, which has ${namesText(Object.keys(mapped))}`;
  if (!isMapped || !Object.hasOwn(source, name)) return where;
  const value = scalarText(source[name]);
  const same = Object.keys(mapped).find((each) => value !== undefined && scalarText(mapped[each]) === value);
  const ways = [
    ...(same === undefined || absent !== name ? [] : [`\`{${same}}\``]),
    `\`{$source.${absent}}\` for the source's own field`,
  ];
  return `${where}; write ${ways.join(", or ")}`;
}
