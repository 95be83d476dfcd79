import { EvenkeelError, type ErrorCode } from "./errors.ts";
import { sha256 } from "./fingerprint.ts";
import { totalSign, type NextPageSign } from "./next-page-sign.ts";
import { emptyAdvice, repeatedAdvice } from "./page-advice.ts";
import { contentOf } from "./page-content.ts";
import type { Page, Paging } from "./source.ts";

/** What the reading rules need to know of a page besides the page itself. */
export interface PageFacts {
  readonly page: Pick<
    Page,
    "token" | "name" | "next" | "total" | "rereads" | "overlap" | "unproven" | "begins" | "evidence" | "goesOn" | "body"
  >;
  /** Items on the page, records or not. */
  readonly items: number;
  /** Keys on the page, in its order. */
  readonly keys: readonly string[];
  /** Of each item its key, in the order of the page, where pages overlap. */
  readonly itemKeys?: readonly (string | undefined)[];
  /** Their cursors; undefined for a record without one. */
  readonly cursors: readonly (string | undefined)[];
}

/** Something that a user should know of a read that may go on. */
export interface ReadWarning {
  readonly code: "TOTAL_SHRANK" | "NEXT_PAGE_UNREAD";
  readonly message: string;
  readonly next: string;
}

/** Characters of a hash that are kept: 96 bits, so two of a million pages are taken for one once in 10^17 reads. */
const HASH_CHARS = 16;

/**
 * Pages in a row without a single key. Legal (P5), since a filter of the source can empty them; so many of them without an end are a source that
 * never ends. Where an answer says that there is more, that is trusted longer than where there is no more than a `next`: many APIs count on past
 * their last page for ever, and each run would ask for all of it.
 */
const KEYLESS_PAGES_MAX = { told: 1_000, untold: 100 } as const;

/**
 * Pages in a row with nothing but what other pages of this read showed. One can be chance, where pages are small and records move
 * between them; so many are a source that goes round in a circle under ever new tokens.
 */
const STALE_PAGES_MAX = 10;

interface Rules {
  /** Order of two cursor values, when the source promises ascending order; undefined otherwise. */
  readonly sortedBy: ((a: string, b: string) => number) | undefined;
  /** Pages in one read before it is called endless. */
  readonly pagesMax: number;
  /** The list is read from its beginning, and asked for all that it has. */
  readonly isWhole: boolean;
  readonly paging: Pick<Paging, "type" | "tellsMore" | "records" | "isEndDeclared">;
}

/**
 * Follows a read page by page and refuses what breaks a reading rule (P4, P5, P8). Memory: two hashes of 16 characters a page of
 * the list, about 100 bytes; the limit on pages bounds it.
 */
export class PageRules {
  readonly #rules: Rules;
  readonly #tokens = new Set<string>();
  readonly #contents = new Set<string>();
  #pages = 0;
  #items = 0;
  #keylessInARow = 0;
  #itemsWithoutKey = 0;
  #staleInARow = 0;
  #lastContent: string | undefined;
  #last: { readonly key: string; readonly cursor: string } | undefined;
  #lastTotal: number | undefined;
  #lowestTotal: number | undefined;
  #hasShrunk = false;
  #lastItemKeys: readonly (string | undefined)[] = [];
  #hasShifted = false;
  #hasLists = false;
  #goesOn: NextPageSign | undefined;
  #isCut = false;

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  get items(): number {
    return this.#items;
  }

  /** Records have moved between the pages. */
  get hasShifted(): boolean {
    return this.#hasShifted;
  }

  /** What said that a list goes on where reading ended. */
  get goesOn(): NextPageSign | undefined {
    return this.#goesOn;
  }

