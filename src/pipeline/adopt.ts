import { noAdoptions, type Adoption, type AdoptionOf, type AdoptionTally } from "../core/adoption.ts";
import type { Checkpoint } from "../core/checkpoint.ts";
import { EvenkeelError } from "../core/errors.ts";
import type { Counts, Warning } from "../core/events.ts";
import type { SyncLedger } from "../core/ledger.ts";
import type { Pairing } from "../core/pairing.ts";
import type { Sync } from "../core/sync.ts";
import { waits } from "./ambiguity.ts";
import { AdoptionWork } from "./adoption-work.ts";
import { emptyLedger, lookingContext } from "./looking.ts";
import { openRead, openWriting, type Opening } from "./opening.ts";
import type { Ports } from "./ports.ts";

/** What an adoption came to. */
export interface Adopted extends Readonly<AdoptionTally> {
  readonly sync: string;
  /** Of those adopted, how many are as the source has them already. */
  readonly equal: number;
  /** Of those invalid, how many refer to a record that is not in its destination yet. */
  readonly waiting: number;
  readonly requests: number;
  readonly warnings: readonly Warning[];
  readonly error: EvenkeelError | undefined;
}

export interface AdoptSettings {
  /** Only look: nothing is remembered. */
  readonly dryRun: boolean;
  readonly stop: AbortSignal;
}

export type AdoptPorts = Pick<Ports, "clock" | "chance"> & {
  /** Undefined when there is none yet, for whoever only looks. */
  readonly ledger: SyncLedger | undefined;
  /** Of this sync, counted as it goes on. */
  readonly counts: Counts;
  readonly pairing: () => Pairing;
  /** Resolves when whoever is told has kept up. */
  readonly breathe: () => Promise<void>;
};

const READS_ALL = { fullRefresh: true, limit: undefined, key: undefined, rejects: undefined, adopts: true } as const;

/**
 * Finds out which records of the destination are which of the source, and remembers where each is. Reads both sides and writes to neither. What is
 * adopted counts as level only once a run has read it back; what could be several records is kept with the rejects, so that no run creates
 * another. Never throws for what an API does.
 */
export async function adoptSync(
  sync: Sync,
  ports: AdoptPorts,
  { dryRun, stop }: AdoptSettings,
  emit: (adoption: Adoption) => void,
): Promise<Adopted> {
  const { counts } = ports;
  const tally = noAdoptions();
  const warnings: Warning[] = [];
  const result: { error?: EvenkeelError; equal: number; waiting: number } = { equal: 0, waiting: 0 };
  const tell = (adoption: AdoptionOf): void => {
    tally[adoption.kind] += 1;
    if (adoption.kind === "adopted" && adoption.isEqual) result.equal += 1;
    if (adoption.kind === "invalid" && waits(adoption)) result.waiting += 1;
    emit({ ...adoption, sync: sync.name });
  };
  const pairing = ports.pairing();
  try {
    const ledger = ports.ledger ?? emptyLedger(sync.name);
    const open = dryRun ? openRead : openWriting;
    const opening = await open(sync, { ledger, clock: ports.clock }, READS_ALL);
    const read = { number: opening.start.read, kind: "full" } as const;
    const warn = (warning: Warning): number => warnings.push(warning);
    const context = lookingContext(sync, { ...ports, ledger }, counts, stop, read, warn);
    const work = new AdoptionWork(context, pairing, tell, ports.breathe);
    await work.readBoth(opening);
    if (dryRun) await work.pair(undefined);
    else await remembering(ledger, opening, async () => ((await work.pair(ledger)) ? "adopted" : "decided"));
  } catch (thrown) {
    result.error = EvenkeelError.from(thrown);
  } finally {
    pairing.close();
  }
  const { equal, waiting, error } = result;
  return { sync: sync.name, ...tally, equal, waiting, requests: counts.requests, warnings, error };
}

/** Nothing of the destination is taken over: what it has is none of the source's. Runs begin from here on. */
export async function declineAdoption(sync: Sync, ports: Pick<Ports, "ledger" | "clock">): Promise<void> {
  const { ledger, clock } = ports;
  await remembering(ledger, await openWriting(sync, ports, READS_ALL), async () => {
    await ledger.adopt({ entries: [], rejects: [], absent: "all", detail: "", atMs: clock.wallMs() });
    return "decided";
  });
}

/**
 * Until it is done no run begins, whatever becomes of this process: what was not adopted yet would be created again. What was adopted counts as
 * level once a run has read it back, so the next run reads everything. What has come to nothing decides nothing: a first run is one as before.
 */
export async function remembering(
  ledger: SyncLedger,
  { start }: Opening,
  work: () => Promise<"adopted" | "decided" | "nothing">,
): Promise<void> {
  const stored = await ledger.checkpoint();
  const { adopting: _, ...before } = stored?.identity === start.identity ? stored : start;
  // Entries that are kept when this process dies are level no more than others, and whoever repeats it finds them known.
  await ledger.saveCheckpoint({ ...readingAll(before), adopting: true });
  const came = await work();
  if (came === "nothing" && stored === undefined) await ledger.reset({ checkpoint: true, entries: false });
  else await ledger.saveCheckpoint(came === "adopted" ? readingAll(before) : before);
}

/** Finished, and without a place to go on from. */
const readingAll = (checkpoint: Checkpoint): Checkpoint => ({
  ...checkpoint,
  complete: true,
  mapping: checkpoint.mapping ?? checkpoint.readMapping,
  cursor: undefined,
  pendingCursor: undefined,
  position: undefined,
});
