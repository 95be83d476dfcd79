import { EvenkeelError } from "../core/errors.ts";
import type { Answer } from "./connection.ts";
import { isNdjson, parseNdjson } from "./ndjson.ts";

/** One JSON text, or one JSON value a line. */
export type BodyFormat = "json" | "ndjson";

const isLines = (answer: Answer, format: BodyFormat): boolean =>
  format !== "json" || isNdjson(answer.headers["content-type"]);

/** The body as one JSON value: of lines, the list of them. */
export function bodyOf(answer: Answer, format: BodyFormat): ReturnType<Answer["json"]> {
  // P5: what could not be unpacked has no lines, and is no empty page for it.
  if (!isLines(answer, format) || answer.problem !== undefined) return answer.json();
  if (isEndless(answer)) return { ok: false, error: endUnknown(answer) };
  try {
    return { ok: true, value: parseNdjson(answer.text) };
  } catch (error) {
    return { ok: false, error: EvenkeelError.from(error) };
  }
}

/** RFC 9112, 6.3: it ended with the connection, and so does one that was cut off. JSON has an end of its own, lines have none. */
const isEndless = ({ headers }: Answer): boolean =>
  headers["content-length"] === undefined && headers["transfer-encoding"] === undefined;

function endUnknown({ headers }: Answer): EvenkeelError {
  const type = headers["content-type"] ?? "";
  const isJson = /^application\/(?:[\w.-]+\+)?json\b/i.test(type);
  return new EvenkeelError("API_BODY_CUT", "the answer says nowhere how long it is, so its end may be missing", {
    next: isJson
      ? `It calls itself ${type.split(";")[0]}, whose end can be told: if it is that, leave \`format: ndjson\` out. Otherwise have the API send \`Content-Length\` or chunks.`
      : "Ask for JSON instead of lines, or have the API send `Content-Length` or chunks.",
  });
}

/** The answer's text as one JSON value. */
export const jsonOf = (answer: Answer, format: BodyFormat): string =>
  isLines(answer, format) ? `[${answer.text.trim().replaceAll("\n", ",")}]` : answer.text;
