import { unheldFields, type FieldDifference } from "../core/difference.ts";
import { EvenkeelError } from "../core/errors.ts";
import { noCounts } from "../core/events.ts";
import { allOf } from "../core/eventual.ts";
import { canonical } from "../core/fingerprint.ts";
import { holds } from "../core/holds.ts";
import { isObject, type Json, type JsonObject } from "../core/json.ts";
import type { SyncLedger } from "../core/ledger.ts";
import { PageRules } from "../core/page-rules.ts";
import type { DesiredRecord, InvalidRecord } from "../core/record.ts";
import type { Expected, Scratch } from "../core/scratch.ts";
import { SideFingerprint } from "../core/side-fingerprint.ts";
import type { Live, Sync } from "../core/sync.ts";
import type { RunContext } from "./context.ts";
import { emptyLedger, lookingContext } from "./looking.ts";
import { openRead, type ReadChoice } from "./opening.ts";
import type { Ports } from "./ports.ts";
import { comparison, readPages } from "./read.ts";
import { fetchPage } from "./page-fetch.ts";
import { compareSample } from "./sample-check.ts";
import { createStage, type Stage } from "./stage.ts";

/** What the destination holds other than it should. */
export type Drift = { readonly sync: string } &
  /** The source has it, and the destination does not. */
  (
    | { readonly kind: "missing"; readonly key: string; readonly why?: string }
    /** The destination has it, and the source does not; `isDouble` when it is there for the second time. */
    | { readonly kind: "extra"; readonly match: string | undefined; readonly isDouble: boolean }
    /** `before` is what the destination holds, `after` what it should. */
    | { readonly kind: "different"; readonly key: string; readonly differences: readonly FieldDifference[] }
    /** A record of the source of which nothing can be made, so that nothing can be compared. */
    | { readonly kind: "invalid"; readonly key: string | undefined; readonly code: string; readonly reason: string }
  );

export interface Checked {
  readonly sync: string;
  readonly equal: number;
  readonly missing: number;
  readonly extra: number;
  readonly different: number;
  readonly invalid: number;
  /** Of how many records of the source a sample was taken; undefined when all were compared. */
  readonly sampledOf: number | undefined;
  /** Equal exactly when both sides agree; undefined for a sample, which says nothing of the rest. */
  readonly fingerprints: { readonly source: string; readonly destination: string } | undefined;
  readonly requests: number;
  readonly error: EvenkeelError | undefined;
}

export interface CheckSettings {
  /** Compare so many records of the source, by chance, each looked up; undefined for all, against the destination's list. */
  readonly sample: number | undefined;
  readonly stop: AbortSignal;
}

export type CheckPorts = Pick<Ports, "clock" | "chance"> & {
  readonly ledger: SyncLedger | undefined;
  /** Undefined for a sample, which needs none. */
  readonly scratch: () => Scratch;
};

type Tally = Record<Drift["kind"] | "equal", number>;

/** What a comparison has come to so far. */
export interface Comparison {
  readonly context: RunContext;
  readonly stage: Stage;
  readonly tally: Tally;
  readonly tell: (drift: DriftOf) => void;
}

type DriftOf = Drift extends infer Each ? (Each extends Drift ? Omit<Each, "sync"> : never) : never;

const ALL: ReadChoice = { fullRefresh: true, limit: undefined, key: undefined, rejects: undefined };

/**
 * Compares what the source has with what the destination really holds, in the fields that the mapping owns. Reads both sides and writes
 * nothing. Never throws for what an API does.
 */
export async function checkSync(
  sync: Sync,
  ports: CheckPorts,
  { sample, stop }: CheckSettings,
  emit: (drift: Drift) => void,
): Promise<Checked> {
  const counts = noCounts();
  const tally: Tally = { equal: 0, missing: 0, extra: 0, different: 0, invalid: 0 };
  const result: { error?: EvenkeelError; fingerprints?: Checked["fingerprints"]; sampledOf?: number } = {};
  try {
    const ledger = ports.ledger ?? emptyLedger(sync.name);
    const { start } = await openRead(sync, { ledger, clock: ports.clock }, ALL);
    const context = lookingContext(sync, { ...ports, ledger }, counts, stop, { number: start.read, kind: "full" });
    const stage = createStage({ ...context, retryRejected: false, compare: comparison(sync) }, () => false);
    const tell = (drift: DriftOf): void => {
      tally[drift.kind] += 1;
      emit({ ...drift, sync: sync.name } as Drift);
    };
    const compared: Comparison = { context, stage, tally, tell };
    if (sample !== undefined) result.sampledOf = await compareSample(desired(compared, start), sample, compared);
    else result.fingerprints = await compareAll(desired(compared, start), ports.scratch, compared);
  } catch (thrown) {
    result.error = EvenkeelError.from(thrown);
  }
  return {
    sync: sync.name,
    ...tally,
    sampledOf: result.sampledOf,
    fingerprints: result.fingerprints,
    requests: counts.requests,
    error: result.error,
  };
}

/** The records that the destination should hold, page by page. What cannot be mapped is told. */
async function* desired(
  { context, stage, tell }: Comparison,
  start: Parameters<typeof readPages>[0],
): AsyncGenerator<readonly DesiredRecord[]> {
  for await (const page of readPages(start, context)) {
    const alive = page.records.filter(({ isTombstone }) => isTombstone !== true);
    const refined = allOf(alive.map(stage.refine));
    const made = refined instanceof Promise ? await refined : refined;
    const bad = made.filter((record): record is InvalidRecord => !isDesired(record));
    for (const { key, code, reason } of [...page.invalid, ...bad]) tell({ kind: "invalid", key, code, reason });
    yield made.filter(isDesired);
  }
}

