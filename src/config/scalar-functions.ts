import { LEFT, textOf, truthOf, type Closure, type Scalar } from "./scalar.ts";

type Result = ReturnType<Closure>;

/** A function of JSONata over scalars, which gives what the library gives or leaves it to that. */
interface Call {
  /** What it takes, as `typeof` names it; `any` scalar. */
  readonly takes: readonly ("string" | "number" | "any")[];
  /** How many of them may be left out. */
  readonly optional: number;
  /** Its first argument is not absent, unless it takes that. */
  readonly run: (...values: never[]) => Result;
  readonly takesAbsent?: true;
}

const text = (run: (text: string) => Result): Call => ({ takes: ["string"], optional: 0, run });
const textWith = (run: (text: string, part: string) => Result): Call => ({
  takes: ["string", "string"],
  optional: 0,
  run,
});
const number = (run: (number: number) => Result): Call => ({ takes: ["number"], optional: 0, run });
const any = (run: (value: Scalar) => Result): Call => ({ takes: ["any"], optional: 0, run });

/** The frequent functions (docs.jsonata.org), by their names without `$`. */
const CALLS: ReadonlyMap<string, Call> = new Map<string, Call>([
  ["string", any(textOf)],
  ["uppercase", text((value) => value.toUpperCase())],
  ["lowercase", text((value) => value.toLowerCase())],
  ["trim", text((value) => value.replace(/[ \t\n\r]+/g, " ").replace(/^ | $/g, ""))],
  ["length", text((value) => (isPlain(value) ? value.length : LEFT))],
  ["substring", { takes: ["string", "number", "number"], optional: 1, run: substring }],
  ["substringBefore", textWith((value, part) => around(value, part, (at) => value.slice(0, at)))],
  ["substringAfter", textWith((value, part) => around(value, part, (at) => value.slice(at + part.length)))],
  ["contains", textWith((value, part) => value.includes(part))],
  ["number", any(numberOf)],
  ["round", { takes: ["number", "number"], optional: 1, run: round }],
  ["floor", number(Math.floor)],
  ["ceil", number(Math.ceil)],
  ["abs", number(Math.abs)],
  ["not", any((value) => !truthOf(value))],
  ["boolean", any(truthOf)],
  ["exists", { ...any((value) => value !== undefined), takesAbsent: true }],
]);

/** A call of the function with this name; undefined when it, or such a call of it, is for the library. */
export function callOf(name: string, parts: readonly Closure[]): Closure | undefined {
  const call = CALLS.get(name);
  if (call === undefined || parts.length > call.takes.length || parts.length < call.takes.length - call.optional)
    return undefined;
  const run = call.run as (...values: Scalar[]) => Result;
  const isOptional = call.takesAbsent === true;
  const [first = absent, second, third] = parts.map((part, index) => fitting(part, call.takes[index], index === 0));
  return (input, bindings) => {
    const value = first(input, bindings);
    if (value === LEFT) return LEFT;
    if (second === undefined) return value === undefined && !isOptional ? undefined : run(value);
    const other = second(input, bindings);
    if (other === LEFT) return LEFT;
    const last = third?.(input, bindings);
    if (last === LEFT) return LEFT;
    if (value === undefined && !isOptional) return undefined;
    return third === undefined ? run(value, other) : run(value, other, last);
  };
}

const absent: Closure = () => undefined;

/** What is of another type than the function takes is left; the first one may be absent. */
function fitting(part: Closure, type: Call["takes"][number] | undefined, isFirst: boolean): Closure {
  if (type === "any") return part;
  return (input, bindings) => {
    const value = part(input, bindings);
    return typeof value === type || (value === undefined && isFirst) ? value : LEFT;
  };
}

/** Each character is one unit: the library counts code points. */
const isPlain = (text: string): boolean => !/[\uD800-\uDFFF]/.test(text);

function substring(value: string, start: number, length?: number): Result {
  if (!isPlain(value)) return LEFT;
  const from = value.length + start < 0 ? 0 : start;
  if (length === undefined) return value.slice(from);
  if (length <= 0) return "";
  return value.slice(from, from >= 0 ? from + length : value.length + from + length);
}

function around(value: string, part: string, cut: (at: number) => string): Result {
  const at = value.indexOf(part);
  return at === -1 ? value : cut(at);
}

const DECIMAL = /^-?[0-9]+(\.[0-9]+)?([Ee][-+]?[0-9]+)?$/;

function numberOf(value: Scalar): Result {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value !== "string" || !DECIMAL.test(value)) return LEFT;
  const parsed = Number.parseFloat(value);
  return Number.isFinite(parsed) ? parsed : LEFT;
}

/** Half to even. */
function round(value: number, places = 0): Result {
  const power = POWERS[places];
  if (power !== undefined) {
    const product = value * power;
    const below = Math.floor(product);
    const distance = product - below - 0.5;
    if (Math.abs(product) < PRODUCT_MAX && Math.abs(distance) > TIE_MARGIN)
      // There is no minus zero.
      return (distance < 0 ? below : below + 1) / power + 0;
  }
  return roundExactly(value, places);
}

/** By the decimal places that are wanted, from one on. */
const POWERS: readonly (number | undefined)[] = [undefined, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
/**
 * Below this a product is wrong by less than the margin, so that away from a tie it is rounded to the integer that the exact product is
 * rounded to; and the quotient of that integer and the power, both exact, is the double next to the decimal.
 */
const PRODUCT_MAX = 2 ** 36;
const TIE_MARGIN = 2 ** -12;

/** A decimal place is shifted as text, so that no product is rounded before. */
function roundExactly(value: number, places: number): Result {
  const shifted = places === 0 ? value : shift(value, places);
  let result = Math.round(shifted);
  if (Math.abs(result - shifted) === 0.5 && Math.abs(result % 2) === 1) result -= 1;
  if (places !== 0) result = shift(result, -places);
  if (!Number.isFinite(result)) return LEFT;
  return Object.is(result, -0) ? 0 : result;
}

function shift(value: number, places: number): number {
  const text = value.toString();
  const at = text.indexOf("e");
  if (at < 0) return Number(`${text}e${places}`);
  return Number(`${text.slice(0, at)}e${Number(text.slice(at + 1)) + places}`);
}
