import type { Dispatcher } from "undici";
import type { Clock } from "../core/clock.ts";
import { EvenkeelError } from "../core/errors.ts";
import { andThen, type Eventual } from "../core/eventual.ts";
import { CompleteAnswer } from "./answer.ts";
import { outcomeWithout, unfitHeader, type Auth, type Credentials } from "./auth.ts";
import { classify, classifyFailure, classifyTooLarge, type AnswerRules, type Classified } from "./classify.ts";
import { sendOnce, type Timeouts, type WireAnswer, type WireOptions } from "./client.ts";
import type { ApiRequest, BodyProblem } from "./connection.ts";
import { Deadlines } from "./deadlines.ts";
import { ACCEPTED_ENCODINGS, decode } from "./content-encoding.ts";
import type { Seen } from "./evidence.ts";
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
  readonly credentials: Credentials;
  /** Present when a complete answer came, whatever its status. */
  readonly answer: CompleteAnswer | undefined;
  readonly classified: Classified;
  readonly failure: string | undefined;
  readonly untried?: Seen["untried"];
}

interface HeaderSet {
  readonly credentials: Credentials;
  readonly purpose: ApiRequest["purpose"];
  readonly all: Readonly<Record<string, string>>;
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
  /** Whole sets of headers, by the request's own: most requests share theirs. */
  readonly #put = new WeakMap<ApiRequest["headers"], HeaderSet>();

  constructor(origin: string, options: SenderOptions, ports: SenderPorts) {
    const { clock, dispatcher } = ports;
    this.#origin = origin;
    this.#options = options;
    this.#ports = ports;
    const { timeouts, limits } = options;
    this.#wire = { dispatcher, deadlines: new Deadlines(clock), timeouts, bodyBytesMax: limits.bodyBytes };
    this.#anonymous = { "user-agent": ports.userAgent, accept: "application/json" };
    this.#common = { ...this.#anonymous, ...options.headers };
  }

  /** Never throws for what an API does, nor for credentials that cannot be had; for a token that cannot be saved it does. */
  send(request: ApiRequest, target: Target, signal: AbortSignal): Promise<Sent> {
    if (target.origin !== this.#origin) return this.#sendWith(NO_CREDENTIALS, request, target, signal);
    const refused = (error: unknown): Sent => this.#withoutCredentials(request, error);
    try {
      const credentials = this.#options.auth.apply();
      return credentials instanceof Promise
        ? credentials.then((those) => this.#sendWith(those, request, target, signal), refused)
        : this.#sendWith(credentials, request, target, signal);
    } catch (error) {
      return Promise.try(refused, error);
    }
  }

  #sendWith(credentials: Credentials, request: ApiRequest, target: Target, signal: AbortSignal): Promise<Sent> {
    if (credentials !== this.#lastCredentials) {
      const unfit = unfitHeader(credentials);
      if (unfit !== undefined) return Promise.resolve(this.#withoutCredentials(request, unfit));
      this.#learn(credentials);
    }
    const headers = this.#headersOf(request, credentials);
    const path = withQuery(target.path, credentials.query);
    const { origin } = target;
    const { method, body } = request;
    return sendOnce({ origin, path, method, headers, body }, this.#wire, signal).then((result) => {
      const url = origin + path;
      if (result.kind === "failure")
        return {
          url,
          headers,
          credentials,
          answer: undefined,
          classified: classifyFailure(result),
          failure: result.message,
        };
      return andThen(this.#complete(result), (answer) =>
        andThen(this.#judge(request, answer, result.isCut), (classified) => {
          return { url, headers, credentials, answer, classified, failure: answer.problem?.message };
        }),
      );
    });
  }

  /** S3: a foreign origin gets neither credentials nor headers that may hold some. */
  #headersOf(
    { headers, keyHeader, purpose, accept }: ApiRequest,
    credentials: Credentials,
  ): Readonly<Record<string, string>> {
    const isForeign = credentials === NO_CREDENTIALS;
    let put = isForeign ? undefined : this.#put.get(headers);
    if (put === undefined || put.credentials !== credentials || put.purpose !== purpose) {
      const all: Record<string, string> = isForeign ? { ...this.#anonymous } : { ...this.#common };
      if (purpose === "read") all["accept-encoding"] = ACCEPTED_ENCODINGS;
      if (accept !== undefined && !Object.hasOwn(this.#options.headers, "accept")) all["accept"] = accept;
      if (!isForeign) for (const name in headers) all[name.toLowerCase()] = headers[name] as string;
      put = { credentials, purpose, all: Object.assign(all, credentials.headers) };
      if (!isForeign) this.#put.set(headers, put);
    }
    return keyHeader === undefined || isForeign ? put.all : { ...put.all, [keyHeader[0]]: keyHeader[1] };
  }

  #judge(request: ApiRequest, answer: CompleteAnswer, isCut: boolean): Eventual<Classified> {
    const tooLarge = isCut ? classifyTooLarge(request, answer) : undefined;
    return tooLarge ?? classify(request, answer, this.#options.answers, this.#ports.clock.wallMs());
  }

  #complete(result: WireAnswer): Eventual<CompleteAnswer> {
    const { status, headers, body, isCut } = result;
    const { bodyBytes } = this.#options.limits;
    const unreadable = (problem: BodyProblem): CompleteAnswer => new CompleteAnswer(status, headers, EMPTY, problem);
    if (isCut) {
      const message = `its body is larger than allowed, more than ${bodyBytes} bytes (\`limits.bodyBytes\`)`;
      return unreadable({ code: "API_BODY_TOO_LARGE", message });
    }
    const encoding = headers["content-encoding"];
    if (encoding === undefined) return new CompleteAnswer(status, headers, body);
    return andThen(decode(body, encoding, bodyBytes), (decoded) => {
      if (decoded.ok) return new CompleteAnswer(status, headers, decoded.body);
      const code = decoded.problem === "too large" ? "API_BODY_TOO_LARGE" : "API_NOT_JSON";
      return unreadable({ code, message: decoded.message });
    });
  }

  #withoutCredentials({ url, headers }: ApiRequest, error: unknown): Sent {
    const outcome = outcomeWithout(error);
    const classified: Classified = { outcome, lane: "abandoned" };
    const { message: failure, evidence: before } = EvenkeelError.from(error);
    const credentials = NO_CREDENTIALS;
    return { url, headers, credentials, answer: undefined, classified, failure, untried: { before } };
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
