import { EvenkeelError } from "../core/errors.ts";
import type { Answer } from "./connection.ts";
import { isNdjson, parseNdjson } from "./ndjson.ts";

/** One JSON text, or one JSON value a line. */
export type BodyFormat = "json" | "ndjson";

const isLines = (answer: Answer, format: BodyFormat): boolean =>
  format !== "json" || isNdjson(answer.headers["content-type"]);

/** The body as one JSON value: of lines, the list of them. */
export function bodyOf(answer: Answer, format: BodyFormat): ReturnType<Answer["json"]> {
  if (!isLines(answer, format)) return answer.json();
  if (isEndless(answer)) return { ok: false, error: endUnknown() };
  try {
    return { ok: true, value: parseNdjson(answer.text) };
  } catch (error) {
    return { ok: false, error: EvenkeelError.from(error) };
  }
}

/** RFC 9112, 6.3: it ended with the connection, and so does one that was cut off. JSON has an end of its own, lines have none. */
const isEndless = ({ headers }: Answer): boolean =>
  headers["content-length"] === undefined && headers["transfer-encoding"] === undefined;

const endUnknown = (): EvenkeelError =>
  new EvenkeelError("API_BODY_CUT", "the answer says nowhere how long it is, so lines may be missing at its end", {
    next: "Ask for JSON instead of lines, or have the API send `Content-Length` or chunks.",
  });

/** The answer's text as one JSON value. */
export const jsonOf = (answer: Answer, format: BodyFormat): string =>
  isLines(answer, format) ? `[${answer.text.trim().replaceAll("\n", ",")}]` : answer.text;
