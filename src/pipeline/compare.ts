import { unheldFields } from "../core/difference.ts";
import type { DriftOf } from "../core/drift.ts";
import { allOf } from "../core/eventual.ts";
import type { Checkpoint } from "../core/checkpoint.ts";
import { canonical } from "../core/fingerprint.ts";
import { holds } from "../core/holds.ts";
import { destinationIdOf } from "../core/ledger.ts";
import { isObject, type Json, type JsonObject } from "../core/json.ts";
import { likelyKey } from "../core/field-proposal.ts";
import { readKey } from "../core/key.ts";
import { valueAt } from "../core/record-list.ts";
import type { DesiredRecord, InvalidRecord } from "../core/record.ts";
import type { Expected, Extra, Scratch } from "../core/scratch.ts";
import { SideFingerprint } from "../core/side-fingerprint.ts";
import { clearedFields, type Live } from "../core/sync.ts";
import type { RunContext } from "./context.ts";
import { livePages, noList, READ, whyUnmatched, type ListedItem } from "./live.ts";
import { comparison, readPages } from "./read.ts";
import type { Stage } from "./stage.ts";

export type DriftTally = Record<DriftOf["kind"] | "equal", number>;

export const noTally = (): DriftTally => ({ equal: 0, missing: 0, extra: 0, different: 0, invalid: 0 });

/** What a comparison has come to so far. */
export interface Comparison {
  readonly context: RunContext;
  readonly stage: Stage;
  readonly tally: DriftTally;
  readonly tell: (drift: DriftOf) => void;
  /** Resolves when whoever is told has kept up. */
  readonly breathe: () => Promise<void>;
}

/** A comparison of all. */
interface Whole extends Comparison {
  /** What is astray is to be mended: source records and what the destination has too much of are kept whole. */
  readonly keeps: boolean;
  /** Called with the records of a page that both sides have. */
  readonly onMatched?: (matched: readonly Matched[]) => Promise<void>;
  /** Called when the source has more records than it was read of. */
  readonly onUnread?: () => void;
}

/** A record that both sides have. */
export interface Matched {
  readonly expected: Expected;
  readonly item: JsonObject;
}

/** Fingerprints that are equal exactly when both sides agree. */
export interface Fingerprints {
  readonly source: string;
  readonly destination: string;
}

/** Records looked at in one pass. */
const BATCH = 500;

/** What a page of the source says that the destination should hold. */
interface Desired {
  readonly records: readonly DesiredRecord[];
  /** Keys that it marks as deleted. */
  readonly gone: readonly string[];
  /** Of which nothing can be made. */
  readonly invalid: readonly InvalidRecord[];
  /** The source says that its list goes on where reading ended. */
  readonly goesOn: boolean;
}

/** The records that the destination should hold, page by page. What cannot be mapped is told. */
export async function* desired(
  start: Checkpoint,
  { context, stage, tell, breathe }: Comparison,
): AsyncGenerator<Desired> {
  for await (const page of readPages(start, context)) {
    const gone = page.records.filter(({ isTombstone }) => isTombstone === true).map(({ key }) => key);
    const alive = page.records.filter(({ isTombstone }) => isTombstone !== true);
    const refined = allOf(alive.map(stage.refine));
    const made = refined instanceof Promise ? await refined : refined;
    const bad = made.filter((record): record is InvalidRecord => !isDesired(record));
    const invalid = [...page.invalid, ...bad];
    for (const { key, code, reason } of invalid) tell({ kind: "invalid", key, code, reason });
    const records = made.filter(isDesired);
    for (const { mapped } of records) context.sync.mapping.owned.learn(mapped);
    yield { records, gone, invalid, goesOn: page.goesOn === true };
    await breathe();
  }
}

const isDesired = (made: DesiredRecord | InvalidRecord): made is DesiredRecord => "hash" in made;

/**
 * Compares what the source has with the destination's own list, record by record, in the fields that the mapping owns. One side is put aside,
 * then the other is read against it. Throws EvenkeelError when one of them cannot be read to its end.
 */
export async function compareSides(start: Checkpoint, scratch: Scratch, whole: Whole): Promise<Fingerprints> {
  const { live, name, destination } = whole.context.sync;
  if (live === undefined) {
    const looks = destination.lookUp !== undefined || destination.readBack !== undefined;
    const some = `compare some records one by one: \`evenkeel check ${name} --sample 100\``;
    throw noList(name, "not all of it can be compared", looks ? some : `declare \`${READ}\` and ${some}`);
  }
  const sides = { source: new SideFingerprint(), destination: new SideFingerprint() };
  let uncompared = 0;
  for await (const page of desired(start, whole)) {
    if (page.goesOn) whole.onUnread?.();
    // A mark counts whatever was shown before it.
    scratch.remove(page.gone);
    // Nothing of the destination is compared with these, so the sides cannot be said to agree.
    for (const { key } of page.invalid) sides.source.add(`invalid ${key}`);
    uncompared += page.invalid.length + (await putAside(page.records, live, scratch, sides, whole));
  }
  for await (const items of livePages(live, whole.context)) {
    const matched = compareItems(items, uncompared, scratch, sides, whole);
    await whole.onMatched?.(matched);
    await whole.breathe();
  }
  let told = 0;
  for await (const { record, state } of astray(scratch)) {
    if (state !== "missing") continue;
    sides.source.add(contentOf(record));
    whole.tell({ kind: "missing", key: record.key });
    if ((told += 1) % BATCH === 0) await whole.breathe();
  }
  return { source: String(sides.source), destination: String(sides.destination) };
}

