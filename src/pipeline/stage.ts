import { allOf, andThen, type Eventual } from "../core/eventual.ts";
import type { Addressed } from "../core/destination.ts";
import type { JsonObject } from "../core/json.ts";
import { fingerprint } from "../core/fingerprint.ts";
import { corrected, type Correction } from "../core/correction.ts";
import type { Known, WaitingEnd } from "../core/ledger.ts";
import type { NewReject } from "../core/reject.ts";
import { planRecord, type Decision, type PlanContext } from "../core/plan.ts";
import {
  GONE,
  goneRecord,
  type DesiredRecord,
  type InvalidCode,
  type InvalidRecord,
  type SourceRecord,
} from "../core/record.ts";
import type { MappingResult } from "../core/sync.ts";
import type { RunContext } from "./context.ts";
import type { Planned } from "./journal.ts";

/** What planning made of a page. */
export interface PlannedPage {
  readonly planned: readonly Planned[];
  readonly invalid: readonly InvalidRecord[];
  /** Keys whose reject no longer stands: as the record is now, nothing is to be written of it. */
  readonly clearRejects: readonly string[];
  /** `underWay`: a write with this content is not done yet, which is counted when it is. */
  readonly tally: Readonly<
    Record<Exclude<Decision["kind"], "create" | "update" | "wait" | "gone" | "invalid"> | "underWay", number>
  >;
  /** Keys that an earlier read missed, and that are there after all (D2). */
  readonly found: readonly string[];
  /** Keys that are known, by what is known of them; for field differences. */
  readonly known: ReadonlyMap<string, Known>;
}

/** Maps and plans records: from a source record to a decision and the bytes of its write. Sends and stores nothing. */
export interface Stage {
  /** The mapped record with hash and address, or why there is none. */
  refine(record: SourceRecord): Eventual<DesiredRecord | InvalidRecord>;
  /** @param corrections of what is known of them, which are stored together with what is planned */
  plan(records: readonly SourceRecord[], corrections?: readonly Correction[]): Promise<PlannedPage>;
  /** Plans the removal of records that a read has missed. */
  planGone(records: readonly DesiredRecord[]): Promise<readonly Planned[]>;
  /** Plans one stored version anew, now that nothing should be before it; `stay` when something still is. */
  planWaiting(record: DesiredRecord): Promise<WaitingPlan>;
}

export type WaitingPlan =
  | { readonly kind: "send"; readonly planned: Planned }
  | { readonly kind: "drop"; readonly because: WaitingEnd }
  | { readonly kind: "stay" };

type StageContext = Pick<RunContext, "sync" | "ports" | "read" | "run"> & {
  readonly retryRejected: boolean;
  readonly compare: PlanContext["compare"];
};

/**
 * So many records are mapped in one go, a millisecond or two: in between, answers come in and the next requests go. From the look-up on, a page is
 * planned in one go, since what is known must not change meanwhile.
 */
const PART = 100;

