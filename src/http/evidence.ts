import { plainEvidence, type AnswerEvidence, type Evidence, type RequestEvidence } from "../core/outcome.ts";
import type { ApiRequest } from "./connection.ts";
import { visible, visibleLine, type Redactor } from "./redact.ts";

/** Bodies in evidence are cut to this many characters: enough to see what went wrong, little enough to keep. */
const BODY_CHARS = 4_096;

/** What was on the wire, credentials included. */
export interface Seen {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly answer:
    | { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly text: string }
    | undefined;
  readonly failure: string | undefined;
  /** It never came to the network; with what was asked first, for its credentials, where that is why. */
  readonly untried?: { readonly before?: Evidence | undefined } | undefined;
}

/** How a connection's evidence is made safe. */
export interface Discretion {
  readonly redactor: Redactor;
  /** Names of headers and query parameters, in lower case, that hold this connection's credentials. */
  readonly credentialNames: ReadonlySet<string>;
}

type Asked = Pick<ApiRequest, "method" | "body">;

/**
 * Evidence for people (S6): redacted, cut, and harmless to a terminal. Redacting costs more than the request itself, and most evidence is
 * never looked at, so each part is made when it is read; `plainEvidence` makes all of them.
 */
export class Evidenced implements Evidence {
  readonly durationMs: number;
  readonly #asked: Asked;
  readonly #seen: Seen;
  readonly #discretion: Discretion;
  #request: RequestEvidence | undefined;
  #answer: AnswerEvidence | undefined;

  constructor(asked: Asked, seen: Seen, durationMs: number, discretion: Discretion) {
    this.durationMs = durationMs;
    this.#asked = asked;
    this.#seen = seen;
    this.#discretion = discretion;
  }

  get request(): RequestEvidence {
    return (this.#request ??= requestOf(this.#asked, this.#seen, this.#discretion));
  }

  get answer(): AnswerEvidence | undefined {
    return (this.#answer ??= answerOf(this.#seen, this.#discretion));
  }

  get failure(): string | undefined {
    const { failure } = this.#seen;
    return failure === undefined ? undefined : visibleLine(this.#discretion.redactor.text(failure));
  }

  get isUntried(): true | undefined {
    return this.#seen.untried && true;
  }

  get before(): Evidence | undefined {
    return this.#seen.untried?.before;
  }

  toJSON(): Evidence {
    return plainEvidence(this);
  }
}

function requestOf({ method, body }: Asked, { url, headers }: Seen, discretion: Discretion): RequestEvidence {
  const { redactor, credentialNames } = discretion;
  return {
    method,
    url: visible(redactor.url(url, credentialNames)),
    headers: redactor.headers(headers, credentialNames),
    ...(body === undefined || body === "" ? {} : { body: redactor.excerpt(body, BODY_CHARS) }),
  };
}

function answerOf({ answer }: Seen, { redactor }: Discretion): AnswerEvidence | undefined {
  if (answer === undefined) return undefined;
  const { status, headers, text } = answer;
  return {
    status,
    headers: redactor.headers(headers),
    ...(text === "" ? {} : { body: redactor.excerpt(text, BODY_CHARS) }),
  };
}
