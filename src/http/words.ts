import { isObject, member, type Json } from "../core/json.ts";
import type { CompleteAnswer } from "./answer.ts";

/** Larger bodies are pages, and their first words say nothing. */
const QUOTED_BYTES_MAX = 262_144;

/** The API's own words for what an answer means, from where APIs put them; whoever shows them redacts and cuts them. */
export function wordsOf(answer: CompleteAnswer): string {
  if (answer.problem !== undefined) return answer.problem.message;
  if (answer.bytes === 0) return "";
  if (answer.bytes > QUOTED_BYTES_MAX) return `${answer.bytes} bytes`;
  const parsed = answer.json();
  if (parsed.ok) return oneLine(wordsIn(parsed.value) ?? "");
  return /^\s*</.test(answer.text) ? parsed.error.message : oneLine(answer.text);
}

/** Characters of an API's own words that a message quotes. */
const QUOTED_CHARS = 300;

/** What an API says in an answer, in its own words, as much as a message quotes; "" when it says nothing. */
export function shownWords(body: Json | undefined): string {
  const line = oneLine(wordsIn(body) ?? "");
  return line.length > QUOTED_CHARS ? `${line.slice(0, QUOTED_CHARS)}...` : line;
}

const oneLine = (words: string): string => words.replaceAll(/\s+/g, " ").trim();

/** RFC 9457 (detail, title), OAuth (error_description), and what everybody else does: message, error.message, errors[0]. */
const WORDS = ["message", "error_description", "detail", "title", "reason", "description", "error", "errors"];

/** Undefined where a body has none at all. */
export function wordsIn(body: Json | undefined): string | undefined {
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
