import { EvenkeelError } from "../core/errors.ts";
import type { Evidence, Outcome } from "../core/outcome.ts";
import { Patience } from "../core/patience.ts";
import { decideRetry } from "../core/retry.ts";
import type { FailedPage, Page, PagePosition } from "../core/source.ts";
import type { RunContext } from "./context.ts";
import { askedToWait, credentialsRefused, unreachableApi } from "./api-errors.ts";

/** What is asked of the source for one page. */
export interface PageQuery {
  readonly position: PagePosition | undefined;
  readonly since: string | undefined;
  readonly size: number | undefined;
}

/** A page, and the size that it took to get it (P6). */
export interface FetchedPage {
  readonly page: Page;
  readonly size: number | undefined;
}

/** P6: pages are not halved below this; smaller ones would make a read of millions take days. */
const PAGE_SIZE_MIN = 10;

const A_READ = { repeatable: true, keyed: false, lookUp: false };

/**
 * Reads one page, with retries (R3, R4) and, where the source fails on large pages, with halved ones (P6).
 * Throws EvenkeelError when the page cannot be had: the read then ends, and the checkpoint stays where it is.
 */
export async function fetchPage(query: PageQuery, context: RunContext): Promise<FetchedPage> {
  let { size } = query;
  for (;;) {
    const tried = await tryPage({ ...query, size }, context);
    if (tried.page !== undefined) return { page: tried.page, size };
    const declared = size ?? context.sync.source.paging.size;
    // A page number means another place under another size, and a server that caps sizes hides which one it counts by.
    const keepsItsPlace = query.position === undefined || context.sync.source.paging.type !== "page";
    if (!tried.mayBeTooLarge || !keepsItsPlace || declared === undefined || declared <= PAGE_SIZE_MIN)
      throw tried.error;
    size = Math.max(PAGE_SIZE_MIN, Math.floor(declared / 2));
    const message = `the source could not give a page of ${declared} (${tried.error.message}); asking for ${size}`;
    context.say({ type: "warning", code: "PAGE_HALVED", message, next: undefined });
  }
}

type Tried =
  | { readonly page: Page; readonly error?: undefined; readonly mayBeTooLarge?: undefined }
  | { readonly page?: undefined; readonly error: EvenkeelError; readonly mayBeTooLarge: boolean };

async function tryPage(query: PageQuery, context: RunContext): Promise<Tried> {
  const { clock, chance } = context.ports;
  const { source, retry } = context.sync;
  const policy = retry.source;
  const patience = new Patience(policy.deadlineMs);
  for (let attempts = 1; ; attempts++) {
    if (context.stop.aborted) throw interrupted();
    const patienceMs = patience.leftMs;
    const asking = { signal: context.kill, stop: context.stop, patienceMs, wholly: !context.partial };
    const made = await source.page({ ...query, ...asking });
    if (made.kind === "page") {
      context.sent(source.connection, made.page.evidence);
      return { page: made.page };
    }
    if (made.kind === "broken") {
      if (made.error.evidence !== undefined) context.sent(source.connection, made.error.evidence);
      return { error: made.error, mayBeTooLarge: made.error.code === "API_BODY_TOO_LARGE" };
    }
    const { outcome, evidence } = made;
    context.sent(source.connection, evidence);
    if (outcome.kind === "throttled") context.counts.throttled += 1;
    if (context.stop.aborted) throw interrupted();
    patience.spend(evidence.durationMs);
    const state = { attempts, leftMs: patience.leftMs, everUnknown: false };
    const now = { wallMs: clock.wallMs(), random: chance.random() };
    const next = decideRetry(policy, A_READ, state, outcome, now);
    if (next.kind !== "again")
      return {
        error: failure(source.connection, made, now.wallMs),
        mayBeTooLarge: isSizeTrouble(outcome),
      };
    context.counts.retries += 1;
    context.say({
      type: "retry",
      what: `read ${source.connection}`,
      attempt: attempts + 1,
      delayMs: next.delayMs,
      reason: next.message,
    });
    context.say({
      type: "waiting",
      untilMs: now.wallMs + next.delayMs,
      reason: waitReason(source.connection, outcome),
    });
    patience.spend(next.delayMs);
    await clock.sleep(next.delayMs, context.stop).catch(() => undefined);
  }
}