const isDesired = (made: DesiredRecord | InvalidRecord): made is DesiredRecord => "hash" in made;

/** Puts the source aside, then reads the destination's list against it. */
async function compareAll(
  pages: AsyncIterable<readonly DesiredRecord[]>,
  open: () => Scratch,
  compared: Comparison,
): Promise<NonNullable<Checked["fingerprints"]>> {
  const { sync } = compared.context;
  if (sync.live === undefined) throw noList(sync.name);
  const scratch = open();
  try {
    const sides = { source: new SideFingerprint(), destination: new SideFingerprint() };
    await putAside(pages, sync.live, scratch, sides, compared);
    await compareLive(sync.live, scratch, sides, compared);
    for (let after = ""; ;) {
      const batch = scratch.unseen(after, BATCH);
      for (const { record } of batch) {
        sides.source.add(contentOf(record));
        compared.tell({ kind: "missing", key: record.key });
      }
      const last = batch.at(-1);
      if (last === undefined) break;
      after = last.match;
    }
    return { source: String(sides.source), destination: String(sides.destination) };
  } finally {
    scratch.close();
  }
}

/** Records looked at in one pass. */
const BATCH = 500;

type Sides = Readonly<Record<"source" | "destination", SideFingerprint>>;

async function putAside(
  pages: AsyncIterable<readonly DesiredRecord[]>,
  live: Live,
  scratch: Scratch,
  sides: Sides,
  { context, tell }: Comparison,
): Promise<void> {
  for await (const records of pages) {
    const known = await context.ports.ledger.lookup(records.map(({ key }) => key));
    const expected: Pick<Expected, "match" | "record">[] = [];
    for (const record of records) {
      const match = await live.match(record.mapped);
      // Where the destination assigns ids, the ledger knows which record has which.
      const value = match.ok ? match.key : known.get(record.key)?.entry?.destinationId;
      if (value === undefined) {
        sides.source.add(contentOf(record));
        tell({ kind: "missing", key: record.key, why: "the ledger knows no id of it" });
      } else expected.push({ match: value, record: { ...record, body: {} } });
    }
    for (const { match, record } of scratch.put(expected))
      tell({
        kind: "invalid",
        key: record.key,
        code: "MATCH_SHARED",
        reason: `another record has the same value to be matched by: ${match}`,
      });
  }
}

async function compareLive(
  live: Live,
  scratch: Scratch,
  { source, destination }: Sides,
  { context, tally, tell }: Comparison,
): Promise<void> {
  for await (const items of livePages(live, context)) {
    const found = scratch.among(items.flatMap(({ match }) => match ?? []));
    const seen = new Set<string>();
    for (const { match, item } of items) {
      const expected = match === undefined ? undefined : found.get(match);
      const isDouble = match !== undefined && (expected?.seen === true || seen.has(match));
      if (match !== undefined) seen.add(match);
      if (expected === undefined || isDouble || !isObject(item)) {
        destination.add(`extra ${match} ${canonical(item)}`);
        tell({ kind: "extra", match, isDouble });
      } else if (holds(item, expected.record.mapped)) {
        source.add(contentOf(expected.record));
        destination.add(contentOf(expected.record));
        tally.equal += 1;
      } else {
        source.add(contentOf(expected.record));
        destination.add(`different ${match} ${canonical(item)}`);
        const differences = unheldFields(item as JsonObject, expected.record.mapped);
        tell({ kind: "different", key: expected.record.key, differences });
      }
    }
    scratch.see([...seen]);
  }
}

/** What a record is, whichever side shows it. */
const contentOf = ({ key, mapped }: DesiredRecord): string => `${key} ${canonical(mapped)}`;

interface Listed {
  /** Undefined where the item has no usable value to be matched by. */
  readonly match: string | undefined;
  readonly item: Json;
}

/** The destination's list, to its declared end, by the rules of any read (P4, P5). */
async function* livePages(live: Live, context: RunContext): AsyncGenerator<readonly Listed[]> {
  const { sync } = context;
  const reading = {
    ...context,
    sync: { ...sync, source: live.source, retry: { ...sync.retry, source: sync.retry.destination } },
  };
  const rules = new PageRules({ sortedBy: undefined, pagesMax: sync.pagesMax });
  let position: string | undefined;
  let size: number | undefined;
  do {
    const fetched = await fetchPage({ position, since: undefined, size }, reading);
    const { page } = fetched;
    const items = await Promise.all(
      page.records.map(async (item): Promise<Listed> => {
        const match = isObject(item) ? await live.match(item) : undefined;
        return { match: match?.ok === true ? match.key : undefined, item };
      }),
    );
    const keys = items.flatMap(({ match }) => match ?? []);
    rules.accept({ page, items: items.length, keys, cursors: keys.map(() => undefined) });
    context.counts.pages += 1;
    yield items;
    [position, size] = [page.next, fetched.size];
  } while (position !== undefined);
}

const noList = (sync: string): EvenkeelError =>
  new EvenkeelError("USAGE", `the destination of ${sync} declares no \`list\`, so not all of it can be compared`, {
    next: `Declare \`list\`, or compare some records one by one: \`evenkeel check ${sync} --sample 100\`.`,
  });
