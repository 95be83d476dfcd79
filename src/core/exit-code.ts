import type { ErrorCode } from "./errors.ts";

/** What the command's number says to a script; documented in docs/cli.md. */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 130;

export const EXIT: {
  readonly level: 0;
  readonly notLevel: 1;
  readonly usage: 2;
  readonly api: 3;
  readonly different: 4;
  readonly held: 5;
  readonly interrupted: 130;
} = {
  level: 0,
  /** Records were rejected, invalid, unknown or withheld, or the run failed midway; it can be run again. */
  notLevel: 1,
  /** Config or usage. */
  usage: 2,
  /** An API cannot be reached, or refuses the credentials. */
  api: 3,
  /** Differences were found, and finding them was asked for. */
  different: 4,
  /** Another run holds the ledger. */
  held: 5,
  interrupted: 130,
};

/** When the syncs of one run disagree, the first of these that occurred. An interrupted run has not said its last word, so it comes first. */
const ORDER: readonly ExitCode[] = [EXIT.interrupted, EXIT.usage, EXIT.api, EXIT.held, EXIT.notLevel, EXIT.different];

export function combineExitCodes(codes: Iterable<number>): ExitCode {
  const found = new Set(codes);
  return (
    ORDER.find((code) => found.has(code)) ??
    (found.difference(new Set([EXIT.level])).size > 0 ? EXIT.notLevel : EXIT.level)
  );
}

/** The one place that turns the code of an error into the number of the command. */
export function exitCodeOf(code: ErrorCode): ExitCode {
  switch (code) {
    case "CONFIG_NOT_FOUND":
    case "CONFIG_SYNTAX":
    case "CONFIG_INVALID":
    case "CONFIG_SECRET_MISSING":
    case "CONFIG_EXPRESSION":
    case "USAGE":
    case "RUN_CHANGED_IDENTITY":
    case "RUN_NOT_ADOPTED":
      return EXIT.usage;
    case "API_UNREACHABLE":
    case "API_CREDENTIALS_REFUSED":
      return EXIT.api;
    case "LEDGER_HELD":
    case "LEDGER_FENCED":
      return EXIT.held;
    case "RUN_INTERRUPTED":
      return EXIT.interrupted;
    case "OUTPUT_FAILED":
    case "API_REFUSED":
    case "API_FAILED":
    case "API_THROTTLED":
    case "API_NOT_JSON":
    case "API_BODY_TOO_LARGE":
    case "API_BODY_CUT":
    case "API_FOREIGN_ADDRESS":
    case "API_REDIRECTED":
    case "READ_RECORDS_MISSING":
    case "READ_NEXT_INVALID":
    case "READ_PAGE_REPEATED":
    case "READ_NO_PROGRESS":
    case "READ_PAGE_LIMIT":
    case "READ_TOTAL_DISAGREES":
    case "READ_PAGES_SHIFTED":
    case "READ_NOT_SORTED":
    case "READ_CURSOR_INVALID":
    case "READ_CURSOR_EXPIRED":
    case "READ_DUPLICATE_NAME":
    case "READ_LIST_EMPTY":
    case "READ_KEY_UNKNOWN":
    case "RUN_REFUSALS":
    case "RUN_PLAN_MOVED":
    case "RUN_REFERENCE_MISSING":
    case "RUN_SOURCE_EMPTY":
    case "LEDGER_NEWER":
    case "LEDGER_CORRUPT":
    case "LEDGER_FULL":
    case "LEDGER_READ_ONLY":
    case "LEDGER_NETWORK":
    case "INVARIANT":
      return EXIT.notLevel;
  }
}
