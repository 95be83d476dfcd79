import { flowText } from "./config-text.ts";
import type { EvenkeelError } from "./errors.ts";
import type { Json } from "./json.ts";
import { advice, counted, fact, listed, trouble, type Observation } from "./observation.ts";
import type { NextPageSign } from "./next-page-sign.ts";
import { likelyTotal, type PagingClue } from "./paging-clue.ts";
import type { Page, Paging } from "./source.ts";

/** A page as a probe read it. */
export interface SampledPage {
  readonly page: Pick<Page, "records" | "next" | "total" | "overlap" | "begins">;
  /** Of each item its key; undefined where it has none. */
  readonly keys: readonly (string | undefined)[];
  /** The page size that was asked for; undefined where the source decides. */
  readonly asked: number | undefined;
  readonly body: Json | undefined;
}

export interface PagingSample {
  readonly paging: Paging;
  readonly pages: readonly SampledPage[];
  /** The rule of reading that a page broke, and why the read ended there. */
  readonly broken: EvenkeelError | undefined;
  /** What the first answer gives away. */
  readonly clues: readonly PagingClue[];
  /** What says that the list goes on, though it ends as it is declared. */
  readonly goesOn: NextPageSign | undefined;
  /** An empty list is nothing odd: the destination's, before the first run. */
  readonly mayBeEmpty: boolean;
  /** A total is declared. */
  readonly hasTotal: boolean;
}

/** What paging really did, held against what is declared. */
export function observePaging(sample: PagingSample): readonly Observation[] {
  const { pages, broken, paging } = sample;
  const seen = [...(pages.length === 0 ? [] : [read(pages)]), ...(broken === undefined ? [] : [brokenRule(broken)])];
  const [first] = pages;
  if (first === undefined) return seen;
  const left = unread(sample);
  if (pages.length === 1 && first.page.records.length === 0)
    return [...seen, ...(left.length > 0 ? left : sample.mayBeEmpty ? [] : [EMPTY])];
  // With a list for each parent, the sizes of pages say how many children there are.
  const isNested = pages.some(({ page }) => page.begins === true);
  const whole = broken === undefined ? [...repeats(pages), ...unseen(sample)] : [];
  if (isNested) return [...seen, ...whole, ...left];
  const end = paging.type === "none" ? unpaged(sample, left) : left;
  return [...seen, ...sizes(sample), ...whole, ...totals(sample), ...end];
}

const EMPTY = advice(
  "paging",
  "the list is empty, so nothing can be told of its records",
  "Check `request` and `query`: many lists leave out drafts, closed or archived records.",
);

function read(pages: readonly SampledPage[]): Observation {
  const lengths = pages.map(({ page }) => page.records.length);
  const isLast = pages.at(-1)?.page.next === undefined;
  const end = isLast ? "that is all" : "and there is a next one";
  const isEven = lengths.every((length) => length === lengths[0]);
  const many =
    pages.length === 1
      ? `1 page of ${counted(lengths[0] ?? 0, "record")}`
      : isEven
        ? `${pages.length} pages of ${counted(lengths[0] ?? 0, "record")} each`
        : `${pages.length} pages of ${listed(lengths.map(String))} records`;
  return fact("paging", `${many}; ${end}`);
}

const brokenRule = (error: EvenkeelError): Observation =>
  trouble(
    "paging",
    `a run would end here: ${error.message} (${error.code})`,
    error.next ?? "Compare `pagination` with the API's documentation.",
  );

/** Sizes asked for and got. */
function sizes({ pages, paging }: PagingSample): readonly Observation[] {
  // The last page may be shorter than any, and so says nothing of a cap.
  const whole = pages.filter(({ page }) => page.next !== undefined && page.records.length > 0);
  const asked = pages[0]?.asked;
  if (asked === undefined) return [];
  const longest = Math.max(...pages.map(({ page }) => page.records.length));
  if (longest > asked)
    return [
      advice(
        "paging",
        `${asked} were asked for and ${longest} came: the API does not take the size`,
        "Check `pagination.size.param`, or leave `size` out.",
      ),
    ];
  const shortest = Math.min(...whole.map(({ page }) => page.records.length));
  const isFull = whole.some(({ page }) => page.records.length === asked);
  if (whole.length === 0 || isFull || !isCapped(pages))
    return whole.length > 0 && isFull ? [fact("paging", `pages of ${asked} were asked for, and came`)] : [];
  return [
    advice(
      "paging",
      `${asked} were asked for and ${shortest} came: the API caps its pages`,
      paging.type === "page"
        ? `Declare \`size: { value: ${shortest} }\`, which is what page numbers count by.`
        : `Declare \`size: { value: ${shortest} }\`: more is not to be had.`,
    ),
  ];
}

