import { compareCursors } from "../core/cursor.ts";
import type { Counts } from "../core/events.ts";
import { allOf } from "../core/eventual.ts";
import { canonical } from "../core/fingerprint.ts";
import type { Json } from "../core/json.ts";
import { settleDuplicates } from "../core/key.ts";
import type { Checkpoint } from "../core/checkpoint.ts";
import type { Correction } from "../core/correction.ts";
import { PageRules } from "../core/page-rules.ts";
import { boundOfPage, higher, maximumOf, passedBy, upToPassed } from "../core/read-window.ts";
import type { InvalidRecord, SourceRecord } from "../core/record.ts";
import type { Page, PagePosition } from "../core/source.ts";
import type { Sync } from "../core/sync.ts";
import type { RunContext } from "./context.ts";
import { fetchPage, type FetchedPage } from "./page-fetch.ts";
import { recordOf } from "./source-record.ts";

/** A page as the pipeline takes it: records with keys and cursors, and what may be saved once it is settled. */
export interface ReadPage {
  readonly items: number;
  readonly records: readonly SourceRecord[];
  readonly invalid: readonly InvalidRecord[];
  /** Keys of records that another one of the page takes the place of (U11). */
  readonly superseded: readonly string[];
  /** The source says that its list goes on where reading ended. */
  readonly goesOn?: boolean;
  /** What is wrong of what the ledger knows of its records. */
  readonly corrections?: readonly Correction[];
  readonly end: Checkpoint;
}

/** A page of records that no page of the source is. */
export const pageOf = (items: readonly (SourceRecord | InvalidRecord)[], end: Checkpoint): ReadPage => ({
  items: items.length,
  records: items.filter((item) => "keyKind" in item),
  invalid: items.filter((item) => "code" in item),
  superseded: [],
  end,
});

/**
 * Reads pages from where `start` stands to the declared end, one page ahead of what is being worked on. Each page is checked
 * against the reading rules before any of it is used. Throws EvenkeelError when the read cannot go on.
 *
 * @param enough no page is asked for ahead once so many items are there; 0 where the next page may well not be wanted
 */
export async function* readPages(
  start: Checkpoint,
  context: RunContext,
  enough: number = Number.POSITIVE_INFINITY,
): AsyncGenerator<ReadPage> {
  const over = new AbortController();
  const [stop, kill] = [context.stop, context.kill].map((signal) => AbortSignal.any([signal, over.signal])) as [
    AbortSignal,
    AbortSignal,
  ];
  try {
    yield* eachPage(start, context, { ...context, stop, kill }, enough);
  } finally {
    // Whoever leaves off here, or is refused a page, wants no more of what was asked for ahead.
    over.abort();
  }
}

