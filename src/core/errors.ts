import { plainEvidence, type Evidence } from "./outcome.ts";
/**
 * Stable codes of what can go wrong; documented in docs/errors.md. Programs match on these, people read the message.
 * The prefix says who must act: CONFIG the author of the file, OUTPUT the place that is written to, API one of the two APIs, LEDGER the machine, RUN the run.
 */
export type ErrorCode =
  | "CONFIG_NOT_FOUND"
  | "CONFIG_SYNTAX"
  | "CONFIG_INVALID"
  | "CONFIG_SECRET_MISSING"
  | "CONFIG_EXPRESSION"
  | "USAGE"
  | "OUTPUT_FAILED"
  | "API_UNREACHABLE"
  | "API_CREDENTIALS_REFUSED"
  | "API_REFUSED"
  | "API_FAILED"
  | "API_THROTTLED"
  | "API_NOT_JSON"
  | "API_BODY_TOO_LARGE"
  | "API_BODY_CUT"
  | "API_FOREIGN_ADDRESS"
  | "API_REDIRECTED"
  | "READ_RECORDS_MISSING"
  | "READ_NEXT_INVALID"
  | "READ_PAGE_REPEATED"
  | "READ_NO_PROGRESS"
  | "READ_PAGE_LIMIT"
  | "READ_TOTAL_DISAGREES"
  | "READ_PAGES_SHIFTED"
  | "READ_NOT_SORTED"
  | "READ_CURSOR_INVALID"
  | "READ_CURSOR_EXPIRED"
  | "READ_DUPLICATE_NAME"
  | "READ_LIST_EMPTY"
  | "READ_KEY_UNKNOWN"
  | "RUN_REFUSALS"
  | "RUN_SOURCE_EMPTY"
  | "RUN_CHANGED_IDENTITY"
  | "RUN_NOT_ADOPTED"
  | "RUN_PLAN_MOVED"
  | "RUN_REFERENCE_MISSING"
  | "RUN_INTERRUPTED"
  | "LEDGER_HELD"
  | "LEDGER_FENCED"
  | "LEDGER_NEWER"
  | "LEDGER_CORRUPT"
  | "LEDGER_FULL"
  | "LEDGER_READ_ONLY"
  | "LEDGER_NETWORK"
  | "INVARIANT";

/** A place in a file that a person can jump to; lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

/** One of several things that are wrong with a config. */
export interface Problem {
  readonly code: ErrorCode;
  /** What is wrong, with the path of the key. */
  readonly message: string;
  /** What to do about it, as a sentence. */
  readonly next?: string;
  readonly place: Place;
  /** Keys and list indexes from the top of the document. */
  readonly path: readonly (string | number)[];
}

export interface ErrorDetails {
  /** What to do next, as a sentence. */
  readonly next?: string;
  readonly place?: Place;
  /** Request and answer, redacted, when an API was involved. */
  readonly evidence?: Evidence;
  /** All that is wrong with a config, where that is what the error is about. */
  readonly problems?: readonly Problem[];
  readonly cause?: unknown;
}

/** Every error that a user may meet. Thrown or returned, never also logged. */
export class EvenkeelError extends Error {
  readonly code: ErrorCode;
  readonly next: string | undefined;
  readonly place: Place | undefined;
  readonly evidence: Evidence | undefined;
  /** Empty but for configs. */
  readonly problems: readonly Problem[];

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.name = "EvenkeelError";
    this.code = code;
    this.next = details.next;
    this.place = details.place;
    this.evidence = details.evidence && plainEvidence(details.evidence);
    this.problems = details.problems ?? [];
  }

  /** What was thrown, as an error for people: anything that is not ours is a defect. */
  static from(thrown: unknown): EvenkeelError {
    if (thrown instanceof EvenkeelError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new EvenkeelError("INVARIANT", `unexpected: ${message}`, {
      cause: thrown,
      next: "This is a defect in Evenkeel: please report it with this message.",
    });
  }
}
