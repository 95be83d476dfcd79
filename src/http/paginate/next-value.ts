import { isShort, type Expression } from "../../core/expression.ts";
import { member, scalarText, type Json } from "../../core/json.ts";
import { pathExpression } from "../../core/record-list.ts";

/** Where an answer says what the next page is. */
export interface NextPage {
  /** The next page's token or address. */
  readonly next: Expression;
  /** Whether there is one, where that is said apart: as declared, or as the condition of `next`. */
  readonly more: Expression | undefined;
  readonly isMoreDeclared: boolean;
  /** Members of the body of which `next` reads a part. */
  readonly holders: readonly string[];
}

export type NextValue = { readonly kind: "value"; readonly text: string } | { readonly kind: "absent" } | Unreadable;

/** Where the read has to end, and how that may be mended. */
interface Unreadable {
  readonly kind: "broken";
  readonly reason: string;
  readonly next?: string;
}

interface Answered {
  readonly body: Json;
  readonly headers: Readonly<Record<string, string>>;
}

const ABSENT: NextValue = { kind: "absent" };

/**
 * Reads what the next page is from an answer (P5). Where the answer says whether there is one, that alone is the end, and it has to be said. Otherwise a
 * `next` that is absent, null, "" or false is; but where the object that should hold it is missing too, the answer is another one than was declared,
 * and ending there would lose the rest.
 */
export async function nextValue(page: NextPage, { body, headers }: Answered): Promise<NextValue> {
  const { next, more } = page;
  const told = more === undefined ? undefined : toldBy(more, await more.evaluate(body, { headers }), page);
  if (typeof told === "object") return told;
  if (told === false) return ABSENT;
  const value = await next.evaluate(body, { headers });
  if (value === undefined || value === null || value === "" || value === false)
    return told === true ? withoutNext(page) : (missingHolder(page, body) ?? ABSENT);
  const text = scalarText(value);
  return text === undefined
    ? { kind: "broken", reason: `\`${next.text}\` is ${shown(value)}, and it should be a text or a number` }
    : { kind: "value", text };
}

/** Whether there is a next page. A header has it as a text. */
function toldBy(more: Expression, value: Json | undefined, { isMoreDeclared }: NextPage): boolean | Unreadable {
  const flag = typeof value === "string" ? value.toLowerCase() : value;
  if (flag === true || flag === "true") return true;
  if (flag === false || flag === "false") return false;
  const what = isMoreDeclared ? "" : ", the condition of `next`,";
  return {
    kind: "broken",
    reason: `\`${more.text}\`${what} is ${shown(value)}, and it should be true or false`,
    next: `The API has left out what tells whether there is a next page: run again. Only if every last page looks like this, declare ${isShort(more) ? `\`pagination.more: ${present(more)}\`` : "a `pagination.more` that is false there"}: then it is the end.`,
  };
}

/** What is false where the expression gives nothing, and true where it gives something that counts as true. */
const present = ({ text, path }: Expression): string =>
  path === undefined ? `$exists(${text}) and (${text})` : `$exists(${text}) and ${text}`;

function withoutNext({ next, more, isMoreDeclared }: NextPage): Unreadable {
  const end = "if that is the end, declare a `pagination.more` that is false there";
  return {
    kind: "broken",
    reason: `\`${more?.text}\` says that there is a next page, and \`${next.text}\` gives none`,
    next: isMoreDeclared
      ? "Check `pagination.next` against an answer: `evenkeel plan --limit 1 --trace` shows one. If it is right, the API has left something out: run again."
      : `Check \`pagination.next\` against an answer, which \`evenkeel plan --limit 1 --trace\` shows; ${end}. Otherwise the API has left something out: run again.`,
  };
}

/** Deeper members may come and go, as in `_links.next.href`. */
function missingHolder({ next, holders }: NextPage, body: Json): Unreadable | undefined {
  const missing = holders.find((name) => member(body, name) === undefined);
  if (missing === undefined) return undefined;
  const name = pathExpression([missing]);
  return {
    kind: "broken",
    reason: `\`${name}\` is missing, so whether \`${next.text}\` is cannot be told`,
    next: `If the last page leaves \`${name}\` out, declare \`pagination.more: $exists(${name})\`: then that is the end. Otherwise this is another answer than is declared: \`evenkeel plan --limit 1 --trace\` shows one.`,
  };
}

/** Characters of an unexpected value that a message shows. */
const SHOWN = 80;

const shown = (value: Json | undefined): string =>
  value === undefined ? "absent" : JSON.stringify(value).slice(0, SHOWN);

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
  return { reason: `\`${total.text}\` is ${shown(value)}, and the total should be a whole number` };
}
