import type { Expression } from "../core/expression.ts";
import { EvenkeelError } from "../core/errors.ts";
import type { Eventual } from "../core/eventual.ts";
import { member, type Json } from "../core/json.ts";
import type { LaneReport } from "../core/lane.ts";
import type { Outcome, RefusalReason } from "../core/outcome.ts";
import { parseRetryAfter } from "../core/retry-after.ts";
import { withName } from "../core/status-name.ts";
import type { CompleteAnswer } from "./answer.ts";
import type { WireFailure } from "./client.ts";
import type { ApiRequest } from "./connection.ts";
import { shownWords, wordsOf } from "./words.ts";

const RULES = ["throttled", "failed", "missing", "exists", "inProgress", "keyMismatch", "replayed"] as const;
type Rule = (typeof RULES)[number];

/** How this API speaks, where it departs from HTTP: expressions over `{ method, status, headers, body }`. */
export type AnswerRules = { readonly [rule in Rule]?: Expression } & {
  /** Statuses to be retried besides the usual ones, and never. */
  readonly also: readonly number[];
  readonly never: readonly number[];
};

/** What an attempt came to, and what it says of the API's state (R1, L3). */
export interface Classified {
  readonly outcome: Outcome;
  readonly lane: LaneReport["result"];
}

/** Which of its declared signals an answer gives; `problem` when they could not be asked. */
type Signals = { readonly [rule in Rule]?: boolean } & { readonly problem?: string };

const NO_SIGNALS: Signals = {};

/**
 * What a complete answer means (R1). This file alone knows what a status means.
 *
 * @param localMs the local clock, for an answer without a `Date`
 */
export function classify(
  request: ApiRequest,
  answer: CompleteAnswer,
  rules: AnswerRules,
  localMs: number,
): Eventual<Classified> {
  if (!RULES.some((rule) => rules[rule] !== undefined)) return judge(request, answer, rules, NO_SIGNALS, localMs);
  return signalsOf(request, answer, rules).then((signals) => judge(request, answer, rules, signals, localMs));
}

function judge(
  request: ApiRequest,
  answer: CompleteAnswer,
  rules: AnswerRules,
  signals: Signals,
  localMs: number,
): Classified {
  const { status } = answer;
  const isSuccess = status >= 200 && status < 300;
  const isWrite = request.purpose === "write";
  // R4: a floor on any 3xx, 4xx or 5xx, and on what is declared to be one.
  const isHint = !isSuccess || signals.throttled === true || signals.inProgress === true;
  const retryAfter = isHint ? answer.headers["retry-after"] : undefined;
  const retryAfterMs = retryAfter === undefined ? undefined : parseRetryAfter(retryAfter, answer.dateMs ?? localMs);
  const says: Says = { answer, retryAfterMs, replayed: signals.replayed === true };

  if (signals.problem !== undefined)
    return unknown({ ...says, note: signals.problem }, status >= 500 ? "failed" : "ok");
  if (signals.keyMismatch === true) return refused(says, "keyMismatch");
  if (signals.inProgress === true) return throttled(says, "ok", true);
  if (signals.throttled === true) return throttled(says, "throttled");
  if (signals.exists === true) return refused(says, "exists");
  if (signals.missing === true) return refused(says, "missing");
  if (isSuccess) {
    if (signals.failed === true) return refused(says, "other");
    // Where it is declared what a failure looks like, that is asked alone.
    if (rules.failed === undefined) {
      if (isWrite && isPage(answer)) return unknown({ ...says, note: A_PAGE }, "ok");
      const errors = isGraphql(request) ? graphqlErrors(answer) : undefined;
      // A mutation that was begun, as `data` beside its errors says, may have been done in part (GraphQL, 7.1.1: of what was never begun there is none).
      if (errors !== undefined && isWrite && errors.wasBegun) return unknown({ ...says, note: errors.words }, "ok");
      if (errors !== undefined) return refused({ ...says, note: errors.words }, "other");
    }
    return applied(request, says);
  }
  if (rules.never.includes(status)) return refused(says, "other");
  // A write that is declared to be worth repeating is not thereby known to be without effect.
  if (rules.also.includes(status)) return isWrite ? unknown(says, "ok") : throttled(says, laneOf(retryAfterMs));

  // R1: without that, nobody may assume that the request was not at work when the answer was given.
  const mayRepeat = !isWrite || request.repeatable || request.keyHeader !== undefined;
  switch (status) {
    case 429:
      return throttled(says, "throttled");
    case 425:
      return throttled(says, laneOf(retryAfterMs));
    case 408:
      return mayRepeat ? throttled(says, laneOf(retryAfterMs)) : unknown(says, "failed");
    case 503:
      return mayRepeat && retryAfterMs !== undefined ? throttled(says, "throttled") : unknown(says, "failed");
    case 401:
      return refused(says, "credentials");
    case 403:
      // R4: a record must not fail because the API asked to wait.
      return retryAfterMs === undefined ? refused(says, "other") : throttled(says, "throttled");
    case 404:
      return refused(says, "missing");
    case 410:
      return refused(says, isWrite ? "missing" : "cursorExpired");
    case 409:
      // R1: on a write that is not declared to mean something, a conflict may be our own earlier attempt at work.
      return isWrite ? unknown(says, "ok") : refused(says, "conflict");
    case 412:
      return refused(says, "conflict");
    case 413:
      return refused(says, "tooLarge");
  }
  if (status >= 500) return unknown(says, "failed");
  return refused(says, status >= 300 && status < 400 ? "redirected" : "other");
}

