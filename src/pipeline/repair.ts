import type { Checkpoint } from "../core/checkpoint.ts";
import type { DriftOf } from "../core/drift.ts";
import { noCounts } from "../core/events.ts";
import { holds } from "../core/holds.ts";
import { ADOPTED, destinationIdOf, type Known } from "../core/ledger.ts";
import type { Expected, Scratch } from "../core/scratch.ts";
import { clearedFields } from "../core/sync.ts";
import { astray, compareSides, noTally, readAgain, type Matched } from "./compare.ts";
import type { RunContext } from "./context.ts";
import type { Flow } from "./flow.ts";
import { addressOf, Extras, type Shown } from "./extras.ts";
import type { Journal } from "./journal.ts";
import { Omitted } from "./omitted.ts";
import { pageOf, type ReadPage } from "./read.ts";
import { lookAt } from "./sample-check.ts";
import type { Stage } from "./stage.ts";
import type { DeleteChoice } from "./sweep.ts";

/** Records mended together. */
const BATCH = 500;

/**
 * Mends what a comparison of both sides finds: what is missing or different is planned and written as by any run, since its entry is known to be
 * wrong; what the destination has besides, and this ledger has not written, is deleted, where the sync is a mirror and the guard lets it.
 * Idempotent: what is level already is not written. Whatever is left as it is counts against the run.
 */
export class Repair {
  readonly #context: RunContext;
  readonly #stage: Stage;
  readonly #scratch: Scratch;
  readonly #extras: Extras;
  readonly #omitted: Omitted;
  readonly #shown: Shown = { matched: 0, mended: 0, unmatched: 0, goesOn: false, isPlaced: true };

  constructor(context: RunContext, stage: Stage, scratch: Scratch) {
    this.#context = context;
    this.#stage = stage;
    this.#scratch = scratch;
    this.#omitted = new Omitted(context.sync);
    this.#extras = new Extras(context, scratch);
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
      onUnread: () => (this.#shown.goesOn = true),
    });
    const { warning } = this.#omitted;
    if (warning !== undefined) this.#context.say({ type: "warning", ...warning });
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
  removeExtras(start: Checkpoint, flow: Flow, journal: Journal, choice: DeleteChoice): Promise<void> {
    const again = async (found: (matches: readonly string[]) => void): Promise<number> => {
      // What this read shows was told and counted of the one before it.
      const context = { ...this.#context, counts: noCounts(), say: () => undefined };
      const tell = (): void => undefined;
      const looking = { context, stage: this.#stage, tally: noTally(), tell, breathe: async () => undefined };
      return readAgain(start, looking, found);
    };
    return this.#extras.remove(this.#shown, again, flow, journal, choice);
  }

  #tell(drift: DriftOf): void {
    const { say, counts } = this.#context;
    say({ type: "drift", drift });
    this.#omitted.see(drift);
    if (drift.kind === "invalid" || (drift.kind === "missing" && drift.why !== undefined)) {
      this.#shown.unmatched += 1;
      counts.invalid += 1;
    }
    if (drift.kind === "extra" && (drift.isDouble || drift.match === undefined))
      this.#extras.leave(1, drift.isDouble ? "it is a second copy" : "it has no value to be matched by");
  }

  async #page(batch: readonly Expected[], start: Checkpoint): Promise<ReadPage> {
    const { ledger } = this.#context.ports;
    const mended: Expected[] = [];
    const known = await ledger.lookup(batch.map(({ record }) => record.key));
    for (const each of batch) if (await this.#mayMend(each, known.get(each.record.key))) mended.push(each);
    const { destination, writes } = this.#context.sync;
    // What is only ever created is created again: as an update it would be left alone.
    const isCreated = destination.traits.addressing === "assigned" || writes === "createOnly";
    this.#shown.mended += mended.length;
    for (const { record, state } of mended) if (state === "missing") this.#context.recreated?.add(record.key);
    const page = pageOf(
      mended.map(({ record: { key, keyKind, cursor, body } }) => ({ key, keyKind, cursor, body })),
      start,
    );
    // Stored with what they are planned for: before that, a repair that goes no further must leave an id to compare the record by.
    const corrections = mended.map(({ record: { key }, state }) => ({
      key,
      isGone: isCreated && state === "missing" && !isAwaited(known.get(key)),
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
    this.#shown.matched += matched.length;
    if (matched.length === 0) return;
    const known = await this.#context.ports.ledger.lookup(matched.map(({ expected }) => expected.record.key));
    await this.#confirm(matched, known);
    if (this.#shown.isPlaced) await this.#place(matched, known);
  }

  /** What was adopted, and is as it should be, has been read back with the list. */
  async #confirm(matched: readonly Matched[], known: ReadonlyMap<string, Known>): Promise<void> {
    const entries = matched.flatMap(({ expected: { record }, item }) => {
      const { entry, operation, waiting } = known.get(record.key) ?? {};
      const isOpen = operation !== undefined || waiting !== undefined;
      if (entry?.operation !== ADOPTED || entry.hash !== undefined || isOpen) return [];
      if (!holds(item, record.mapped, clearedFields(this.#context.sync))) return [];
      return [{ ...entry, hash: record.hash, sourceVersion: record.cursor }];
    });
    if (entries.length === 0) return;
    const { ledger, clock } = this.#context.ports;
    await ledger.adopt({
      entries,
      rejects: [],
      absent: [],
      fields: this.#context.sync.mapping.owned.unkept,
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
          ? address === (await addressOf(expected.match, item, sync))
          : destinationIdOf(known.get(key)) === expected.match;
      if (!isHere) this.#shown.isPlaced = false;
    }
  }
}

/** What it says comes first: what an update of a record that has gone is refused for counts for as long as its entry stands. */
function isAwaited(known: Known | undefined): boolean {
  const { state, held } = known?.operation ?? {};
  return held === true && (state === "sent" || state === "unknown");
}
