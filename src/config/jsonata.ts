import jsonata from "jsonata";
import type { Bindings } from "../core/expression.ts";
import { EvenkeelError } from "../core/errors.ts";
import { toJson } from "../core/json-value.ts";
import type { Eventual } from "../core/eventual.ts";
import type { Json } from "../core/json.ts";
import { SCOPE_NAMES } from "../core/template.ts";
import { closureOf } from "./closures.ts";
import { withoutExactNumbers } from "./exact-number.ts";
import { FUNCTIONS } from "./functions.ts";
import { evaluationProblem, syntaxHint } from "./jsonata-problem.ts";
import { neededPaths } from "./needed-paths.ts";
import { namesOf, nearest } from "./nearest.ts";
import { LEFT } from "./scalar.ts";
import { calledPath, freeVariables, inputNames, marksLists } from "./syntax-tree.ts";

/** An expression that is more than a path. What the library evaluates is asynchronous. */
export interface Query {
  /** Binding names that it reads. */
  readonly uses: ReadonlySet<string>;
  /** As of an expression. */
  readonly needs: readonly (readonly string[])[];
  evaluate(input: Json, bindings?: Bindings): Eventual<Json | undefined>;
}

/** A function that expressions may call. */
export type UserFunction = (...parameters: readonly unknown[]) => unknown;

/** What an expression may refer to where it stands. */
export interface Surroundings {
  /** Names that are bound, without their `$`. */
  readonly bindings: ReadonlySet<string>;
  /** Functions of ours that may be called besides those of JSONata, without their `$`. */
  readonly functions?: ReadonlyMap<string, UserFunction | undefined>;
  /** Member names of the input, where they are fixed; undefined where it is a record or a body. */
  readonly inputs?: ReadonlySet<string>;
}

export type QueryReading =
  | { readonly ok: true; readonly query: Query }
  | { readonly ok: false; readonly reason: string; readonly offset: number };

/**
 * Longest time of one evaluation, in ms; far above what any record needs, so that a slow machine refuses nothing. It counts
 * between steps: a single regular expression that backtracks for ever is not stopped.
 */
const EVALUATION_MS_MAX = 5_000;

/**
 * Deepest nesting of one evaluation. The library counts items that are evaluated side by side as nested, so it is far above
 * the depth of any expression; it stops a recursion before memory ends.
 */
const DEPTH_MAX = 50_000;

/** Longest list that one evaluation may build; a page of 32 MiB cannot hold more records than this. */
const LIST_LENGTH_MAX = 2_000_000;

/** Functions whose value is not given by their arguments: every run would differ, and a plan would not hold. */
const IMPURE: ReadonlySet<string> = new Set(["now", "millis", "random", "shuffle"]);

/** Compiles an expression; a problem carries its offset in the text. */
export function parseQuery(text: string, surroundings: Surroundings): QueryReading {
  let compiled: jsonata.Expression;
  try {
    compiled = jsonata(text, { timeout: EVALUATION_MS_MAX, stack: DEPTH_MAX, sequence: LIST_LENGTH_MAX });
  } catch (error) {
    return syntaxProblem(text, error as Partial<jsonata.JsonataError>);
  }
  const tree = compiled.ast();
  const variables = freeVariables(tree);
  for (const { name, offset, called } of variables) {
    if (called && surroundings.functions?.has(name) === true) continue;
    const reason = problemOfName(name, called, surroundings.bindings);
    if (reason !== undefined) return { ok: false, reason, offset };
  }
  for (const [name, run] of surroundings.functions ?? []) if (run !== undefined) compiled.registerFunction(name, run);
  const call = calledPath(tree);
  if (call !== undefined) {
    const meant = nearest(call.name, FUNCTIONS);
    const proposal = meant === undefined ? "functions start with `$`" : `did you mean \`$${meant}\`?`;
    return { ok: false, reason: `\`${call.name}\` is not a function; ${proposal}`, offset: call.offset };
  }
  const { inputs } = surroundings;
  const stranger = inputs === undefined ? undefined : inputNames(tree).find(({ name }) => !inputs.has(name));
  if (inputs !== undefined && stranger !== undefined) {
    return { ok: false, reason: problemOfInput(stranger.name, inputs), offset: stranger.offset };
  }
  const uses = new Set(variables.map(({ name }) => name).filter((name) => surroundings.bindings.has(name)));
  const needs = neededPaths(tree);
  const marks = marksLists(tree);
  const library = async (input: Json, bindings: Bindings = {}): Promise<Json | undefined> => {
    const bound: Record<string, unknown> = {};
    for (const name of uses) if (Object.hasOwn(bindings, name)) bound[name] = plain(bindings[name], marks);
    let result: unknown;
    try {
      // The library marks the lists that `[]` selects, in its input itself.
      const seen = withoutExactNumbers(input);
      result = await compiled.evaluate(marks ? structuredClone(seen) : seen, bound);
    } catch (error) {
      if (error instanceof EvenkeelError) throw error;
      throw failed(text, evaluationProblem(error as Partial<jsonata.JsonataError>, tree), error);
    }
    if (isFunction(result))
      throw failed(text, "it gives a function instead of a value: call it, as in `$uppercase(name)`");
    const json = toJson(result);
    if (!json.ok) throw failed(text, json.reason);
    return json.value;
  };
  const closure = closureOf(tree, (name) => surroundings.bindings.has(name));
  if (closure === undefined) return { ok: true, query: { uses, needs, evaluate: library } };
  const evaluate: Query["evaluate"] = (input, bindings = {}) => {
    const value = closure(input, bindings);
    return value === LEFT ? library(input, bindings) : value;
  };
  return { ok: true, query: { uses, needs, evaluate } };
}