/** What an attempt without a complete answer came to (R1). */
export function classifyFailure(failure: WireFailure): Classified {
  const { message, sent, cause, next, isLasting } = failure;
  const lane = cause === "network" ? "failed" : cause;
  const advice = { ...(next === undefined ? {} : { next }), ...(isLasting === true ? { isLasting } : {}) };
  if (!sent) return { outcome: { kind: "not-sent", message, ...advice }, lane };
  const status = failure.status === undefined ? {} : { status: failure.status };
  return { outcome: { kind: "unknown", message, ...status }, lane };
}

/**
 * What an answer larger than allowed means (S4): its head is known and its body is not, so an error is judged by its status. A page that is
 * too large can be asked for in parts (P6); whether a write succeeded, the part that was not read may have said.
 */
export function classifyTooLarge(request: ApiRequest, answer: CompleteAnswer): Classified | undefined {
  const { status } = answer;
  if (status < 200 || status >= 300) return undefined;
  const message = messageOf({ answer, retryAfterMs: undefined, replayed: false });
  const outcome: Outcome =
    request.purpose === "read"
      ? { kind: "refused", status, reason: "tooLarge", message }
      : { kind: "unknown", status, message };
  return { outcome, lane: "ok" };
}

interface Says {
  readonly answer: CompleteAnswer;
  readonly retryAfterMs: number | undefined;
  readonly replayed: boolean;
  readonly note?: string;
}

/** Whoever names a time means the whole lane. */
const laneOf = (retryAfterMs: number | undefined): Classified["lane"] =>
  retryAfterMs === undefined ? "ok" : "throttled";

const waitOf = ({ retryAfterMs }: Says): { readonly retryAfterMs?: number } =>
  retryAfterMs === undefined ? {} : { retryAfterMs };

function refused(says: Says, reason: RefusalReason): Classified {
  const { status } = says.answer;
  return { outcome: { kind: "refused", status, reason, message: messageOf(says), ...waitOf(says) }, lane: "ok" };
}

function throttled(says: Says, lane: Classified["lane"], inProgress = false): Classified {
  const { status } = says.answer;
  const extra = inProgress ? { inProgress } : {};
  return { outcome: { kind: "throttled", status, message: messageOf(says), ...waitOf(says), ...extra }, lane };
}

function unknown(says: Says, lane: Classified["lane"]): Classified {
  const { status } = says.answer;
  const extra = says.replayed ? { replayed: true } : {};
  return { outcome: { kind: "unknown", status, message: messageOf(says), ...waitOf(says), ...extra }, lane };
}

