import type { Checkpoint } from "../core/checkpoint.ts";
import { isObject, type JsonObject } from "../core/json.ts";
import { goneRecord, type SourceRecord } from "../core/record.ts";
import type { Expected, Extra, Scratch } from "../core/scratch.ts";
import { astray, compareSides, noTally } from "./compare.ts";
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
 * wrong; what the destination has too much of is deleted, where the sync is a mirror and the guard lets it. Idempotent: what is level already
 * is not written.
 */
export class Repair {
  readonly #context: RunContext;
  readonly #stage: Stage;
  readonly #scratch: Scratch;
  /** The address of every record that both sides have is made of what is listed. */
  #isAddressable = true;
  /** A record that both sides have. */
  #matched: { readonly match: string; readonly key: string } | undefined;

  constructor(context: RunContext, stage: Stage, scratch: Scratch) {
    this.#context = context;
    this.#stage = stage;
    this.#scratch = scratch;
  }

  /** Compares both sides, says what is astray, and gives it to be planned. */
  async *pages(start: Checkpoint): AsyncGenerator<ReadPage> {
    const { say, counts } = this.#context;
    const tally = noTally();
    await compareSides(start, this.#scratch, {
      context: this.#context,
      stage: this.#stage,
      tally,
      tell: (drift) => say({ type: "drift", drift }),
      keeps: true,
      onMatched: (expected, item) => this.#learn(expected, item),
    });
    counts.read = 0;
    counts.pages = 0;
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
    const { sync, say, counts, stop } = this.#context;
    const number = await this.#countExtras();
    if (number === 0 || stop.aborted) return;
    const left = (reason: string): void => {
      counts.withheld += number;
      say({ type: "withheld", deletes: number, reason });
    };
    if (sync.deletes.mode !== "mirror") return left("`deletes.mode` is not `mirror`");
    if (!(await this.#canAddress())) return left("their addresses cannot be told from the destination's list");
    const reason = await mayDelete(number, choice, this.#context);
    if (reason !== undefined) return left(reason);
    for await (const extras of this.#extras()) {
      say({ type: "deleting", keys: extras.map(({ match }) => match) });
      const removals = await Promise.all(extras.map((extra) => this.#removalOf(extra)));
      for (const delivery of await journal.deletes(removals.filter((removal) => removal !== undefined)))
        flow.start(delivery, undefined);
      await flow.below(UNDER_WAY_MAX);
    }
    await flow.idle();
  }

  async #page(batch: readonly Expected[], start: Checkpoint): Promise<ReadPage> {
    const { ledger } = this.#context.ports;
    const mended: Expected[] = [];
    for (const each of batch) if (await this.#mayMend(each)) mended.push(each);
    const isAssigned = this.#context.sync.destination.traits.addressing === "assigned";
    await ledger.correct(
      mended.map(({ record, state }) => ({ key: record.key, isGone: isAssigned && state === "missing" })),
    );
    const records = mended.map(({ record: { key, keyKind, cursor, body } }): SourceRecord => ({
      key,
      keyKind,
      cursor,
      body,
    }));
    this.#context.counts.read += records.length;
    this.#context.counts.pages += 1;
    return pageOf(records, start);
  }

  /** A record under an id that the destination gave is only created again when it is certainly not there: a list may leave some out. */
  async #mayMend({ record, state }: Expected): Promise<boolean> {
    const { sync, say, ports, counts } = this.#context;
    if (state !== "missing" || sync.destination.traits.addressing === "own") return true;
    const entry = await ports.ledger.entry(record.key);
    if (entry === undefined) return true;
    const found = await lookAt(record, entry.destinationId, this.#context);
    if (found.kind === "absent") return true;
    const isThere = found.kind === "level" || found.kind === "different";
    const why = isThere ? "the destination's list leaves it out, and it is there" : found.message;
    counts.invalid += 1;
    say({ type: "invalid", key: record.key, code: "NOT_MENDED", reason: `it is left as it is: ${why}` });
    return false;
  }

  /** Whether the address of a listed record, made of what is listed, is the one that the ledger has of it. */
  #learn({ match, record }: Expected, item: JsonObject): void {
    this.#matched ??= { match, key: record.key };
    const { destination } = this.#context.sync;
    if (destination.traits.addressing === "assigned" || !this.#isAddressable) return;
    const made = destination.address({ key: match, mapped: item, body: {} });
    this.#isAddressable = !(made instanceof Promise) && made.ok && made.address === record.address;
  }

  /** Whether what is listed says where it is: by its address, or because it is matched by the id that the destination gave it. */
  async #canAddress(): Promise<boolean> {
    const { sync, ports } = this.#context;
    if (this.#matched === undefined || !this.#isAddressable) return false;
    if (sync.destination.traits.addressing === "own") return true;
    return (await ports.ledger.entry(this.#matched.key))?.destinationId === this.#matched.match;
  }

  async #removalOf({ match, item }: Extra): Promise<Removable | undefined> {
    const { destination } = this.#context.sync;
    if (!isObject(item)) return undefined;
    const mapped = item as JsonObject;
    const isOwn = destination.traits.addressing === "own";
    const made = await destination.address({ key: match, mapped, body: {} });
    if (!made.ok) return undefined;
    const { address, addressKey } = made;
    const destinationId = isOwn ? undefined : match;
    const rendered = await destination.render("delete", { key: match, mapped, body: {}, address }, destinationId);
    if (!rendered.ok) return undefined;
    const gone = goneRecord({ key: match, keyKind: "t", cursor: undefined });
    const record = { ...gone, address, addressKey };
    return { record, destinationId, write: rendered.write, replaces: undefined, staleUntilMs: undefined };
  }

  async #countExtras(): Promise<number> {
    let number = 0;
    for await (const extras of this.#extras()) number += extras.length;
    return number;
  }

  async *#extras(): AsyncGenerator<readonly Extra[]> {
    for (let after = 0; ;) {
      const batch = this.#scratch.extras(after, BATCH);
      if (batch.length > 0) yield batch;
      const last = batch.at(-1);
      if (last === undefined) return;
      after = last.number;
    }
  }
}
