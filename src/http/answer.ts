import { EvenkeelError } from "../core/errors.ts";
import { parseExact } from "../core/exact-json.ts";
import { parseHttpDate } from "../core/retry-after.ts";
import type { Json, JsonObject } from "../core/json.ts";
import type { Answer, BodyProblem } from "./connection.ts";

/** S4: JSON nested deeper than this is no API's answer, and would exhaust the stack of whoever walks it. */
const DEPTH_MAX = 500;

/** A complete answer; its text and JSON are made when they are asked for, once. */
export class CompleteAnswer implements Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: number;
  readonly problem: BodyProblem | undefined;
  #body: Buffer | undefined;
  #text: string | undefined;
  #json: ReturnType<Answer["json"]> | undefined;

  constructor(status: number, headers: Readonly<Record<string, string>>, body: Buffer, problem?: BodyProblem) {
    this.status = status;
    this.headers = headers;
    this.bytes = body.length;
    this.problem = problem;
    this.#body = body;
  }

  get text(): string {
    if (this.#text === undefined) {
      this.#text = textOf(this.#body as Buffer, this.headers["content-type"]);
      // A page is large, and one copy of it is enough.
      this.#body = undefined;
    }
    return this.#text;
  }

  get dateMs(): number | undefined {
    const { date } = this.headers;
    return date === undefined ? undefined : parseHttpDate(date);
  }

  json(): ReturnType<Answer["json"]> {
    return (this.#json ??= this.#parse());
  }

  #parse(): ReturnType<Answer["json"]> {
    if (this.problem !== undefined) {
      const { code, message } = this.problem;
      return { ok: false, error: new EvenkeelError(code, `the answer cannot be read: ${message}`) };
    }
    const { text } = this;
    try {
      const value = parseExact(withoutMark(text));
      if (!isDeeperThan(value, DEPTH_MAX)) return { ok: true, value };
      const message = `the answer is nested deeper than ${DEPTH_MAX} levels`;
      return { ok: false, error: new EvenkeelError("API_NOT_JSON", message) };
    } catch (error) {
      return {
        ok: false,
        error: new EvenkeelError("API_NOT_JSON", notJson(text, (error as Error).message), {
          next: "Check `baseUrl` and `request`; `evenkeel plan --limit 1 --trace` shows the answer.",
        }),
      };
    }
  }
}

/**
 * The body as text: UTF-8, as JSON has to be (RFC 8259, 8.1), unless the answer names another charset that is known. Bytes that are not in it
 * become U+FFFD.
 */
function textOf(body: Buffer, contentType: string | undefined): string {
  const charset = /;\s*charset\s*=\s*"?([\w-]+)/i.exec(contentType ?? "")?.[1]?.toLowerCase();
  if (charset === undefined || charset === "utf-8" || charset === "utf8") return body.toString("utf8");
  try {
    return new TextDecoder(charset).decode(body);
  } catch {
    return body.toString("utf8");
  }
}

/** RFC 8259, 8.1 lets a reader ignore a byte order mark. */
const withoutMark = (text: string): string => (text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);

/** What the body is instead of JSON. */
function notJson(text: string, problem: string): string {
  const trimmed = withoutMark(text).trim();
  if (trimmed === "") return "the answer is empty, and JSON is expected";
  if (/^<(?:!doctype html|html|head|body)/i.test(trimmed)) {
    const title = /<title[^>]*>([^<]{1,200})/i.exec(trimmed)?.[1]?.trim();
    return `the answer is an HTML page${title === undefined ? "" : ` titled "${title}"`}, and JSON is expected`;
  }
  if (trimmed.startsWith("<")) return "the answer is XML, and JSON is expected";
  if (/^[[{]/.test(trimmed)) return `the answer is JSON that is cut short or broken: ${problem}`;
  return `the answer is no JSON; it begins with ${JSON.stringify(trimmed.slice(0, 60))}`;
}

function isDeeperThan(value: Json, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) return value.some((item: Json) => isDeeperThan(item, levels - 1));
  for (const name in value as JsonObject)
    if (isDeeperThan((value as JsonObject)[name] as Json, levels - 1)) return true;
  return false;
}
