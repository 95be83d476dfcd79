import type { AdoptionOf } from "../core/adoption.ts";
import { EvenkeelError } from "../core/errors.ts";
import { whyFailed } from "../core/expression.ts";
import { holds } from "../core/holds.ts";
import { isObject, scalarText, type Json, type JsonObject } from "../core/json.ts";
import { ADOPTED, type Entry, type Known, type SyncLedger } from "../core/ledger.ts";
import type { Listed, Pair, Pairing, Unmapped } from "../core/pairing.ts";
import type { DesiredRecord, InvalidRecord } from "../core/record.ts";
import type { NewReject } from "../core/reject.ts";
import { clearedFields, type Live } from "../core/sync.ts";
import { ambiguousReject, waits, whyAmbiguous, whyUnmapped } from "./ambiguity.ts";
import { desired, noTally } from "./compare.ts";
import type { RunContext } from "./context.ts";
import { livePages, noList, whyUnmatched } from "./live.ts";
import type { Opening } from "./opening.ts";
import { comparison } from "./read.ts";
import { recordOf } from "./source-record.ts";
import { createStage, type Stage } from "./stage.ts";

/** Records looked at, and remembered, in one pass. */
const BATCH = 2_000;

/** Puts both sides aside, and decides of each record which one of the destination it is. */
export class AdoptionWork {
  readonly #context: RunContext;
  readonly #live: Live;
  readonly #pairing: Pairing;
  readonly #tell: (adoption: AdoptionOf) => void;
  readonly #breathe: () => Promise<void>;
  /** The destination gives ids, and its list has them. */
  readonly #givesIds: boolean;
  readonly #stage: Stage;
  /** The ledger knew records before. */
  #hadEntries = false;

  #hasMatch = false;
  #isAnyUnmapped = false;
  /** Why the first two have none. */
  readonly #unmatched: string[] = [];

  constructor(
    context: RunContext,
    pairing: Pairing,
    tell: (adoption: AdoptionOf) => void,
    breathe: () => Promise<void>,
  ) {
    const { live, name, destination } = context.sync;
    if (live === undefined)
      throw noList(name, "it is not known what it has", "say which is which with `evenkeel state import`");
    this.#context = context;
    this.#live = live;
    this.#pairing = pairing;
    this.#tell = tell;
    this.#breathe = breathe;
    this.#givesIds = destination.traits.addressing === "assigned";
    this.#stage = createStage({ ...context, retryRejected: false, compare: comparison(context.sync) }, () => false);
  }