const A_PAGE = "an HTML page, which may be that of a sign-in or a proxy";

/** An HTML document where an API was asked: somebody else may have answered in its place, and nothing is known to be written. */
function isPage(answer: CompleteAnswer): boolean {
  const type = answer.headers["content-type"];
  if (answer.bytes === 0 || type === undefined || !/html/i.test(type)) return false;
  return /^\s*<(?:!doctype\s+html|html)[\s>]/i.test(answer.text);
}

/** R1: a complete 2xx is applied, even if its body cannot be read. A read whose answer cannot be read is told apart by the source. */
function applied(request: ApiRequest, { answer, replayed }: Says): Classified {
  const { status, problem } = answer;
  const { etag } = answer.headers;
  if (request.purpose === "read" && problem?.code === "API_BODY_TOO_LARGE")
    return {
      outcome: {
        kind: "refused",
        status,
        reason: "tooLarge",
        message: messageOf({ answer, retryAfterMs: undefined, replayed }),
      },
      lane: "ok",
    };
  return { outcome: new Applied(answer, etag, replayed), lane: "ok" };
}

/** Most bodies of writes are never looked at, so they are parsed when they are. */
class Applied {
  readonly kind = "applied";
  readonly status: number;
  readonly etag?: string;
  readonly replayed?: boolean;
  readonly #answer: CompleteAnswer;

  constructor(answer: CompleteAnswer, etag: string | undefined, replayed: boolean) {
    this.status = answer.status;
    this.#answer = answer;
    if (etag !== undefined) this.etag = etag;
    if (replayed) this.replayed = true;
  }

  get body(): Json | undefined {
    return bodyOf(this.#answer);
  }
}

function bodyOf(answer: CompleteAnswer): Json | undefined {
  if (answer.bytes === 0) return undefined;
  const parsed = answer.json();
  return parsed.ok ? parsed.value : undefined;
}

/**
 * What the errors of a GraphQL answer say; undefined where it has none. What it has besides is a part of what was asked for, in which null stands for what
 * failed: a list that is cut, or an end that is none (P5).
 */
function graphqlErrors(answer: CompleteAnswer): { readonly words: string; readonly wasBegun: boolean } | undefined {
  const parsed = answer.json();
  const errors = parsed.ok ? member(parsed.value, "errors") : undefined;
  if (!parsed.ok || !Array.isArray(errors) || errors.length === 0) return undefined;
  return { words: shownWords(errors) || "errors", wasBegun: member(parsed.value, "data") !== undefined };
}

/** What is posted to such an address is a query or a mutation, whatever the body is made of. */
const isGraphql = ({ isGraphql: asks, purpose, method, url }: ApiRequest): boolean =>
  asks === true || (purpose === "write" && method === "POST" && /\/graphql(?:\.json)?(?:\?|$)/i.test(url));

async function signalsOf(request: ApiRequest, answer: CompleteAnswer, rules: AnswerRules): Promise<Signals> {
  const parsed = answer.text === "" ? undefined : answer.json();
  const body: Json = parsed === undefined ? null : parsed.ok ? parsed.value : answer.text;
  const input = { method: request.method, status: answer.status, headers: answer.headers, body };
  const signals: { [rule in Rule]?: boolean } = {};
  for (const rule of RULES) {
    const expression = rules[rule];
    if (expression === undefined) continue;
    try {
      signals[rule] = (await expression.evaluate(input)) === true;
    } catch (error) {
      // It cannot be said what this answer means, and a guess could lose or double a record.
      const { message } = EvenkeelError.from(error);
      return { problem: `\`answers.${rule}\` cannot be asked about it: ${message}` };
    }
  }
  return signals;
}

/** `422 Unprocessable Entity: price must be positive` */
function messageOf({ answer, note }: Says): string {
  const { status } = answer;
  const words = note ?? wordsOf(answer);
  return `${withName(status)}${words === "" ? "" : `: ${words}`}`;
}