/** What is missing or different. */
export async function* astray(scratch: Scratch): AsyncGenerator<Expected> {
  for (let after = ""; ;) {
    const batch = scratch.astray(after, BATCH);
    yield* batch;
    const last = batch.at(-1);
    if (last === undefined) return;
    after = last.match;
  }
}

/**
 * D2: reads the source once more, since a list may leave a record out for a moment. Returns how many of its records can be compared with nothing.
 *
 * @param found called with the matches of the records that it shows
 */
export async function readAgain(
  start: Checkpoint,
  compared: Comparison,
  found: (matches: readonly string[]) => void,
): Promise<number> {
  const { context } = compared;
  const { live } = context.sync;
  let uncompared = 0;
  for await (const { records, invalid } of desired(start, compared)) {
    const matches = live === undefined ? [] : await matchesOf(records, live, context);
    const known = matches.filter((match) => match !== undefined);
    uncompared += invalid.length + records.length - known.length;
    found(known);
  }
  return uncompared;
}

/** By what each is found among those of the destination; where that assigns ids, the ledger knows which record has which. */
async function matchesOf(
  records: readonly DesiredRecord[],
  live: Live,
  { ports }: RunContext,
): Promise<readonly (string | undefined)[]> {
  const known = await ports.ledger.lookup(records.map(({ key }) => key));
  return Promise.all(
    records.map(async ({ key, mapped }) => {
      const reading = await live.match(mapped);
      return reading.ok ? reading.key : destinationIdOf(known.get(key));
    }),
  );
}

type Sides = Readonly<Record<"source" | "destination", SideFingerprint>>;

/** Returns how many of them can be compared with nothing. */
async function putAside(
  records: readonly DesiredRecord[],
  live: Live,
  scratch: Scratch,
  { source }: Sides,
  { context, tell, keeps }: Whole,
): Promise<number> {
  const matches = await matchesOf(records, live, context);
  const expected: Pick<Expected, "match" | "record">[] = [];
  for (const [index, record] of records.entries()) {
    const match = matches[index];
    if (match !== undefined) expected.push({ match, record: keeps ? record : { ...record, body: {} } });
    else {
      source.add(contentOf(record));
      const reading = await live.match(record.mapped);
      const isPlaced = context.sync.destination.traits.addressing === "own";
      const why = isPlaced && !reading.ok ? whyUnmatched(reading) : "the ledger knows no id of it";
      tell({ kind: "missing", key: record.key, why });
    }
  }
  for (const { match, record } of scratch.put(await newest(expected, scratch, context))) {
    const reason = `another record has the same value to be matched by: ${match}`;
    tell({ kind: "invalid", key: record.key, code: "MATCH_SHARED", reason });
  }
  return records.length - expected.length;
}

/** U11: of one key the higher cursor counts, else the later record. */
async function newest(
  expected: readonly Pick<Expected, "match" | "record">[],
  scratch: Scratch,
  { sync }: RunContext,
): Promise<readonly Pick<Expected, "match" | "record">[]> {
  const compare = comparison(sync);
  if (compare === undefined) return expected;
  const before = scratch.among(expected.map(({ match }) => match));
  return expected.filter(({ match, record: { key, cursor } }) => {
    const other = before.get(match)?.record;
    const isOlder = other?.cursor !== undefined && (cursor === undefined || compare(cursor, other.cursor) < 0);
    return other?.key !== key || !isOlder;
  });
}

function compareItems(
  items: readonly ListedItem[],
  uncompared: number,
  scratch: Scratch,
  { source, destination }: Sides,
  { context, tally, tell, keeps }: Whole,
): readonly Matched[] {
  const matched: Matched[] = [];
  const cleared = clearedFields(context.sync);
  const expected = scratch.among(items.flatMap(({ match }) => match ?? []));
  const met = new Set<string>();
  const found: Record<"equal" | "different", string[]> = { equal: [], different: [] };
  const extras: Pick<Extra, "match" | "item">[] = [];
  for (const { match, item } of items) {
    const wanted = match === undefined ? undefined : expected.get(match);
    const isDouble = match !== undefined && (met.has(match) || (wanted !== undefined && wanted.state !== "missing"));
    if (match !== undefined) met.add(match);
    if (match === undefined || wanted === undefined || isDouble || !isObject(item)) {
      destination.add(`extra ${match} ${canonical(item)}`);
      tell({
        kind: "extra",
        match,
        isDouble,
        ...(match === undefined ? namedBy(item) : {}),
        ...(uncompared === 0 || isDouble ? {} : { uncompared }),
      });
      if (match !== undefined && !isDouble) extras.push({ match, item });
      continue;
    }
    matched.push({ expected: wanted, item: item as JsonObject });
    source.add(contentOf(wanted.record));
    if (holds(item, wanted.record.mapped, cleared)) {
      destination.add(contentOf(wanted.record));
      tally.equal += 1;
      found.equal.push(match);
    } else {
      destination.add(`different ${match} ${canonical(item)}`);
      const differences = unheldFields(item as JsonObject, wanted.record.mapped, cleared);
      tell({ kind: "different", key: wanted.record.key, differences });
      found.different.push(match);
    }
  }
  scratch.mark(found.equal, "equal");
  scratch.mark(found.different, "different");
  if (keeps) scratch.addExtras(extras);
  return matched;
}

/** Something to find an item by. */
function namedBy(item: Json): { readonly named?: string } {
  const [path] = isObject(item) ? likelyKey([item]) : [];
  if (path === undefined) return {};
  const reading = readKey([valueAt(item as JsonObject, path)]);
  return reading.ok ? { named: `${path.join(".")} ${reading.key}` } : {};
}

/** What a record is, whichever side shows it. */
const contentOf = ({ key, mapped }: DesiredRecord): string => `${key} ${canonical(mapped)}`;
