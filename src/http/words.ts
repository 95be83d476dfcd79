import { isObject, member, type Json } from "../core/json.ts";

/** RFC 9457 (detail, title), OAuth (error_description), and what everybody else does: message, error.message, errors[0]. */
const WORDS = ["message", "error_description", "detail", "title", "reason", "description", "error", "errors"];

/** Characters of an API's own words that a message quotes. */
const QUOTED_CHARS = 300;

/** What an API says in an answer, in its own words, as much as a message quotes; "" when it says nothing. */
export function shownWords(body: Json | undefined): string {
  const line = (wordsIn(body) ?? "").replaceAll(/\s+/g, " ").trim();
  return line.length > QUOTED_CHARS ? `${line.slice(0, QUOTED_CHARS)}...` : line;
}

function wordsIn(body: Json | undefined): string | undefined {
  if (typeof body === "string") return body;
  if (Array.isArray(body)) return wordsIn(body[0] as Json | undefined);
  if (!isObject(body)) return undefined;
  for (const name of WORDS) {
    const words = wordsIn(member(body, name) ?? member(body, name.charAt(0).toUpperCase() + name.slice(1)));
    if (words !== undefined && words !== "") return words;
  }
  const text = JSON.stringify(body);
  return text === "{}" ? undefined : text;
}
