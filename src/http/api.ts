import { unreachable } from "../core/invariant.ts";
import { outcomeWithout } from "./auth.ts";
import type { Clock } from "../core/clock.ts";
import type { Eventual } from "../core/eventual.ts";
import type { LaneReport } from "../core/lane.ts";
import type { Outcome } from "../core/outcome.ts";
import type { ApiRequest, Connection, Exchange, ExchangeOptions } from "./connection.ts";
import { Evidenced } from "./evidence.ts";
import type { Entry, Gate } from "./gate.ts";
import type { Lanes } from "./lanes.ts";
import { announcedQuotas } from "./rate-limit-headers.ts";
import { redirectOf, REDIRECTS_MAX } from "./redirect.ts";
import { visibleLine } from "./redact.ts";
import { Sender, type SenderOptions, type SenderPorts, type Sent } from "./sender.ts";
import { targetOf, type Target } from "./target.ts";
import { Unanswered } from "./unanswered.ts";
import { blockedBy } from "./waiting-words.ts";

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
  // Asked of a URL each time, it would be put together each time.
  const { origin: own } = new URL(options.baseUrl);
  const wallMs = (): number => clock.wallMs();
  const allowed = new Set(options.allowOrigins);
  const sender = new Sender(own, options, ports);
  const discretion = { redactor, credentialNames: sender.credentialNames };
  const unanswered = new Unanswered((url) => visibleLine(redactor.url(url, sender.credentialNames)));
  const after = new Afterwards(clock);
  const gate = ports.lanes.of(own, auth.identity, options.limits);
  const gateOf = (target: Target): Gate => (target.origin === own ? gate : ports.lanes.of(target.origin, "", FREE));

  const exchange: Connection["exchange"] = (request, sending) => {
    const target = targetOf(request.url, own);
    if (target === undefined || !mayGo(target, request)) return Promise.resolve(unsent(request, foreign(request.url)));
    return pass({ request, sending, target, redirects: 0, isRenewed: false });
  };

  /** Sends a request, or what it was redirected to, through the lane. */
  const pass = (hop: Hop): Promise<Exchange> => {
    const its = gateOf(hop.target);
    const entered = its.enter(hop.sending);
    return entered instanceof Promise
      ? entered.then((entry) => throughGate(hop, its, entry))
      : throughGate(hop, its, entered);
  };

  const throughGate = (hop: Hop, its: Gate, entry: Entry): Promise<Exchange> => {
    const { request, target, sending } = hop;
    if (entry.kind !== "go") return Promise.resolve(unsent(request, notLetIn(entry)));
    const asked = unanswered.add({ request, origin: target.origin, startedMs: entry.startedMs });
    // Whatever happens, the lane is told how it went.
    return sender.send(request, target, sending.signal).then(
      (sent) => {
        const endedMs = clock.monotonicMs();
        unanswered.delete(asked);
        its.leave(reportOf(sent, request, entry, endedMs, wallMs));
        return after.turn(() => answered(hop, { sent, durationMs: endedMs - entry.startedMs }));
      },
      (error: unknown) => {
        unanswered.delete(asked);
        its.leave(reportOf(undefined, request, entry, entry.startedMs, wallMs));
        throw error;
      },
    );
  };

  /** The end of it, unless new credentials or another address are worth a further request. */
  const answered = (hop: Hop, passed: Passed): Eventual<Exchange> => {
    const { request, target, redirects, isRenewed } = hop;
    const { classified, answer } = passed.sent;
    const { outcome } = classified;
    if (outcome.kind !== "refused" || answer === undefined) return exchangeOf(request, passed);
    if (outcome.reason === "credentials" && auth.refresh !== undefined && !isRenewed)
      // R1: a 401 was certainly not applied, so it is sent again with new credentials, once.
      return auth.refresh(passed.sent.credentials).then(
        (isNew) => (isNew ? pass({ ...hop, isRenewed: true }) : exchangeOf(request, passed)),
        (error: unknown) => {
          const { attempt } = exchangeOf(request, passed);
          return { attempt: { ...attempt, outcome: redacted(outcomeWithout(error)) }, answer: undefined };
        },
      );
    if (outcome.reason !== "redirected") return exchangeOf(request, passed);
    const next = redirectOf(answer, request, target);
    if (!next.ok) return exchangeOf(request, passed, `${outcome.message}, not followed: ${next.reason}`);
    return redirects === REDIRECTS_MAX
      ? exchangeOf(request, passed, `${outcome.message}, for the ${REDIRECTS_MAX + 1}th time`)
      : pass({ ...hop, target: next.target, redirects: redirects + 1 });
  };

  const mayGo = ({ origin }: Target, { purpose }: ApiRequest): boolean =>
    origin === own || (purpose === "read" && allowed.has(origin));

  const exchangeOf = (request: ApiRequest, { sent, durationMs }: Passed, message?: string): Exchange => {
    const outcome = redacted(sent.classified.outcome, message);
    return {
      attempt: { outcome, evidence: new Evidenced(request, sent, durationMs, discretion) },
      answer: sent.answer,
    };
  };

  const unsent = (request: ApiRequest, outcome: Outcome): Exchange => {
    const { url, headers } = request;
    const seen = { url, headers, answer: undefined, failure: messageOf(outcome), untried: {} };
    const evidence = new Evidenced(request, seen, 0, discretion);
    return { attempt: { outcome: redacted(outcome), evidence }, answer: undefined };
  };

  const redacted = (outcome: Outcome, message?: string): Outcome =>
    outcome.kind === "applied"
      ? outcome
      : { ...outcome, message: shortened(visibleLine(redactor.text(message ?? outcome.message))) };

  const foreign = (url: string): Outcome => {
    const where = URL.canParse(url) ? new URL(url).origin : "something that is no URL";
    const message = `${name} sends requests to ${own} alone, not to ${where}`;
    return { kind: "refused", status: 0, reason: "other", message };
  };

  const notLetIn = (entry: Exclude<Entry, { kind: "go" }>): Outcome => {
    switch (entry.kind) {
      case "stopped":
        return { kind: "not-sent", message: "the run stopped before it was sent" };
      case "late":
        return {
          kind: "not-sent",
          message: `its turn at ${name} came too late for its idempotency key`,
          retryAfterMs: 0,
        };
      case "blocked":
        return { kind: "not-sent", message: blockedBy(name, entry), retryAfterMs: Math.ceil(entry.forMs) };
      default:
        return unreachable(entry);
    }
  };

  return {
    name,
    baseUrl: options.baseUrl.replace(/\/+$/, ""),
    allows: ({ origin, username, password }) =>
      username === "" && password === "" && (origin === own || allowed.has(origin)),
    lateWriteMs: options.lateWriteMs,
    exchange,
    waitingFor: () => gate.waitingFor(name) ?? unanswered.waitingFor(clock.monotonicMs()),
    get perSecond() {
      return gate.perSecond;
    },
    close: async () => undefined,
  };
}