/** Characters of what an API says that are enough beside a countdown. */
const SAID_MAX = 80;

/** What a page waits for before it is asked for again, in words that a countdown follows. */
function waitReason(connection: string, outcome: Outcome): string {
  if (outcome.kind === "throttled" && outcome.retryAfterMs !== undefined) return `${connection}, which asked to wait`;
  const said = outcome.kind === "applied" ? "" : ` (${shortened(outcome.message)})`;
  return `${connection}, which is asked again${said}`;
}

const shortened = (text: string): string => (text.length > SAID_MAX ? `${text.slice(0, SAID_MAX)}...` : text);

/** P6: 413, a 5xx and a timeout may all mean that the page is more than the source can give at once. */
const isSizeTrouble = (outcome: Outcome): boolean =>
  outcome.kind === "unknown" || (outcome.kind === "refused" && outcome.reason === "tooLarge");

/** Why a page could not be had in the end, with whose list it is of. */
function failure(connection: string, { outcome, evidence, list, next }: FailedPage, wallMs: number): EvenkeelError {
  const error = failureOf(connection, outcome, evidence, wallMs);
  const { code, message } = error;
  const hint = next ?? error.next;
  const details = { evidence, ...(hint === undefined ? {} : { next: hint }) };
  return new EvenkeelError(code, list === undefined ? message : `${list}: ${message}`, details);
}

function failureOf(connection: string, outcome: Outcome, evidence: Evidence, wallMs: number): EvenkeelError {
  switch (outcome.kind) {
    case "refused":
      if (outcome.reason === "credentials")
        return credentialsRefused(connection, { outcome, evidence }, outcome.message);
      if (outcome.reason === "cursorExpired")
        return new EvenkeelError(
          "READ_CURSOR_EXPIRED",
          `${connection} no longer knows the position: ${outcome.message}`,
          { evidence },
        );
      // A 2xx that counts as refused for its size is an answer, and no refusal.
      if (outcome.reason === "tooLarge" && outcome.status < 400)
        return new EvenkeelError("API_BODY_TOO_LARGE", `${connection} cannot be read: ${outcome.message}`, {
          evidence,
          next: "Ask for smaller pages (`pagination.size`), or raise `limits.bodyBytes` of the connection.",
        });
      return new EvenkeelError("API_REFUSED", `${connection} refuses to be read: ${outcome.message}`, {
        evidence,
        next: outcome.status >= 200 && outcome.status < 300 ? SAID_FAILED_HINT : REFUSED_HINT,
      });
    case "throttled":
    case "not-sent":
      if (outcome.retryAfterMs !== undefined)
        return askedToWait(connection, wallMs + outcome.retryAfterMs, { evidence }, outcome.message);
      if (outcome.kind === "not-sent") return unreachableApi(connection, { outcome, evidence }, outcome.message);
      return new EvenkeelError("API_THROTTLED", `${connection} keeps throttling: ${outcome.message}`, {
        evidence,
        next: "Try again later, or lower `limits.rate` of the connection.",
      });
    case "unknown":
    case "applied":
      return new EvenkeelError(
        "API_FAILED",
        `${connection} cannot be read: ${outcome.kind === "unknown" ? outcome.message : "the answer is not a page"}`,
        {
          evidence,
          next: "Try again when the API is well.",
        },
      );
  }
}

const REFUSED_HINT =
  "Check the `request` and `query` of the source against the API's documentation; `evenkeel plan --trace` shows what is sent.";

const SAID_FAILED_HINT =
  "Check the `request`, `query` and `body` of the source against what the API says. That such an answer is a failure says `answers.failed` of the connection, or GraphQL's `errors` where that is not declared.";

const interrupted = (): EvenkeelError => new EvenkeelError("RUN_INTERRUPTED", "it was stopped before its end");
