import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document as YamlDocument,
  type Node,
  type Pair,
  type Scalar,
  type YAMLMap,
} from "yaml";
import { setMember, type Json } from "../core/json.ts";
import type { Place, Problem } from "../core/errors.ts";
import { pathText, type Document, type Path } from "./document.ts";
import { flowTrap, quoted, syntaxTrap } from "./yaml-trap.ts";

/** Aliases that are followed; more are a bomb rather than a config. */
const ALIASES_MAX = 1_000;

export interface YamlReading {
  readonly document: Document;
  readonly problems: readonly Problem[];
}

/** Reads a YAML 1.2 text, keeping the place of every value. With problems, the document is not to be used. */
export function readYaml(text: string, file: string): YamlReading {
  const lines = new LineCounter();
  const yaml = parseDocument(text, { lineCounter: lines, prettyErrors: false, strict: true, version: "1.2" });
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const document = createDocument(yaml, text, place);
  const problems: Problem[] = syntaxProblems(yaml, text, lines, place);
  if (problems.length > 0) return { document: { ...document, value: undefined }, problems };
  const value = createReader(yaml, text, place, problems)(yaml.contents, []);
  return { document: { ...document, value }, problems };
}

/** The first error of each line: the others follow from it. */
function syntaxProblems(
  yaml: YamlDocument,
  text: string,
  lines: LineCounter,
  place: (offset: number) => Place,
): Problem[] {
  const problems: Problem[] = [];
  const seen = new Set<number>();
  for (const { message, pos, code } of [...yaml.errors, ...yaml.warnings]) {
    const { line } = lines.linePos(pos[0]);
    if (seen.has(line)) continue;
    seen.add(line);
    const next = syntaxTrap(text, pos[0], code);
    const what =
      code === "DUPLICATE_KEY"
        ? `the key \`${keyAt(text, pos[0])}\` is there twice`
        : `it is not YAML: ${lowered(message)}`;
    problems.push({
      code: "CONFIG_SYNTAX",
      message: what,
      place: place(pos[0]),
      path: [],
      ...(next === undefined ? {} : { next }),
    });
  }
  return problems;
}

const keyAt = (text: string, offset: number): string | undefined => /^[^:\n]*/.exec(text.slice(offset))?.[0].trim();
const lowered = (message: string): string => message.replace(/^[A-Z](?![A-Z])/, (first) => first.toLowerCase());

/** Turns nodes into values. Numbers that a double would write otherwise keep their text; see the schema's leaves. */
function createReader(
  yaml: YamlDocument,
  text: string,
  place: (offset: number) => Place,
  problems: Problem[],
): (node: unknown, path: Path) => unknown {
  let aliases = 0;
  const refuse = (node: Node | undefined, path: Path, message: string, next?: string): undefined => {
    problems.push({
      code: "CONFIG_SYNTAX",
      message: `${path.length === 0 ? "it" : pathText(path)} ${message}`,
      place: place(node?.range?.[0] ?? 0),
      path,
      ...(next === undefined ? {} : { next }),
    });
  };
  const read = (node: unknown, path: Path): unknown => {
    if (isAlias(node)) {
      const target = node.resolve(yaml);
      const source = text.slice(node.range?.[0] ?? 0, lineEnd(text, node.range?.[0] ?? 0));
      if (target === undefined)
        return refuse(
          node,
          path,
          `has \`*${node.source}\`, which names nothing`,
          `An expression that begins with \`*\` stands in quotes: \`${quoted(source)}\`.`,
        );
      if (++aliases > ALIASES_MAX) return refuse(node, path, `has more than ${ALIASES_MAX} aliases`);
      return read(target, path);
    }
    if (isScalar(node)) {
      const swallowed = swallowedText(text, node);
      if (swallowed !== undefined) return refuse(node, path, swallowed.message, swallowed.next);
      return scalarValue(node);
    }
    if (isSeq(node)) return node.items.map((item, index) => read(item, [...path, index]));
    return isMap(node) ? readMap(node, path) : null;
  };
  const readMap = (node: YAMLMap, path: Path): unknown => {
    const members: Record<string, Json> = {};
    for (const pair of node.items) {
      if (!isScalar(pair.key)) {
        refuse(node, path, "has a key that is no text");
        continue;
      }
      const name = String(pair.key.value);
      // `{sku}` is a map with an empty value to YAML; nobody means that.
      const source =
        node.flow === true && pair.value === null ? text.slice(node.range?.[0] ?? 0, node.range?.[1] ?? 0) : undefined;
      if (source !== undefined)
        return refuse(node, path, `is \`${source}\`, which YAML reads as a map`, flowTrap(source));
      setMember(members, name, read(pair.value, [...path, name]) as Json);
    }
    return members;
  };
  return read;
}

