import type { SourceConfig } from "../config/config.ts";
import type { Version } from "./catalogue.ts";
import { compare, Listing, type Row } from "./listing.ts";
import { at, placeOf } from "./place.ts";

interface Options {
  readonly config: SourceConfig;
  /** The path of the list, where there is one. */
  readonly path: string;
  /** The paths of the lists, by the numbers of their parents, where there are several. */
  readonly nested: ReadonlyMap<string, number> | undefined;
  readonly pageSize: number;
}

/** A list as a request asks for it. */
interface Asked {
  readonly listing: Listing;
  readonly rows: readonly Row[];
}

export const parentName = (number: number): string => `p${number}`;

/** The lists of a source: one of all its records, or a list of parents, and one of each parent's. */
export class SourceLists {
  readonly #options: Options;
  readonly #records: Listing;
  readonly #parents: Listing | undefined;

  constructor(options: Options) {
    this.#options = options;
    const { config, pageSize } = options;
    const { parents, cursor } = config;
    const isByTime = cursor?.sorted === true;
    this.#records = new Listing({ ...config, pageSize, isByTime: isByTime && cursor.of === "records" });
    this.#parents = parents && new Listing({ ...parents, pageSize, isByTime: isByTime && cursor.of === "parents" });
  }

  /** Whether a request asks for a page by a position that an earlier page gave. */
  isFollowing(url: URL): boolean {
    if (this.#isOfParents(url)) return this.#parents?.isFollowing(url) === true;
    const { pagination } = this.#options.config;
    const isNumbered = pagination.type === "page" || pagination.type === "offset";
    // 410 for the first page of a parent's list says that there is none.
    const isFirst = isNumbered && Number(url.searchParams.get(pagination.param)) === pagination.first;
    return this.#records.isFollowing(url) && !(isFirst && this.#parents !== undefined);
  }

  /**
   * The list that a request asks for, of what there is; undefined where it asks for none that is there.
   *
   * @param admitted what of the records of a list is admitted to
   */
  asked(
    method: string,
    url: URL,
    all: readonly Version[],
    admitted: (rows: readonly Version[]) => readonly Version[],
  ): Asked | undefined {
    const { config, path, nested } = this.#options;
    if (this.#parents !== undefined && `${method} ${url.pathname}` === config.parents?.request)
      return { listing: this.#parents, rows: admitted(all).length === 0 ? [] : this.#parentRows(all, url) };
    if (!config.request.startsWith(`${method} `)) return undefined;
    if (nested === undefined)
      return url.pathname === path
        ? { listing: this.#records, rows: admitted(this.#listed(all, url, "records")) }
        : undefined;
    const parent = nested.get(url.pathname);
    const own = all.filter(({ id }) => this.#parentOf(id) === parent);
    // A parent without records has gone, and its list with it.
    return own.length === 0 ? undefined : { listing: this.#records, rows: admitted(this.#listed(own, url, "records")) };
  }

  #isOfParents(url: URL): boolean {
    return this.#options.config.parents?.request.endsWith(` ${url.pathname}`) === true;
  }

  /** One record in eight has a parent of its own, which comes and goes with it; the other seven have one together. */
  #parentOf(id: number): number {
    const number = 2 * Math.floor(id / 8) + (id % 8 === 4 ? 0 : 1);
    return 1 + (number % (this.#options.nested?.size ?? 1));
  }

  /** A parent has changed when one of its records has. */
  #parentRows(all: readonly Version[], url: URL): readonly Row[] {
    const { cursor } = this.#options.config;
    const changed = new Map<number, number>();
    for (const { id, changedMs } of all)
      changed.set(this.#parentOf(id), Math.max(changedMs, changed.get(this.#parentOf(id)) ?? 0));
    const rows = [...changed].map(([id, changedMs]): Row => {
      const time = cursor?.type === "integer" ? changedMs : new Date(changedMs).toISOString();
      return { id, changedMs, record: { id: parentName(id), changed: time } };
    });
    return this.#listed(rows, url, "parents");
  }

  /** What a list shows of these, in its order. */
  #listed<Listed extends Row>(rows: readonly Listed[], url: URL, of: "records" | "parents"): readonly Listed[] {
    const { cursor, pagination, parents } = this.#options.config;
    const isAsked = cursor?.of === of;
    const shown = isAsked ? rows.filter(this.#isSince(url)) : rows;
    const paging = of === "parents" ? parents?.pagination : pagination;
    const from = paging?.type === "keyset" ? placeOf(paging.from) : undefined;
    const byId = (a: Row, b: Row): number => a.id - b.id;
    if (from !== undefined)
      return shown.toSorted((a, b) => compare(at(a.record, from), at(b.record, from)) || byId(a, b));
    const isByTime = isAsked && cursor.sorted;
    return shown.toSorted(isByTime ? (a, b) => a.changedMs - b.changedMs || byId(a, b) : byId);
  }

  #isSince(url: URL): (row: Row) => boolean {
    const { cursor } = this.#options.config;
    const since = cursor === undefined ? null : url.searchParams.get(cursor.param);
    const sinceMs = since === null ? undefined : cursor?.type === "integer" ? Number(since) : Date.parse(since);
    return ({ changedMs }) => sinceMs === undefined || changedMs >= sinceMs;
  }
}
