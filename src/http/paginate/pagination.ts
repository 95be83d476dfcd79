import type { Json } from "../../core/json.ts";
import type { PagePosition, Paging } from "../../core/source.ts";

/** Where a page is asked for: parameters added to the source's request, or an address of its own. */
export type PageAddress =
  | { readonly kind: "query"; readonly params: readonly PageParam[] }
  | { readonly kind: "url"; readonly url: string };

/** A number is one in a body, and a text in an address; so is a text that is said to be a number, as it is written. */
export type PageParam = readonly [name: string, value: string | number, isNumber?: boolean];

/** What a pagination sees of an answer. */
export interface PageAnswer {
  readonly body: Json;
  readonly headers: Readonly<Record<string, string>>;
  readonly records: readonly Json[];
  /** The address that was asked, for relative links. */
  readonly url: string;
  readonly position: PagePosition | undefined;
  /** The page size that was asked for; undefined where the source decides. */
  readonly size: number | undefined;
}

/** What a page is in its list. */
interface Shown {
  readonly total?: number;
  /** As of {@link Page}. */
  readonly overlap?: number;
  readonly unproven?: true;
}

/** What follows a page (P5): reading ends only on the declared end signal. The `next` of what is broken says how it may be mended. */
export type Following =
  | ({ readonly kind: "next"; readonly position: PagePosition } & Shown)
  | ({ readonly kind: "end" } & Shown)
  | { readonly kind: "broken"; readonly reason: string; readonly next?: string };

/** One way to page through a list. Positions are JSON texts of its own making, safe to store. */
export interface Pagination {
  readonly paging: Paging;
  address(position: PagePosition | undefined, size: number | undefined): PageAddress;
  follow(answer: PageAnswer): Following | Promise<Following>;
  /**
   * True when the page at this position was only asked for to be sure that nothing follows: an API that refuses addresses past
   * its last page then says just that.
   */
  mayBePastEnd(position: PagePosition | undefined): boolean;
}

export interface SizeParam {
  readonly param: string | undefined;
  readonly value: number;
}

/** The size parameter, where one is declared. */
export const sizeParams = (declared: SizeParam | undefined, size: number | undefined): readonly PageParam[] =>
  declared?.param === undefined ? [] : [[declared.param, size ?? declared.value]];
