import { leavesAround, pathExpression, type Leaf } from "./record-list.ts";
import type { Json } from "./json.ts";

/** A way to page through a list, as a config writes it. */
export type LikelyPagination =
  | { readonly type: "none" }
  | { readonly type: "link"; readonly size?: LikelySize }
  | { readonly type: "nextUrl"; readonly next: string; readonly more?: string; readonly size?: LikelySize }
  | {
      readonly type: "cursor";
      readonly next: string;
      readonly more?: string;
      readonly param: string;
      readonly size?: LikelySize;
    }
  | { readonly type: "keyset"; readonly param: string; readonly from: string; readonly size?: LikelySize }
  | {
      readonly type: "page" | "offset";
      readonly param: string;
      readonly first?: number;
      readonly size?: LikelySize;
      readonly total?: string;
    };

export interface LikelySize {
  readonly param: string;
  readonly value: number;
}

/** What an answer gives away of how its list goes on. */
export interface PagingClue {
  readonly pagination: LikelyPagination;
  /** What was seen, as the beginning of a sentence: "the answer has a `Link` header with rel=next". */
  readonly seen: string;
  /** A format's own rule says so, and holds where one page was all there was. */
  readonly isCertain: boolean;
}

interface AnswerSeen {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Json;
  /** What the list's records are told apart by, as an expression. */
  readonly key: string | undefined;
}

/** OData asks for what has changed in its own language, with `$filter`, and refuses or ignores other parameters. */
export const isOdata = (pagination: LikelyPagination): boolean =>
  pagination.type === "nextUrl" && /odata\.nextLink/.test(pagination.next);

/** How an answer says that its list goes on, the surest way first. What a clue proposes is to be tried before it is believed. */
export function pagingClues({ headers, body, key }: AnswerSeen): readonly PagingClue[] {
  const leaves = leavesAround(body);
  return [
    ...linkClue(headers["link"]),
    ...odataClue(leaves),
    ...addressClues(leaves),
    ...tokenClues(leaves),
    ...numberedClues(leaves),
    ...moreClues(leaves, key),
  ];
}

/** Whether a `Link` header names a next page (RFC 8288). */
export const hasNextLink = (field: string | undefined): boolean =>
  field !== undefined && /;\s*rel\s*=\s*"?[^",;]*\bnext\b/i.test(field.replaceAll(/<[^>]*>/g, "<>"));

const linkClue = (field: string | undefined): readonly PagingClue[] =>
  hasNextLink(field)
    ? [{ pagination: { type: "link" }, seen: 'the answer has a `Link` header with rel="next"', isCertain: true }]
    : [];

const nameOf = ({ path }: Leaf): string => path.at(-1) ?? "";

/** OData JSON format 4.01, 4.5.5: a service that cuts a list names the rest in `@odata.nextLink`; `@nextLink` without the prefix, and `odata.nextLink` in 3.0. */
function odataClue(leaves: readonly Leaf[]): readonly PagingClue[] {
  const mark = leaves.find(
    ({ path }) => path.length === 1 && /^@?(?:odata\.)(?:context|metadata|nextLink)$/.test(path[0] ?? ""),
  );
  if (mark === undefined) return [];
  const name = mark.path[0]?.startsWith("@") === true ? "@odata.nextLink" : "odata.nextLink";
  const seen = `the answer is OData, which names the next page in \`${name}\``;
  return [{ pagination: { type: "nextUrl", next: pathExpression([name]) }, seen, isCertain: true }];
}

const isNextName = ({ path }: Leaf): boolean =>
  path.some((name) => /next/i.test(name)) && !/prev/i.test(path.at(-1) ?? "");

function isAddress(value: Json): value is string {
  return typeof value === "string" && (/^(?:https?:\/\/|\/|\?)/.test(value) || /\?[^=]+=/.test(value));
}

/** `next: "https://..."`, `links.next`, `_links.next.href`; and the same without a value, on a list of one page. */
function addressClues(leaves: readonly Leaf[]): readonly PagingClue[] {
  return leaves
    .filter((leaf) => isNextName(leaf) && !/^@?odata\./.test(nameOf(leaf)))
    .filter((leaf) => isAddress(leaf.value) || (leaf.value === null && isAddressName(leaf, leaves)))
    .map((leaf) => {
      const next = pathExpression(leaf.path);
      const seen =
        leaf.value === null
          ? `the answer has \`${next}\`, empty`
          : `the answer names the next page's address in \`${next}\``;
      return { pagination: { type: "nextUrl", next }, seen, isCertain: true };
    });
}

/** A name that speaks of an address, or a `next` beside a `previous`, as of Django and JSON:API. */
const isAddressName = (leaf: Leaf, leaves: readonly Leaf[]): boolean =>
  /url|uri|link|href/i.test(leaf.path.join(".")) ||
  (/^next$/i.test(nameOf(leaf)) &&
    leaves.some(
      (other) => other.path.slice(0, -1).join(".") === leaf.path.slice(0, -1).join(".") && /^prev/i.test(nameOf(other)),
    ));

/** Parameters that take a token, where its own name does not say. */
const TOKEN_PARAMS = ["cursor", "page_token", "pageToken", "after", "token", "page"];

/** So many parameters are tried for a token. */
const TOKEN_PARAMS_MAX = 5;