  /** It goes on after its only page, and nothing says that this is all: then more is missing than what came while it was read. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /**
   * Takes the next page; gives what the user should be told of. Throws EvenkeelError READ_* when it breaks a rule; nothing of the
   * page may then be used.
   */
  accept(facts: PageFacts): readonly ReadWarning[] {
    if (facts.page.begins === true) this.#begin();
    this.#pages += 1;
    this.#items += facts.items - Math.min(facts.items, facts.page.overlap ?? 0);
    this.#checkToken(facts);
    this.#checkOverlap(facts);
    this.#checkProgress(facts);
    this.#checkOrder(facts);
    return [...this.#checkTotal(facts), ...this.#checkEnd(facts)];
  }

  /** Throws `READ_PAGES_SHIFTED` after the last page, which may be used as the others: some that were not met may be there. */
  conclude(last: PageFacts["page"]): void {
    if (!this.#hasShifted) return;
    const message =
      "records moved between the source's pages while it was read, or may have, so some may not have been met";
    throw broken("READ_PAGES_SHIFTED", message, last, SHIFTED_HINT);
  }

  /** A list of its own may look like the one before it, and what was kept of that one is done with. */
  #begin(): void {
    this.#hasLists = true;
    this.#pages = 0;
    this.#tokens.clear();
    this.#contents.clear();
    this.#keylessInARow = 0;
    this.#itemsWithoutKey = 0;
    this.#staleInARow = 0;
    this.#lastContent = undefined;
  }

  /** P9: the records at the border of two pages are the same ones for both, or rows have moved across it. */
  #checkOverlap({ page: { overlap = 0, unproven }, itemKeys = [] }: PageFacts): void {
    const before = this.#lastItemKeys.slice(-overlap);
    if (unproven === true) this.#hasShifted = true;
    if (overlap > 0 && before.some((key, index) => key !== itemKeys[index])) this.#hasShifted = true;
    this.#lastItemKeys = itemKeys;
  }