/** Why a name cannot be read where an expression stands; undefined when it can. */
export function problemOfName(name: string, called: boolean, bindings: ReadonlySet<string>): string | undefined {
  if (IMPURE.has(name))
    return `\`$${name}\` gives something else at every run, so no record would ever be unchanged: it is not available`;
  if (name === "eval") return "`$eval` is not available: what it evaluates could not be checked";
  if (called && bindings.has(name)) return `\`$${name}\` is a value, not a function`;
  if (FUNCTIONS.has(name) || bindings.has(name)) return undefined;
  const near = called
    ? nearest(name, FUNCTIONS)
    : (nearest(name, bindings) ?? (SCOPE_NAMES.has(name) ? undefined : nearest(name, FUNCTIONS)));
  const meant = near === undefined ? "" : `; did you mean \`$${near}\`?`;
  if (called) return `\`$${name}\` is not a function of JSONata${meant}`;
  if (bindings.size === 0)
    return `\`$${name}\` has no value here${meant === "" ? ": write the name of a field, without `$`" : meant}`;
  return `\`$${name}\` has no value here${meant === "" ? `; there are ${namesOf([...bindings].map((known) => `$${known}`))}` : meant}`;
}

/** Why a name is no member of an input whose members are fixed. */
export function problemOfInput(name: string, inputs: ReadonlySet<string>): string {
  const near = nearest(name, inputs);
  return near === undefined
    ? `\`${name}\` is not known here: there are ${namesOf([...inputs])}`
    : `\`${name}\` is not known here; did you mean \`${near}\`?`;
}

function syntaxProblem(text: string, error: Partial<jsonata.JsonataError>): QueryReading {
  const token = typeof error.token === "string" && error.token !== "(end)" ? error.token : "";
  const offset = Math.max(0, Math.min((error.position ?? 0) - token.length, text.length));
  const hint = syntaxHint(text);
  const message = (error.message ?? "it cannot be read").replace(/^./, (first) => first.toLowerCase());
  return { ok: false, reason: hint === undefined ? message : `${message}; ${hint}`, offset };
}

/** An expression that could not be evaluated for one input, as every caller meets it. */
export function failed(text: string, why: string, cause?: unknown): EvenkeelError {
  return new EvenkeelError("CONFIG_EXPRESSION", `\`${text}\`: ${why}`, cause === undefined ? {} : { cause });
}

function plain(value: Json | undefined, copied: boolean): Json | undefined {
  if (value === undefined) return undefined;
  const seen = withoutExactNumbers(value);
  return copied ? structuredClone(seen) : seen;
}

function isFunction(value: unknown): boolean {
  if (typeof value === "function") return true;
  return typeof value === "object" && value !== null && ("_jsonata_function" in value || "_jsonata_lambda" in value);
}
