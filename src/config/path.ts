import type { Bindings } from "../core/expression.ts";
import { exactNumber, isExactNumber, type Json, type JsonObject } from "../core/json.ts";

/** Access that needs no JSONata: compiled to closures, synchronous, and without JSONata's singleton lists. */
export interface Direct {
  /** The binding that a path starts from; undefined when it starts from the input. */
  readonly binding: string | undefined;
  /** Member names of a path from the input; undefined for a literal or a path from a binding. */
  readonly path: readonly string[] | undefined;
  evaluate(input: Json, bindings?: Bindings): Json | undefined;
}

/** A member of an object, or with an index an item of the list that it is; negative ones count from the end. */
export interface Step {
  readonly name: string;
  readonly index: number | undefined;
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const TEXT = /^(?:'(?:[^'\\]|\\["\\/bfnrt]|\\u[0-9A-Fa-f]{4})*'|"(?:[^"\\]|\\["\\/bfnrt]|\\u[0-9A-Fa-f]{4})*")$/s;
const ROOT = /\$\$|\$[\p{L}\p{N}_]*/uy;
const NAME = /\s*(?:([\p{L}_][\p{L}\p{N}_]*)|`([^`]+)`)\s*(?:\[\s*(-?\d{1,9})\s*\]\s*)?/uy;
const DOT = /\s*\./y;

/** Words that mean something else to JSONata than a member's name. */
const RESERVED: ReadonlySet<string> = new Set(["true", "false", "null", "function"]);

/** Reads a plain path or literal; undefined when the text is anything else, which is then JSONata's to read. */
export function parseDirect(text: string): Direct | undefined {
  return parseLiteral(text) ?? parsePath(text);
}

function parseLiteral(text: string): Direct | undefined {
  if (text === "null" || text === "true" || text === "false") return literal(JSON.parse(text) as Json);
  if (NUMBER.test(text)) return literal(String(Number(text)) === text ? Number(text) : exactNumber(text));
  if (!TEXT.test(text)) return undefined;
  const inside = text.slice(1, -1);
  return literal(inside.includes("\\") ? unescapeText(inside) : inside);
}

/** A literal value as a direct access that ignores its input. */
export function literal(value: Json): Direct {
  return { binding: undefined, path: undefined, evaluate: () => value };
}

const ESCAPES: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

function unescapeText(text: string): string {
  return text.replace(/\\(?:u([0-9A-Fa-f]{4})|(.))/gs, (_, code: string | undefined, character: string) =>
    code === undefined ? (ESCAPES[character] ?? character) : String.fromCharCode(Number.parseInt(code, 16)),
  );
}

interface Path {
  /** `$`, `$$` or `$name`; undefined for a path that starts with a member. */
  readonly root: string | undefined;
  readonly steps: readonly Step[];
}

function readPath(text: string): Path | undefined {
  ROOT.lastIndex = 0;
  const root = ROOT.exec(text)?.[0];
  let at = root === undefined ? 0 : root.length;
  const steps: Step[] = [];
  while (at < text.length || steps.length === 0) {
    if (root !== undefined && at === text.length) break;
    if (root !== undefined || steps.length > 0) {
      DOT.lastIndex = at;
      if (!DOT.test(text)) return undefined;
      at = DOT.lastIndex;
    }
    NAME.lastIndex = at;
    const [matched, plain, ticked, index] = NAME.exec(text) ?? [];
    if (matched === undefined || (plain !== undefined && RESERVED.has(plain))) return undefined;
    steps.push({ name: plain ?? (ticked as string), index: index === undefined ? undefined : Number(index) });
    at = NAME.lastIndex;
  }
  return { root, steps };
}

/** The steps of a plain path from the input itself, none for `$`; undefined when the text is anything else. */
export function inputSteps(text: string): readonly Step[] | undefined {
  if (parseLiteral(text) !== undefined) return undefined;
  const path = readPath(text);
  return path === undefined || (path.root ?? "$").replace("$$", "$") !== "$" ? undefined : path.steps;
}

function parsePath(text: string): Direct | undefined {
  const path = readPath(text);
  if (path === undefined) return undefined;
  const { root, steps } = path;
  const binding = root === undefined || root === "$" || root === "$$" ? undefined : root.slice(1);
  const walk = walker(steps);
  return {
    binding,
    path: binding === undefined ? steps.map(({ name }) => name) : undefined,
    evaluate:
      binding === undefined
        ? walk
        : (_, bindings) =>
            walk(bindings !== undefined && Object.hasOwn(bindings, binding) ? bindings[binding] : undefined),
  };
}

function walker(steps: readonly Step[]): (value: Json | undefined) => Json | undefined {
  const [first] = steps;
  if (first === undefined) return (value) => value;
  if (steps.length === 1 && first.index === undefined) return (value) => read(value, first.name);
  return (input) => {
    let value = input;
    for (const { name, index } of steps) {
      if (value === undefined) return undefined;
      value = index === undefined ? read(value, name) : readIndex(value, name, index);
    }
    return value;
  };
}

/** An own member (S5); through a list, the members of its items, always as a list. */
function read(value: Json | undefined, name: string): Json | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value)) return through(value, name);
  if (!Object.hasOwn(value, name) || (name === "rawJSON" && isExactNumber(value))) return undefined;
  return (value as JsonObject)[name];
}

function readIndex(value: Json, name: string, index: number): Json | undefined {
  if (Array.isArray(value)) return through(value, name, index);
  const found = read(value, name);
  if (Array.isArray(found)) return (found as readonly Json[]).at(index);
  // As in JSONata, what is no list is a list of one.
  return index === 0 || index === -1 ? found : undefined;
}

/**
 * What a path gives through a list: lists in it joined, as in JSONata, but a list even for one match. Undefined when no item of
 * a list has it, so that a misspelt name is noticed.
 */
function through(list: readonly Json[], name: string, index?: number): Json | undefined {
  const found: Json[] = [];
  let isThere = list.length === 0;
  for (const item of list) {
    const value = index === undefined ? read(item, name) : readIndex(item, name, index);
    if (value === undefined) continue;
    isThere = true;
    if (Array.isArray(value)) for (const inner of value as readonly Json[]) found.push(inner);
    else found.push(value);
  }
  return isThere ? found : undefined;
}