/** Answers that are worked on before the next ones are taken in: half a millisecond or so. */
const AT_ONCE = 16;

/** What is made of answers, once all that have come have let the next requests go: an API that waits for us is the slower one. */
class Afterwards {
  readonly #clock: Pick<Clock, "soon">;
  #waiting: (() => void)[] = [];

  constructor(clock: Pick<Clock, "soon">) {
    this.#clock = clock;
  }

  turn<Result>(work: () => Eventual<Result>): Promise<Result> {
    return new Promise((done, failed) => {
      const isFirst =
        this.#waiting.push(() => {
          try {
            done(work());
          } catch (error) {
            failed(error as Error);
          }
        }) === 1;
      if (isFirst) this.#clock.soon(this.#work);
    });
  }

  readonly #work = (): void => {
    const now = this.#waiting.splice(0, AT_ONCE);
    if (this.#waiting.length > 0) this.#clock.soon(this.#work);
    for (const work of now) work();
  };
}

/** A request on its way, which may be redirected and get new credentials. */
interface Hop {
  readonly request: ApiRequest;
  readonly sending: ExchangeOptions;
  readonly target: Target;
  readonly redirects: number;
  readonly isRenewed: boolean;
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

/** Characters of a message: enough to see what an API says. */
const MESSAGE_CHARS = 350;

/** S6: cut after it was redacted, since a part of a secret is not recognised. */
const shortened = (line: string): string => (line.length > MESSAGE_CHARS ? `${line.slice(0, MESSAGE_CHARS)}...` : line);

const messageOf = (outcome: Outcome): string => (outcome.kind === "applied" ? "" : outcome.message);

/** The lane waits as long as the API says, unless it speaks of one key that is at work. */
function retryAfterOf(outcome: Outcome): number | undefined {
  if (outcome.kind === "throttled") return outcome.inProgress === true ? undefined : outcome.retryAfterMs;
  return outcome.kind === "unknown" || outcome.kind === "refused" ? outcome.retryAfterMs : undefined;
}
