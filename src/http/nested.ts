import { EvenkeelError } from "../core/errors.ts";
import type { Expression } from "../core/expression.ts";
import { isObject, type Json, type JsonObject } from "../core/json.ts";
import type { KeyReading } from "../core/record.ts";
import type { Eventual } from "../core/eventual.ts";
import type { Page, PageAttempt, PagePosition, ReadRequest, Source } from "../core/source.ts";
import { excludedOf, NONE } from "./filter.ts";

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
  /** Which of the children there are; sees their parent too. */
  readonly filter: Expression | undefined;
}

/** Where a nested read stands: at a page of parents, or at a page of one parent's children. */
type Place =
  | { readonly outer: PagePosition | undefined; readonly met: boolean; readonly parent?: undefined }
  | {
      readonly outer: PagePosition | undefined;
      /** Its place among the parents of the page, and its key, by which it is found again. */
      readonly parent: number;
      readonly key: string;
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
  readonly list: readonly { readonly key: string; readonly record: JsonObject }[];
  readonly next: PagePosition | undefined;
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
    paging: {
      type: children.paging.type,
      shifts: parents.paging.shifts || children.paging.shifts,
      size: children.paging.size,
      ...(children.paging.overlaps === true && !parents.paging.shifts ? { overlaps: true } : {}),
    },
    page: (() => {
      const reading = new NestedReading(options);
      return (asked) => reading.page(asked);
    })(),
  };
}

class NestedReading {
  readonly #options: NestedOptions;
  #parents: Parents | undefined;
  readonly #ahead = new Map<number, Promise<PageAttempt>>();

  constructor(options: NestedOptions) {
    this.#options = options;
  }

  page(asked: ReadRequest): Promise<PageAttempt> {
    const place: Place =
      asked.position === undefined ? { outer: undefined, met: false } : (JSON.parse(asked.position) as Place);
    return place.parent === undefined ? this.#parentsPage(place, asked) : this.#childrenPage(place, asked);
  }

  /** A page of parents is one without records, which leads to the children of the first of them. */
  async #parentsPage({ outer, met }: Place, asked: ReadRequest): Promise<PageAttempt> {
    const attempt = await this.#readParents(outer, asked);
    if (attempt.kind !== "page" || this.#parents === undefined) return attempt;
    const next = this.#placeAt(0, this.#parents, met);
    const { token, dateMs, bytes, evidence } = attempt.page;
    return { kind: "page", page: { ...EMPTY, token, dateMs, bytes, evidence, next: positionOf(next) } };
  }

