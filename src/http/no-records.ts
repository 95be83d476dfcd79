import { EvenkeelError } from "../core/errors.ts";
import type { Expression } from "../core/expression.ts";
import { isObject, member, type Json } from "../core/json.ts";
import type { Evidence } from "../core/outcome.ts";
import { listsOf, pathExpression } from "../core/record-list.ts";
import { shownWords } from "./words.ts";

/** "0 records" must never be a misspelt path, or a failure: what is there is named. */
export function noRecords(records: Expression, value: Json | undefined, body: Json, evidence: Evidence): EvenkeelError {
  const what =
    value === undefined ? "nothing" : isObject(value) ? "one object" : `\`${JSON.stringify(value).slice(0, 40)}\``;
  const said = saidIn(body, evidence);
  const message = `\`records: ${records.text}\` gives ${what} in this answer, and it should give a list${said === undefined ? "" : `; the answer says: ${said.words}`}`;
  const next =
    said === undefined
      ? listsIn(body)
      : `If this is how the API says that a request failed, declare it on the connection: \`answers: { failed: ${said.condition} }\`. Otherwise: ${listsIn(body)}`;
  return new EvenkeelError("READ_RECORDS_MISSING", message, { evidence, next });
}

function listsIn(body: Json): string {
  if (Array.isArray(body)) return "The answer itself is a list: write `records: $`.";
  if (!isObject(body)) return "The answer is neither a list nor an object: check `request`.";
  const lists = listsOf(body);
  if (lists.length > 0)
    return `Lists in the answer: ${lists.map(({ path }) => `\`${pathExpression(path)}\``).join(", ")}.`;
  return `The answer has no list; its members are ${
    Object.keys(body)
      .slice(0, 20)
      .map((name) => `\`${name}\``)
      .join(", ") || "none"
  }.`;
}

/** How APIs report a failure inside a success, by member. */
const FAILURES = [
  ["errors", "$exists(body.errors)"],
  ["error", "body.error != null"],
] as const;

interface Said {
  readonly words: string;
  /** What is true of such answers, as an expression. */
  readonly condition: string;
}

/** What the answer says of a failure; from what is shown of it, which has no secrets (S6). */
function saidIn(body: Json, { answer }: Evidence): Said | undefined {
  const [name, condition] = FAILURES.find(([each]) => hasContent(member(body, each))) ?? [];
  if (name === undefined) return undefined;
  try {
    return { words: shownWords(member(JSON.parse(answer?.body ?? "") as Json, name)), condition };
  } catch {
    // It is longer than what is shown.
    return { words: `\`${name}\` is there`, condition };
  }
}

const hasContent = (value: Json | undefined): boolean =>
  Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null && value !== false && value !== "";