/** @param asking the context in which the source is asked */
async function* eachPage(
  start: Checkpoint,
  context: RunContext,
  asking: RunContext,
  enough: number,
): AsyncGenerator<ReadPage> {
  const { sync } = context;
  const rules = rulesOf(sync, start);
  const { clock } = context.ports;
  let end = start;
  let listedMs = clock.wallMs();
  let before: readonly Json[] = [];
  let keyed = 0;
  let isCut = false;
  let older = 0;
  let listed = 0;
  let ahead: Promise<FetchedPage> | undefined = fetchPage(
    { position: start.position, since: start.since, size: start.pageSize },
    asking,
  );
  for (let number = 1; ahead !== undefined; number++) {
    const fetched: FetchedPage = await ahead;
    const { page } = fetched;
    // The next page is on its way while this one is worked on; should this one break a rule, its error is the one that counts.
    const goOn = (): Promise<FetchedPage> | undefined =>
      page.next === undefined
        ? undefined
        : fetchPage({ position: page.next, since: start.since, size: fetched.size }, asking);
    listed += page.records.length;
    ahead = listed < enough ? goOn() : undefined;
    ahead?.catch(() => undefined);
    const items = await itemsOf(page, sync);
    const met = items.filter(isRecord);
    keyed += met.length;
    older += olderOf(met, start.since, sync);
    const warnings = rules.accept({
      page,
      items: items.length,
      keys: met.map(({ key }) => key),
      cursors: met.map(({ cursor }) => cursor),
      itemKeys: items.map(({ key }) => key),
    });
    for (const warning of warnings) context.say({ type: "warning", ...warning });
    if (rules.isCut && !isCut) context.notLevel(UNREAD);
    isCut = rules.isCut;
    const counted = countedOf(page, items, rules.hasShifted ? [] : before);
    before = page.records;
    if (page.listedBefore !== true) listedMs = clock.wallMs();
    context.counts.pages += 1;
    const { total, bytes, next } = page;
    const flawed = flawedOf(page);
    context.counts.read += counted.length + flawed.length;
    const isLast = next === undefined;
    context.say({ type: "page", page: number, records: counted.length, total, bytes, isLast });
    // P9: what may lie between the pages must not be passed by the cursor.
    if (!rules.hasShifted) end = endOf(end, page, { records: met, size: fetched.size, listedMs }, sync);
    const { kept, superseded, ambiguous } = settleDuplicates(counted.filter(isRecord), comparison(sync));
    const clashes = ambiguous.map(({ key, body }): InvalidRecord => ({
      key,
      code: "KEY_AMBIGUOUS",
      reason: `the key ${key} occurs as a number and as text`,
      body,
    }));
    yield {
      items: counted.length + flawed.length,
      records: kept,
      invalid: [...flawed, ...counted.filter((item): item is InvalidRecord => !isRecord(item)), ...clashes],
      superseded: superseded.map(({ key }) => key),
      goesOn: rules.goesOn !== undefined,
      end,
    };
    ahead ??= goOn();
    if (!isLast) continue;
    if (hasNoCursor(end, sync) && keyed > 0) context.say(noCursor(sync, keyed));
    if (keyed >= JUDGED_MIN && older > keyed / 2) context.say(cursorIgnored(sync, older, keyed, start.since));
    rules.conclude(page);
  }
}

const UNREAD = "the source has more pages than were read";

/** A misspelt field makes every run a full one, in silence. */
const hasNoCursor = ({ highest }: Checkpoint, { cursor }: Sync): boolean =>
  cursor !== undefined && highest === undefined;

const noCursor = ({ name, cursor }: Sync, keyed: number) =>
  ({
    type: "warning",
    code: "CURSOR_ABSENT",
    message: `none of the ${keyed === 1 ? "records" : `${keyed} records`} with a key has a value of \`cursor.field\` (${cursor?.field}), so every run reads everything`,
    next: `Check \`cursor.field\` against a record: \`evenkeel probe ${name}\` lists the fields of the source's records.`,
  }) as const;

/** Of fewer records, most may be older by chance, and reading them all costs little. */
const JUDGED_MIN = 20;

/** Records that changed before what the source was asked for. */
function olderOf(records: readonly SourceRecord[], since: string | undefined, sync: Sync): number {
  const compare = comparison(sync);
  if (since === undefined || compare === undefined) return 0;
  return records.filter(({ cursor }) => cursor !== undefined && compare(cursor, since) < 0).length;
}

/** An API takes a parameter that it does not know for none, and answers with everything. */
const cursorIgnored = ({ name }: Sync, older: number, keyed: number, since: string | undefined) =>
  ({
    type: "warning",
    code: "CURSOR_IGNORED",
    message: `${older} of ${keyed} records are older than what was asked for (since ${since}): the source seems to ignore \`cursor.param\`, so every run reads everything`,
    next: `Compare \`cursor.param\` with the API's documentation; \`evenkeel probe ${name}\` tries it.`,
  }) as const;

