import { annotatedSchema, type SchemaNode } from "../src/config/json-schema.ts";

export const BEGIN = "<!-- begin of the reference, made by scripts/generate-config.ts -->";
export const END = "<!-- end of the reference -->";

/** Keys that every request has; told once, under "Requests". */
const OF_REQUESTS: ReadonlySet<string> = new Set(["request", "query", "headers"]);

/** A page of docs/config.md with its reference made anew. */
export function withReference(page: string): string {
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined)
    throw new TypeError("docs/config.md has lost the marks around its reference");
  return `${before}${BEGIN}\n\n${reference()}\n${END}${after}`;
}

function reference(): string {
  const top = annotatedSchema();
  const connection = valuesOf(part(top, "connections"));
  const sync = valuesOf(part(top, "syncs"));
  const source = part(sync, "source");
  const destination = part(sync, "destination");
  const find = longForm(part(destination, "find"));
  return [
    section("### The file", "", keys(top, [])),
    section("### `connections.NAME`", "", keys(connection, ["auth"])),
    section("### `connections.NAME.auth`", "", ways(part(connection, "auth"))),
    section("### `syncs.NAME`", "", keys(sync, ["source", "destination"])),
    section(
      "### Requests",
      "A request is its method and path, `GET /products`, or a map with these keys. Other keys of a request are told where it is used.",
      keys(
        find,
        Object.keys(find.properties ?? {}).filter((key) => !OF_REQUESTS.has(key)),
        true,
      ),
    ),
    section("### `syncs.NAME.source`", "", keys(source, ["pagination"])),
    section(
      "### `syncs.NAME.source.pagination`",
      "`parents.pagination`, and `list.pagination` of the destination, are declared in the same way.",
      ways(part(source, "pagination")),
    ),
    section("### `syncs.NAME.destination`", "", keys(destination, ["pagination"])),
  ].join("\n");
}

const section = (heading: string, text: string, table: string): string =>
  `${heading}\n\n${text === "" ? "" : `${text}\n\n`}${table}\n`;

/** A table of an object's keys, those of objects in it included. `apart` has a table of its own. */
function keys(node: SchemaNode, apart: readonly string[], requests = false): string {
  const rows: string[] = [];
  const add = (owner: SchemaNode, prefix: string): void => {
    for (const [name, value] of Object.entries(owner.properties ?? {})) {
      const isInRequest = prefix !== "" && owner.properties?.["request"] !== undefined;
      if (isInRequest && OF_REQUESTS.has(name)) continue;
      if (requests && apart.includes(name)) continue;
      rows.push(row(`${prefix}${name}`, value, owner.required?.includes(name) === true));
      if (!apart.includes(name)) add(longForm(value), `${prefix}${name}.`);
    }
  };
  add(node, "");
  return `| key | what it is | type | default |\n| --- | --- | --- | --- |\n${rows.join("\n")}\n`;
}

/** A table of the ways to write a value, one a `type`. */
function ways(node: SchemaNode): string {
  const choices = (node.anyOf ?? [node]).flatMap(({ oneOf }) => oneOf ?? []);
  const rows = choices.map((choice) => {
    const { type, ...others } = choice.properties ?? {};
    const list = Object.entries(others).map(
      ([name, value]) =>
        `\`${name}\`${choice.required?.includes(name) === true ? "" : ` (${defaultOf(value) || "optional"})`}: ${value.description ?? ""}${namesOf(value)}`,
    );
    return `| \`${String(type?.const)}\` | ${cell(choice.description ?? "")} | ${cell(list.join("<br>"))} |`;
  });
  return `| type | what it is | its keys |\n| --- | --- | --- |\n${rows.join("\n")}\n`;
}

/** What a key of a way takes, where that is one of some names. */
const namesOf = ({ enum: names }: SchemaNode): string =>
  names === undefined ? "" : ` One of ${names.map((name) => `\`${String(name)}\``).join(", ")}.`;

function row(name: string, node: SchemaNode, isRequired: boolean): string {
  return `| \`${name}\` | ${cell(node.description ?? "")} | ${cell(kindOf(node))} | ${isRequired ? "required" : cell(defaultOf(node))} |`;
}

/** A scalar without quotes. */
const plain = (value: unknown): string => JSON.stringify(value).replaceAll('"', "");
const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");

function defaultOf(node: SchemaNode): string {
  if (node["x-default"] !== undefined) return node["x-default"];
  const { default: preset } = node;
  if (preset === undefined) return "optional";
  if (typeof preset !== "object" || preset === null) return `\`${plain(preset)}\``;
  if (Array.isArray(preset)) return "none";
  const { type } = preset as { readonly type?: string };
  return type === undefined ? "" : `\`type: ${type}\``;
}

function kindOf(node: SchemaNode): string {
  const { "x-type": own, "x-kind": kind, anyOf, oneOf, enum: names, type, items } = node;
  if (kind !== undefined) return kind;
  if (own !== undefined) return own.startsWith("Template") ? "template" : own.toLowerCase();
  if (anyOf?.some(({ properties }) => properties?.["request"] !== undefined) === true) return "request";
  if (anyOf?.some((choice) => choice.oneOf !== undefined) === true || oneOf !== undefined) return "map, by `type`";
  if (anyOf !== undefined) return anyOf.map(kindOf).join(" or ");
  if (names !== undefined) return names.map((name) => `\`${String(name)}\``).join(", ");
  if (node.const !== undefined) return `\`${plain(node.const)}\``;
  if (items !== undefined) return `list of ${kindOf(items)}s`;
  const words: Readonly<Record<string, string>> = {
    string: "text",
    integer: "number",
    boolean: "true or false",
    object: "map",
  };
  return [type ?? "any"]
    .flat()
    .map((each) => words[each] ?? each)
    .join(" or ");
}

/** The map behind a short form, or the values of a map of names. */
function longForm(node: SchemaNode): SchemaNode {
  return node.anyOf?.find(({ properties }) => properties !== undefined) ?? node;
}

function valuesOf(node: SchemaNode): SchemaNode {
  if (typeof node.additionalProperties === "object") return node.additionalProperties;
  throw new TypeError("a map of names was expected");
}

function part(node: SchemaNode, name: string): SchemaNode {
  const found = longForm(node).properties?.[name];
  if (found === undefined) throw new TypeError(`the schema has no ${name} here`);
  return found;
}
