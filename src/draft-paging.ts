import { EvenkeelError } from "./core/errors.ts";
import { inputPaths } from "./config/input-paths.ts";
import { isObject, member, type Json, type JsonObject } from "./core/json.ts";
import { likelyTotal, pagingClues, type LikelyPagination } from "./core/paging-clue.ts";
import {
  askedPaging,
  ODATA_FAMILY,
  paginationsOf,
  SIZE_FAMILIES,
  UNSIZED_STEPS,
  type SizeFamily,
} from "./core/paging-guess.ts";
import { likelyList, pathExpression } from "./core/record-list.ts";
import type { FirstPages } from "./pipeline/first-pages.ts";
import type { DraftReader, DraftSource } from "./draft-reading.ts";

/** The first answer, read without any paging. */
export interface FirstAnswer {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Json;
  /** The keys of its records, in order. */
  readonly keys: readonly string[];
}

/** How a list is paged, and how sure that is. */
export interface FoundPaging {
  readonly source: DraftSource;
  /** As the beginning of a sentence. */
  readonly seen: string;
  /** `tried`: one page was seen to lead to the next. `supposed`: all fits into one page, so nothing was to be seen. `none`: there is no sign of any. */
  readonly certainty: "tried" | "supposed" | "none";
  /** The read that it was tried with. */
  readonly pages: FirstPages | undefined;
  /** A member that is there for the next page alone, and may be left out on the last one, which was not seen. */
  readonly mayBeLeftOut?: string;
}

/** Requests for guesses, so that an API that says nothing is not asked for ever. */
const REQUESTS_MAX = 40;

/** Pages of so many records are asked for in the end: most APIs give as many. */
const PAGE_SIZE = 100;

/** Records a page while paging is tried. */
const TRIAL_SIZE_MAX = 20;

const PAGES = 3;

/**
 * Finds out how a list is paged: by what the answer gives away, then by the parameters in the address, then by those that APIs usually have. Each is
 * tried by reading, and counts only when the second page follows the first. Throws EvenkeelError only for what ends everything.
 */
export async function findPaging(reader: DraftReader, plain: DraftSource, first: FirstAnswer): Promise<FoundPaging> {
  const found = (await byClue(reader, plain, first)) ?? (await byGuess(reader, plain, first));
  return found ?? { source: plain, seen: "the answer gives no sign of paging", certainty: "none", pages: undefined };
}

async function byClue(reader: DraftReader, plain: DraftSource, first: FirstAnswer): Promise<FoundPaging | undefined> {
  let supposed: FoundPaging | undefined;
  for (const { pagination, seen, isCertain } of pagingClues({ ...first, key: plain.key[0] })) {
    if (reader.requests > REQUESTS_MAX) break;
    if (pagination.type === "page" || pagination.type === "offset") {
      const found = await numbered(reader, plain, first, {
        paginations: numberedOf(pagination, first),
        seen,
        isClue: true,
      });
      if (found !== undefined) return found;
      continue;
    }
    const tried = await trial(reader, { ...plain, pagination });
    if (tried === undefined) continue;
    const { source, pages } = tried;
    if (leads(pages)) {
      const mayBeLeftOut = holderAlone(source.pagination, pages);
      return { source, seen, certainty: "tried", pages, ...(mayBeLeftOut === undefined ? {} : { mayBeLeftOut }) };
    }
    if (pages.pages.length === 1 && pages.pages[0]?.page.next === undefined) {
      supposed ??= { source, seen, certainty: "supposed", pages };
      if (isCertain) break;
    }
  }
  return supposed;
}

type Numbered = Extract<LikelyPagination, { readonly param: string; readonly total?: string }>;

/** What an answer repeats of its paging, with pages that are small enough for several; without a size too, should it not be taken. */
function numberedOf(pagination: Numbered, { keys }: FirstAnswer): readonly LikelyPagination[] {
  const { size, ...bare } = pagination;
  const sized = size === undefined ? [] : [{ ...bare, size: { param: size.param, value: trialSize(keys.length) } }];
  return [...sized, bare];
}

/** A third of what there is, so that three pages can be seen. */
const trialSize = (records: number): number => Math.max(1, Math.min(TRIAL_SIZE_MAX, Math.floor(records / PAGES)));

