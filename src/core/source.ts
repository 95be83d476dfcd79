import type { Json, JsonObject } from "./json.ts";
import type { NextPageSign } from "./next-page-sign.ts";
import type { Attempt, Evidence, Outcome } from "./outcome.ts";

/** Where a read stands: an opaque JSON text made by the source's pagination, safe to store in a checkpoint. */
export type PagePosition = string;

export interface ReadRequest {
  /** Undefined for the first page. */
  readonly position: PagePosition | undefined;
  /** The cursor value to ask from, already moved back by the look-back (P3); undefined for a full refresh. */
  readonly since: string | undefined;
  /** Page size to ask for, where the pagination has a size; undefined for the declared one (P6). */
  readonly size: number | undefined;
  readonly signal: AbortSignal;
  /** Leaves the lane's queue, but lets a request that is under way finish. */
  readonly stop?: AbortSignal;
  /** How long the caller is willing to wait for the lane, in ms. */
  readonly patienceMs: number;
  /** What the expressions of the request see: the parent of the list. */
  readonly within?: JsonObject;
  /** All of the list is wanted, so more of it may be asked for than the next page. */
  readonly wholly?: boolean;
}

export interface Page {
  /** The items that `records` selected, in the source's order. An item may be anything: the reader finds out which are records. */
  readonly records: readonly Json[];
  /** Parents whose lists cannot be read: what would be in them is none of this read's. */
  readonly flawed?: readonly FlawedParent[];
  /** Undefined on the declared end signal only (P5). */
  readonly next: PagePosition | undefined;
  /** What the pagination calls this page's token, for loop detection (P4): equal tokens mean the same page. */
  readonly token: string;
  /** How messages call it: what it was asked for with. Its token when absent. */
  readonly name?: string;
  /**
   * The page goes back to records that were read already, because a smaller page size counts pages anew (P6): it begins before the
   * end of the page before it.
   */
  readonly rereads?: true;
  /** It begins a list of its own, that of another parent, or leads to one: nothing on it is no sign of a circle. */
  readonly begins?: true;
  /** So many items at its start the page before has shown too (P9). */
  readonly overlap?: number;
  /** Records have moved between it and the page before, or whether they have cannot be told though it should be (P9). */
  readonly unproven?: true;
  /** What it shows was listed before, so the time of the page before it counts (P3). */
  readonly listedBefore?: true;
  /** The source's own clock, from the answer's `Date`, in ms since the epoch. */
  readonly dateMs: number | undefined;
  /** Total records that the source announces, where `total` is declared in records. */
  readonly total: number | undefined;
  /** Names, in records of this page, that occur twice in one object and matter to keys or cursors (S5): indexes into `records`. */
  readonly duplicateNames: ReadonlySet<number>;
  /** Its answer speaks of a page that comes after it, and reading ends with it all the same. */
  readonly goesOn?: NextPageSign;
  /** The whole body, of which the records are a part, for whoever looks at what else an answer says. */
  readonly body?: Json;
  readonly bytes: number;
  readonly evidence: Evidence;
}

/** A parent that has no usable key or address, or of which it cannot be told whether it counts. */
export interface FlawedParent {
  readonly reason: string;
  readonly body: Json;
}

/** A page that could not be had. */
export interface FailedPage {
  readonly kind: "failed";
  readonly outcome: Exclude<Outcome, { kind: "applied" }>;
  readonly evidence: Evidence;
  /** Which list it is of, where there is one for each parent: "the list of the parent 17". */
  readonly list?: string;
  /** What to do about a refusal, where more is known of it than that. */
  readonly next?: string;
}

/**
 * One attempt at one page. `failed` carries the outcome (never `applied`) for the retry policy; `broken` is an answer
 * that no retry mends (HTML, no such `records`, a foreign `next`): `error` says so.
 */
export type PageAttempt =
  | { readonly kind: "page"; readonly page: Page }
  | FailedPage
  | {
      readonly kind: "broken";
      readonly error: import("./errors.ts").EvenkeelError;
      readonly body?: Json;
      /** The request could not be built of this parent, and nothing was asked. */
      readonly isUnaskable?: true;
    };

/** The end of a sync that is read. One attempt a call: retrying is the pipeline's. Never throws for what an API does. */
export interface Source {
  readonly connection: string;
  /** What its pagination can promise, for the reading rules. */
  readonly paging: Paging;
  page(request: ReadRequest): Promise<PageAttempt>;
  /** Reads one record by its key, to confirm an absence; undefined when `read` is not declared. */
  readonly readOne?: (
    key: string,
    source: JsonObject | undefined,
    options: Pick<ReadRequest, "signal" | "stop">,
  ) => Promise<Attempt & { readonly record?: JsonObject }>;
}

export interface Paging {
  readonly type: "none" | "page" | "offset" | "cursor" | "link" | "nextUrl" | "keyset";
  /** True where rows may move between pages while the source changes: page numbers and offsets (P9). */
  readonly shifts: boolean;
  /** A read that was broken off goes on at its position; otherwise it begins anew. */
  readonly resumes: boolean;
  /** Pages begin with the last records of the page before, which tells whether rows have moved (P9). */
  readonly overlaps?: true;
  /** One page is taken for all of a list, of the records or of their parents; where `type` is `none` when absent. */
  readonly isUnpaged?: boolean;
  /** An answer says whether there is more apart from where it is: `more`, a total, or a `Link` that is there or not. */
  readonly tellsMore?: true;
  /** The config says itself that reading ends where it does: one page is declared to be all, or there is a `more`. */
  readonly isEndDeclared?: true;
  /** Where the list is in an answer, for messages. */
  readonly records?: string;
  /** The declared page size; undefined when the source decides. */
  readonly size: number | undefined;
}
