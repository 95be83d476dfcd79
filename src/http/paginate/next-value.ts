import type { Expression } from "../../core/expression.ts";
import { member, scalarText, type Json } from "../../core/json.ts";

export type NextValue =
  | { readonly kind: "value"; readonly text: string }
  | { readonly kind: "absent" }
  | { readonly kind: "broken"; readonly reason: string };

/**
 * Reads `next` from an answer (P5). Absent, null, "" and false mean that there is no next page; but where the object that should
 * hold it is missing too, the answer is another one than was declared, and ending there would lose the rest.
 */
export async function nextValue(
  next: Expression,
  { body, headers }: { readonly body: Json; readonly headers: Readonly<Record<string, string>> },
): Promise<NextValue> {
  const value = await next.evaluate(body, { headers });
  if (value === undefined || value === null || value === "" || value === false) {
    const missing = missingParent(next, body);
    return missing === undefined
      ? { kind: "absent" }
      : { kind: "broken", reason: `\`${missing}\` is missing, so whether \`${next.text}\` is cannot be told` };
  }
  const text = scalarText(value);
  if (text !== undefined) return { kind: "value", text };
  return {
    kind: "broken",
    reason: `\`${next.text}\` is ${JSON.stringify(value).slice(0, SHOWN)}, and it should be a text or a number`,
  };
}

/** Characters of an unexpected value that a message shows. */
const SHOWN = 80;

/** The outermost member of a plain path, when it is not there; deeper ones may come and go, as in `_links.next.href`. */
function missingParent({ path }: Expression, body: Json): string | undefined {
  const [outermost] = path ?? [];
  if (path === undefined || outermost === undefined || path.length < 2) return undefined;
  return member(body, outermost) === undefined ? outermost : undefined;
}

/** A declared total as a count; broken when it is not one, since the end of the read hangs on it. */
export async function totalValue(
  total: Expression,
  body: Json,
): Promise<{ readonly count: number } | { readonly reason: string }> {
  const value = await total.evaluate(body);
  const text = scalarText(value);
  // "" is no total: taken for 0 it would end the read.
  const count = text !== undefined && /^\d+(?:\.0+)?$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(count)) return { count };
  return {
    reason: `\`${total.text}\` is ${value === undefined ? "absent" : JSON.stringify(value).slice(0, SHOWN)}, and the total should be a whole number`,
  };
}
