import { cursorFacts } from "../core/cursor-facts.ts";
import { observeCursor, observeFuture } from "../core/cursor-observations.ts";
import { EvenkeelError } from "../core/errors.ts";
import type { Counts } from "../core/events.ts";
import { isObject, type Json, type JsonObject } from "../core/json.ts";
import { observeLimits } from "../core/limit-observations.ts";
import { fact, type Observation } from "../core/observation.ts";
import { pagingClues } from "../core/paging-clue.ts";
import { observePaging } from "../core/paging-observations.ts";
import type { Headers, Quota } from "../core/rate-limit.ts";
import {
  observeKey,
  observeList,
  observeMapping,
  observeMatch,
  observeUndeclaredCursor,
  type DeclaredRecords,
} from "../core/record-observations.ts";
import { fieldsOf, type FieldShape } from "../core/record-shape.ts";
import type { Live, Sync } from "../core/sync.ts";
import type { RunContext } from "./context.ts";
import { firstPages, isListed, type FirstPages } from "./first-pages.ts";
import { emptyLedger, lookingContext } from "./looking.ts";
import type { Ports } from "./ports.ts";
import { askSince, cursorsOf } from "./since-question.ts";
import { lookSingle } from "./single-look.ts";

/** One end of a sync, as it is declared and was found. */
export interface ProbedEnd {
  readonly connection: string;
  readonly pages: number;
  readonly records: number;
  /** The end of the list was seen. */
  readonly isWhole: boolean;
  readonly fields: readonly FieldShape[];
}

/** What a probe of one sync came to. */
export interface Probed {
  readonly sync: string;
  /** Undefined when it could not be read at all. */
  readonly source: ProbedEnd | undefined;
  /** Undefined where nothing can be read of it, too. */
  readonly destination: ProbedEnd | undefined;
  readonly troubles: number;
  readonly advice: number;
  readonly requests: number;
  readonly error: EvenkeelError | undefined;
}

export interface Observed extends Observation {
  readonly sync: string;
  readonly end: "source" | "destination";
}

/** What the config declares, as it is written. */
export interface Declared {
  readonly source: DeclaredEnd & {
    readonly cursor: (DeclaredRecords["cursor"] & { readonly param: string }) | undefined;
  };
  /** The destination's list; undefined where none is declared. */
  readonly list: DeclaredEnd | undefined;
  readonly hasEtagPrecondition: boolean;
}

interface DeclaredEnd extends Pick<DeclaredRecords, "records" | "key"> {
  readonly hasTotal: boolean;
  readonly ratePerSecond: number | undefined;
}

export type ProbePorts = Pick<Ports, "clock" | "chance"> & {
  /** Of this sync, counted as it goes on. */
  readonly counts: Counts;
  /** What an answer's headers announce of limits. */
  readonly quotasOf: (headers: Headers) => readonly Quota[];
};

/** Enough to see how one page leads to the next, and whether the third is another one than the second. */
const PAGES = 3;

/**
 * Reads a little of both ends of a sync, as a run would, and tells what they really do. Sends nothing but what is declared for reading, writes to
 * neither API and to no ledger. Never throws for what an API does.
 */
export async function probeSync(
  sync: Sync,
  ports: ProbePorts,
  { declared, stop }: { readonly declared: Declared; readonly stop: AbortSignal },
  emit: (observed: Observed) => void,
): Promise<Probed> {
  const { counts } = ports;
  const found: { source?: ProbedEnd; destination?: ProbedEnd; error?: EvenkeelError } = {};
  const tally = { fact: 0, advice: 0, trouble: 0 };
  const tellOf =
    (end: Observed["end"]) =>
    (observations: readonly Observation[]): void => {
      for (const observation of observations) {
        tally[observation.weight] += 1;
        emit({ ...observation, sync: sync.name, end });
      }
    };
  const ledger = emptyLedger(sync.name);
  const context = lookingContext(sync, { ...ports, ledger }, counts, stop, { number: 0, kind: "full" });
  let records: readonly JsonObject[] = [];
  try {
    [found.source, records] = await probeSource(context, ports, declared, tellOf("source"));
  } catch (thrown) {
    found.error = EvenkeelError.from(thrown);
  }
  // One end that cannot be read says nothing of the other.
  try {
    const destination = await probeDestination(context, ports, declared, records, tellOf("destination"));
    if (destination !== undefined) found.destination = destination;
  } catch (thrown) {
    found.error ??= EvenkeelError.from(thrown);
  }
  const { source, destination, error } = found;
  const { trouble: troubles, advice } = tally;
  return { sync: sync.name, source, destination, troubles, advice, requests: counts.requests, error };
}

type Tell = (observations: readonly Observation[]) => void;

