import { isExactNumber, type Json } from "../core/json.ts";
import { plainOf } from "./exact-number.ts";
import { LEFT, textOf, truthOf, type Closure, type Scalar } from "./scalar.ts";
import { callOf } from "./scalar-functions.ts";
import type { Node } from "./syntax-tree.ts";

/**
 * Compiles what most expressions are made of (paths through objects, literals, arithmetic, text, comparison, conditions and the frequent functions) into
 * closures that evaluate at once. They give exactly what the library gives, or say at evaluation that this is for the library: for a list or an object
 * on the way, or where it would fail. Undefined for a tree that has anything else in it.
 *
 * @param isBinding whether a variable is a binding of ours
 */
export function closureOf(tree: unknown, isBinding: (name: string) => boolean): Closure | undefined {
  try {
    return compiled(tree, isBinding);
  } catch (error) {
    if (error === OTHER) return undefined;
    throw error;
  }
}

/** Thrown for a tree that is for the library. */
const OTHER = new Error("another kind of expression");

type IsBinding = (name: string) => boolean;

function compiled(tree: unknown, isBinding: IsBinding): Closure {
  const node = (tree ?? {}) as Node;
  switch (node["type"]) {
    case "string":
    case "number":
    case "value": {
      only(node, "value");
      const value = node["value"] as Scalar;
      return () => value;
    }
    case "path":
      only(node, "steps");
      return pathOf(node["steps"] as readonly Node[], isBinding);
    case "variable":
      only(node, "value");
      return variableOf(String(node["value"]), [], isBinding);
    case "block": {
      // Brackets.
      only(node, "expressions");
      const [inner, ...more] = node["expressions"] as readonly unknown[];
      if (more.length > 0) throw OTHER;
      return compiled(inner, isBinding);
    }
    case "condition": {
      only(node, "condition", "then", "else");
      const condition = compiled(node["condition"], isBinding);
      const then = compiled(node["then"], isBinding);
      const otherwise: Closure = node["else"] === undefined ? () => undefined : compiled(node["else"], isBinding);
      return (input, bindings) => {
        const holds = condition(input, bindings);
        if (holds === LEFT) return LEFT;
        return truthOf(holds) ? then(input, bindings) : otherwise(input, bindings);
      };
    }
    case "unary": {
      only(node, "value", "expression");
      if (node["value"] !== "-") throw OTHER;
      const operand = compiled(node["expression"], isBinding);
      return (input, bindings) => {
        const value = operand(input, bindings);
        return typeof value === "number" ? -value : value === undefined ? undefined : LEFT;
      };
    }
    case "binary":
      only(node, "value", "lhs", "rhs");
      return binaryOf(String(node["value"]), compiled(node["lhs"], isBinding), compiled(node["rhs"], isBinding));
    case "function":
      only(node, "value", "arguments", "procedure");
      return called(node, isBinding);
    default:
      throw OTHER;
  }
}

const ALWAYS: ReadonlySet<string> = new Set(["type", "position", "value"]);

/** What the parser has noted beyond this (stages, sorting, grouping, kept lists, ...) changes the meaning. */
function only(node: Node, ...members: readonly string[]): void {
  for (const [name, value] of Object.entries(node))
    if (value !== undefined && !ALWAYS.has(name) && !members.includes(name)) throw OTHER;
}

function pathOf(steps: readonly Node[], isBinding: IsBinding): Closure {
  const [first, ...rest] = steps;
  if (first === undefined) throw OTHER;
  for (const step of steps) only(step);
  const names = (of: readonly Node[]): readonly string[] =>
    of.map((step) => {
      if (step["type"] !== "name") throw OTHER;
      return String(step["value"]);
    });
  if (first["type"] === "variable") return variableOf(String(first["value"]), names(rest), isBinding);
  const path = names(steps);
  return (input) => scalarAt(input, path);
}

/** `$` and `$$` are the input, since nothing here changes what is looked at. */
function variableOf(name: string, path: readonly string[], isBinding: IsBinding): Closure {
  if (name === "" || name === "$") return (input) => scalarAt(input, path);
  if (!isBinding(name)) throw OTHER;
  return (_, bindings) => scalarAt(Object.hasOwn(bindings, name) ? bindings[name] : undefined, path);
}

