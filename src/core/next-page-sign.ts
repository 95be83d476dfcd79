import type { Expression } from "./expression.ts";
import type { Json } from "./json.ts";
import { hasNextLink, PAGE_TOTALS, RECORD_TOTALS } from "./paging-clue.ts";
import { leavesAround, listsOf, pathExpression, type Leaf } from "./record-list.ts";
import type { Paging } from "./source.ts";

/** What an answer says of a page that comes after it, where reading ends with it all the same. */
export interface NextPageSign {
  /** Where it says so: an expression, or a header's name. */
  readonly at: string;
  /** The end of a sentence: "the answer has `meta.next_cursor`". */
  readonly seen: string;
  /** The config says itself that this list ends there, see `Paging`. */
  readonly isEndDeclared?: true;
}

/** The sign in a list that is paged so. */
export const signIn = (
  sign: NextPageSign | undefined,
  { isEndDeclared }: Pick<Paging, "isEndDeclared">,
): NextPageSign | undefined => (sign === undefined || isEndDeclared !== true ? sign : { ...sign, isEndDeclared });

interface LastAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Json;
  /** Records, or what is listed in their place. */
  readonly count: number;
  /** It is the first of its list. */
  readonly isFirst: boolean;
  /** All that the source has was asked for. */
  readonly isWhole: boolean;
  readonly type: Paging["type"];
  /** What the declared paging goes by. */
  readonly followed: readonly Expression[];
}

/**
 * The sign of a next page in the answer with which a list ends by what is declared (P5). Never in what the declared paging goes by, nor where the
 * answer also says that it is the last one. Undefined when there is none.
 */
export function nextPageSign(answer: LastAnswer): NextPageSign | undefined {
  const { headers, type, isFirst } = answer;
  // What asks until a page is empty has gone past the end, where an answer may still count on.
  if (!isFirst && (type === "page" || type === "offset" || type === "keyset")) return undefined;
  const leaves = leavesAround(answer.body);
  if (leaves.some(saysLast)) return undefined;
  if (type !== "link" && hasNextLink(headers["link"]))
    return { at: "Link", seen: 'the answer has a `Link` header with rel="next"' };
  const isSign = (leaf: Leaf): boolean => isNextPage(leaf, answer.count > 0) && !isFollowed(leaf, answer.followed);
  const leaf = leaves.find(isSign);
  if (leaf !== undefined) return { at: pathExpression(leaf.path), seen: `the answer has \`${shown(leaf)}\`` };
  const header = Object.entries(headers)
    .map(([name, value]): Leaf => ({ path: [name], value }))
    .find(isSign);
  if (header !== undefined) return { at: nameOf(header), seen: `the answer has the header \`${shown(header)}\`` };
  return partSign(answer) ?? headerTotalSign(answer);
}

/** RFC 9110, 14.4 and 15.3.7: `Content-Range: items 0-24/100`, or 206 alone: a part of what there is. */
function partSign({ status, headers, followed }: LastAnswer): NextPageSign | undefined {
  const range = headers["content-range"];
  if (range === undefined) return status === 206 ? { at: "206", seen: "the answer is 206 Partial Content" } : undefined;
  const [, last, size] = /(\d+)\/(\d+|\*)\s*$/.exec(range) ?? [];
  if (last === undefined || followed.some(({ text }) => /content-range/i.test(text))) return undefined;
  const goesOn = size === "*" ? status === 206 : Number(last) + 1 < Number(size);
  return goesOn ? { at: "Content-Range", seen: `the answer has \`Content-Range: ${range}\`` } : undefined;
}

/** A total in a header, of records or of pages, that is larger than what the one page of a list has. */
function headerTotalSign({ headers, count, isFirst, isWhole }: LastAnswer): NextPageSign | undefined {
  if (!isFirst || !isWhole) return undefined;
  const found = Object.entries(headers).find(([name, value]) => {
    if (!/^\d{1,15}$/.test(value)) return false;
    return HEADER_PAGES.test(name) ? Number(value) > 1 : HEADER_RECORDS.test(name) && Number(value) > count;
  });
  if (found === undefined) return undefined;
  const [name, value] = found;
  const read = HEADER_PAGES.test(name)
    ? "1 page was read"
    : `${count === 1 ? "1 record was" : `${count} records were`} read`;
  return { at: name, seen: `the answer has \`${name}: ${value}\`, and ${read}` };
}

const HEADER_RECORDS = /^(?:x-)?(?:pagination-|wp-)?total(?:-(?:count|records|items|results))?$/i;
const HEADER_PAGES = /^(?:x-)?(?:pagination-|wp-)?(?:total-?pages|page-?count)$/i;

/**
 * The sign of a total, of records or of pages, that is larger than what a list has shown from its beginning to its end. On a list of several pages a
 * whole one must be missing: records come and go while it is read.
 */
