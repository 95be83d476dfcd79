import * as z from "zod";
import { isObject, setMember } from "../core/json.ts";
import { NESTING_MAX } from "../core/json-value.ts";
import type { MappingTree } from "./config.ts";
import { readExpression, SEES } from "./expression-leaf.ts";
import { found, type LeafDetails } from "./leaf.ts";

/** A literal text that YAML's quotes did not make one would be read as arithmetic. */
const DATE = /^\d{4}-\d\d-\d\d/;

/** A mapping: expressions in maps and lists, or one for the whole record. Stays as it was written. */
export const mapping: z.ZodType<MappingTree> = z
  .unknown()
  .transform((raw, context): MappingTree => {
    const refuse = (path: readonly (string | number)[], message: string, details: LeafDetails = {}): null => {
      context.addIssue({ code: "custom", message, params: { ...details }, path: [...path] });
      return null;
    };
    const read = (part: unknown, path: readonly (string | number)[]): MappingTree => {
      if (path.length > NESTING_MAX) return refuse(path, `is nested deeper than ${NESTING_MAX} levels`);
      if (typeof part === "boolean" || part === null) return part;
      if (typeof part === "number") return Number.isFinite(part) ? part : refuse(path, "is not a finite number");
      if (Array.isArray(part)) return part.map((item, index) => read(item, [...path, index]));
      if (isObject(part)) {
        const copy: Record<string, MappingTree> = {};
        for (const [name, inner] of Object.entries(part))
          setMember(copy as never, name, read(inner, [...path, name]) as never);
        return copy;
      }
      if (typeof part === "string" && DATE.test(part))
        return refuse(path, `\`${part}\` would be calculated: a literal text stands in quotes of its own`, {
          next: `Write \`"'${part}'"\`.`,
        });
      const expression = readExpression(part, SEES.mapping);
      if (expression.ok) return expression.value;
      const { ok: _, reason, ...details } = expression;
      return refuse(path, reason, details);
    };
    if (raw === null || typeof raw === "number" || typeof raw === "boolean") {
      return refuse([], `takes a map of the destination's fields, or one expression; ${found(raw)}`);
    }
    return read(raw, []);
  })
  .meta({ type: ["object", "string"], additionalProperties: true, "x-type": "Mapping" });

/** True when a function is in it, whose meaning only a version can tell (P10). */
export function hasFunction(tree: unknown): boolean {
  if (typeof tree === "function") return true;
  return typeof tree === "object" && tree !== null && Object.values(tree).some(hasFunction);
}