  async #readParents(outer: PagePosition | undefined, asked: ReadRequest): Promise<PageAttempt> {
    const { parents, asksParents, keyOf } = this.#options;
    this.#ahead.clear();
    this.#parents = undefined;
    const since = asksParents ? asked.since : undefined;
    const attempt = await parents.page({ ...asked, position: outer, since, size: undefined });
    if (attempt.kind !== "page") return attempt;
    const { page } = attempt;
    const list: Parents["list"][number][] = [];
    for (const [index, record] of page.records.entries()) {
      // What the page before has shown was gone through with it.
      if (page.excluded.has(index) || index < (page.overlap ?? 0)) continue;
      const reading: KeyReading = isObject(record)
        ? await keyOf(record as JsonObject)
        : { ok: false, code: "KEY_UNUSABLE", reason: "it is no object" };
      if (!reading.ok) return { kind: "broken", error: noParent(parents.connection, reading.reason, page) };
      list.push({ key: reading.key, record: record as JsonObject });
    }
    this.#parents = { outer, list, next: page.next };
    return attempt;
  }

  async #childrenPage(place: ChildPlace, asked: ReadRequest): Promise<PageAttempt> {
    const known = this.#parents;
    if (known === undefined || known.outer !== place.outer || known.list[place.parent]?.key !== place.key) {
      // The read goes on in another process.
      const attempt = await this.#readParents(place.outer, asked);
      if (attempt.kind !== "page") return attempt;
    }
    const at = this.#parents as Parents | undefined;
    const found = at?.list.findIndex(({ key }) => key === place.key) ?? -1;
    // It has moved to another page: this one is gone through from its beginning.
    if (at === undefined || found === -1) return this.#parentsPage(place, asked);
    const here = { ...place, parent: found };
    const attempt = await this.#listOf(here, at, asked);
    this.#askAhead(found, at, asked);
    if (attempt.kind === "page") return this.#withParent(attempt.page, here, at);
    const isGone =
      attempt.kind === "failed" && attempt.outcome.kind === "refused" && attempt.outcome.reason === "missing";
    if (!isGone || !place.met) return attempt;
    const next = this.#placeAt(found + 1, at, true);
    const { evidence } = attempt;
    const page = { ...EMPTY, token: tokenOf(here), dateMs: undefined, bytes: 0, evidence, next: positionOf(next) };
    return { kind: "page", page };
  }

  /** A page of a parent's children, perhaps asked for already. */
  #listOf({ parent, inner }: ChildPlace, { list }: Parents, asked: ReadRequest): Promise<PageAttempt> {
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

  async #withParent(page: Page, place: ChildPlace, at: Parents): Promise<PageAttempt> {
    const { as, filter, children } = this.#options;
    const { record: parent } = at.list[place.parent] as Parents["list"][number];
    const taken = page.records.find((record) => isObject(record) && Object.hasOwn(record, as));
    if (taken !== undefined) return { kind: "broken", error: memberTaken(children.connection, as, page) };
    const records = page.records.map((record): Json => (isObject(record) ? { ...record, [as]: parent } : record));
    const excluded = await excludedOf(records, filter);
    const count = place.count + records.length - (page.overlap ?? 0);
    if (page.next === undefined && page.total !== undefined && count < page.total)
      return { kind: "broken", error: cutShort(children.connection, place.key, page.total, count, page) };
    const next =
      page.next === undefined
        ? this.#placeAt(place.parent + 1, at, true)
        : { ...place, inner: page.next, count, met: true };
    const begins = place.inner === undefined ? { begins: true as const } : {};
    const token = tokenOf(place, page.token);
    const own = { records, excluded, token, total: undefined, next: positionOf(next), ...begins };
    return { kind: "page", page: { ...page, ...own } };
  }

  /** Where the read goes on with the parent at this index; undefined at its end. */
  #placeAt(index: number, { outer, list, next }: Parents, met: boolean): Place | undefined {
    const parent = list[index];
    if (parent !== undefined) return { outer, parent: index, key: parent.key, inner: undefined, count: 0, met };
    return next === undefined ? undefined : { outer: next, met };
  }
}

/** A page that leads to others. */
const EMPTY = { records: [], excluded: NONE, duplicateNames: NONE, total: undefined, begins: true } as const;

const positionOf = (place: Place | undefined): PagePosition | undefined => place && JSON.stringify(place);

/** A parent that moved to another page is gone through once more, and that is no circle. */
const tokenOf = ({ outer, parent }: ChildPlace, token = ""): string => JSON.stringify([outer ?? null, parent, token]);

const noParent = (connection: string, reason: string, { evidence }: Page): EvenkeelError =>
  new EvenkeelError("READ_RECORDS_MISSING", `${connection} lists a parent that cannot be named: ${reason}`, {
    evidence,
    next: "Check `parents.key` and `parents.records`.",
  });

const memberTaken = (connection: string, as: string, { evidence }: Page): EvenkeelError =>
  new EvenkeelError("READ_RECORDS_MISSING", `records of ${connection} have a member \`${as}\` of their own`, {
    evidence,
    next: "Give the parent another name: `parents: { as: ... }`.",
  });

const cutShort = (connection: string, key: string, total: number, count: number, { evidence }: Page): EvenkeelError =>
  new EvenkeelError(
    "READ_TOTAL_DISAGREES",
    `${connection} announces ${total} records of the parent ${key} and ended after ${count}`,
    {
      evidence,
      next: "If the total counts something else, leave `pagination.total` out; otherwise the source cut the list short: run again.",
    },
  );