/** `next_cursor`, `nextPageToken`, `endCursor`, `next_page: 2`: a token for a parameter. */
function tokenClues(leaves: readonly Leaf[]): readonly PagingClue[] {
  const found = leaves.filter(
    (leaf) =>
      (isNextName(leaf) || /^(?:end_?cursor|continuation(?:_?token)?|scroll_?id|cursor)$/i.test(nameOf(leaf))) &&
      (typeof leaf.value === "number" ||
        (typeof leaf.value === "string" && leaf.value !== "" && !isAddress(leaf.value))),
  );
  const empty = leaves.filter(
    (leaf) => (leaf.value === null || leaf.value === "") && /next.*(?:cursor|token)|end_?cursor/i.test(nameOf(leaf)),
  );
  return [...found, ...empty].flatMap((leaf) => {
    const next = pathExpression(leaf.path);
    const hasValue = leaf.value !== null && leaf.value !== "";
    const seen = `the answer has ${hasValue ? "the next page's token" : "a place for the next page's token"} in \`${next}\``;
    return paramsOf(nameOf(leaf)).map((param) => ({
      pagination: { type: "cursor" as const, next, ...moreBeside(leaf, leaves), param },
      seen,
      isCertain: false,
    }));
  });
}

/** GraphQL's relay keeps `endCursor` on its last page too; `hasNextPage` tells whether it is one. */
function moreBeside(leaf: Leaf, leaves: readonly Leaf[]): { readonly more?: string } {
  const parent = leaf.path.slice(0, -1).join(".");
  const flag = leaves.find(
    (other) =>
      other.path.slice(0, -1).join(".") === parent &&
      typeof other.value === "boolean" &&
      /^has_?(?:next(?:_?page)?|more)$/i.test(nameOf(other)),
  );
  return flag === undefined ? {} : { more: pathExpression(flag.path) };
}

function paramsOf(name: string): readonly string[] {
  const rest = name.replace(/^next[_-]?/i, "");
  const own = rest === "" ? [] : [rest[0]?.toLowerCase() + rest.slice(1)];
  const after = /^end_?cursor$/i.test(name) ? ["after"] : [];
  return [...new Set([...after, ...own, ...TOKEN_PARAMS, name])].slice(0, TOKEN_PARAMS_MAX);
}

const OFFSET_NAMES = /^(?:offset|skip|start_?at|start_?index|start)$/i;
const PAGE_NAMES = /^(?:page|current_?page|page_?(?:number|index|no)|number)$/i;
const SIZE_NAMES = /^(?:limit|per_?page|page_?size|max_?results|items_?per_?page|size|page_?limit)$/i;

/** Totals of records, and of pages, in the body of an answer. */
export const RECORD_TOTALS: RegExp =
  /^(?:total|total_?(?:count|results|records|items|elements|rows|entries|hits|size)|record_?count|@odata\.count|count)$/i;
export const PAGE_TOTALS: RegExp = /^(?:pages|total_?pages|page_?count|last_?page|num_?pages)$/i;

/** The expression of the total that an answer announces, of records or of pages; undefined where it announces none that can be one. */
export function likelyTotal(body: Json, of: "records" | "pages", least: number): string | undefined {
  const names = of === "records" ? RECORD_TOTALS : PAGE_TOTALS;
  const found = leavesAround(body)
    .filter((leaf) => names.test(nameOf(leaf)) && isCount(leaf.value) && leaf.value >= least)
    // `count` is the size of the page just as often: any other name is better.
    .toSorted((a, b) => Number(/^count$/i.test(nameOf(a))) - Number(/^count$/i.test(nameOf(b))))[0];
  return found && pathExpression(found.path);
}

const isCount = (value: Json): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

/** Where numbers begin when nothing is declared. */
const FIRST = { page: 1, offset: 0 } as const;

/** `{ "offset": 0, "limit": 20, "total": 137 }`, `{ "page": 1, "per_page": 20, "total_pages": 7 }`: the answer repeats what it was asked. */
function numberedClues(leaves: readonly Leaf[]): readonly PagingClue[] {
  const size = leaves.find((leaf) => SIZE_NAMES.test(nameOf(leaf)) && isCount(leaf.value) && leaf.value > 0);
  const sized = size === undefined ? {} : { size: { param: nameOf(size), value: size.value as number } };
  const clue = (leaf: Leaf, type: "page" | "offset", param: string): PagingClue => ({
    pagination: { type, param, ...(leaf.value === FIRST[type] ? {} : { first: leaf.value as number }), ...sized },
    seen: `the answer repeats \`${pathExpression(leaf.path)}\`${size === undefined ? "" : ` and \`${pathExpression(size.path)}\``}`,
    isCertain: false,
  });
  const numbered = leaves.filter((leaf) => isCount(leaf.value));
  return [
    ...numbered
      .filter((leaf) => OFFSET_NAMES.test(nameOf(leaf)) && (leaf.value as number) <= 1)
      .map((leaf) => clue(leaf, "offset", nameOf(leaf))),
    ...numbered
      .filter((leaf) => PAGE_NAMES.test(nameOf(leaf)) && (leaf.value as number) <= 1)
      .flatMap((leaf) => [...new Set(["page", nameOf(leaf)])].map((param) => clue(leaf, "page", param))),
  ];
}

/** Parameters that take the last record's key, where only `has_more` tells that there is more (Stripe). */
const KEYSET_PARAMS = ["starting_after", "after", "after_id"];

function moreClues(leaves: readonly Leaf[], key: string | undefined): readonly PagingClue[] {
  const flag = leaves.find(
    (leaf) => typeof leaf.value === "boolean" && /^has_?(?:more|next(?:_?page)?)$/i.test(nameOf(leaf)),
  );
  if (flag === undefined || key === undefined) return [];
  return KEYSET_PARAMS.map((param) => ({
    pagination: { type: "keyset", param, from: key },
    seen: `the answer has \`${pathExpression(flag.path)}\``,
    isCertain: false,
  }));
}
