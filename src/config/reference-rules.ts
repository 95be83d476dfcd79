import jsonata from "jsonata";
import type { Problem } from "../core/errors.ts";
import type { Config, MappingTree } from "./config.ts";
import type { Document } from "./document.ts";
import { namesOf } from "./nearest.ts";
import { problemAt } from "./problems.ts";

import { functionCalls } from "./syntax-tree.ts";

/** `$ref` takes a sync's name and a key: what can be told of a call before any record is read. */
export function unfitReferences(config: Config, document: Document): readonly Problem[] {
  const names = Object.keys(config.syncs);
  return Object.entries(config.syncs).flatMap(([name, { mapping }]) =>
    textsIn(mapping ?? null, ["syncs", name, "mapping"]).flatMap(({ text, path }) => {
      if (!text.includes("$ref")) return [];
      const problem = functionCalls(jsonata(text).ast(), "ref")
        .map((given) => whyUnfit(given, names))
        .find((why) => why !== undefined);
      return problem === undefined ? [] : [problemAt(document, path, problem.message, { next: problem.next })];
    }),
  );
}

function whyUnfit(
  given: readonly unknown[],
  names: readonly string[],
): { readonly message: string; readonly next: string } | undefined {
  if (given.length !== 2)
    return {
      message: `calls \`$ref\` with ${given.length === 1 ? "one value" : `${given.length} values`}, and it takes a sync's name and a key`,
      next: "Write `$ref('customers', customer_id)`; a key of several parts is a list of them: `$ref('customers', [tenant, customer_id])`.",
    };
  const [sync] = given as readonly { readonly type?: string; readonly value?: unknown }[];
  if (sync?.type !== "string" || names.includes(String(sync.value))) return undefined;
  return { message: `refers to \`${String(sync.value)}\`, which is no sync`, next: `There are ${namesOf(names)}.` };
}

interface Text {
  readonly text: string;
  readonly path: readonly (string | number)[];
}

/** The expressions of a mapping, each with its place. */
function textsIn(tree: MappingTree, path: Text["path"]): readonly Text[] {
  if (typeof tree === "string") return [{ text: tree, path }];
  if (Array.isArray(tree)) return tree.flatMap((item: MappingTree, index) => textsIn(item, [...path, index]));
  if (typeof tree !== "object" || tree === null) return [];
  return Object.entries(tree).flatMap(([name, inner]) => textsIn(inner as MappingTree, [...path, name]));
}