const rulesOf = (sync: Sync, { since, position }: Checkpoint): PageRules =>
  new PageRules({
    sortedBy: sync.cursor?.sorted === true ? comparison(sync) : undefined,
    pagesMax: sync.pagesMax,
    isWhole: since === undefined && position === undefined,
    paging: sync.source.paging,
  });

/** Order of two cursor values of this sync; undefined without a cursor. */
export function comparison({ cursor }: Pick<Sync, "cursor">): ((a: string, b: string) => number) | undefined {
  return cursor && ((a, b) => compareCursors(cursor.type, a, b));
}

/** What the items of a page are, in its order: records, or why they are none. */
async function itemsOf(
  { records, duplicateNames }: Page,
  sync: Sync,
): Promise<readonly (SourceRecord | InvalidRecord)[]> {
  const making = allOf(records.map((item, index) => recordOf(item, duplicateNames.has(index), sync)));
  return making instanceof Promise ? await making : making;
}

/** What stands among the rejects in the place of records that could not be read. */
const flawedOf = ({ flawed = [] }: Page): readonly InvalidRecord[] =>
  flawed.map(({ reason, body }) => ({ key: undefined, code: "PARENT_UNUSABLE", reason, body }));

const isRecord = (item: SourceRecord | InvalidRecord): item is SourceRecord => !("code" in item);

/**
 * What passes the filter, and was not on the page before as it is now (P3, P9). The reading rules and the cursor go by all that the page has.
 */
function countedOf(
  { records, overlap = 0 }: Page,
  items: readonly (SourceRecord | InvalidRecord)[],
  before: readonly Json[],
): readonly (SourceRecord | InvalidRecord)[] {
  const tail = overlap === 0 ? [] : before.slice(-overlap);
  const isShown = (index: number): boolean => {
    const [was, is] = [tail[index], records[index]];
    return was !== undefined && is !== undefined && canonical(was) === canonical(is);
  };
  return items.filter((item, index) => item.isExcluded !== true && !isShown(index));
}

interface Shown {
  readonly records: readonly SourceRecord[];
  readonly size: number | undefined;
  /** The local clock when the list was there that shows them. */
  readonly listedMs: number;
}

/** What may be saved once everything up to the end of this page is settled (P2, P3). */
function endOf(before: Checkpoint, page: Page, { records, size, listedMs }: Shown, { cursor: spec }: Sync): Checkpoint {
  const position: PagePosition | undefined = page.next;
  if (spec === undefined) return { ...before, position, pageSize: size };
  const maximum = maximumOf(
    spec,
    records.map(({ cursor }) => cursor),
  );
  const moment = { dateMs: page.dateMs, nowMs: listedMs, readStartedMs: before.startedMs };
  const safe = boundOfPage(spec, maximum, { ...moment, isFirst: before.position === undefined });
  const passed = passedBy(spec, before, maximum, moment);
  const pendingCursor = higher(spec, before.pendingCursor, safe);
  const highest = higher(spec, before.highest, maximum);
  // Sorted input makes every page a place to go on from; otherwise the cursor moves when the read is complete.
  const cursor =
    spec.sorted && before.kind === "incremental"
      ? higher(spec, before.cursor, upToPassed(spec, pendingCursor, { ...before, ...passed }))
      : before.cursor;
  return { ...before, ...passed, position, pendingCursor, highest, cursor, pageSize: size };
}

/** Why a read that found nothing found nothing, in words; undefined when it found something. */
export function whyNothing(
  read: { readonly since: string | undefined },
  counts: Readonly<Counts>,
  sync: Sync,
): string | undefined {
  if (counts.read > 0 || counts.pages === 0) return undefined;
  if (read.since !== undefined)
    return `the source has no record whose ${sync.cursor?.field} is ${read.since} or later: nothing has changed since the last run`;
  return "the source answered with an empty list: if it should not be empty, check `query` (many lists leave out drafts, closed or archived records) with `evenkeel plan --trace`";
}
