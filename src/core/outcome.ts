import type { Json } from "./json.ts";

/** One request as it was sent, with secrets already redacted and bodies cut to a readable length. */
export interface RequestEvidence {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface AnswerEvidence {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Request and answer, for people; safe to print, store and log (S6). */
export interface Evidence {
  readonly request: RequestEvidence;
  readonly answer?: AnswerEvidence | undefined;
  /** What went wrong below HTTP: `ECONNRESET`, `headers timeout`, ... */
  readonly failure?: string | undefined;
  readonly durationMs: number;
  /** The request never came to the network: its credentials were not to be had, its lane was closed, or its address was no good. */
  readonly isUntried?: true | undefined;
  /** What was asked first, for its credentials, and failed. */
  readonly before?: Evidence | undefined;
}

/** Of a request that never came to the network. */
export const untried = (request: Pick<RequestEvidence, "method" | "url">, failure: string): Evidence => ({
  request: { ...request, headers: {} },
  failure,
  durationMs: 0,
  isUntried: true,
});

/**
 * Why an API refused. `exists`, `missing`, `keyMismatch`, `duplicateRequest` can be declared in `answers`.
 * `credentials`: 401, or 403 on everything. `tooLarge`: 413. `conflict`: 409 and 412 on a first attempt.
 */
export type RefusalReason =
  | "exists"
  | "missing"
  | "keyMismatch"
  | "credentials"
  | "tooLarge"
  | "conflict"
  | "redirected"
  | "cursorExpired"
  | "other";

/**
 * What one attempt came to (R1); classified in one place, at the HTTP edge.
 * - `applied`: a complete 2xx, even if its body cannot be parsed.
 * - `refused`: final for this request as it stands.
 * - `throttled`: certainly not applied; `retryAfterMs` is a floor when the API named one. `inProgress`: the same key is at work.
 * - `not-sent`: the request never left, so any method may be sent again.
 * - `unknown`: it may or may not have been applied.
 */
export type Outcome =
  | {
      readonly kind: "applied";
      readonly status: number;
      /** The parsed body; undefined when there is none or it is not JSON. */
      readonly body?: Json | undefined;
      readonly etag?: string;
      /** The answer is a stored one, repeated for the same idempotency key. */
      readonly replayed?: boolean;
      /** The id that the destination gave it, as one of several results. */
      readonly destinationId?: string;
    }
  | {
      readonly kind: "refused";
      readonly status: number;
      readonly reason: RefusalReason;
      readonly message: string;
      /** Nothing for this request, which is final: the API asks that others wait. */
      readonly retryAfterMs?: number;
      /** What to do next, where it was not the API that refused; the message then says who did. */
      readonly next?: string;
    }
  | {
      readonly kind: "throttled";
      readonly status: number;
      readonly retryAfterMs?: number;
      readonly inProgress?: boolean;
      readonly message: string;
    }
  | {
      readonly kind: "not-sent";
      readonly message: string;
      /** The lane is blocked for longer than this request may wait. */
      readonly retryAfterMs?: number;
      /** What to do next, where that is more than to wait until the API can be reached. */
      readonly next?: string;
      /** It is the same whenever it is tried, until somebody mends it. */
      readonly isLasting?: true;
    }
  | {
      readonly kind: "unknown";
      readonly status?: number;
      readonly retryAfterMs?: number;
      /** The answer is a stored failure, repeated for the same idempotency key: asking again changes nothing (K5). */
      readonly replayed?: boolean;
      readonly message: string;
    };

/** An outcome with what was seen on the wire. */
export interface Attempt {
  readonly outcome: Outcome;
  readonly evidence: Evidence;
  /** One of several writes that went in one request, which was counted and told by itself. */
  readonly isShared?: true;
}

/** The evidence as an object that can be copied, stored and shown; making it is what costs. */
export const plainEvidence = ({ request, answer, failure, durationMs, isUntried, before }: Evidence): Evidence => ({
  request,
  answer,
  failure,
  durationMs,
  ...(isUntried === undefined ? {} : { isUntried }),
  ...(before === undefined ? {} : { before: plainEvidence(before) }),
});
