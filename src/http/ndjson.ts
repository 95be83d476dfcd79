import { EvenkeelError } from "../core/errors.ts";
import { parseExact } from "../core/exact-json.ts";
import type { Json } from "../core/json.ts";

/** Media types of one JSON value a line; none is registered, and all are seen. */
const TYPES = /^application\/(?:x-ndjson|ndjson|jsonl|x-jsonl|jsonlines|x-jsonlines|json-lines|jsonl\+json)\b/i;

export const isNdjson = (contentType: string | undefined): boolean => TYPES.test(contentType ?? "");

/** What a source of lines is asked for: by their usual names, and by that of JSON where it knows none of these. */
export const ACCEPTED_LINES = "application/x-ndjson, application/jsonl, application/json;q=0.5";

/** One JSON value a line, empty lines left out. Throws `API_NOT_JSON` with the line that is none: the rest may have been cut off. */
export function parseNdjson(text: string): readonly Json[] {
  const values: Json[] = [];
  for (const [index, line] of text
    .replace(/^\uFEFF/, "")
    .split("\n")
    .entries()) {
    if (line.trim() === "") continue;
    try {
      values.push(parseExact(line));
    } catch (error) {
      const message = `line ${index + 1} of the answer is no JSON: ${(error as Error).message}`;
      throw new EvenkeelError("API_NOT_JSON", message, {
        next: "One JSON value a line is expected (`format: ndjson`).",
      });
    }
  }
  return values;
}