/** Tries numbered paginations, in order; then asks for pages of the usual size, and for the total. */
async function numbered(
  reader: DraftReader,
  plain: DraftSource,
  first: FirstAnswer,
  {
    paginations,
    seen,
    isClue,
  }: { readonly paginations: readonly LikelyPagination[]; readonly seen: string; readonly isClue: boolean },
): Promise<FoundPaging | undefined> {
  const query = withoutPaging(plain);
  for (const pagination of paginations) {
    if (reader.requests > REQUESTS_MAX) return undefined;
    const tried = await trial(reader, { ...plain, query, pagination });
    if (tried === undefined || !continues(tried.pages, first)) continue;
    const isTried = leads(tried.pages);
    if (!isTried && !isClue) continue;
    const counted = { ...tried.source, pagination: withTotal(pagination, tried.pages) };
    const source = await settled(reader, counted, [askedPaging(plain.query).size ?? PAGE_SIZE, first.keys.length]);
    return { source, seen, certainty: isTried ? "tried" : "supposed", pages: tried.pages };
  }
  return undefined;
}

/** The query without what a pagination sets. */
function withoutPaging({ query }: DraftSource): DraftSource["query"] {
  const { params } = askedPaging(query);
  return Object.fromEntries(Object.entries(query).filter(([name]) => !params.includes(name)));
}

function withTotal(pagination: LikelyPagination, { pages }: FirstPages): LikelyPagination {
  const body = pages[0]?.body;
  if (body === undefined || (pagination.type !== "page" && pagination.type !== "offset")) return pagination;
  const met = pages.reduce((sum, { page }) => sum + page.records.length, 0);
  const total =
    pagination.type === "page" ? likelyTotal(body, "pages", pages.length) : likelyTotal(body, "records", met);
  return total === undefined ? pagination : { ...pagination, total };
}

/** The same with pages of the first of these sizes that the API takes, or of that which it caps them to; else as it was tried. */
async function settled(reader: DraftReader, source: DraftSource, sizes: readonly number[]): Promise<DraftSource> {
  const { pagination } = source;
  if (pagination.type === "none" || pagination.size === undefined) return source;
  const { param } = pagination.size;
  for (const value of new Set(sizes)) {
    const tried = await trial(reader, { ...source, pagination: { ...pagination, size: { param, value } } });
    const length = tried === undefined ? 0 : lengthOf(tried.pages);
    if (tried === undefined || length === 0 || length > value) continue;
    const isCapped = length < value && (tried.pages.pages[1]?.keys.length ?? 0) > 0;
    return isCapped ? { ...tried.source, pagination: { ...pagination, size: { param, value: length } } } : tried.source;
  }
  return source;
}

