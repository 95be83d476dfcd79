import type { Dispatcher } from "undici";
import type { Clock } from "../core/clock.ts";
import { EvenkeelError } from "../core/errors.ts";
import type { Outcome } from "../core/outcome.ts";
import { CompleteAnswer, type BodyProblem } from "./answer.ts";
import type { Auth, Credentials } from "./auth.ts";
import { classify, classifyFailure, classifyTooLarge, type AnswerRules, type Classified } from "./classify.ts";
import { sendOnce, type Timeouts, type WireAnswer, type WireOptions } from "./client.ts";
import type { ApiRequest } from "./connection.ts";
import { ACCEPTED_ENCODINGS, decode, type Decoded } from "./content-encoding.ts";
import type { Redactor } from "./redact.ts";
import { withQuery, type Target } from "./target.ts";

export interface SenderOptions {
  readonly auth: Auth;
  /** Names in lower case; sent to the own origin only, since they may hold secrets. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeouts: Timeouts;
  readonly limits: { readonly bodyBytes: number };
  readonly answers: AnswerRules;
}

export interface SenderPorts {
  readonly clock: Clock;
  readonly dispatcher: Pick<Dispatcher, "dispatch">;
  readonly redactor: Redactor;
  readonly userAgent: string;
}

/** One request and what came back, on the wire and in meaning. */
export interface Sent {
  /** With credentials. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Present when a complete answer came, whatever its status. */
  readonly answer: CompleteAnswer | undefined;
  readonly classified: Classified;
  readonly failure: string | undefined;
}

/** S3: what a foreign origin gets instead of credentials. */
const NO_CREDENTIALS: Credentials = { headers: {}, query: {} };

/**
 * Sends single requests: the one place where credentials are attached, by the origin that is sent to (S3), and where answers are unpacked and
 * classified. Knows nothing of lanes, redirects or repetition.
 */
export class Sender {
  /** Names of headers and query parameters that carry credentials, in lower case; for redaction (S6). */
  readonly credentialNames: Set<string> = new Set<string>();
  readonly #origin: string;
  readonly #options: SenderOptions;
  readonly #ports: SenderPorts;
  readonly #wire: WireOptions;
  readonly #anonymous: Readonly<Record<string, string>>;
  readonly #common: Readonly<Record<string, string>>;
  #lastCredentials: Credentials | undefined;

  constructor(origin: string, options: SenderOptions, ports: SenderPorts) {
    const { clock, dispatcher } = ports;
    this.#origin = origin;
    this.#options = options;
    this.#ports = ports;
    this.#wire = { dispatcher, clock, timeouts: options.timeouts, bodyBytesMax: options.limits.bodyBytes };
    this.#anonymous = { "user-agent": ports.userAgent, accept: "application/json" };
    this.#common = { ...this.#anonymous, ...options.headers };
  }

  async send(request: ApiRequest, target: Target, signal: AbortSignal): Promise<Sent> {
    const isOwn = target.origin === this.#origin;
    let credentials: Credentials;
    try {
      const applied = isOwn ? this.#options.auth.apply() : NO_CREDENTIALS;
      credentials = applied instanceof Promise ? await applied : applied;
    } catch (error) {
      return this.#withoutCredentials(request, EvenkeelError.from(error));
    }
    if (credentials !== this.#lastCredentials) this.#learn(credentials);
    const headers = this.#headersOf(request, isOwn, credentials);
    const path = withQuery(target.path, credentials.query);
    const { method, body } = request;
    const result = await sendOnce({ origin: target.origin, path, method, headers, body }, this.#wire, signal);
    const url = target.origin + path;
    if (result.kind === "failure")
      return { url, headers, answer: undefined, classified: classifyFailure(result), failure: result.message };
    // Most answers are there at once, and a turn of the microtask queue less is a few per cent of a request.
    const completed = this.#complete(result);
    const answer = completed instanceof Promise ? await completed : completed;
    const judged = this.#judge(request, answer, result.isCut);
    const classified = judged instanceof Promise ? await judged : judged;
    return { url, headers, answer, classified, failure: answer.problem?.message };
  }

  #headersOf(request: ApiRequest, isOwn: boolean, credentials: Credentials): Record<string, string> {
    const headers: Record<string, string> = isOwn ? { ...this.#common } : { ...this.#anonymous };
    if (request.purpose === "read") headers["accept-encoding"] = ACCEPTED_ENCODINGS;
    if (!isOwn) return headers;
    for (const name in request.headers) headers[name.toLowerCase()] = request.headers[name] as string;
    for (const name in credentials.headers) headers[name] = credentials.headers[name] as string;
    return headers;
  }

  #judge(request: ApiRequest, answer: CompleteAnswer, isCut: boolean): Classified | Promise<Classified> {
    const tooLarge = isCut ? classifyTooLarge(request, answer) : undefined;
    return tooLarge ?? classify(request, answer, this.#options.answers, this.#ports.clock.wallMs());
  }

  #complete(result: WireAnswer): CompleteAnswer | Promise<CompleteAnswer> {
    const { status, headers, body, isCut } = result;
    const { bodyBytes } = this.#options.limits;
    const unreadable = (problem: BodyProblem): CompleteAnswer => new CompleteAnswer(status, headers, EMPTY, problem);
    if (isCut) {
      const message = `its body is larger than allowed, more than ${bodyBytes} bytes (\`limits.bodyBytes\`)`;
      return unreadable({ code: "API_BODY_TOO_LARGE", message });
    }
    const complete = (decoded: Decoded): CompleteAnswer => {
      if (decoded.ok) return new CompleteAnswer(status, headers, decoded.body);
      const code = decoded.problem === "too large" ? "API_BODY_TOO_LARGE" : "API_NOT_JSON";
      return unreadable({ code, message: decoded.message });
    };
    const decoded = decode(body, headers["content-encoding"], bodyBytes);
    return decoded instanceof Promise ? decoded.then(complete) : complete(decoded);
  }

  #withoutCredentials(request: ApiRequest, { message }: EvenkeelError): Sent {
    const outcome: Outcome = { kind: "refused", status: 0, reason: "credentials", message };
    const classified: Classified = { outcome, lane: "abandoned" };
    return { url: request.url, headers: request.headers, answer: undefined, classified, failure: message };
  }

  /** S6: whatever serves as a credential is a secret from now on, by its name and by its value. */
  #learn(credentials: Credentials): void {
    this.#lastCredentials = credentials;
    for (const [name, value] of [...Object.entries(credentials.headers), ...Object.entries(credentials.query)]) {
      this.credentialNames.add(name.toLowerCase());
      this.#ports.redactor.learn(value);
      // `Bearer abc`: the token is as secret without its scheme.
      const token = /^\S+\s+(\S+)$/.exec(value)?.[1];
      if (token !== undefined) this.#ports.redactor.learn(token);
    }
  }
}

const EMPTY = Buffer.alloc(0);
