import { EvenkeelError } from "./errors.ts";
import { sha256 } from "./fingerprint.ts";
import type { Page } from "./source.ts";

/** What the reading rules need to know of a page besides the page itself. */
export interface PageFacts {
  readonly page: Pick<Page, "token" | "next" | "total" | "evidence">;
  /** Items on the page, records or not. */
  readonly items: number;
  /** Keys on the page, in its order. */
  readonly keys: readonly string[];
  /** Their cursors; undefined for a record without one. */
  readonly cursors: readonly (string | undefined)[];
}

/** Characters of a page token's hash that are kept: 96 bits, so two of a million tokens collide once in 10^17 reads. */
const TOKEN_HASH_CHARS = 16;

/**
 * Pages in a row without a single record. Legal (P5), since a filter can empty them; so many of them without an end are a source
 * that never ends.
 */
const EMPTY_PAGES_MAX = 1_000;

interface Rules {
  /** Order of two cursor values, when the source promises ascending order; undefined otherwise. */
  readonly sortedBy: ((a: string, b: string) => number) | undefined;
  /** Pages in one read before it is called endless. */
  readonly pagesMax: number;
}

/**
 * Follows a read page by page and refuses what breaks a reading rule (P4, P5, P8). Memory: 16 characters a page.
 */
export class PageRules {
  readonly #rules: Rules;
  readonly #tokens = new Set<string>();
  #pages = 0;
  #items = 0;
  #emptyInARow = 0;
  #lastKeys: string | undefined;
  #lastCursor: string | undefined;
  #total: number | undefined;

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  get items(): number {
    return this.#items;
  }

  /** Takes the next page. Throws EvenkeelError READ_* when it breaks a rule; nothing of the page may then be used. */
  accept(facts: PageFacts): void {
    this.#pages += 1;
    this.#items += facts.items;
    this.#checkToken(facts);
    this.#checkProgress(facts);
    this.#checkOrder(facts);
    this.#checkTotal(facts);
  }

  /** P4: a token that was seen before is a loop, not an end. */
  #checkToken({ page }: PageFacts): void {
    const hash = sha256(page.token).slice(0, TOKEN_HASH_CHARS);
    if (this.#tokens.has(hash)) {
      throw broken(
        "READ_PAGE_REPEATED",
        `page ${this.#pages} is one that was read before (${shown(page.token)}): the source goes round in a circle`,
        page,
        "Check `pagination`: `next` must change from page to page and be absent on the last one.",
      );
    }
    this.#tokens.add(hash);
    if (this.#pages > this.#rules.pagesMax) {
      throw broken(
        "READ_PAGE_LIMIT",
        `the read has more than ${this.#rules.pagesMax} pages`,
        page,
        "If the source is that large, raise `pagination.pagesMax`; otherwise its paging never ends.",
      );
    }
  }

  /** P4: a page with the same keys as the one before it means that the page parameter is ignored. */
  #checkProgress({ page, keys, items }: PageFacts): void {
    this.#emptyInARow = items === 0 ? this.#emptyInARow + 1 : 0;
    if (this.#emptyInARow > EMPTY_PAGES_MAX) {
      throw broken(
        "READ_NO_PROGRESS",
        `${EMPTY_PAGES_MAX} pages in a row had no record, and still there is a next one`,
        page,
        "Check `pagination` and `records`.",
      );
    }
    if (keys.length === 0) return;
    const now = sha256(keys.join("\n"));
    if (now === this.#lastKeys) {
      throw broken(
        "READ_NO_PROGRESS",
        `page ${this.#pages} has the very records of the page before it`,
        page,
        "The source seems to ignore the page parameter: check `pagination.param`.",
      );
    }
    this.#lastKeys = now;
  }

  /** P8: input declared sorted that is not would lose records, since the cursor moves with it. */
  #checkOrder({ page, cursors, keys }: PageFacts): void {
    const { sortedBy } = this.#rules;
    if (sortedBy === undefined) return;
    for (const [index, cursor] of cursors.entries()) {
      if (cursor === undefined) continue;
      if (this.#lastCursor !== undefined && sortedBy(cursor, this.#lastCursor) < 0) {
        throw broken(
          "READ_NOT_SORTED",
          `the source is declared sorted, but ${keys[index] ?? "a record"} with ${cursor} comes after one with ${this.#lastCursor}`,
          page,
          "Ask the source for ascending order (a `query` such as `sort: updated_at`), or set `cursor.sorted: false`.",
        );
      }
      this.#lastCursor = cursor;
    }
  }

  /** P5: the read may end only when it has what the source itself announced. */
  #checkTotal({ page }: PageFacts): void {
    if (page.total !== undefined)
      this.#total = this.#total === undefined ? page.total : Math.min(this.#total, page.total);
    if (page.next !== undefined || this.#total === undefined || this.#items >= this.#total) return;
    throw broken(
      "READ_TOTAL_DISAGREES",
      `the source announces ${this.#total} records and ended after ${this.#items}`,
      page,
      "If the total counts something else, leave `pagination.total` out; otherwise the source cut the list short: run again.",
    );
  }
}

function broken(
  code: "READ_PAGE_REPEATED" | "READ_PAGE_LIMIT" | "READ_NO_PROGRESS" | "READ_NOT_SORTED" | "READ_TOTAL_DISAGREES",
  message: string,
  page: PageFacts["page"],
  next: string,
): EvenkeelError {
  return new EvenkeelError(code, message, { evidence: page.evidence, next });
}

const shown = (token: string): string => (token.length > 80 ? `${token.slice(0, 80)}...` : token);
