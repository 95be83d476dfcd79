import type { Node } from "./syntax-tree.ts";

type Path = readonly string[];

/**
 * The paths from its input that an expression needs, whatever the record is: if no record has one, it is misspelt. Not those of a branch, which may
 * never be taken, nor of a function of its own, nor any whose presence it asks for, as `x` of `$exists(x)`, `x ? x : 0`, `x ?? 0` and `x != null`.
 */
export function neededPaths(tree: unknown): readonly Path[] {
  const paths = new Paths();
  paths.walk(tree, { base: [], isTest: false });
  return paths.needed;
}

/** Where a part of an expression stands. */
interface Place {
  /** What its input is a part of. */
  readonly base: Path;
  /** Whether only its truth counts: what is absent is as good as false there. */
  readonly isTest: boolean;
}

/** Functions that ask whether there is something. */
const TESTS: ReadonlySet<string> = new Set(["exists", "boolean", "not", "type"]);
const COMPARES: ReadonlySet<string> = new Set(["=", "!="]);

class Paths {
  readonly #needed: Path[] = [];
  readonly #tested: Path[] = [];

  get needed(): readonly Path[] {
    return this.#needed.filter((path) => !this.#tested.some((tested) => tested.every((step, at) => step === path[at])));
  }

  walk(part: unknown, place: Place): void {
    const node = (part ?? {}) as Node;
    const within = { ...place, isTest: false };
    switch (node["type"]) {
      case "path":
        return this.#path(node, place);
      case "binary":
        return this.#binary(node, place);
      case "condition":
        return this.walk(node["condition"], { ...place, isTest: true });
      case "function":
      case "partial":
        return this.#call(node, within);
      case "apply":
        this.walk(node["lhs"], within);
        return this.walk(node["rhs"], within);
      case "bind":
        return this.walk(node["rhs"], within);
      case "block": {
        const expressions = listOf(node["expressions"]);
        for (const each of expressions) this.walk(each, each === expressions.at(-1) ? place : within);
        return;
      }
      case "unary":
        return this.#unary(node, within);
    }
  }

  #path(node: Node, place: Place): void {
    const at = this.#steps(listOf(node["steps"]), place.base);
    if (at === undefined) return;
    if (at !== place.base && at.length > 0) (place.isTest ? this.#tested : this.#needed).push(at);
    this.#pairs(node["group"], { base: at, isTest: false });
  }

  /** As far as the steps are names; undefined where they start from something else than the input. */
  #steps(steps: readonly Node[], base: Path): Path | undefined {
    let at = base;
    for (const [index, step] of steps.entries()) {
      const { type, value, focus, stages, predicate, terms } = step;
      const place = { base: at, isTest: false };
      switch (type) {
        case "name":
          at = [...at, String(value)];
          for (const stage of [...listOf(stages), ...listOf(predicate)])
            this.walk(stage["expr"], { base: at, isTest: true });
          // From here on the context is another one.
          if (focus !== undefined) return at;
          continue;
        case "variable":
          if (value === "$") at = [];
          else if (value !== "") return index === 0 ? undefined : at;
          continue;
        case "sort":
          for (const term of listOf(terms)) this.walk(term["expression"], place);
          continue;
        default:
          this.walk(step, place);
          return at;
      }
    }
    return at;
  }

  #binary({ value, lhs, rhs }: Node, { base }: Place): void {
    const sides = [lhs, rhs];
    const isTest =
      value === "and" || value === "or" || (COMPARES.has(String(value)) && sides.some((side) => isNull(side)));
    for (const side of sides) this.walk(side, { base, isTest });
  }

  #call({ procedure, arguments: given }: Node, { base }: Place): void {
    const { type, value } = (procedure ?? {}) as Node;
    const name = type === "variable" ? String(value) : "";
    // What is joined may be there in part.
    if (name === "append") return;
    for (const argument of listOf(given)) this.walk(argument, { base, isTest: TESTS.has(name) });
  }

  #unary(node: Node, place: Place): void {
    if (node["value"] === "-") this.walk(node["expression"], place);
    if (node["value"] === "{") this.#pairs(node, place);
    const items = listOf(node["expressions"]);
    if (node["value"] === "[" && items.length === 1) this.walk(items[0], place);
  }

  /** The names and values of an object. */
  #pairs(node: unknown, place: Place): void {
    for (const pair of listOf((node as Node | undefined)?.["lhs"]))
      for (const each of listOf(pair)) this.walk(each, place);
  }
}

const isNull = (node: unknown): boolean => (node as Node)["type"] === "value" && (node as Node)["value"] === null;

const listOf = (value: unknown): readonly Node[] => (Array.isArray(value) ? (value as readonly Node[]) : []);
