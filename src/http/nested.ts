import { EvenkeelError } from "../core/errors.ts";
import { whyFailed, type Expression } from "../core/expression.ts";
import { sha256 } from "../core/fingerprint.ts";
import { isObject, type Json, type JsonObject } from "../core/json.ts";
import type { Eventual } from "../core/eventual.ts";
import { signIn, totalSign } from "../core/next-page-sign.ts";
import { PageRules } from "../core/page-rules.ts";
import type { KeyReading } from "../core/record.ts";
import type { Outcome } from "../core/outcome.ts";
import type { FailedPage, FlawedParent, Page, PageAttempt, PagePosition, ReadRequest, Source } from "../core/source.ts";
import {
  cutShort,
  FIRST_LIST_GONE,
  listOfParent,
  memberTaken,
  PAGE_GONE,
  parentUnusable,
  withParent,
} from "./nested-errors.ts";
import { pagingOf } from "./nested-paging.ts";

export interface NestedOptions {
  /** The list of parents. */
  readonly parents: Source;
  /** The list of one parent's children; its request sees the parent as {@link NestedOptions.as} names it. */
  readonly children: Source;
  /** The member of each child that its parent is put into. */
  readonly as: string;
  readonly keyOf: (parent: JsonObject) => Eventual<KeyReading>;
  /** Changes are asked for of the parents, and not of the children. */
  readonly asksParents: boolean;
  /** Which parents' lists are read; all when undefined. */
  readonly filter: Expression | undefined;
  /** Pages of the list of parents before it is called endless (P4). */
  readonly pagesMax: number;
}

/** Where a nested read stands: at a page of parents, or at a page of one parent's children. */
type Place =
  | { readonly outer: PagePosition | undefined; readonly met: boolean; readonly parent?: undefined }
  | {
      readonly outer: PagePosition | undefined;
      /** Its place among the parents of the page, and its key. */
      readonly parent: number;
      readonly key: string;
      /** As of {@link Parents}: the place means something on this very page alone. */
      readonly digest: string;
      readonly inner: PagePosition | undefined;
      /** Children of this parent on the pages before. */
      readonly count: number;
      /** Some parent's list was there: then a parent without one has gone since it was listed. */
      readonly met: boolean;
    };

type ChildPlace = Extract<Place, { readonly parent: number }>;

/** The parents of one page, as far as a read has to know them. */
interface Parents {
  readonly outer: PagePosition | undefined;
  readonly list: readonly Parent[];
  readonly flawed: readonly FlawedParent[];
  /** Hash of their keys, in the order of the page. */
  readonly digest: string;
  readonly page: Page;
}

interface Parent {
  readonly key: string;
  readonly record: JsonObject;
}

/** First pages of so many parents are asked for ahead of their turn; the lane decides when they go. */
const AHEAD = 8;

/**
 * Lists of children, one parent after the other: `/orders/{parent.id}/items` for each order. A position names the page of parents, the parent on
 * it and the page of its children, so that what is kept does not grow with the number of parents.
 */
export function createNestedSource(options: NestedOptions): Source {
  const { parents, children } = options;
  return {
    connection: children.connection,
    paging: pagingOf(parents.paging, children.paging),
    page: (() => {
      const reading = new NestedReading(options);
      return (asked) => reading.page(asked);
    })(),
  };
}

class NestedReading {
  readonly #options: NestedOptions;
  #rules: PageRules;
  #parents: Parents | undefined;
  readonly #ahead = new Map<number, Promise<PageAttempt>>();

  constructor(options: NestedOptions) {
    this.#options = options;
    this.#rules = this.#newRules(false);
  }

  page(asked: ReadRequest): Promise<PageAttempt> {
    const place: Place =
      asked.position === undefined ? { outer: undefined, met: false } : (JSON.parse(asked.position) as Place);
    return place.parent === undefined ? this.#parentsPage(place, asked) : this.#childrenPage(place, asked);
  }

