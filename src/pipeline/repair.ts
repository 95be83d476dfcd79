import type { Checkpoint } from "../core/checkpoint.ts";
import type { DriftOf } from "../core/drift.ts";
import { holds } from "../core/holds.ts";
import { isObject, type JsonObject } from "../core/json.ts";
import { ADOPTED, destinationIdOf, type Known } from "../core/ledger.ts";
import { counted } from "../core/observation.ts";
import { FOREIGN, goneRecord } from "../core/record.ts";
import type { Expected, Extra, Scratch } from "../core/scratch.ts";
import { astray, compareSides, noTally, type Matched } from "./compare.ts";
import type { RunContext } from "./context.ts";
import type { Flow } from "./flow.ts";
import type { Journal, Removable } from "./journal.ts";
import { pageOf, type ReadPage } from "./read.ts";
import { lookAt } from "./sample-check.ts";
import type { Stage } from "./stage.ts";
import { mayDelete, type DeleteChoice } from "./sweep.ts";

/** Records mended together, and how many operations may be under way. */
const BATCH = 500;
const UNDER_WAY_MAX = 2_000;

/**
 * Mends what a comparison of both sides finds: what is missing or different is planned and written as by any run, since its entry is known to be
 * wrong; what the destination has besides, and this ledger has not written, is deleted, where the sync is a mirror and the guard lets it.
 * Idempotent: what is level already is not written. Whatever is left as it is counts against the run.
 */
export class Repair {
  readonly #context: RunContext;
  readonly #stage: Stage;
  readonly #scratch: Scratch;
  /** Where every record that both sides have really is follows from what is listed of it, as the ledger knows. */
  #isPlaced = true;
  #matched = 0;
  #mended = 0;
  /** Records of the source that were compared with nothing: what is extra may be one of them. */
  #unmatched = 0;
  #goesOn = false;

  constructor(context: RunContext, stage: Stage, scratch: Scratch) {
    this.#context = context;
    this.#stage = stage;
    this.#scratch = scratch;
  }

