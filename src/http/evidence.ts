import type { AnswerEvidence, Evidence, RequestEvidence } from "../core/outcome.ts";
import { visible, visibleLine, type Redactor } from "./redact.ts";

/** Bodies in evidence are cut to this many characters: enough to see what went wrong, little enough to keep. */
const BODY_CHARS = 4_096;

/** What was on the wire, credentials included. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly answer:
    | { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly text: string }
    | undefined;
  readonly failure: string | undefined;
  readonly durationMs: number;
  /** Names of headers and query parameters, in lower case, that hold this connection's credentials. */
  readonly credentialNames: ReadonlySet<string>;
}

/**
 * Evidence for people (S6): redacted, cut, and harmless to a terminal. Redacting costs more than the request itself, and most evidence is
 * never looked at, so each part is made when it is read.
 */
export class Evidenced implements Evidence {
  readonly durationMs: number;
  readonly #seen: Seen;
  readonly #redactor: Redactor;
  #request: RequestEvidence | undefined;
  #answer: AnswerEvidence | undefined;

  constructor(seen: Seen, redactor: Redactor) {
    this.durationMs = seen.durationMs;
    this.#seen = seen;
    this.#redactor = redactor;
  }

  get request(): RequestEvidence {
    return (this.#request ??= requestOf(this.#seen, this.#redactor));
  }

  get answer(): AnswerEvidence | undefined {
    return (this.#answer ??= answerOf(this.#seen, this.#redactor));
  }

  get failure(): string | undefined {
    const { failure } = this.#seen;
    return failure === undefined ? undefined : visibleLine(this.#redactor.text(failure));
  }

  /** As an object of its own, which is how it is stored. */
  toJSON(): Evidence {
    const { request, answer, failure, durationMs } = this;
    return { request, answer, failure, durationMs };
  }
}

function requestOf({ method, url, headers, body, credentialNames }: Seen, redactor: Redactor): RequestEvidence {
  return {
    method,
    url: visible(redactor.url(url, credentialNames)),
    headers: redactor.headers(headers, credentialNames),
    ...(body === undefined || body === "" ? {} : { body: redactor.excerpt(body, BODY_CHARS) }),
  };
}

function answerOf({ answer }: Seen, redactor: Redactor): AnswerEvidence | undefined {
  if (answer === undefined) return undefined;
  const { status, headers, text } = answer;
  return {
    status,
    headers: redactor.headers(headers),
    ...(text === "" ? {} : { body: redactor.excerpt(text, BODY_CHARS) }),
  };
}