/** Tries what APIs usually call the parameters of paging; nothing to be seen in a list of one record. */
async function byGuess(reader: DraftReader, plain: DraftSource, first: FirstAnswer): Promise<FoundPaging | undefined> {
  if (first.keys.length < 2) return undefined;
  const size = trialSize(first.keys.length);
  const asked = askedPaging(plain.query).family;
  const family = asked ?? (await familyOf(reader, plain, first, size));
  if (family !== undefined) {
    const seen = `the API takes \`${family.size}\``;
    const found = await numbered(reader, plain, first, {
      paginations: paginationsOf(family, size),
      seen,
      isClue: false,
    });
    if (found !== undefined) return found;
  }
  for (const [type, param] of UNSIZED_STEPS) {
    const seen = `the API takes \`${param}\``;
    const found = await numbered(reader, plain, first, { paginations: [{ type, param }], seen, isClue: false });
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Which of the usual parameters the size of a page is asked with: all of them at once, since most APIs ignore what they do not know; then half of
 * those, and so on. An API that refuses what it does not know is asked with one after the other.
 */
async function familyOf(
  reader: DraftReader,
  plain: DraftSource,
  first: FirstAnswer,
  size: number,
): Promise<SizeFamily | undefined> {
  const takes = async (families: readonly SizeFamily[]): Promise<boolean | undefined> => {
    const sizes = families.map((family) => [family.size, [String(size)]] as const);
    const query = { ...withoutPaging(plain), ...Object.fromEntries(sizes) };
    const tried = await trial(reader, { ...plain, query }, 1);
    return tried && lengthOf(tried.pages) === size && startsAs(tried.pages, first);
  };
  const all = await takes(SIZE_FAMILIES);
  if (all === false) return (await takes([ODATA_FAMILY])) === true ? ODATA_FAMILY : undefined;
  let left = SIZE_FAMILIES;
  if (all === undefined) {
    for (const family of [...SIZE_FAMILIES.slice(0, SINGLY_MAX), ODATA_FAMILY])
      if ((await takes([family])) === true) return family;
    return undefined;
  }
  while (left.length > 1) {
    const half = left.slice(0, Math.ceil(left.length / 2));
    left = (await takes(half)) === true ? half : left.slice(half.length);
  }
  return left[0];
}

/** Parameters that an API which refuses unknown ones is asked with, one after the other. */
const SINGLY_MAX = 5;

/** A source as it was tried, and what was read with it. */
interface Tried {
  readonly source: DraftSource;
  readonly pages: FirstPages;
}

/** Reads a source that is tried; undefined when the API does not take it. Throws what says nothing of the trial: no way to the API, or Ctrl-C. */
async function trial(reader: DraftReader, source: DraftSource, max = PAGES): Promise<Tried | undefined> {
  try {
    const pages = await reader.read(source, { max });
    if (pages.broken === undefined) return { source, pages };
    const ending = untilLeftOut(source, pages);
    if (ending !== undefined) {
      const ended = await reader.read(ending, { max });
      return ended.broken === undefined ? { source: ending, pages: ended } : undefined;
    }
    // Some APIs put the list into an object once they are asked for pages.
    const list = pages.pages.length === 0 ? likelyList(pages.brokenBody) : undefined;
    if (list === undefined || list.items.length === 0 || pathExpression(list.path) === source.records) return undefined;
    const moved = { ...source, records: pathExpression(list.path) };
    const again = await reader.read(moved, { max });
    return again.broken === undefined ? { source: moved, pages: again } : undefined;
  } catch (thrown) {
    const { code } = EvenkeelError.from(thrown);
    if (code === "API_UNREACHABLE" || code === "RUN_INTERRUPTED" || code === "INVARIANT" || code.startsWith("CONFIG_"))
      throw thrown;
    return undefined;
  }
}

/** The outermost member of where the next page is said, where that lies within one, and nothing else says whether there is one. */
function holderOf(pagination: LikelyPagination): string | undefined {
  if (!("next" in pagination) || pagination.more !== undefined) return undefined;
  const [[holder, ...inner] = []] = inputPaths(pagination.next);
  return inner.length === 0 ? undefined : holder?.name;
}

/** The same source, for an API that was seen to leave out what holds the next page's token on its last page (P5: no other page has an end). */
function untilLeftOut(source: DraftSource, { pages, broken, brokenBody }: FirstPages): DraftSource | undefined {
  const { pagination } = source;
  const holder = holderOf(pagination);
  const isSeen = pages.length > 0 && broken?.code === "READ_NEXT_INVALID";
  if (holder === undefined || !isSeen || member(brokenBody, holder) !== undefined) return undefined;
  const more = `$exists(${pathExpression([holder])})`;
  return { ...source, pagination: { ...pagination, more } as LikelyPagination };
}

/** What holds the next page's token and nothing else, while the end of the list was not seen. */
function holderAlone(pagination: LikelyPagination, { pages }: FirstPages): string | undefined {
  const holder = holderOf(pagination);
  const held = holder === undefined ? undefined : member(pages[0]?.body, holder);
  const isAlone = isObject(held) && Object.keys(held).length === 1;
  return isAlone && pages.at(-1)?.page.next !== undefined ? holder : undefined;
}

/** The records that were read. */
export const recordsOf = ({ pages }: FirstPages): readonly JsonObject[] =>
  pages.flatMap(({ page }) => page.records).filter((item): item is JsonObject => isObject(item));

const lengthOf = ({ pages }: FirstPages): number => pages[0]?.page.records.length ?? 0;

const keysOf = ({ pages }: FirstPages): readonly (string | undefined)[] => pages.flatMap(({ keys }) => keys);

/** The second page has records, and none of the first. */
function leads({ pages }: FirstPages): boolean {
  const [one, two] = pages;
  if (one === undefined || two === undefined || two.keys.length === 0) return false;
  const met = new Set(one.keys);
  return two.keys.every((key) => !met.has(key));
}

const startsAs = (pages: FirstPages, { keys }: FirstAnswer): boolean => pages.pages[0]?.keys[0] === keys[0];

/** It begins where the list begins, and goes on as the list does, as far as that was seen: with other records, or with none. */
function continues(pages: FirstPages, { keys }: FirstAnswer): boolean {
  const read = keysOf(pages);
  const isSame = read.slice(0, keys.length).every((key, index) => key === keys[index]);
  return read.length > 0 && isSame && (leads(pages) || pages.pages.slice(1).every((page) => page.keys.length === 0));
}