/** The value at a path through objects. */
function scalarAt(input: Json | undefined, path: readonly string[]): Scalar | typeof LEFT {
  let at = input;
  for (const name of path) {
    if (typeof at !== "object" || at === null || isExactNumber(at)) {
      at = undefined;
      break;
    }
    if (Array.isArray(at)) return LEFT;
    at = Object.hasOwn(at, name) ? (at as Readonly<Record<string, Json>>)[name] : undefined;
  }
  if (typeof at !== "object" || at === null) return at;
  return isExactNumber(at) ? plainOf(at) : LEFT;
}

function binaryOf(operator: string, left: Closure, right: Closure): Closure {
  switch (operator) {
    case "+":
      return arithmetic(left, right, (a, b) => a + b);
    case "-":
      return arithmetic(left, right, (a, b) => a - b);
    case "*":
      return arithmetic(left, right, (a, b) => a * b);
    case "/":
      return arithmetic(left, right, (a, b) => a / b);
    case "%":
      return arithmetic(left, right, (a, b) => a % b);
    case "<":
      return comparison(left, right, (a, b) => a < b);
    case "<=":
      return comparison(left, right, (a, b) => a <= b);
    case ">":
      return comparison(left, right, (a, b) => a > b);
    case ">=":
      return comparison(left, right, (a, b) => a >= b);
    case "=":
      return equality(left, right, true);
    case "!=":
      return equality(left, right, false);
    case "&":
      return joined(left, right);
    case "and":
      return connective(left, right, false);
    case "or":
      return connective(left, right, true);
    default:
      throw OTHER;
  }
}

function arithmetic(left: Closure, right: Closure, compute: (a: number, b: number) => number): Closure {
  return (input, bindings) => {
    const a = left(input, bindings);
    const b = right(input, bindings);
    if (a === LEFT || b === LEFT) return LEFT;
    if ((a !== undefined && typeof a !== "number") || (b !== undefined && typeof b !== "number")) return LEFT;
    if (a === undefined || b === undefined) return undefined;
    const result = compute(a, b);
    return Number.isFinite(result) ? result : LEFT;
  };
}

function comparison(
  left: Closure,
  right: Closure,
  compare: (a: string | number, b: string | number) => boolean,
): Closure {
  const isComparable = (value: Scalar): value is string | number | undefined =>
    value === undefined || typeof value === "string" || typeof value === "number";
  return (input, bindings) => {
    const a = left(input, bindings);
    const b = right(input, bindings);
    if (a === LEFT || b === LEFT || !isComparable(a) || !isComparable(b)) return LEFT;
    if (a === undefined || b === undefined) return undefined;
    return typeof a === typeof b ? compare(a, b) : LEFT;
  };
}

function equality(left: Closure, right: Closure, isEqual: boolean): Closure {
  return (input, bindings) => {
    const a = left(input, bindings);
    const b = right(input, bindings);
    if (a === LEFT || b === LEFT) return LEFT;
    // What is absent is neither equal to anything nor different from it.
    if (a === undefined || b === undefined) return false;
    return (a === b) === isEqual;
  };
}

function joined(left: Closure, right: Closure): Closure {
  return (input, bindings) => {
    const a = left(input, bindings);
    const b = right(input, bindings);
    if (a === LEFT || b === LEFT) return LEFT;
    const first = a === undefined ? "" : textOf(a);
    const second = b === undefined ? "" : textOf(b);
    return first === LEFT || second === LEFT ? LEFT : `${first}${second}`;
  };
}

/** The second operand counts only where the first one does not decide. */
function connective(left: Closure, right: Closure, decides: boolean): Closure {
  return (input, bindings) => {
    const a = left(input, bindings);
    if (a === LEFT) return LEFT;
    if (truthOf(a) === decides) return decides;
    const b = right(input, bindings);
    return b === LEFT ? LEFT : truthOf(b);
  };
}

function called(node: Node, isBinding: IsBinding): Closure {
  const procedure = node["procedure"] as Node;
  only(procedure);
  const name = procedure["type"] === "variable" ? String(procedure["value"]) : "";
  const parts = (node["arguments"] as readonly unknown[]).map((argument) => compiled(argument, isBinding));
  const call = isBinding(name) ? undefined : callOf(name, parts);
  if (call === undefined) throw OTHER;
  return call;
}