/** A part of an expression that YAML took for an anchor or a comment, so that it is no longer in the value. */
function swallowedText(
  text: string,
  { anchor, comment, source = "" }: Scalar,
): { readonly message: string; readonly next: string } | undefined {
  const meant = `${anchor === undefined ? "" : `&${anchor} `}${source}${comment == null ? "" : ` #${comment}`}`;
  const next = `An expression with \`&\` at its start or \` #\` in it stands in quotes: \`${quoted(meant)}\`.`;
  if (anchor !== undefined && !text.includes(`*${anchor}`))
    return { message: `has \`&${anchor}\`, which YAML takes for an anchor`, next };
  return comment?.startsWith("$") === true
    ? { message: `ends at \` #${comment}\`, which YAML takes for a comment`, next }
    : undefined;
}

function scalarValue({ value, source, type }: Scalar): unknown {
  if (typeof value === "bigint") return source;
  // 007, 1.10 and 9007199254740993 are not what a double would write: they stay as they were written.
  return typeof value === "number" && type === "PLAIN" && source !== undefined && String(value) !== source
    ? source
    : value;
}

function createDocument(yaml: YamlDocument, text: string, place: (offset: number) => Place): Omit<Document, "value"> {
  /** The node at a path, or the nearest one above it; with the pair that holds it. */
  const find = (
    path: Path,
  ): { readonly node: Node | undefined; readonly pair: Pair | undefined; readonly whole: boolean } => {
    let node: unknown = yaml.contents;
    let pair: Pair | undefined;
    for (const part of path) {
      const at: unknown = isAlias(node) ? node.resolve(yaml) : node;
      let inner: unknown;
      if (isMap(at)) {
        const found = at.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
        if (found === undefined) return { node: node as Node, pair, whole: false };
        pair = found;
        inner = found.value;
      } else if (isSeq(at) && typeof part === "number") inner = at.items[part];
      if (inner === undefined || isPair(inner))
        return { node: (node ?? undefined) as Node | undefined, pair, whole: false };
      if (inner === null) return { node: undefined, pair, whole: false };
      node = inner;
    }
    return { node: node as Node, pair, whole: true };
  };
  return {
    placeOf: (path, { offset, key = false } = {}) => {
      const { node, pair, whole } = find(path);
      const keyNode = isPair(pair) && isScalar(pair.key) ? pair.key : undefined;
      // What is missing in a map is best shown at the map's own key.
      if ((key || !whole) && keyNode?.range != null && !(isScalar(node) && !whole)) return place(keyNode.range[0]);
      if (node?.range == null) return place(keyNode?.range?.[0] ?? 0);
      return place(node.range[0] + (offset === undefined ? 0 : within(node, text, offset)));
    },
    sourceOf: (path) => {
      const { node, whole } = find(path);
      if (!whole || !(isMap(node) || isSeq(node)) || node.flow !== true || node.range == null) return undefined;
      const source = text.slice(node.range[0], node.range[1]);
      return source.includes("\n") ? undefined : source;
    },
  };
}

/** Characters from a scalar's start in the file to an offset in its value; 0 where its source is written otherwise. */
function within(node: Node, text: string, offset: number): number {
  if (!isScalar(node) || node.range == null) return 0;
  const source = text.slice(node.range[0], node.range[1]);
  const start = source.indexOf(String(node.value));
  return start < 0 ? 0 : start + offset;
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
}
