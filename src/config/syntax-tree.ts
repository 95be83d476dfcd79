/**
 * A node of JSONata's syntax tree, as its parser makes it. Its typings do not cover all of it, so members are read by name.
 * `position` is where the node's token ends, counted from 0.
 */
export type Node = { readonly [member: string]: unknown };

export interface Variable {
  readonly name: string;
  readonly offset: number;
  /** True where it is called: `$name(...)`. */
  readonly called: boolean;
}

/** Every variable that an expression reads and does not itself declare, in order of appearance. */
export function freeVariables(tree: unknown): readonly Variable[] {
  const read: Variable[] = [];
  const declared = new Set<string>();
  visit(tree, (node, called) => {
    if (node["type"] === "variable") {
      const name = String(node["value"]);
      read.push({ name, offset: Number(node["position"]) - name.length - 1, called });
    }
    if (node["type"] === "lambda")
      for (const argument of listOf(node["arguments"])) declared.add(String(argument["value"]));
    if (node["type"] === "bind" && isNode(node["lhs"])) declared.add(String(node["lhs"]["value"]));
    for (const binder of ["focus", "index"]) if (typeof node[binder] === "string") declared.add(node[binder]);
  });
  return read.filter(({ name }) => name !== "" && name !== "$" && !declared.has(name));
}

/** What a function is called with, each time that it is. */
export function functionCalls(tree: unknown, name: string): readonly (readonly Node[])[] {
  const calls: (readonly Node[])[] = [];
  visit(tree, (node) => {
    const procedure = node["type"] === "function" ? node["procedure"] : undefined;
    if (isNode(procedure) && procedure["type"] === "variable" && procedure["value"] === name)
      calls.push(listOf(node["arguments"]));
  });
  return calls;
}

/** A path that is called like a function, `name(...)`: never one, since records hold no functions. */
export function calledPath(tree: unknown): Variable | undefined {
  let found: Variable | undefined;
  visit(tree, (node, called) => {
    const [first] = called && node["type"] === "path" ? listOf(node["steps"]) : [];
    if (first === undefined) return;
    const name = pathText(node) ?? String(first["value"]);
    found ??= { name, offset: Number(first["position"]) - String(first["value"]).length, called };
  });
  return found;
}

/** True when the expression keeps lists of one with `[]`; see its caller. */
export function marksLists(tree: unknown): boolean {
  let marks = false;
  visit(tree, (node) => {
    marks ||= node["keepArray"] === true || node["keepSingletonArray"] === true;
  });
  return marks;
}

/** The node whose operator ends at a position, for messages about its two sides. */
export function nodeAt(tree: unknown, position: number, operator: string): Node | undefined {
  let found: Node | undefined;
  visit(tree, (node) => {
    if (node["position"] === position && node["value"] === operator) found ??= node;
  });
  return found;
}

/** A path's text, such as `order.total`; undefined when the node is anything else. */
export function pathText(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node["type"] === "variable") return `$${String(node["value"])}`;
  if (node["type"] !== "path") return undefined;
  const steps = listOf(node["steps"]);
  if (
    !steps.every(
      (step, index) =>
        (step["type"] === "name" || (index === 0 && step["type"] === "variable")) && step["stages"] === undefined,
    )
  )
    return undefined;
  return steps
    .map((step) => (step["type"] === "variable" ? `$${String(step["value"])}` : String(step["value"])))
    .join(".");
}

/**
 * Names that an expression reads from its input itself, not from a part of it: `status` and `body` in
 * `status = 403 and body.error[code = 5]`.
 */
export function inputNames(tree: unknown): readonly Variable[] {
  const names: Variable[] = [];
  const walk = (node: unknown): void => {
    if (Array.isArray(node)) for (const item of node) walk(item);
    if (!isNode(node)) return;
    switch (node["type"]) {
      case "path": {
        // Later steps, and filters, see what the first step gave.
        const [first] = listOf(node["steps"]);
        if (first?.["type"] !== "name") return walk(first);
        const name = String(first["value"]);
        names.push({ name, offset: Number(first["position"]) - name.length, called: false });
        return undefined;
      }
      case "binary":
      case "apply":
      case "bind":
        walk(node["lhs"]);
        return walk(node["rhs"]);
      case "function":
      case "partial":
        return walk(node["arguments"]);
      case "lambda":
        return walk(node["body"]);
      default:
        for (const part of ["expression", "expressions", "lhs", "condition", "then", "else"]) walk(node[part]);
        return undefined;
    }
  };
  walk(tree);
  return names;
}

const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null && !Array.isArray(value);
const listOf = (value: unknown): readonly Node[] => (Array.isArray(value) ? value.filter(isNode) : []);

function visit(value: unknown, see: (node: Node, called: boolean) => void, called = false): void {
  if (Array.isArray(value)) for (const item of value) visit(item, see);
  if (!isNode(value) || value instanceof RegExp) return;
  see(value, called);
  for (const [name, part] of Object.entries(value))
    visit(part, see, name === "procedure" && value["type"] === "function");
}
