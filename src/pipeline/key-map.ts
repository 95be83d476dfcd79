import { ADOPTED, type Entry, type Known, type SyncLedger } from "../core/ledger.ts";
import type { Sync } from "../core/sync.ts";
import { remembering } from "./adopt.ts";
import { openWriting } from "./opening.ts";
import type { Ports } from "./ports.ts";

/** Which record of the destination a source key is. */
export interface KeyMapping {
  /** As the ledger has it: the parts of a composite key joined by `/`. */
  readonly key: string;
  /** The id that the destination assigned. */
  readonly id?: string;
  /** The path of the record's own address. */
  readonly address?: string;
}

/** A mapping that contradicts what is known. */
export interface KeyConflict extends KeyMapping {
  readonly reason: string;
}

export interface Imported {
  readonly imported: number;
  /** The ledger had them already. */
  readonly known: number;
  readonly conflicts: readonly KeyConflict[];
}

/** Mappings looked at and stored together: which ids are taken is found out by walking all entries, so it is asked for many at a time. */
const BATCH = 5_000;

/** The key map in key order. Records whose place is not known are left out. */
export async function* exportKeys(ledger: SyncLedger): AsyncGenerator<KeyMapping> {
  for await (const { key, destinationId, address } of ledger.entries()) {
    if (destinationId !== undefined) yield { key, id: destinationId };
    else if (address !== undefined) yield { key, address };
  }
}

/**
 * Takes over mappings as if they had been adopted: each counts as level once a run has read it back. What contradicts the ledger is left as it
 * was, and returned. Until it is done no run begins, whatever becomes of this process. Throws for `mappings` that end with an error.
 */
export async function importKeys(
  sync: Sync,
  ports: Pick<Ports, "ledger" | "clock">,
  mappings: AsyncIterable<KeyMapping>,
  detail: string,
): Promise<Imported> {
  const opening = await openWriting(sync, ports, ADOPTS);
  const done = { imported: 0, known: 0, conflicts: [] as KeyConflict[] };
  const take = async (batch: readonly KeyMapping[]): Promise<void> => {
    const entries = await freshOf(batch, sync, ports.ledger, done);
    await ports.ledger.adopt({ entries, rejects: [], absent: [], detail, atMs: ports.clock.wallMs() });
    done.imported += entries.length;
  };
  await remembering(ports.ledger, opening, async () => {
    let batch: KeyMapping[] = [];
    for await (const mapping of mappings) {
      batch.push(mapping);
      if (batch.length < BATCH) continue;
      await take(batch);
      batch = [];
    }
    await take(batch);
    return done.imported > 0 ? "adopted" : "nothing";
  });
  return done;
}

const ADOPTS = { fullRefresh: true, limit: undefined, key: undefined, rejects: undefined, adopts: true } as const;

/** The entries of those that are new; the others are counted. */
async function freshOf(
  batch: readonly KeyMapping[],
  sync: Sync,
  ledger: SyncLedger,
  done: { known: number; conflicts: KeyConflict[] },
): Promise<readonly Entry[]> {
  const givesIds = sync.destination.traits.addressing === "assigned";
  const known = await ledger.lookup(batch.map(({ key }) => key));
  const placeOf = ({ id, address }: KeyMapping): string | undefined => (givesIds ? id : address);
  const places = batch.flatMap((mapping) => placeOf(mapping) ?? []);
  const taken = new Set((await ledger.owned(givesIds ? { ids: places } : { addresses: places })).keys());
  const fresh = new Map<string, Entry>();
  for (const mapping of batch) {
    const place = placeOf(mapping);
    const before = known.get(mapping.key) ?? inBatch(fresh.get(mapping.key));
    const found = before?.entry;
    const has = givesIds ? found?.destinationId : found?.address;
    if (before?.operation !== undefined || before?.waiting !== undefined)
      done.conflicts.push({ ...mapping, reason: "an earlier write of it is unresolved: run first" });
    else if (found !== undefined && (place === undefined || has === place)) done.known += 1;
    else if (has !== undefined) done.conflicts.push({ ...mapping, reason: `the ledger has ${has} for it` });
    else if (place !== undefined && taken.has(place))
      done.conflicts.push({ ...mapping, reason: `another record has ${place} already` });
    else {
      if (place !== undefined) taken.add(place);
      fresh.set(mapping.key, entryOf(mapping, givesIds));
    }
  }
  return [...fresh.values()];
}

const inBatch = (entry: Entry | undefined): Pick<Known, "entry" | "operation" | "waiting"> | undefined =>
  entry && { entry, operation: undefined, waiting: undefined };

/** Whether the address follows from the key is not known, so it is claimed: no other record can come to it. */
const entryOf = ({ key, id, address }: KeyMapping, givesIds: boolean): Entry => ({
  key,
  keyKind: "",
  destinationId: givesIds ? id : undefined,
  address: givesIds ? undefined : address,
  addressFollowsKey: false,
  hash: undefined,
  sourceVersion: undefined,
  etag: undefined,
  operation: ADOPTED,
  read: 0,
});
