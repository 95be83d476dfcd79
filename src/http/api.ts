import type { LaneReport } from "../core/lane.ts";
import type { Outcome } from "../core/outcome.ts";
import type { ApiRequest, Connection, Exchange } from "./connection.ts";
import { Evidenced } from "./evidence.ts";
import { blockedBy, type Entry, type Gate, type Lanes } from "./gate.ts";
import { announcedQuotas } from "./rate-limit-headers.ts";
import { redirectOf, REDIRECTS_MAX } from "./redirect.ts";
import { visibleLine } from "./redact.ts";
import { Sender, type SenderOptions, type SenderPorts, type Sent } from "./sender.ts";
import { targetOf, type Target } from "./target.ts";

export interface ConnectionOptions extends SenderOptions {
  readonly name: string;
  readonly baseUrl: string;
  readonly limits: {
    /** Requests a ms and requests at once; both undefined: learned from the answers. */
    readonly ratePerMs: number | undefined;
    readonly concurrency: number | undefined;
    readonly bodyBytes: number;
  };
  readonly lateWriteMs: number;
  /** S3: further origins that may be read from, without credentials and without `headers`. */
  readonly allowOrigins?: readonly string[];
}

export interface ConnectionPorts extends SenderPorts {
  readonly lanes: Lanes;
}

const FREE = { ratePerMs: undefined, concurrency: undefined };

/**
 * An HTTP API. Every request passes the lane of its origin and credential, those that follow a redirect or new credentials too (L1), and goes to
 * an allowed origin or nowhere (S3).
 */
export function createConnection(options: ConnectionOptions, ports: ConnectionPorts): Connection {
  const { name, auth } = options;
  const { clock, redactor } = ports;
  const base = new URL(options.baseUrl);
  const wallMs = (): number => clock.wallMs();
  const allowed = new Set(options.allowOrigins);
  const sender = new Sender(base.origin, options, ports);
  const gate = ports.lanes.of(base.origin, auth.identity, options.limits);
  const gateOf = (target: Target): Gate =>
    target.origin === base.origin ? gate : ports.lanes.of(target.origin, "", FREE);

  const exchange: Connection["exchange"] = async (request, sending) => {
    let target = targetOf(request.url, base.origin);
    if (target === undefined || !mayGo(target, request)) return unsent(request, foreign(request.url));
    let redirects = 0;
    let isRenewed = false;
    for (;;) {
      const its = gateOf(target);
      const entered = its.enter(sending);
      const entry = entered instanceof Promise ? await entered : entered;
      if (entry.kind !== "go") return unsent(request, notLetIn(entry));
      let sent: Sent | undefined;
      let endedMs = entry.startedMs;
      try {
        sent = await sender.send(request, target, sending.signal);
        endedMs = clock.monotonicMs();
      } finally {
        // Whatever happens, the lane is told how it went.
        its.leave(reportOf(sent, request, entry, endedMs, wallMs));
      }
      const passed = { sent, durationMs: endedMs - entry.startedMs };
      const { outcome } = sent.classified;
      const refusal = outcome.kind === "refused" && sent.answer !== undefined ? outcome.reason : undefined;
      if (refusal === "credentials" && auth.refresh !== undefined && !isRenewed) {
        // R1: a 401 was certainly not applied, so it is sent again with new credentials, once.
        isRenewed = true;
        if (await auth.refresh().catch(() => false)) continue;
      }
      if (refusal === "redirected" && sent.answer !== undefined) {
        const next = redirectOf(sent.answer, request, target);
        if (!next.ok) return exchangeOf(request, passed, `${messageOf(outcome)}, not followed: ${next.reason}`);
        if (redirects === REDIRECTS_MAX)
          return exchangeOf(request, passed, `${messageOf(outcome)}, for the ${REDIRECTS_MAX + 1}th time`);
        redirects += 1;
        target = next.target;
        continue;
      }
      return exchangeOf(request, passed);
    }
  };

  const mayGo = ({ origin }: Target, { purpose }: ApiRequest): boolean =>
    origin === base.origin || (purpose === "read" && allowed.has(origin));

  const exchangeOf = (request: ApiRequest, { sent, durationMs }: Passed, message?: string): Exchange => {
    const { url, headers, answer, failure } = sent;
    const { method, body } = request;
    const { credentialNames } = sender;
    const seen = { method, url, headers, body, answer, failure, durationMs, credentialNames };
    const { outcome } = sent.classified;
    return { attempt: { outcome: redacted(outcome, message), evidence: new Evidenced(seen, redactor) }, answer };
  };

  const unsent = (request: ApiRequest, outcome: Outcome): Exchange => {
    const { method, url, headers, body } = request;
    const { credentialNames } = sender;
    const failure = messageOf(outcome);
    const seen = { method, url, headers, body, answer: undefined, failure, durationMs: 0, credentialNames };
    return { attempt: { outcome: redacted(outcome), evidence: new Evidenced(seen, redactor) }, answer: undefined };
  };

  const redacted = (outcome: Outcome, message?: string): Outcome =>
    outcome.kind === "applied"
      ? outcome
      : { ...outcome, message: visibleLine(redactor.text(message ?? outcome.message)) };

  const foreign = (url: string): Outcome => {
    const where = URL.canParse(url) ? new URL(url).origin : "something that is no URL";
    const message = `${name} sends requests to ${base.origin} alone, not to ${where}`;
    return { kind: "refused", status: 0, reason: "other", message };
  };

  const notLetIn = (entry: Exclude<Entry, { kind: "go" }>): Outcome =>
    entry.kind === "stopped"
      ? { kind: "not-sent", message: "the run stopped before it was sent" }
      : { kind: "not-sent", message: blockedBy(name, entry), retryAfterMs: Math.ceil(entry.forMs) };

  return {
    name,
    baseUrl: options.baseUrl.replace(/\/+$/, ""),
    allows: ({ origin, username, password }) =>
      username === "" && password === "" && (origin === base.origin || allowed.has(origin)),
    lateWriteMs: options.lateWriteMs,
    exchange,
    waitingFor: () => gate.waitingFor(name),
    close: async () => undefined,
  };
}

/** A request that went through the lane. */
interface Passed {
  readonly sent: Sent;
  readonly durationMs: number;
}

/** What a lane learns from a request; `sent` is undefined when it broke. */
function reportOf(
  sent: Sent | undefined,
  { purpose }: ApiRequest,
  { ticket, startedMs }: Extract<Entry, { kind: "go" }>,
  endedMs: number,
  wallMs: () => number,
): LaneReport {
  const result = sent?.classified.lane ?? "abandoned";
  const retryAfterMs = sent && retryAfterOf(sent.classified.outcome);
  const quotas = announcedQuotas(sent?.answer?.headers, wallMs);
  return { ticket, kind: purpose, result, startedMs, endedMs, retryAfterMs, quotas };
}

const messageOf = (outcome: Outcome): string => (outcome.kind === "applied" ? "" : outcome.message);

/** The lane waits as long as the API says, unless it speaks of one key that is at work. */
function retryAfterOf(outcome: Outcome): number | undefined {
  if (outcome.kind === "throttled") return outcome.inProgress === true ? undefined : outcome.retryAfterMs;
  return outcome.kind === "unknown" ? outcome.retryAfterMs : undefined;
}
