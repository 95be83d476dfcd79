import { annotatedSchema, type SchemaNode } from "../src/config/json-schema.ts";

/** Types that get a name of their own, by the path that first leads to them; the same type elsewhere gets the same name. */
const NAMED: Readonly<Record<string, string>> = {
  "": "ConfigInput",
  "connections.*": "ConnectionInput",
  "syncs.*": "SyncInput",
  "connections.*.auth": "AuthInput",
  "syncs.*.source": "SourceInput",
  "syncs.*.source.pagination": "PaginationInput",
  "syncs.*.source.pagination|.size": "PageSizeInput",
  "syncs.*.source.read": "SourceReadInput",
  "syncs.*.destination.upsert": "UpsertInput",
  "syncs.*.destination.upsert|.idempotencyKey": "IdempotencyKeyInput",
  "syncs.*.destination.update": "WriteInput",
  "syncs.*.destination.read": "ReadInput",
  "syncs.*.destination": "DestinationInput",
};

const HEAD = `/* oxlint-disable max-lines -- made from the config's schema by scripts/generate-config.ts; nobody edits it. */
import type { AuthFunction, MappingTree } from "./config.ts";
import type { ExpressionFunction } from "./expression.ts";

/** An expression: JSONata, or a function of the same input. */
export type Expression = string | ExpressionFunction;

/** A text with expressions in \`{}\`, or a function that gives the value. */
export type Template = string | number | boolean | ExpressionFunction;

/** A map of expressions, as deep as the destination's record; or one expression for all of it. */
export type Mapping = MappingTree;
`;

/** The source of the types of TypeScript configs. Formatting is left to the formatter. */
export function configTypes(): string {
  const named: Named = new Map();
  typeOf(annotatedSchema(), "", named);
  const types = [...named].map(([text, { name, doc }]) => `/** ${doc} */\nexport type ${name} = ${text};\n`);
  return `${HEAD}\n${types.join("\n")}`;
}

/** Named types by their text, in the order in which they are complete. */
type Named = Map<string, { readonly name: string; readonly doc: string }>;

function typeOf(node: SchemaNode, path: string, named: Named): string {
  const text = plainType(node, path, named);
  const known = named.get(text);
  if (known !== undefined) return known.name;
  const name = NAMED[path];
  if (name === undefined) return text;
  named.set(text, { name, doc: node.description ?? "A config, before its defaults are filled in." });
  return name;
}

function plainType(node: SchemaNode, path: string, named: Named): string {
  const { "x-type": own, anyOf, oneOf, const: constant, enum: names, properties, additionalProperties, items } = node;
  if (own !== undefined) return own;
  const choices = anyOf ?? oneOf;
  if (choices !== undefined)
    return choices.map((choice) => typeOf(choice, path === "" ? "|" : `${path}|`, named)).join(" | ");
  if (constant !== undefined) return JSON.stringify(constant);
  if (names !== undefined) return names.map((name) => JSON.stringify(name)).join(" | ");
  if (properties !== undefined)
    return `{\n${Object.entries(properties)
      .map(([key, part]) => member(key, part, node, path, named))
      .join("\n")}\n}`;
  if (typeof additionalProperties === "object")
    return `Readonly<Record<string, ${typeOf(additionalProperties, join(path, "*"), named)}>>`;
  if (items !== undefined) return `readonly (${typeOf(items, `${path}[]`, named)})[]`;
  return [node.type ?? "unknown"]
    .flat()
    .map((type) => (type === "integer" ? "number" : type))
    .join(" | ");
}

const join = (path: string, key: string): string => (path === "" ? key : `${path}.${key}`);

function member(key: string, part: SchemaNode, parent: SchemaNode, path: string, named: Named): string {
  const isRequired = parent.required?.includes(key) === true;
  const name = /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key);
  const doc =
    part.description === undefined ? "" : `/** ${part.description}${isRequired ? "" : defaultText(part)} */\n`;
  return `${doc}readonly ${name}${isRequired ? "" : "?"}: ${typeOf(part, join(path, key), named)};`;
}

function defaultText(part: SchemaNode): string {
  const preset =
    part["x-default"] ??
    (part.default === undefined || typeof part.default === "object"
      ? undefined
      : `\`${JSON.stringify(part.default).replaceAll('"', "")}\``);
  return preset === undefined ? "" : ` Default: ${preset}.`;
}