  /** Puts both sides aside. */
  async readBoth({ start }: Opening): Promise<void> {
    const context = this.#context;
    const comparing = { context, stage: this.#stage, tally: noTally(), tell: () => undefined, breathe: this.#breathe };
    for await (const { records, gone, invalid } of desired(start, comparing)) {
      this.#pairing.removeRecords(gone);
      const unmapped = invalid.filter(isUnmapped);
      this.#pairing.addUnmapped(unmapped);
      this.#isAnyUnmapped ||= unmapped.length > 0;
      for (const record of invalid) if (!isUnmapped(record)) this.#tellInvalid(record);
      await this.#addRecords(records);
    }
    this.#refuseUnmatched();
    for await (const items of livePages(this.#live, context)) {
      const listed = await Promise.all(items.map(({ match, item }) => this.#listed(match, item)));
      this.#pairing.addListed(listed.filter((each) => each !== undefined));
      await this.#breathe();
    }
  }

  async #addRecords(records: readonly DesiredRecord[]): Promise<void> {
    const matched = await Promise.all(records.map((record) => this.#matched(record)));
    this.#pairing.addRecords(matched.filter((pair) => pair !== undefined));
  }

  async #matched(record: DesiredRecord): Promise<Pick<Pair, "match" | "record"> | undefined> {
    const { adopt, match: listKey } = this.#live;
    if (this.#givesIds && adopt.id === undefined && (await listKey(record.mapped)).ok)
      throw new EvenkeelError(
        "USAGE",
        "the mapped records have the list's `key`, so it is not the id that the destination gave",
        {
          next: "Declare `adopt: { id: ... }`: where a listed record has that id.",
        },
      );
    const match = await adopt.match(record.mapped);
    this.#hasMatch ||= match.ok;
    if (match.ok) return { match: match.key, record };
    if (this.#unmatched.length < 2) this.#unmatched.push(whyUnmatched(match));
    this.#tell({ kind: "missing", key: record.key, why: whyUnmatched(match) });
    return undefined;
  }

  /** Nothing would be adopted, and everything created once more; one record alone may lack it by chance. */
  #refuseUnmatched(): void {
    if (this.#hasMatch || this.#isAnyUnmapped || this.#unmatched.length < 2) return;
    throw new EvenkeelError("USAGE", `no record of the source can be matched: ${this.#unmatched[0]}`, {
      next: "Declare `adopt: { match: ... }`: what a mapped record and a listed one both have.",
    });
  }

  async #listed(listMatch: string | undefined, item: Json): Promise<Listed | undefined> {
    const { adopt } = this.#live;
    const reading = isObject(item) ? await adopt.match(item as JsonObject) : undefined;
    const match = reading?.ok === true ? reading.key : undefined;
    const place = !this.#givesIds
      ? match
      : adopt.id === undefined || !isObject(item)
        ? listMatch
        : await this.#idOf(item as JsonObject);
    if (match !== undefined && place !== undefined) return { match, place, item };
    if (match !== undefined)
      throw new EvenkeelError("USAGE", `a listed record, ${match}, has no id where the config looks for it`, {
        next: "Mend `adopt.id`, or `list.key` where that is its id: it is evaluated over one listed record.",
      });
    const why = reading?.ok === false ? whyUnmatched(reading) : "it is no object";
    this.#tell({ kind: "extra", match, place, why });
    return undefined;
  }

  /** Undefined also where the expression fails for this one. */
  async #idOf(item: JsonObject): Promise<string | undefined> {
    try {
      return scalarText(await this.#live.adopt.id?.(item));
    } catch (error) {
      whyFailed(error);
      return undefined;
    }
  }

  /**
   * Decides of each record, and remembers it in the ledger if one is given: round by round, since what is adopted in one may be what others refer to.
   * Returns whether anything was adopted.
   */
  async pair(ledger: SyncLedger | undefined): Promise<boolean> {
    this.#hadEntries = (await this.#context.ports.ledger.counts()).entries > 0;
    let adopts = await this.#decideRound(ledger);
    for (let goesOn = adopts; goesOn && (await this.#mapAgain());) {
      goesOn = await this.#decideRound(ledger);
      adopts ||= goesOn;
    }
    await this.#concludeUnmapped(ledger);
    for (let after = ""; ;) {
      const batch = this.#pairing.strangers(after, BATCH);
      for (const { match, place } of batch)
        this.#tell({ kind: "extra", match, place: this.#givesIds ? place : undefined });
      await this.#breathe();
      const last = batch.at(-1);
      if (last === undefined || batch.length < BATCH) return adopts;
      after = last.place;
    }
  }

  async #decideRound(ledger: SyncLedger | undefined): Promise<boolean> {
    let adopts = false;
    for (let after = ""; ;) {
      const batch = this.#pairing.pairs(after, BATCH);
      if (await this.#decide(batch, ledger)) adopts = true;
      await this.#breathe();
      const last = batch.at(-1);
      if (last === undefined || batch.length < BATCH) return adopts;
      after = last.record.key;
    }
  }

  /** Begins a round with the records that waited for what they refer to, and can be mapped now. Returns whether there are any. */
  async #mapAgain(): Promise<boolean> {
    this.#pairing.nextRound();
    let isAny = false;
    for (let after = ""; ;) {
      const batch = this.#pairing.unmapped(after, BATCH);
      const last = batch.at(-1);
      if (last === undefined) return isAny;
      const made = await Promise.all(batch.filter(waits).map(({ body }) => this.#map(body)));
      const mapped = made.filter(isDesired);
      this.#pairing.removeRecords(mapped.map(({ key }) => key));
      await this.#addRecords(mapped);
      this.#pairing.addUnmapped(made.flatMap((each) => (isDesired(each) || !isUnmapped(each) ? [] : [each])));
      isAny ||= mapped.length > 0;
      await this.#breathe();
      after = last.key;
    }
  }

  async #map(body: Json): Promise<DesiredRecord | InvalidRecord> {
    const record = await recordOf(body, false, this.#context.sync);
    return "code" in record ? record : this.#stage.refine(record);
  }

  /** Where the destination gives ids, a run would create them once they can be mapped, and it may have them: they wait for another adoption. */
  async #concludeUnmapped(ledger: SyncLedger | undefined): Promise<void> {
    const atMs = this.#context.ports.clock.wallMs();
    for (let after = ""; ;) {
      const batch = this.#pairing.unmapped(after, BATCH);
      const last = batch.at(-1);
      if (last === undefined) return;
      for (const unmapped of batch) this.#tellInvalid(unmapped);
      await this.#breathe();
      after = last.key;
      if (ledger === undefined || !this.#givesIds) continue;
      const known = await ledger.lookup(batch.map(({ key }) => key));
      const fresh = batch.filter(({ key }) => !this.#isKnown(known.get(key)));
      const rejects = fresh.map((unmapped) => ambiguousReject(unmapped, whyUnmapped(unmapped), this.#context));
      await ledger.adopt({ entries: [], rejects, absent: [], detail: "", atMs });
    }
  }

  #tellInvalid({ key, code, reason }: InvalidRecord): void {
    this.#tell({ kind: "invalid", key, code, reason });
  }

  async #decide(batch: readonly Pair[], ledger: SyncLedger | undefined): Promise<boolean> {
    const { ports } = this.#context;
    const known = await ports.ledger.lookup(batch.map(({ record }) => record.key));
    const fresh = batch.filter(({ record }) => !this.#isKnown(known.get(record.key)));
    const owned = await this.#owned(fresh);
    const entries: Entry[] = [];
    const rejects: NewReject[] = [];
    const absent: string[] = [];
    for (const pair of batch) {
      const { record, listed } = pair;
      const [found] = listed;
      if (this.#isKnown(known.get(record.key))) this.#tell({ kind: "known", key: record.key });
      else if (found === undefined) {
        absent.push(record.key);
        this.#tell({ kind: "missing", key: record.key });
      } else {
        const reason =
          whyAmbiguous(pair) ?? (owned.has(found.place) ? `another record has ${found.place} already` : undefined);
        if (reason === undefined) {
          const isEqual = holds(found.item, record.mapped, clearedFields(this.#context.sync));
          this.#tell({
            kind: "adopted",
            key: record.key,
            place: this.#givesIds ? found.place : (record.address ?? ""),
            isEqual,
          });
          entries.push(entryOf(record, this.#givesIds ? found.place : undefined));
        } else {
          const { key } = record;
          const places = listed.map(({ place }) => place);
          this.#tell({ kind: "ambiguous", key, match: pair.match, rivals: pair.rivals, places, reason });
          rejects.push(ambiguousReject(record, reason, this.#context));
        }
      }
    }
    if (ledger === undefined) return false;
    const [atMs, fields] = [ports.clock.wallMs(), this.#context.sync.mapping.owned.unkept];
    await ledger.adopt({ entries, rejects, absent, fields, detail: "the destination's list has it", atMs });
    return entries.length > 0;
  }

  /** Where the ledger does not even know the id, it can learn it. */
  #isKnown(known: Known | undefined): boolean {
    if (known === undefined) return false;
    if (known.operation !== undefined || known.waiting !== undefined) return true;
    const { entry } = known;
    return entry !== undefined && (!this.#givesIds || entry.destinationId !== undefined);
  }

  /** Places that another record has. Those of this adoption are all different. */
  async #owned(fresh: readonly Pair[]): Promise<ReadonlySet<string>> {
    const { ledger } = this.#context.ports;
    if (!this.#hadEntries) return new Set();
    if (this.#givesIds) {
      const ids = fresh.flatMap(({ listed }) => listed.map(({ place }) => place));
      return ids.length === 0 ? new Set() : new Set((await ledger.owned({ ids })).keys());
    }
    const addresses = new Map(fresh.map(({ record, listed }) => [record.address ?? "", listed[0]?.place ?? ""]));
    const owned = addresses.size === 0 ? new Map() : await ledger.owned({ addresses: [...addresses.keys()] });
    return new Set([...owned.keys()].map((address) => addresses.get(address) ?? ""));
  }
}

function entryOf({ key, keyKind, address, addressKey }: DesiredRecord, destinationId: string | undefined): Entry {
  return {
    key,
    keyKind,
    destinationId,
    address,
    addressFollowsKey: addressKey === key,
    hash: undefined,
    sourceVersion: undefined,
    etag: undefined,
    operation: ADOPTED,
    read: 0,
  };
}

const isUnmapped = (invalid: InvalidRecord): invalid is Unmapped => invalid.key !== undefined;

const isDesired = (made: DesiredRecord | InvalidRecord): made is DesiredRecord => "hash" in made;