export function totalSign(
  body: Json | undefined,
  { items, pages }: { readonly items: number; readonly pages: number },
): NextPageSign | undefined {
  const leaves = leavesAround(body);
  if (leaves.some((leaf) => saysLast(leaf) || (isNextName(leaf) && isEmpty(leaf.value)))) return undefined;
  const besides = new Set(listsOf(body).map(({ path }) => JSON.stringify(path.slice(0, -1))));
  const least = pages === 1 ? 1 : Math.ceil(items / pages);
  const leaf = leaves.find(({ path, value }) => {
    if (typeof value !== "number" || !Number.isSafeInteger(value)) return false;
    const around = path.slice(0, -1);
    // The total of something else has a place of its own: `quota.total`.
    if (!besides.has(JSON.stringify(around)) && !around.every((name) => PAGING_PLACES.test(name))) return false;
    const name = path.at(-1) ?? "";
    if (PAGE_TOTALS.test(name)) return pages === 1 && value > 1;
    return RECORD_TOTALS.test(name) && value >= items + least;
  });
  if (leaf === undefined) return undefined;
  const records = items === 1 ? "1 record" : `${items} records`;
  const read = PAGE_TOTALS.test(nameOf(leaf)) ? "1 page was read" : `${records} were read`;
  return { at: pathExpression(leaf.path), seen: `the answer has \`${shown(leaf)}\`, and ${read}` };
}

const nameOf = ({ path }: Leaf): string => path.at(-1) ?? "";

/** Of a text only its name: an address of a next page may hold a credential (S6). */
const shown = ({ path, value }: Leaf): string =>
  typeof value === "string" ? path.join(".") : `${path.join(".")}: ${JSON.stringify(value)}`;

/** Objects that hold what belongs to a list as a whole. */
const PAGING_PLACES =
  /^_?(?:meta|meta_?data|paging|pagination|paginator|pageable|page|page_?info|list|results?|response|data|info|hits|search|query|counts?|additional_?data|d)$/i;

const FLAG =
  /^(?:has_?)?(?:more|next)(?:_?(?:page|pages|results|records|items|rows|data|available|items_?in_?collection))?$/i;
const LAST = /^(?:is_?)?last(?:_?page)?$/i;

/** `has_more: false`, `isLast: true`. */
const saysLast = (leaf: Leaf): boolean =>
  (FLAG.test(nameOf(leaf)) && leaf.value === false) || (LAST.test(nameOf(leaf)) && leaf.value === true);

/** Words that say of what comes next that it is a page or the way to one; `next_run` and `nextSyncToken` are of something else. */
const PAGE_WORDS: ReadonlySet<string> = new Set(
  "page pages token cursor link links url uri href path offset skip start marker key continuation after from records results items bookmark query odata".split(
    " ",
  ),
);
/** Words that may stand beside those. */
const SIDE_WORDS: ReadonlySet<string> = new Set(["next", "number", "no", "id", "index", "x", "ms"]);

const wordsOf = (name: string): readonly string[] =>
  name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");

/** `next_cursor`, `nextPageToken`, `links.next`, `_links.next.href`, `x-next-page`, `continuationToken`. */
function isNextName({ path }: Leaf): boolean {
  const name = path.at(-1) ?? "";
  const words = wordsOf(name);
  const isOfPage = words.some((word) => PAGE_WORDS.has(word));
  if (!words.every((word) => PAGE_WORDS.has(word) || SIDE_WORDS.has(word))) return false;
  if (words.includes("continuation")) return true;
  if (words.includes("next")) return isOfPage || words.length === 1;
  return isOfPage && wordsOf(path.at(-2) ?? "").join(" ") === "next";
}

const isEmpty = (value: Json): boolean =>
  value === null ||
  value === false ||
  value === 0 ||
  (typeof value === "string" && /^(?:|0|-1|null|none|false|undefined)$/i.test(value.trim()));

function isNextPage(leaf: Leaf, hasRecords: boolean): boolean {
  const { value } = leaf;
  if (value === true || value === "true") return FLAG.test(nameOf(leaf));
  if (LAST.test(nameOf(leaf)) && value === false) return true;
  if (!isNextName(leaf) || isEmpty(value)) return false;
  // Numbers are counted on by some where nothing is.
  const isNumber = typeof value === "number" || (typeof value === "string" && /^\d+$/.test(value));
  return isNumber ? hasRecords && Number(value) > 0 : typeof value === "string";
}

const isFollowed = (leaf: Leaf, followed: readonly Expression[]): boolean =>
  followed.some(({ path, text }) =>
    path === undefined ? text.includes(nameOf(leaf)) : path.join(".") === leaf.path.join("."),
  );