  async #parentsPage({ outer, met }: Pick<Place, "outer" | "met">, asked: ReadRequest): Promise<PageAttempt> {
    const read = await this.#readParents(outer, asked);
    return read.kind === "parents" ? this.#leading(read.parents, met) : read;
  }

  /** A page of parents is one without records, which leads to the children of the first of them. */
  #leading(parents: Parents, met: boolean): PageAttempt {
    const { token, dateMs, bytes, evidence } = parents.page;
    const { hasShifted, goesOn } = this.#rules;
    const doubts = { ...(hasShifted ? { unproven: true as const } : {}), ...(goesOn === undefined ? {} : { goesOn }) };
    const next = positionOf(this.#placeAt(0, parents, met));
    const { flawed } = parents;
    return { kind: "page", page: { ...EMPTY, flawed, token, dateMs, bytes, evidence, ...doubts, next } };
  }

  #newRules(isWhole: boolean): PageRules {
    const { parents, pagesMax } = this.#options;
    return new PageRules({ sortedBy: undefined, pagesMax, isWhole, paging: parents.paging });
  }

  async #readParents(outer: PagePosition | undefined, asked: ReadRequest): Promise<ParentsAttempt> {
    const { parents, asksParents } = this.#options;
    this.#ahead.clear();
    this.#parents = undefined;
    const since = asksParents ? asked.since : undefined;
    if (outer === undefined) this.#rules = this.#newRules(since === undefined);
    const attempt = await parents.page({ ...asked, position: outer, since, size: undefined });
    if (attempt.kind !== "page") return attempt;
    const { page } = attempt;
    try {
      this.#parents = { outer, page, ...(await this.#listOf(page)) };
    } catch (error) {
      if (error instanceof EvenkeelError) return { kind: "broken", error };
      throw error;
    }
    return { kind: "parents", parents: this.#parents };
  }

  /** The parents of a page that follows the reading rules. Throws EvenkeelError `READ_*` for one that does not. */
  async #listOf(page: Page): Promise<Pick<Parents, "list" | "flawed" | "digest">> {
    const named = await Promise.all(page.records.map((record) => this.#parentOf(record)));
    const itemKeys = named.map((parent) => ("reason" in parent ? undefined : parent.key));
    const keys = itemKeys.filter((key) => key !== undefined);
    const cursors = keys.map(() => undefined);
    this.#rules.accept({ page, items: named.length, keys, itemKeys, cursors });
    // What the page before has shown was gone through with it.
    const again = this.#rules.hasShifted ? 0 : (page.overlap ?? 0);
    const fresh = named.slice(again);
    const list = new Map(fresh.flatMap((parent) => ("reason" in parent ? [] : [[parent.key, parent] as const])));
    return {
      list: [...list.values()].filter(({ counts }) => counts),
      flawed: fresh.filter((parent) => "reason" in parent),
      digest: sha256(JSON.stringify(keys)),
    };
  }

  /** P11: a parent without a usable key is its own trouble, as such a record is. */
  async #parentOf(item: Json): Promise<(Parent & { readonly counts: boolean }) | FlawedParent> {
    const { keyOf, filter } = this.#options;
    if (!isObject(item)) return parentUnusable(undefined, "it is no object", item);
    const reading = await keyOf(item);
    if (!reading.ok) return parentUnusable(undefined, reading.reason, item);
    const { key } = reading;
    try {
      return { key, record: item, counts: filter === undefined || (await filter.evaluate(item)) === true };
    } catch (error) {
      return parentUnusable(key, `whether it counts cannot be told: ${whyFailed(error)}`, item);
    }
  }

  async #childrenPage(place: ChildPlace, asked: ReadRequest): Promise<PageAttempt> {
    let here = place;
    let at = this.#parents;
    if (at === undefined || at.outer !== place.outer || at.digest !== place.digest) {
      // The read goes on in another process.
      const read = await this.#readParents(place.outer, asked);
      if (read.kind !== "parents") return read;
      at = read.parents;
      // Others are there now, or in another order, so which were gone through cannot be told.
      if (at.digest !== place.digest || at.list[place.parent]?.key !== place.key) return this.#leading(at, place.met);
      if (!this.#options.children.paging.resumes) here = { ...place, inner: undefined, count: 0 };
    }
    const attempt = await this.#listPage(here, at, asked);
    if (asked.wholly === true) this.#askAhead(here.parent, at, asked);
    if (attempt.kind === "page") return this.#withParent(attempt.page, here, at, asked.since);
    if (attempt.kind === "broken" && attempt.isUnaskable === true) return this.#passing(here, at, attempt.error);
    if (attempt.kind === "broken") return { kind: "broken", error: withParent(attempt.error, here.key) };
    const failed: FailedPage = { ...attempt, list: listOfParent(here.key) };
    if (!saysGone(attempt.outcome)) return failed;
    // A list that was there, and of which a page is not, has not gone.
    if (here.inner !== undefined) return { ...failed, next: PAGE_GONE };
    if (!here.met) return { ...failed, next: FIRST_LIST_GONE };
    const next = positionOf(this.#placeAt(here.parent + 1, at, true));
    const { evidence } = attempt;
    return { kind: "page", page: { ...EMPTY, token: tokenOf(here), dateMs: undefined, bytes: 0, evidence, next } };
  }

  /** P11: what of a parent would leave its place in an address keeps nobody from reading the lists of the others. */
  #passing(place: ChildPlace, at: Parents, { message }: EvenkeelError): PageAttempt {
    const { key, record } = at.list[place.parent] as Parent;
    const next = positionOf(this.#placeAt(place.parent + 1, at, place.met));
    const flawed = [parentUnusable(key, message, record)];
    const { evidence } = at.page;
    return {
      kind: "page",
      page: { ...EMPTY, flawed, token: tokenOf(place), dateMs: undefined, bytes: 0, evidence, next },
    };
  }

  /** A page of a parent's children, perhaps asked for already. */
  #listPage({ parent, inner }: ChildPlace, { list }: Parents, asked: ReadRequest): Promise<PageAttempt> {
    const asks = inner === undefined ? this.#ahead.get(parent) : undefined;
    if (asks !== undefined) {
      this.#ahead.delete(parent);
      return asks;
    }
    return this.#ask(list[parent]?.record ?? {}, inner, asked);
  }

  #ask(parent: JsonObject, inner: PagePosition | undefined, asked: ReadRequest): Promise<PageAttempt> {
    const { children, as, asksParents } = this.#options;
    const since = asksParents ? undefined : asked.since;
    return children.page({ ...asked, position: inner, since, within: { [as]: parent } });
  }

  #askAhead(parent: number, { list }: Parents, asked: ReadRequest): void {
    for (const [index, { record }] of list.entries()) {
      if (index <= parent || index > parent + AHEAD || this.#ahead.has(index)) continue;
      const asks = this.#ask(record, undefined, asked);
      asks.catch(() => undefined);
      this.#ahead.set(index, asks);
    }
  }

  #withParent(page: Page, place: ChildPlace, at: Parents, since: string | undefined): PageAttempt {
    const { as, asksParents, children } = this.#options;
    const { record: parent } = at.list[place.parent] as Parent;
    const taken = page.records.find((record) => isObject(record) && Object.hasOwn(record, as));
    if (taken !== undefined) return { kind: "broken", error: memberTaken(children.connection, as, page) };
    const records = page.records.map((record): Json => (isObject(record) ? { ...record, [as]: parent } : record));
    const count = place.count + records.length - (page.overlap ?? 0);
    if (page.next === undefined && page.total !== undefined && count < page.total)
      return { kind: "broken", error: cutShort(children.connection, place.key, page.total, count, page) };
    const next =
      page.next === undefined
        ? this.#placeAt(place.parent + 1, at, true)
        : { ...place, inner: page.next, count, met: true };
    const begins = place.inner === undefined ? { begins: true as const } : {};
    const isAll = page.next === undefined && place.inner === undefined && page.total === undefined;
    const total =
      isAll && (asksParents || since === undefined) ? totalSign(page.body, { items: count, pages: 1 }) : undefined;
    const sign = page.goesOn ?? signIn(total, children.paging);
    const listed = asksParents ? { dateMs: at.page.dateMs, listedBefore: true as const } : {};
    const token = tokenOf(place, page.token);
    const name = `${listOfParent(place.key)}${page.name === undefined ? "" : `, ${page.name}`}`;
    const own = { records, token, name, total: undefined, next: positionOf(next), ...begins, ...listed };
    return { kind: "page", page: { ...page, ...own, ...(sign === undefined ? {} : { goesOn: sign }) } };
  }

  /** Where the read goes on with the parent at this index; undefined at its end. */
  #placeAt(index: number, { outer, list, digest, page }: Parents, met: boolean): Place | undefined {
    const parent = list[index];
    if (parent !== undefined) return { outer, parent: index, key: parent.key, digest, inner: undefined, count: 0, met };
    return page.next === undefined ? undefined : { outer: page.next, met };
  }
}

type ParentsAttempt = Exclude<PageAttempt, { kind: "page" }> | { readonly kind: "parents"; readonly parents: Parents };

/** A 410 on the first page of a list says that there is none (RFC 9110, 15.5.11). */
const saysGone = (outcome: Outcome): boolean =>
  outcome.kind === "refused" && (outcome.reason === "missing" || outcome.reason === "cursorExpired");

/** A page that leads to others. */
const EMPTY = { records: [], duplicateNames: new Set<number>(), total: undefined, begins: true } as const;

const positionOf = (place: Place | undefined): PagePosition | undefined => place && JSON.stringify(place);

const tokenOf = ({ outer, parent }: ChildPlace, token = ""): string => JSON.stringify([outer ?? null, parent, token]);
