import type jsonata from "jsonata";
import { kindOf } from "../core/url-value.ts";
import { nodeAt, pathText } from "./syntax-tree.ts";

/** Spellings of other languages, and what JSONata writes instead; looked for outside quotes only. */
const HABITS: readonly (readonly [RegExp, string])[] = [
  [/={2,3}/, "equality is a single `=`"],
  [/!=={1}/, "inequality is `!=`"],
  [/&&/, "write `and` for `&&`"],
  [/\|\|/, "write `or` for `||`"],
  [/!(?!=)/, "write `$not(...)` for `!`"],
  [/=>/, "a function is `function($x){ ... }`"],
  [/\b\d{4}-\d\d-\d\d/, "a literal text stands in quotes of its own, as in `\"'2026-01-31'\"`"],
];

/** What probably led to a syntax error; undefined when nothing known did. */
export function syntaxHint(text: string): string | undefined {
  const code = text.replace(/'[^']*'|"[^"]*"|`[^`]*`/g, "''");
  return HABITS.find(([pattern]) => pattern.test(code))?.[1];
}

/** Characters of a value that a message shows. */
const SHOWN = 60;

type Problem = Partial<jsonata.JsonataError> & {
  readonly value?: unknown;
  readonly value2?: unknown;
  readonly index?: unknown;
};

/** Why an evaluation failed, in words; where text met arithmetic, with the conversion to write. */
export function evaluationProblem(error: Problem, tree: unknown): string {
  if (error instanceof RangeError) return "it does not come to an end: a function calls itself too deeply";
  const { code, token = "", position = -1 } = error;
  switch (code) {
    case "T2001":
    case "T2002": {
      const side = nodeAt(tree, position, token)?.[code === "T2001" ? "lhs" : "rhs"];
      const name = pathText(side);
      const what =
        name === undefined ? `the ${code === "T2001" ? "left" : "right"} side of \`${token}\`` : `\`${name}\``;
      return `${what} is ${shown(error.value)}, and \`${token}\` takes numbers${conversion(error.value, name, token)}`;
    }
    case "D1002":
      return `\`-\` takes a number, not ${shown(error.value)}${conversion(error.value, undefined, "-")}`;
    case "T2009":
    case "T2010": {
      if (error.value === undefined) return lowered(error.message);
      const text = typeof error.value === "string" ? "lhs" : "rhs";
      const name = pathText(nodeAt(tree, position, token)?.[text]);
      const other = typeof error.value === "string" ? error.value : error.value2;
      return `\`${token}\` compares ${shown(error.value)} with ${shown(error.value2)}${conversion(other, name, token)}`;
    }
    case "T0410":
      return `\`$${token}\` does not take ${shown(error.value)}${numeric(error.value) ? ": write `$number(...)` around it" : ""}`;
    case "D1011":
      return "it does not come to an end: a function calls itself too deeply";
    case "D1012":
      return "it does not come to an end: it was stopped after 5 seconds";
    default:
      return lowered(error.message);
  }
}

const numeric = (value: unknown): boolean =>
  typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value));

function conversion(value: unknown, name: string | undefined, operator: string): string {
  if (numeric(value)) return `: write \`$number(${name ?? "..."})\``;
  return operator === "+" && typeof value === "string" ? "; texts are joined with `&`" : "";
}

function shown(value: unknown): string {
  if (typeof value !== "string") return kindOf(value);
  return `the text ${JSON.stringify(value.length > SHOWN ? `${value.slice(0, SHOWN)}...` : value)}`;
}

const lowered = (message: string | undefined): string =>
  (message ?? "it cannot be evaluated").replace(/^./, (first) => first.toLowerCase());