/** A page is followed by another one that has records, so that it was not the end of the list that made it short. */
const isCapped = (pages: readonly SampledPage[]): boolean =>
  pages.slice(1).some(({ page }) => page.records.length > (page.overlap ?? 0));

/** Records that an earlier page has shown. */
function repeats(pages: readonly SampledPage[]): readonly Observation[] {
  if (pages.length < 2) return [];
  const met = new Set<string>();
  let again = 0;
  for (const { keys, page } of pages) {
    const fresh = keys.slice(page.overlap ?? 0).filter((key) => key !== undefined);
    again += fresh.filter((key) => met.has(key)).length;
    for (const key of fresh) met.add(key);
  }
  if (again === 0) return [fact("paging", "no record is on two pages")];
  return [
    advice(
      "paging",
      `${counted(again, "record")} came on a later page again: the order of the list is not stable, or its records move`,
      "Ask for an order that does not change, by id or time of creation (a `query` such as `sort: id`).",
    ),
  ];
}

/** What so few pages cannot tell: how the list ends, and whether it goes round in a circle further on. */
function unseen({ pages, paging }: PagingSample): readonly Observation[] {
  if (pages.at(-1)?.page.next === undefined) return [];
  const isFollowed = paging.type === "cursor" || paging.type === "nextUrl";
  const hasEmpty = pages.some(({ page }) => page.records.length === 0);
  if (isFollowed && hasEmpty && paging.tellsMore !== true)
    return [
      advice(
        "paging",
        "an empty page names a next one: it may be in the middle of the list, or `next` is never absent, and a run finds no end",
        `If an empty page is the end, declare \`pagination.more: $count(${paging.records ?? "$"}) > 0\`.`,
      ),
    ];
  const text = `the end was not seen: what the last page looks like, and whether later pages go round in a circle, only a run tells`;
  return [fact("paging", text)];
}

/** What the source announces of the whole. */
function totals({ pages, hasTotal, paging }: PagingSample): readonly Observation[] {
  const [first] = pages;
  const announced = first?.page.total;
  const met = pages.reduce((sum, { page }) => sum + page.records.length - (page.overlap ?? 0), 0);
  if (announced !== undefined) return [fact("paging", `the source announces ${counted(announced, "record")}`)];
  if (hasTotal || first?.body === undefined || (paging.type !== "page" && paging.type !== "offset")) return [];
  const of = paging.type === "page" ? "pages" : "records";
  const total = likelyTotal(first.body, of, of === "pages" ? pages.length : met);
  if (total === undefined || /^count$/.test(total)) return [];
  return [
    advice(
      "paging",
      `the answer has \`${total}\`, which looks like the total of ${of}`,
      `Declare \`pagination.total: ${total}\`: then the last page needs no further request, and a list that is cut short is noticed.`,
    ),
  ];
}

/** Sizes that APIs cut their lists to where none is asked for. */
const USUAL_SIZES: ReadonlySet<number> = new Set([10, 20, 25, 30, 50, 100, 200, 250, 500, 1_000, 2_000, 5_000]);

/** P5: what is declared says that the list ends, and its answer that it goes on. */
function unread({ goesOn, clues, paging }: PagingSample): readonly Observation[] {
  if (goesOn === undefined) return [];
  const clue = clues.find(({ pagination, seen }) => `${flowText(pagination)} ${seen}`.includes(goesOn.at));
  const next = clue !== undefined && "next" in clue.pagination ? clue.pagination.next : undefined;
  const change =
    clue === undefined
      ? "Compare `pagination` with the API's documentation."
      : next !== undefined && clue.pagination.type === paging.type
        ? `Declare \`pagination.next: ${next}\`.`
        : `Declare \`pagination: ${flowText(clue.pagination)}\`.`;
  return [
    trouble("paging", `by what is declared the list ends here, and ${goesOn.seen}: the rest would not be read`, change),
  ];
}

/** One page is declared to be all there is. */
function unpaged({ clues, pages }: PagingSample, left: readonly Observation[]): readonly Observation[] {
  const clue = clues.find(({ pagination }) => pagination.type !== "none");
  if (clue !== undefined)
    return [
      trouble(
        "paging",
        `no \`pagination\` is declared, and ${clue.seen}: only the first page would be read`,
        `Declare \`pagination: ${flowText(clue.pagination)}\`.`,
      ),
    ];
  if (left.length > 0) return left;
  const length = pages[0]?.page.records.length ?? 0;
  if (!USUAL_SIZES.has(length)) return [];
  return [
    advice(
      "paging",
      `no \`pagination\` is declared, and exactly ${length} records came: there may be more`,
      "Look for paging in the API's documentation and declare `pagination`.",
    ),
  ];
}