  /** Compares both sides, says what is astray, and gives it to be planned. */
  async *pages(start: Checkpoint): AsyncGenerator<ReadPage> {
    const tally = noTally();
    await compareSides(start, this.#scratch, {
      context: this.#context,
      stage: this.#stage,
      tally,
      tell: (drift) => this.#tell(drift),
      breathe: async () => undefined,
      keeps: true,
      onMatched: (matched) => this.#learn(matched),
      onUnread: () => (this.#goesOn = true),
    });
    // What is astray is counted as a run counts it.
    this.#context.counts.unchanged += tally.equal;
    let batch: Expected[] = [];
    for await (const each of astray(this.#scratch)) {
      batch.push(each);
      if (batch.length < BATCH) continue;
      yield await this.#page(batch, start);
      batch = [];
    }
    if (batch.length > 0) yield await this.#page(batch, start);
  }

  /** D3: after everything else, as deletes are. */
  async removeExtras(flow: Flow, journal: Journal, choice: DeleteChoice): Promise<void> {
    const { sync, say, stop, ports } = this.#context;
    let number = 0;
    for (const extras of this.#extras()) number += extras.length;
    if (number === 0 || stop.aborted) return;
    const why =
      sync.deletes.mode !== "mirror"
        ? "`deletes.mode` is not `mirror`"
        : (this.#whyUnsure() ?? (await mayDelete(number, choice, this.#context)));
    // What waits to be deleted is among them, and is counted as that.
    let { withheld } = await ports.ledger.counts();
    const leave = (left: number, because: string): void => {
      const known = Math.min(left, withheld);
      withheld -= known;
      this.#leave(left, because, known);
    };
    if (why !== undefined) return leave(number, why);
    for (const extras of this.#extras()) {
      if (stop.aborted) break;
      const foreign = await this.#foreignOf(extras);
      if (foreign.length < extras.length)
        leave(
          extras.length - foreign.length,
          "what this ledger has written is left to runs, which find out whether it has gone",
        );
      const removals = (await Promise.all(foreign.map((extra) => this.#removalOf(extra)))).filter(
        (removal) => removal !== undefined,
      );
      if (removals.length < foreign.length)
        this.#leave(foreign.length - removals.length, "no request that deletes such a record can be built");
      if (removals.length === 0) continue;
      say({ type: "deleting", keys: removals.map(({ record }) => record.key.slice(FOREIGN.length)) });
      for (const delivery of await journal.deletes(removals)) flow.start(delivery, undefined);
      await flow.below(UNDER_WAY_MAX);
    }
    await flow.idle();
  }

  #tell(drift: DriftOf): void {
    const { say, counts } = this.#context;
    say({ type: "drift", drift });
    if (drift.kind === "invalid" || (drift.kind === "missing" && drift.why !== undefined)) {
      this.#unmatched += 1;
      counts.invalid += 1;
    }
    if (drift.kind === "extra" && (drift.isDouble || drift.match === undefined))
      this.#leave(1, drift.isDouble ? "it is a second copy" : "it has no value to be matched by");
  }

  /** @param known so many of them the ledger counts as withheld already */
  #leave(number: number, why: string, known = 0): void {
    const { counts, say, sync } = this.#context;
    counts.withheld += number - known;
    const [are, left] =
      number === 1
        ? ["1 record of the destination is", "left as it is"]
        : [`${number} records of the destination are`, "left as they are"];
    const message = `${are} not in the source, and ${left}: ${why}`;
    const next = why.includes("guard")
      ? `To let them pass once: \`evenkeel check ${sync.name} --repair --allow-deletes ${number}\`.`
      : undefined;
    say({ type: "warning", code: "EXTRA_LEFT", message, next });
  }

  async #page(batch: readonly Expected[], start: Checkpoint): Promise<ReadPage> {
    const { ledger } = this.#context.ports;
    const mended: Expected[] = [];
    const known = await ledger.lookup(batch.map(({ record }) => record.key));
    for (const each of batch) if (await this.#mayMend(each, known.get(each.record.key))) mended.push(each);
    const { destination, writes } = this.#context.sync;
    // What is only ever created is created again: as an update it would be left alone.
    const isCreated = destination.traits.addressing === "assigned" || writes === "createOnly";
    this.#mended += mended.length;
    const page = pageOf(
      mended.map(({ record: { key, keyKind, cursor, body } }) => ({ key, keyKind, cursor, body })),
      start,
    );
    // Stored with what they are planned for: before that, a repair that goes no further must leave an id to compare the record by.
    const corrections = mended.map(({ record: { key }, state }) => ({
      key,
      isGone: isCreated && state === "missing",
    }));
    return { ...page, corrections };
  }

  /** Under an id that the destination gave, a record is only created when it is certainly not there: a list may leave some out. */
  async #mayMend({ record, state }: Expected, known: Known | undefined): Promise<boolean> {
    const { sync, say, counts } = this.#context;
    const { traits } = sync.destination;
    if (traits.addressing === "own") return true;
    const destinationId = destinationIdOf(known);
    const isKnown = destinationId !== undefined;
    // With `find`, planning looks first.
    if (traits.find !== undefined ? !isKnown || state === "different" : isKnown && state === "different") return true;
    let why = "the ledger knows no id of it, and no `find` is declared";
    if (isKnown) {
      const found = await lookAt(record, destinationId, this.#context);
      if (found.kind === "absent") return true;
      const isThere = found.kind === "level" || found.kind === "different";
      why = isThere ? "the destination's list leaves it out, and it is there" : found.message;
    }
    counts.invalid += 1;
    say({ type: "invalid", key: record.key, code: "NOT_MENDED", reason: `it is left as it is: ${why}` });
    return false;
  }

  async #learn(matched: readonly Matched[]): Promise<void> {
    this.#matched += matched.length;
    if (matched.length === 0) return;
    const known = await this.#context.ports.ledger.lookup(matched.map(({ expected }) => expected.record.key));
    await this.#confirm(matched, known);
    if (this.#isPlaced) await this.#place(matched, known);
  }

  /** What was adopted, and is as it should be, has been read back with the list. */
  async #confirm(matched: readonly Matched[], known: ReadonlyMap<string, Known>): Promise<void> {
    const entries = matched.flatMap(({ expected: { record }, item }) => {
      const { entry, operation, waiting } = known.get(record.key) ?? {};
      const isOpen = operation !== undefined || waiting !== undefined;
      if (entry?.operation !== ADOPTED || entry.hash !== undefined || isOpen || !holds(item, record.mapped)) return [];
      return [{ ...entry, hash: record.hash, sourceVersion: record.cursor }];
    });
    if (entries.length === 0) return;
    const { ledger, clock } = this.#context.ports;
    await ledger.adopt({
      entries,
      rejects: [],
      absent: [],
      detail: "the list shows it as it should be",
      atMs: clock.wallMs(),
    });
  }

  /** Whether what is listed says where a record is, as the ledger knows it. */
  async #place(matched: readonly Matched[], known: ReadonlyMap<string, Known>): Promise<void> {
    const { sync } = this.#context;
    for (const { expected, item } of matched) {
      const { key, address } = expected.record;
      const isHere =
        sync.destination.traits.addressing === "own"
          ? address === (await this.#addressOf(expected.match, item))
          : destinationIdOf(known.get(key)) === expected.match;
      if (!isHere) this.#isPlaced = false;
    }
  }

  async #addressOf(match: string, item: JsonObject): Promise<string | undefined> {
    const made = await this.#context.sync.destination.address({ key: match, mapped: item, body: {} });
    return made.ok ? made.address : undefined;
  }

  /** Why what is extra may be something else than it seems to be; undefined when it is what it seems. */
  #whyUnsure(): string | undefined {
    const { source, destination } = this.#context.sync;
    const { delete: declared } = destination.traits;
    if (this.#unmatched > 0) {
      const those = this.#unmatched === 1 ? "that one" : "one of those";
      return `${counted(this.#unmatched, "record")} of the source could not be compared, and what seems extra may be ${those}`;
    }
    if (this.#goesOn) return "the source's list goes on where reading ended, and they may stand there";
    if (source.paging.shifts && source.paging.overlaps !== true)
      return "records of the source may have moved between its numbered pages, and seem extra for it";
    if (this.#mended === 0 && this.#matched === 0) return "nothing that both sides have shows where such a record is";
    if (!this.#isPlaced || declared?.knowsPlace !== true)
      return "where such a record is cannot be told from the destination's list";
    return undefined;
  }

  *#extras(): Generator<readonly Extra[]> {
    for (let after = 0; ;) {
      const batch = this.#scratch.extras(after, BATCH);
      const last = batch.at(-1);
      if (last === undefined) return;
      yield batch;
      after = last.number;
    }
  }

  /** What this ledger has not written. What it has is a matter of the mirror, which asks twice (D2). */
  async #foreignOf(extras: readonly Extra[]): Promise<readonly Extra[]> {
    const { sync, ports } = this.#context;
    const isOwn = sync.destination.traits.addressing === "own";
    const placed = await Promise.all(
      extras.map(async (extra) => {
        const { match, item } = extra;
        const isRecord = isOwn && isObject(item);
        return {
          extra,
          place: isRecord ? await this.#addressOf(match, item as JsonObject) : isOwn ? undefined : match,
        };
      }),
    );
    const places = placed.flatMap(({ place }) => place ?? []);
    const ours = await ports.ledger.owned(isOwn ? { addresses: places } : { ids: places });
    return placed.filter(({ place }) => place === undefined || !ours.has(place)).map(({ extra }) => extra);
  }

  async #removalOf({ match, item }: Extra): Promise<Removable | undefined> {
    const { destination } = this.#context.sync;
    if (!isObject(item)) return undefined;
    const mapped = item as JsonObject;
    const address = await this.#addressOf(match, mapped);
    const destinationId = destination.traits.addressing === "own" ? undefined : match;
    const rendered = await destination.render("delete", { key: match, mapped, body: {}, address }, destinationId);
    if (!rendered.ok) return undefined;
    const gone = goneRecord({ key: FOREIGN + match, keyKind: "t", cursor: undefined });
    return {
      record: { ...gone, address, addressKey: undefined },
      destinationId,
      etag: undefined,
      write: rendered.write,
      replaces: undefined,
      staleUntilMs: undefined,
    };
  }
}