export function createStage(context: StageContext, isInFlight: (number: number) => boolean): Stage {
  const { sync, ports } = context;
  const { destination, mapping } = sync;

  const planContext = (): PlanContext => ({
    traits: destination.traits,
    writes: sync.writes,
    deletes: sync.deletes.mode !== "never",
    run: context.run,
    mapping: mapping.fingerprint,
    sourceHash: ({ hash, body }) => (hash === GONE ? GONE : fingerprint(body)),
    compare: context.compare,
    read: context.read,
    inFlight: isInFlight,
    retryRejected: context.retryRejected,
    nowMs: ports.clock.wallMs(),
  });

  const refine = (record: SourceRecord): Eventual<DesiredRecord | InvalidRecord> => {
    if (record.isTombstone === true) return refineGone(record);
    const result = mapping.map(record.body);
    return result instanceof Promise ? result.then((made) => placed(record, made)) : placed(record, result);
  };

  const placed = (record: SourceRecord, result: MappingResult): Eventual<DesiredRecord | InvalidRecord> => {
    if (!result.ok) return invalid(record, result.waits ? "REFERENCE_MISSING" : "MAPPING_FAILED", result.reason);
    const { mapped } = result;
    const { key, body } = record;
    const address = destination.address({ key, mapped, body });
    return address instanceof Promise
      ? address.then((made) => addressed(record, mapped, made))
      : addressed(record, mapped, address);
  };

  /** What has gone need not suit the mapping any more. */
  const refineGone = (record: SourceRecord): Eventual<DesiredRecord> => {
    if (destination.traits.delete?.needsRecord !== true) return goneRecord(record);
    // Nobody may show it again: so it is kept, for a delete that is refused and tried once more.
    return andThen(mapping.map(record.body), (result) => ({
      ...goneRecord(record, result.ok ? result.mapped : undefined),
      body: record.body,
    }));
  };

  const addressed = (record: SourceRecord, mapped: JsonObject, result: Addressed): DesiredRecord | InvalidRecord => {
    if (!result.ok) return invalid(record, "ADDRESS_UNUSABLE", result.reason);
    const { key, keyKind, cursor, body } = record;
    const { address, addressKey } = result;
    const hash = fingerprint(sync.hashSource ? [mapped, body] : mapped);
    return { key, keyKind, cursor, body, mapped, hash, address, addressKey };
  };

  const render = (record: DesiredRecord, decision: Decision): Eventual<Planned | InvalidRecord | undefined> => {
    if (decision.kind === "wait" || decision.kind === "gone") return { record, decision, write: undefined };
    if (decision.kind !== "create" && decision.kind !== "update") return undefined;
    // Which address an update goes to is not known before the look-up has found its id.
    if (decision.kind === "update" && decision.lookFirst && destination.traits.addressing === "assigned")
      return { record, decision, write: undefined };
    return andThen(destination.render(decision.kind, record, decision.destinationId), (rendered) =>
      rendered.ok ? { record, decision, write: rendered.write } : invalid(record, rendered.code, rendered.reason),
    );
  };

  const lookup = async (
    keys: readonly string[],
    corrections: readonly Correction[],
  ): Promise<ReadonlyMap<string, Known>> => {
    const stored = await ports.ledger.lookup(keys);
    if (corrections.length === 0) return stored;
    const wrong = new Map(corrections.map((correction) => [correction.key, correction]));
    return new Map(
      [...stored].map(([key, known]) => {
        const correction = wrong.get(key);
        return [key, correction === undefined ? known : corrected(known, correction)];
      }),
    );
  };

  const refineAll = async (records: readonly SourceRecord[]): Promise<readonly (DesiredRecord | InvalidRecord)[]> => {
    const refined: (DesiredRecord | InvalidRecord)[] = [];
    for (let at = 0; at < records.length; at += PART) {
      if (at > 0) await new Promise<void>((done) => ports.clock.soon(done));
      const part = allOf(records.slice(at, at + PART).map(refine));
      for (const made of part instanceof Promise ? await part : part) refined.push(made);
    }
    return refined;
  };

  const plan: Stage["plan"] = async (records, corrections = []) => {
    const desired: DesiredRecord[] = [];
    const bad: InvalidRecord[] = [];
    for (const made of await refineAll(records)) {
      if (isDesired(made)) desired.push(made);
      else bad.push(made);
    }
    // What is unchanged under a mapping that is new is met once, and tells what it has.
    if (!mapping.owned.isRestored) for (const { mapped } of desired) mapping.owned.learn(mapped);
    const known = await lookup(
      desired.map(({ key }) => key),
      corrections,
    );
    const owners = await addressOwners(desired, known);
    const tally = { unchanged: 0, superseded: 0, stillRejected: 0, skipped: 0, underWay: 0 };
    const planned: Planned[] = [];
    const clearRejects: string[] = [];
    const within = planContext();
    for (const record of desired) {
      const knownRecord = known.get(record.key);
      const owner = record.address === undefined ? undefined : owners.get(record.address);
      if (owner !== undefined && owner !== record.key) {
        bad.push(invalid(record, "ADDRESS_SHARED", `its address ${record.address} is also that of ${owner}`));
        continue;
      }
      const decision = planRecord(record, knownRecord, within);
      if (decision.kind === "invalid") bad.push(invalid(record, decision.code, decision.reason));
      else if (decision.kind === "unchanged" && isUnderWay(knownRecord)) tally.underWay += 1;
      else if (decision.kind in tally) tally[decision.kind as keyof typeof tally] += 1;
      const isWanted = decision.kind !== "unchanged" && decision.kind !== "skipped";
      if (knownRecord?.rejected !== undefined && !isWanted) clearRejects.push(record.key);
      const rendered = render(record, decision);
      const write = rendered instanceof Promise ? await rendered : rendered;
      if (write === undefined) continue;
      if ("decision" in write) planned.push(write);
      else bad.push(write);
    }
    const found = [...known.values()].flatMap(({ entry }) => (entry?.missed === undefined ? [] : [entry.key]));
    return { planned, invalid: bad, clearRejects, found, tally, known };
  };

  /** U10: an address belongs to one key. Within the page the first one has it; both are named when another claims it. */
  const addressOwners = async (
    desired: readonly DesiredRecord[],
    known: ReadonlyMap<string, Known>,
  ): Promise<ReadonlyMap<string, string>> => {
    if (destination.traits.addressing === "assigned") return new Map();
    const fresh = desired
      .filter(({ key, address }) => address !== undefined && known.get(key)?.entry?.address !== address)
      .map(({ key, address, addressKey }) => ({
        address: address as string,
        otherKey: addressKey === key ? undefined : addressKey,
      }));
    // What has an address already had it alone.
    const claims = new Map<string, string>();
    if (fresh.length === 0) return claims;
    for (const { key, address } of desired) if (address !== undefined && !claims.has(address)) claims.set(address, key);
    for (const [address, owner] of await ports.ledger.addressOwners(fresh)) claims.set(address, owner);
    return claims;
  };

  return {
    refine,
    plan,
    async planGone(records) {
      const known = await ports.ledger.lookup(records.map(({ key }) => key));
      return records.flatMap((record) => {
        const decision = planRecord(record, known.get(record.key), planContext());
        return decision.kind === "gone" ? [{ record, decision, write: undefined }] : [];
      });
    },
    async planWaiting(record) {
      const known = (await ports.ledger.lookup([record.key])).get(record.key);
      // It was planned after what was refused of its key.
      const before = known && { ...known, waiting: undefined, rejected: undefined };
      const decision = planRecord(record, before, planContext());
      // What has gone waits for the end of the read.
      if (decision.kind === "wait" || decision.kind === "gone") return { kind: "stay" };
      const made =
        decision.kind === "invalid" ? invalid(record, decision.code, decision.reason) : await render(record, decision);
      if (made === undefined) {
        const isLevel = decision.kind === "unchanged" || decision.kind === "skipped";
        return { kind: "drop", because: { kind: isLevel ? "level" : "moot", key: record.key } };
      }
      if ("decision" in made) return { kind: "send", planned: made };
      const reject = rejectOfInvalid(made, sync.mapping.fingerprint, ports.clock.wallMs());
      return { kind: "drop", because: { kind: "refused", run: context.run, reject } };
    },
  };
}

const isUnderWay = ({ operation, waiting }: Partial<Known> = {}): boolean =>
  waiting !== undefined || (operation !== undefined && operation.state !== "verifying");

const isDesired = (record: DesiredRecord | InvalidRecord): record is DesiredRecord => "hash" in record;

function invalid(record: SourceRecord, code: InvalidCode, reason: string): InvalidRecord {
  return { key: record.key, code, reason, body: record.body };
}

/** The dead letter of a record refused before sending. */
export function rejectOfInvalid(record: InvalidRecord, mapping: string, atMs: number): NewReject {
  const source =
    typeof record.body === "object" && record.body !== null && !Array.isArray(record.body)
      ? (record.body as NewReject["source"])
      : undefined;
  return {
    kind: "invalid",
    key: record.key,
    code: record.code,
    reason: record.reason,
    source,
    sourceHash: fingerprint(record.body),
    mapping,
    evidence: undefined,
    atMs,
  };
}
