import { EvenkeelError } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
import { readKey } from "../core/key.ts";
import type { MappingNode } from "../core/mapping.ts";
import { ReferenceMissing } from "../core/reference.ts";
import type { Config, MappingTree } from "./config.ts";
import { compileExpression, type CompileOptions, type ExpressionSource } from "./expression.ts";

/** What the destination of a sync calls the record with this key; undefined while it has none. */
export type ReferenceOf = (sync: string, key: string) => Promise<string | undefined>;

type Functions = NonNullable<CompileOptions["functions"]>;

/**
 * `$ref('customers', customer_id)`: what the destination of another sync calls a record; a key of several parts is a list of them. Throws
 * `RUN_REFERENCE_MISSING` while it has none, and `CONFIG_EXPRESSION` for what is no key: without its reference no record is written that has one.
 */
function functionsOf({ syncs }: Config, referenceOf: ReferenceOf = async () => undefined): Functions {
  const ref = async (sync: unknown, key: unknown): Promise<string | undefined> => {
    if (typeof sync !== "string" || !Object.hasOwn(syncs, sync))
      throw new EvenkeelError("CONFIG_EXPRESSION", `\`$ref\` names ${JSON.stringify(sync)}, which is no sync`);
    const parts = (Array.isArray(key) ? key : [key]) as readonly (Json | undefined)[];
    // What refers to nothing has no reference.
    if (parts.every((part) => part === undefined || part === null || part === "")) return undefined;
    const reading = readKey(parts);
    if (!reading.ok)
      throw new EvenkeelError("CONFIG_EXPRESSION", `\`$ref\` of ${sync} is given no key: ${reading.reason}`);
    const found = await referenceOf(sync, reading.key);
    if (found !== undefined) return found;
    throw new ReferenceMissing({ sync, key: reading.key });
  };
  return new Map([["ref", ref]]);
}

/** The mapping's shape, with its expressions compiled. */
export const mappingOf = (tree: MappingTree, config: Config, referenceOf: ReferenceOf | undefined): MappingNode =>
  nodeOf(tree, functionsOf(config, referenceOf));

function nodeOf(tree: MappingTree, functions: Functions): MappingNode {
  const part = (inner: MappingTree): MappingNode => nodeOf(inner, functions);
  if (typeof tree === "function") return { kind: "function", expression: compileExpression(tree) };
  if (Array.isArray(tree)) return { kind: "list", items: tree.map(part) };
  if (typeof tree === "object" && tree !== null)
    return {
      kind: "object",
      members: Object.entries(tree).map(([name, inner]) => [name, part(inner as MappingTree)]),
    };
  return { kind: "expression", expression: compileExpression(tree as ExpressionSource, { functions }) };
}
