import type { Dispatcher } from "undici";
import type { Clock } from "../core/clock.ts";
import { invariant } from "../core/invariant.ts";
import type { LaneReport } from "../core/lane.ts";
import type { Attempt, Evidence, Outcome } from "../core/outcome.ts";
import { WireAnswer } from "./answer.ts";
import type { Auth } from "./auth.ts";
import { classify, type AnswerRules } from "./classify.ts";
import { sendOnce, type Timeouts, type WireResult } from "./client.ts";
import type { ApiRequest, Connection, Exchange, ExchangeOptions } from "./connection.ts";
import type { Gate, Lanes } from "./gate.ts";
import { announcedQuotas } from "./rate-limit-headers.ts";
import { visible, type Redactor } from "./redact.ts";

export interface ConnectionOptions {
  readonly name: string;
  readonly baseUrl: string;
  readonly auth: Auth;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeouts: Timeouts;
  readonly limits: {
    readonly ratePerMs: number | undefined;
    readonly concurrency: number | undefined;
    readonly bodyBytes: number;
  };
  readonly answers: AnswerRules;
  readonly lateWriteMs: number;
}

export interface ConnectionPorts {
  readonly clock: Clock;
  readonly dispatcher: Pick<Dispatcher, "dispatch">;
  readonly lanes: Lanes;
  readonly redactor: Redactor;
  /** `evenkeel/0.1.0` */
  readonly userAgent: string;
}

/** S2: reads follow at most so many redirects, within their origin. */
const REDIRECTS_MAX = 5;

/** Bodies in evidence are cut to this many characters: enough to see what went wrong, little enough to keep. */
const EVIDENCE_CHARS = 4_096;

/** An HTTP API: the one place where requests get credentials, pass the lane, and are classified. */
export function createConnection(options: ConnectionOptions, ports: ConnectionPorts): Connection {
  const { clock, redactor } = ports;
  const base = new URL(options.baseUrl);
  const gate: Gate = ports.lanes.of(base.origin, options.auth.identity, options.name, options.limits);
  const wire = {
    dispatcher: ports.dispatcher,
    clock,
    timeouts: options.timeouts,
    bodyBytesMax: options.limits.bodyBytes,
  };
  const common = { "user-agent": ports.userAgent, accept: "application/json", ...options.headers };

  const allows = (url: URL): boolean => url.origin === base.origin && url.username === "" && url.password === "";

  const exchange = async (request: ApiRequest, options_: ExchangeOptions): Promise<Exchange> => {
    const startedMs = clock.monotonicMs();
    const entered = gate.enter({ ...options_, stop: options_.stop });
    const entry = entered instanceof Promise ? await entered : entered;
    const target = new URL(request.url);
    invariant(allows(target), "S3", `${options.name} would send to ${target.origin}`);
    if (entry.kind !== "go") {
      const outcome: Outcome =
        entry.kind === "blocked"
          ? { kind: "not-sent", message: `${options.name} asked earlier to wait`, retryAfterMs: Math.ceil(entry.forMs) }
          : { kind: "not-sent", message: "the run stopped" };
      return {
        attempt: {
          outcome,
          evidence: evidenceOf(request, request.url, common, undefined, "not sent", clock.monotonicMs() - startedMs),
        },
        answer: undefined,
      };
    }
    return throughLane(request, target, options_.signal, entry.startedMs);
  };

  const throughLane = async (
    request: ApiRequest,
    target: URL,
    signal: AbortSignal,
    startedMs: number,
  ): Promise<Exchange> => {
    let report: LaneReport = { result: "failed", startedMs, endedMs: startedMs, retryAfterMs: undefined, quotas: [] };
    try {
      const made = await sendFollowing(request, target, signal);
      const outcome = await outcomeOf(request, made.result, made.answer);
      const failure = made.result.kind === "failure" ? made.result.message : undefined;
      const endedMs = clock.monotonicMs();
      report = {
        result: laneResult(outcome),
        startedMs,
        endedMs,
        retryAfterMs: retryAfterOf(outcome),
        quotas: announcedQuotas(made.result.headers, clock.wallMs()),
      };
      const evidence = evidenceOf(request, made.url, made.headers, made.answer, failure, endedMs - startedMs);
      const attempt: Attempt = { outcome: redacted(outcome), evidence };
      return { attempt, answer: made.answer };
    } finally {
      gate.leave({ ...report, endedMs: clock.monotonicMs() });
    }
  };

  interface Made {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly result: WireResult;
    readonly answer: WireAnswer | undefined;
  }

  const sendFollowing = async (request: ApiRequest, first: URL, signal: AbortSignal): Promise<Made> => {
    let target = first;
    for (let redirects = 0; ; redirects++) {
      const applied = options.auth.apply();
      const credentials = applied instanceof Promise ? await applied : applied;
      const headers: Record<string, string> = { ...common, ...request.headers, ...credentials.headers };
      if (request.purpose === "read") headers["accept-encoding"] ??= "gzip, br";
      const path = withQuery(target, credentials.query);
      const result = await sendOnce(
        { origin: target.origin, path, method: request.method, headers, body: request.body },
        wire,
        signal,
      );
      const url = target.origin + path;
      const answer = result.kind === "answer" ? new WireAnswer(result.status, result.headers, result.body) : undefined;
      const next = answer === undefined || request.purpose !== "read" ? undefined : redirectOf(answer, target);
      if (next === undefined || redirects === REDIRECTS_MAX || !allows(next)) return { url, headers, result, answer };
      target = next;
    }
  };

  const outcomeOf = async (
    request: ApiRequest,
    result: WireResult,
    answer: WireAnswer | undefined,
  ): Promise<Outcome> => {
    if (answer !== undefined) return classify(request, answer, options.answers, answer.dateMs ?? clock.wallMs());
    const { sent, message, tooLarge, status } = result as Extract<WireResult, { kind: "failure" }>;
    if (!sent) return { kind: "not-sent", message };
    // A page that is too large stays so; a write whose answer is too large was applied, if its status says so.
    if (tooLarge === true && request.purpose === "read")
      return {
        kind: "refused",
        status: status ?? 0,
        reason: "tooLarge",
        message: `${message}; \`limits.bodyBytes\` is ${options.limits.bodyBytes}`,
      };
    return { kind: "unknown", message };
  };

  const redacted = (outcome: Outcome): Outcome =>
    "message" in outcome ? { ...outcome, message: visible(redactor.text(outcome.message)) } : outcome;

  const evidenceOf = (
    request: ApiRequest,
    url: string,
    headers: Readonly<Record<string, string>>,
    answer: WireAnswer | undefined,
    failure: string | undefined,
    durationMs: number,
  ): Evidence => new LazyEvidence({ request, url, headers, answer, failure, durationMs }, redactor);

  return {
    name: options.name,
    baseUrl: options.baseUrl.replace(/\/$/, ""),
    allows,
    lateWriteMs: options.lateWriteMs,
    exchange,
    waitingFor: () => gate.waitingFor(),
    close: async () => undefined,
  };
}