async function probeSource(
  context: RunContext,
  ports: ProbePorts,
  { source: declared }: Declared,
  tell: Tell,
): Promise<readonly [ProbedEnd, readonly JsonObject[]]> {
  const { sync } = context;
  const keyOf = async (item: Json): Promise<string | undefined> => {
    const reading = isObject(item) ? await sync.key(item) : undefined;
    return reading?.ok === true ? reading.key : undefined;
  };
  const first = await firstPages(context, keyOf, { since: undefined, max: PAGES });
  const records = observeEnd(first, { paging: sync.source.paging, end: "source" }, declared, ports, tell);
  const { cursor } = sync;
  if (cursor === undefined) tell(observeUndeclaredCursor(records, undefined));
  else {
    // A page that was shown before says nothing of the order.
    const values = await cursorsOf(first.sound, cursor);
    const facts = cursorFacts(cursor.type, values);
    tell(observeCursor(cursor, facts));
    const dateMs = first.pages.at(-1)?.page.dateMs;
    tell(observeFuture(cursor, values.flat(), dateMs === undefined ? undefined : new Date(dateMs).toISOString()));
    if (declared.cursor !== undefined)
      tell(
        await askSince(context, {
          cursor,
          param: declared.cursor.param,
          values: values.flat(),
          isAscending: facts.order === "ascending",
        }),
      );
  }
  for (const record of records) await sync.mapping.map(record);
  tell(observeMapping(sync.mapping.absentPaths(), records.length));
  tell(await lookSingle.source(context, records));
  return [endOf(sync.source.connection, first, records), records];
}

async function probeDestination(
  context: RunContext,
  ports: ProbePorts,
  declared: Declared,
  records: readonly JsonObject[],
  tell: Tell,
): Promise<ProbedEnd | undefined> {
  const { sync } = context;
  const { live } = sync;
  let probed: ProbedEnd | undefined;
  if (live !== undefined && declared.list !== undefined) {
    const first = await firstPages(readingList(context, live), matchOf(live), { since: undefined, max: PAGES });
    const listed = observeEnd(first, { paging: live.source.paging, end: "destination" }, declared.list, ports, tell);
    probed = endOf(live.source.connection, first, listed);
  }
  tell(await lookSingle.destination(context, records, declared.hasEtagPrecondition));
  return probed;
}

/** The destination's list is read as a source is, with its own connection's retries. */
function readingList(context: RunContext, live: Live): RunContext {
  const { sync } = context;
  return {
    ...context,
    sync: { ...sync, source: live.source, retry: { ...sync.retry, source: sync.retry.destination } },
  };
}

const matchOf =
  (live: Live) =>
  async (item: Json): Promise<string | undefined> => {
    const reading = isObject(item) ? await live.match(item) : undefined;
    return reading?.ok === true ? reading.key : undefined;
  };

/** What the first pages of a list tell by themselves; gives their records. */
function observeEnd(
  { pages, broken, goesOn, brokenBody }: FirstPages,
  { paging, end }: { readonly paging: Sync["source"]["paging"]; readonly end: Observed["end"] },
  declared: DeclaredEnd,
  { quotasOf }: ProbePorts,
  tell: Tell,
): readonly JsonObject[] {
  const listed = pages.filter(isListed);
  const items = listed.flatMap(({ page, keys }) =>
    page.records.slice(page.overlap ?? 0).map((item, index) => ({ item, key: keys[index + (page.overlap ?? 0)] })),
  );
  const kept = items.filter((each): each is typeof each & { readonly item: JsonObject } => isObject(each.item));
  const records = kept.map(({ item }) => item);
  const headers = pages[0]?.page.evidence.answer?.headers ?? broken?.evidence?.answer?.headers;
  const body = listed[0]?.body ?? brokenBody;
  const [key] = declared.key;
  const clues = headers === undefined || body === undefined ? [] : pagingClues({ headers, body, key });
  tell(
    observePaging({
      paging,
      pages: listed,
      broken,
      clues,
      goesOn,
      hasTotal: declared.hasTotal,
      mayBeEmpty: end === "destination",
    }),
  );
  tell(observeList(body, declared.records, listed.length === 0 ? undefined : items.map(({ item }) => item)));
  const [unique, uniqueKeys] = firstOfEach(kept);
  tell((end === "destination" ? observeMatch : observeKey)(unique, uniqueKeys, declared.key));
  if (headers === undefined) return records;
  const type = headers["content-type"];
  tell([fact("answer", type === undefined ? "without a `Content-Type`" : `\`${type}\``)]);
  tell(observeLimits(headers, quotasOf(headers), declared.ratePerSecond));
  return records;
}

/** A record that came on two pages is one record: that is paging's trouble, and not the key's. */
function firstOfEach(
  kept: readonly { readonly item: JsonObject; readonly key: string | undefined }[],
): readonly [readonly JsonObject[], readonly (string | undefined)[]] {
  const met = new Set<string>();
  const unique = kept.filter(({ item }) => {
    const text = JSON.stringify(item);
    const isNew = !met.has(text);
    met.add(text);
    return isNew;
  });
  return [unique.map(({ item }) => item), unique.map(({ key }) => key)];
}

const endOf = (connection: string, { pages }: FirstPages, records: readonly JsonObject[]): ProbedEnd => ({
  connection,
  pages: pages.filter(isListed).length,
  records: records.length,
  isWhole: pages.at(-1)?.page.next === undefined,
  fields: fieldsOf(records),
});
