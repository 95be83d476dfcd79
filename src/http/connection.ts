import type { Json } from "../core/json.ts";
import type { Attempt } from "../core/outcome.ts";
import type { EvenkeelError } from "../core/errors.ts";

/** A request to a connection. Credentials are not in it: the client attaches them at one point, by origin (S3). */
export interface ApiRequest {
  readonly method: string;
  /** Absolute; must have the connection's origin, or one that it allow-lists. */
  readonly url: string;
  /** What is made of these is kept by their identity: whoever sends many requests with the same ones gives the same object. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly purpose: "read" | "write";
  /** Sending it twice has the effect of once: reads, PUT, DELETE, absolute PATCH. */
  readonly repeatable: boolean;
  /** The idempotency key's header: with it, the same bytes may be sent again although the method is not idempotent. */
  readonly keyHeader: HeaderLine | undefined;
  /** It asks in GraphQL, whose answers report errors in a 200. */
  readonly isGraphql?: true;
  /** What it asks for, in the place of JSON, where the connection declares no `accept` of its own. */
  readonly accept?: string;
}

/** A header's name, in lower case, and its value. */
export type HeaderLine = readonly [name: string, value: string];

/** Why a body that came whole cannot be read. */
export interface BodyProblem {
  readonly code: "API_NOT_JSON" | "API_BODY_TOO_LARGE";
  readonly message: string;
}

/** A complete answer. Header names are lower case; repeated headers are joined by ", ". */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The decoded body as text (UTF-8); empty when there is none. */
  readonly text: string;
  /** Size of the decoded body. */
  readonly bytes: number;
  /** Set when the body could not be unpacked; it then counts as empty, which it need not be. */
  readonly problem?: BodyProblem | undefined;
  /** The answer's own `Date` in ms since the epoch; undefined when absent or malformed. */
  readonly dateMs: number | undefined;
  /** Parses the text with exact numbers (S5); an error says what the body looked like ("an HTML page titled ..."). Parsed once. */
  json(): { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly error: EvenkeelError };
}

export interface Exchange {
  readonly attempt: Attempt;
  /** Present when a complete answer came back, whatever its status. */
  readonly answer: Answer | undefined;
}

export interface ExchangeOptions {
  /** Ends the request at once, wherever it is: once the first byte left, the outcome is unknown. */
  readonly signal: AbortSignal;
  /** Leaves the lane's queue (`not-sent`), but lets a request that is under way finish. */
  readonly stop?: AbortSignal;
  /** How long the caller would wait for the lane, in ms. A lane blocked for longer answers `not-sent` with `retryAfterMs` at once. */
  readonly patienceMs: number;
  /** K4: after this moment, in ms on the monotonic clock, it is `not-sent`; undefined when it may wait for its turn for as long as that takes. */
  readonly leavesByMs?: number | undefined;
}

/** One HTTP API: base address, credentials, limits, and the lane they share. Never throws for what an API does. */
export interface Connection {
  readonly name: string;
  /** Ends without a slash; request paths are appended to it. */
  readonly baseUrl: string;
  /** True for an origin that may be sent this connection's requests (its own, or allow-listed without credentials). */
  allows(url: URL): boolean;
  readonly lateWriteMs: number;
  exchange(request: ApiRequest, options: ExchangeOptions): Promise<Exchange>;
  /** What the lane waits for just now, or an answer that takes long, in words that follow "waiting for"; undefined when it is neither. */
  waitingFor(): string | undefined;
  /** The lowest limit that is declared or was announced, in requests a second; undefined when none is known. */
  readonly perSecond: number | undefined;
  close(): Promise<void>;
}
