import * as z from "zod";
import { configSchema } from "./schema.ts";

/** A part of a JSON Schema (draft 2020-12), as far as the config's schema uses it. */
export interface SchemaNode {
  readonly [keyword: string]: unknown;
  readonly description?: string;
  readonly default?: unknown;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: SchemaNode | boolean;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
  /** The type in a TypeScript config, where it differs from the JSON type. */
  readonly "x-type"?: string;
  /** What a text is: a duration, a rate, a size. */
  readonly "x-kind"?: string;
  /** A default in words, where it depends on other keys. */
  readonly "x-default"?: string;
}

/** The address under which editors find the schema. */
const SCHEMA_ADDRESS = "https://unpkg.com/evenkeel/dist/schema.json";

/** The config's JSON Schema with the notes that the reference and the TypeScript types are made from. */
export function annotatedSchema(): SchemaNode {
  return z.toJSONSchema(
    configSchema((text) => ({ ok: true, value: text })),
    {
      io: "input",
      unrepresentable: "any",
      override: ({ jsonSchema }) => withShorthand(jsonSchema),
    },
  ) as SchemaNode;
}

/**
 * Spells out the short forms that zod cannot see: a request may be its text, a list of one its item; and takes out what only
 * TypeScript can write.
 */
function withShorthand(node: Record<string, unknown>): void {
  const { "x-or": short } = node;
  delete node["x-or"];
  if (short === undefined) return;
  const { description, default: preset, ...long } = node;
  const item = short === "item" ? (long["items"] as object) : { type: "string" };
  for (const keyword of Object.keys(long)) delete node[keyword];
  Object.assign(node, { anyOf: [item, long] });
  if (description !== undefined) node["description"] = description;
  if (preset !== undefined) node["default"] = preset;
}

/** The published JSON Schema, for completion and checks in editors. */
export function jsonSchema(): object {
  return { $id: SCHEMA_ADDRESS, title: "Evenkeel config", ...(published(annotatedSchema()) as object) };
}

function published(node: unknown): unknown {
  if (Array.isArray(node)) return node.filter((item) => !isForTypeScript(item)).map(published);
  if (typeof node !== "object" || node === null) return node;
  const kept = Object.entries(node).filter(([keyword]) => !keyword.startsWith("x-"));
  return Object.fromEntries(kept.map(([keyword, value]) => [keyword, published(value)]));
}

const isForTypeScript = (node: unknown): boolean =>
  typeof node === "object" && node !== null && "x-type" in node && !("type" in node);