  /** P4: a token that was seen before is a loop, not an end. */
  #checkToken({ page }: PageFacts): void {
    const hash = hashOf(page.token);
    if (this.#tokens.has(hash)) {
      const message = `page ${this.#pages} is one that was read before (${shown(page.name ?? page.token)}): the source goes round in a circle`;
      const next = "Check `pagination`: `next` must change from page to page and be absent on the last one.";
      throw broken("READ_PAGE_REPEATED", message, page, next);
    }
    this.#tokens.add(hash);
    if (this.#pages > this.#rules.pagesMax) {
      const next =
        "Its paging seems never to end: check `pagination`. If the source is that large, ask for larger pages.";
      throw broken("READ_PAGE_LIMIT", `the list has more than ${this.#rules.pagesMax} pages`, page, next);
    }
  }

  /** P4: a page that brings nothing new means that the page parameter is ignored, or that the last page is repeated. */
  #checkProgress({ page, items, keys, cursors }: PageFacts): void {
    this.#keylessInARow = keys.length === 0 ? this.#keylessInARow + 1 : 0;
    this.#itemsWithoutKey = keys.length === 0 ? this.#itemsWithoutKey + items : 0;
    const max = this.#rules.paging.tellsMore === true ? KEYLESS_PAGES_MAX.told : KEYLESS_PAGES_MAX.untold;
    if (this.#keylessInARow > max) {
      const message =
        this.#itemsWithoutKey === 0
          ? `${max} pages in a row were empty, and still there is a next one`
          : `${max} pages in a row had no record with a key, and still there is a next one`;
      throw broken(
        "READ_NO_PROGRESS",
        message,
        page,
        this.#itemsWithoutKey === 0 ? emptyAdvice(this.#rules.paging) : KEYLESS_HINT,
      );
    }
    if (keys.length === 0) return;
    // With its cursor, a record that has changed since is another one.
    const content = contentOf(keys, cursors);
    // A page of one record can be met twice by chance: it was the last, and one was added before it.
    const isRepeated = content === this.#lastContent && keys.length > 1;
    this.#staleInARow = this.#contents.has(content) ? this.#staleInARow + 1 : 0;
    this.#contents.add(content);
    this.#lastContent = content;
    if (!isRepeated && this.#staleInARow < STALE_PAGES_MAX) return;
    const message = isRepeated
      ? `page ${this.#pages} has the very records of the page before it`
      : `${STALE_PAGES_MAX} pages in a row had only records that other pages had shown already`;
    throw broken("READ_NO_PROGRESS", message, page, repeatedAdvice(this.#rules.paging));
  }

  /** P8: input declared sorted that is not would lose records, since the cursor moves with it. */
  #checkOrder({ page, cursors, keys }: PageFacts): void {
    const { sortedBy } = this.#rules;
    if (sortedBy === undefined) return;
    // A page that goes back on purpose begins before the end of the last one.
    if (page.rereads === true || page.overlap !== undefined) this.#last = undefined;
    for (const [index, cursor] of cursors.entries()) {
      if (cursor === undefined) continue;
      const record = { key: keys[index] as string, cursor };
      const last = this.#last;
      if (last !== undefined && sortedBy(cursor, last.cursor) < 0) {
        const message = `the source is declared sorted, but ${described(record)} comes after ${described(last)}`;
        const next =
          "Ask the source for ascending order (a `query` such as `sort: updated_at`), or set `cursor.sorted: false`.";
        throw broken("READ_NOT_SORTED", message, page, next);
      }
      this.#last = record;
    }
  }

  /** P5: the read may end only when it has what the source itself announced. */
  #checkTotal({ page }: PageFacts): readonly ReadWarning[] {
    const { total, next } = page;
    const before = this.#lastTotal;
    if (total !== undefined) {
      this.#lastTotal = total;
      // Records that vanished meanwhile need not come; so the lowest total is what must have.
      this.#lowestTotal = Math.min(this.#lowestTotal ?? total, total);
    }
    if (next === undefined && this.#lowestTotal !== undefined && this.#items < this.#lowestTotal) {
      const message = `the source announces ${this.#lowestTotal} records and ended after ${this.#items}`;
      const hint =
        "If the total counts something else, leave `pagination.total` out; otherwise the source cut the list short: run again.";
      throw broken("READ_TOTAL_DISAGREES", message, page, hint);
    }
    if (this.#hasShrunk || total === undefined || before === undefined || total >= before) return [];
    this.#hasShrunk = true;
    const message = `the source's total shrank from ${before} to ${total} while it was read, so records may have moved to pages that were read already`;
    return [{ code: "TOTAL_SHRANK", message, next: "What was missed is met by the next full refresh." }];
  }

  /** P5: what is declared says that it is the end, and the answer that it is not. Told once. */
  #checkEnd({ page }: PageFacts): readonly ReadWarning[] {
    const known = this.#goesOn;
    const isTotal =
      page.next === undefined && this.#rules.isWhole && !this.#hasLists && this.#lowestTotal === undefined;
    const total = isTotal ? totalSign(page.body, { items: this.#items, pages: this.#pages }) : undefined;
    const sign = page.goesOn ?? total;
    const { type, isEndDeclared: isDeclared } = this.#rules.paging;
    const isEndDeclared = (page.goesOn === undefined ? isDeclared : page.goesOn.isEndDeclared) === true;
    this.#goesOn ??= sign;
    if (sign !== undefined && this.#pages === 1 && !isEndDeclared) this.#isCut = true;
    if (known !== undefined || this.#goesOn === undefined) return [];
    const ended =
      type === "none" && !isEndDeclared
        ? "no `pagination` is declared, so one page was read"
        : "reading ended as `pagination` declares it";
    const message = `${ended}, and ${this.#goesOn.seen}: what follows was not read`;
    return [{ code: "NEXT_PAGE_UNREAD", message, next: this.#isCut ? `${UNREAD_HINT} ${IS_ALL_HINT}` : UNREAD_HINT }];
  }
}

const SHIFTED_HINT =
  "What was met is written, and the next run reads everything once more. If it happens often, read in an order that does not change (by id or time of creation), or use another pagination.";

const KEYLESS_HINT = "Check `key` and `records`: none of what came can be told from others.";

const UNREAD_HINT = "Compare `pagination` with an answer of the API: `evenkeel probe` proposes what to declare.";

const IS_ALL_HINT = "If one page is all there is, say so: `pagination: { type: none }`.";

const hashOf = (text: string): string => sha256(text).slice(0, HASH_CHARS);

const described = ({ key, cursor }: { readonly key: string; readonly cursor: string }): string =>
  `${shown(key)} with ${shown(cursor)}`;

function broken(
  code: ErrorCode & `READ_${string}`,
  message: string,
  page: PageFacts["page"],
  next: string,
): EvenkeelError {
  return new EvenkeelError(code, message, { evidence: page.evidence, next });
}

/** Characters of a token, key or cursor that a message shows. */
const SHOWN = 80;

const shown = (text: string): string => (text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text);
