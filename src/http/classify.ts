import type { Expression } from "../core/expression.ts";
import { isObject, member, type Json } from "../core/json.ts";
import type { Outcome, RefusalReason } from "../core/outcome.ts";
import { parseRetryAfter } from "../core/retry-after.ts";
import type { ApiRequest } from "./connection.ts";
import type { WireAnswer } from "./answer.ts";

/** How this API speaks, where it departs from HTTP: expressions over `{ method, status, headers, body }`. */
export interface AnswerRules {
  readonly throttled?: Expression;
  readonly failed?: Expression;
  readonly missing?: Expression;
  readonly exists?: Expression;
  readonly inProgress?: Expression;
  readonly keyMismatch?: Expression;
  readonly replayed?: Expression;
  /** Statuses to be retried besides the usual ones, and never. */
  readonly also: readonly number[];
  readonly never: readonly number[];
}

/** Characters of an API's own words that a message quotes. */
const QUOTED_CHARS = 300;

/**
 * What a complete answer means (R1). With client.ts the only place that knows a status or an error code.
 *
 * @param nowMs the answer's own `Date`, or the local clock
 */
export async function classify(
  request: ApiRequest,
  answer: WireAnswer,
  rules: AnswerRules,
  nowMs: number,
): Promise<Outcome> {
  const { status, headers } = answer;
  const says = await applyRules(request, answer, rules);
  const retryAfterMs = status >= 300 ? parseRetryAfter(headers["retry-after"], nowMs) : undefined;
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  const message = `${status}${messageOf(answer)}`;
  const refused = (reason: RefusalReason): Outcome => ({ kind: "refused", status, reason, message, ...bodyOf(answer) });
  const unknown = (): Outcome => ({
    kind: "unknown",
    status,
    message,
    ...wait,
    ...(says.replayed ? { replayed: true } : {}),
  });
  const throttled = (inProgress = false): Outcome => ({
    kind: "throttled",
    status,
    message,
    ...wait,
    ...(inProgress ? { inProgress } : {}),
  });

  if (says.keyMismatch) return refused("keyMismatch");
  if (says.inProgress) return throttled(true);
  if (says.throttled) return throttled();
  if (says.exists) return refused("exists");
  if (says.missing) return refused("missing");
  if (says.failed) return refused("other");
  if (status >= 200 && status < 300) return applied(answer, says.replayed);
  if (rules.never.includes(status)) return refused("other");
  if (rules.also.includes(status)) return request.purpose === "read" ? throttled() : unknown();

  const mayRepeat = request.purpose === "read" || request.repeatable || request.keyed;
  switch (status) {
    case 429:
    case 425:
      return throttled();
    case 408:
      return mayRepeat ? throttled() : unknown();
    case 503:
      return mayRepeat && retryAfterMs !== undefined ? throttled() : unknown();
    case 401:
      return refused("credentials");
    case 403:
      return retryAfterMs === undefined ? refused("other") : throttled();
    case 404:
      return refused("missing");
    case 410:
      return refused(request.purpose === "read" ? "cursorExpired" : "missing");
    case 409:
      // R1: on a write that is not declared to mean something, a conflict may be our own earlier attempt at work.
      return request.purpose === "write" ? unknown() : refused("conflict");
    case 412:
      return refused("conflict");
    case 413:
      return refused("tooLarge");
  }
  if (status >= 500) return unknown();
  return refused(status >= 300 && status < 400 ? "redirected" : "other");
}

interface Says {
  readonly throttled: boolean;
  readonly failed: boolean;
  readonly missing: boolean;
  readonly exists: boolean;
  readonly inProgress: boolean;
  readonly keyMismatch: boolean;
  readonly replayed: boolean;
}

const RULES = ["throttled", "failed", "missing", "exists", "inProgress", "keyMismatch", "replayed"] as const;
const NOTHING: Says = {
  throttled: false,
  failed: false,
  missing: false,
  exists: false,
  inProgress: false,
  keyMismatch: false,
  replayed: false,
};

async function applyRules(request: ApiRequest, answer: WireAnswer, rules: AnswerRules): Promise<Says> {
  const declared = RULES.filter((name) => rules[name] !== undefined);
  if (declared.length === 0) return NOTHING;
  const parsed = answer.text === "" ? undefined : answer.json();
  const body: Json = parsed?.ok === true ? parsed.value : answer.text;
  const input = { method: request.method, status: answer.status, headers: answer.headers, body };
  const says = { ...NOTHING };
  for (const name of declared) says[name] = (await rules[name]?.evaluate(input)) === true;
  return says;
}

/** A complete 2xx is applied, whatever its body (R1). The body is parsed when it is small enough to be an answer about one record. */
function applied(answer: WireAnswer, replayed: boolean): Outcome {
  const { etag } = answer.headers;
  return {
    kind: "applied",
    status: answer.status,
    ...bodyOf(answer),
    ...(etag === undefined ? {} : { etag }),
    ...(replayed ? { replayed } : {}),
  };
}

function bodyOf(answer: WireAnswer): { readonly body?: Json } {
  if (answer.bytes === 0 || answer.bytes > WRITE_ANSWER_BYTES_MAX) return {};
  const parsed = answer.json();
  return parsed.ok ? { body: parsed.value } : {};
}

/** A page of records is parsed by the source, not here. */
const WRITE_ANSWER_BYTES_MAX = 262_144;

/** The API's own words, from where APIs put them. */
function messageOf(answer: WireAnswer): string {
  if (answer.bytes === 0) return "";
  if (answer.bytes > WRITE_ANSWER_BYTES_MAX) return `: ${answer.bytes} bytes`;
  const parsed = answer.json();
  const words = parsed.ok
    ? wordsIn(parsed.value)
    : /^\s*</.test(answer.text)
      ? parsed.error.message
      : answer.text.trim();
  return words === undefined || words === "" ? "" : `: ${words.replaceAll(/\s+/g, " ").slice(0, QUOTED_CHARS)}`;
}

const WORDS = ["message", "error_description", "detail", "title", "reason", "description", "error", "errors"];

/** RFC 9457 (detail, title), OAuth (error_description), and what everybody else does: message, error.message, errors[0]. */
function wordsIn(body: Json | undefined): string | undefined {
  if (typeof body === "string") return body;
  if (Array.isArray(body)) return wordsIn(body[0] as Json | undefined);
  if (!isObject(body)) return undefined;
  for (const name of WORDS) {
    const words = wordsIn(member(body, name));
    if (words !== undefined && words !== "") return words;
  }
  return JSON.stringify(body);
}