interface Seen {
  readonly request: ApiRequest;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly answer: WireAnswer | undefined;
  readonly failure: string | undefined;
  readonly durationMs: number;
}

/** Evidence costs more than the request itself, and most of it is never looked at: it is made when it is. */
class LazyEvidence implements Evidence {
  readonly durationMs: number;
  readonly #seen: Seen;
  readonly #redactor: Redactor;

  constructor(seen: Seen, redactor: Redactor) {
    this.#seen = seen;
    this.#redactor = redactor;
    this.durationMs = seen.durationMs;
  }

  get request(): Evidence["request"] {
    const { request, url, headers } = this.#seen;
    const body = request.body === undefined ? {} : { body: this.#cut(request.body) };
    return {
      method: request.method,
      url: visible(this.#redactor.url(url)),
      headers: this.#redactor.headers(headers),
      ...body,
    };
  }

  get answer(): NonNullable<Evidence["answer"]> | undefined {
    const { answer } = this.#seen;
    if (answer === undefined) return undefined;
    return {
      status: answer.status,
      headers: this.#redactor.headers(answer.headers),
      ...(answer.bytes === 0 ? {} : { body: this.#cut(answer.text) }),
    };
  }

  get failure(): string | undefined {
    return this.#seen.failure === undefined ? undefined : visible(this.#redactor.text(this.#seen.failure));
  }

  /** For JSON lines and the ledger. */
  toJSON(): Evidence {
    const { request, answer, failure, durationMs } = this;
    return {
      request,
      ...(answer === undefined ? {} : { answer }),
      ...(failure === undefined ? {} : { failure }),
      durationMs,
    };
  }

  #cut(text: string): string {
    const shown = visible(this.#redactor.text(text.slice(0, EVIDENCE_CHARS)));
    return text.length > EVIDENCE_CHARS ? `${shown}... (${text.length} characters)` : shown;
  }
}

function withQuery(target: URL, query: Readonly<Record<string, string>>): string {
  const names = Object.keys(query);
  if (names.length === 0) return target.pathname + target.search;
  const copy = new URL(target);
  for (const name of names) copy.searchParams.set(name, query[name] as string);
  return copy.pathname + copy.search;
}

function redirectOf(answer: WireAnswer, from: URL): URL | undefined {
  const { location } = answer.headers;
  if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined || !URL.canParse(location, from))
    return undefined;
  return new URL(location, from);
}

function laneResult(outcome: Outcome): LaneReport["result"] {
  if (outcome.kind === "not-sent") return "failed";
  if (outcome.kind === "unknown") return "failed";
  return outcome.kind === "throttled" && outcome.inProgress !== true ? "throttled" : "ok";
}

/** The lane waits as long as the API says, unless it speaks of one key that is at work. */
const retryAfterOf = (outcome: Outcome): number | undefined =>
  (outcome.kind === "throttled" && outcome.inProgress !== true) || outcome.kind === "unknown"
    ? outcome.retryAfterMs
    : undefined;
