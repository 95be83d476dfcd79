import { EvenkeelError } from "../core/errors.ts";
import type { Counts, Warning } from "../core/events.ts";
import type { SyncLedger } from "../core/ledger.ts";
import type { Drift, DriftOf } from "../core/drift.ts";
import type { Scratch } from "../core/scratch.ts";
import type { Sync } from "../core/sync.ts";
import { compareSides, desired, noTally, type Comparison, type Fingerprints } from "./compare.ts";
import { emptyLedger, lookingContext, type Onlooker } from "./looking.ts";
import { openRead, type ReadChoice } from "./opening.ts";
import type { Ports } from "./ports.ts";
import { Omitted } from "./omitted.ts";
import { comparison } from "./read.ts";
import { compareSample } from "./sample-check.ts";
import { createStage } from "./stage.ts";

/** What a comparison came to. */
export interface Checked {
  readonly sync: string;
  readonly equal: number;
  readonly missing: number;
  readonly extra: number;
  readonly different: number;
  readonly invalid: number;
  /** Of how many records of the source a sample was taken; undefined when all were compared. */
  readonly sampledOf: number | undefined;
  /** Why that is not all there is to compare, a clause each: a list that goes on where reading ended. */
  readonly unread: readonly string[];
  /** Equal exactly when both sides agree; undefined for a sample, which says nothing of the rest. */
  readonly fingerprints: Fingerprints | undefined;
  readonly requests: number;
  readonly warnings: readonly Warning[];
  readonly error: EvenkeelError | undefined;
}

export interface CheckSettings {
  /** Compare so many records of the source, by chance, each looked up; undefined for all, against the destination's list. */
  readonly sample: number | undefined;
  readonly stop: AbortSignal;
}

export type CheckPorts = Pick<Ports, "clock" | "chance"> & {
  readonly ledger: SyncLedger | undefined;
  /** Of this sync, counted as it goes on. */
  readonly counts: Counts;
  /** Opens room to put one side aside; a sample needs none. */
  readonly scratch: () => Scratch;
  /** Resolves when whoever is told of differences has kept up. */
  readonly breathe: () => Promise<void>;
} & Onlooker;

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
  const { counts } = ports;
  const tally = noTally();
  const warnings: Warning[] = [];
  const unread: string[] = [];
  const omitted = new Omitted(sync);
  const result: { error?: EvenkeelError; fingerprints?: Fingerprints; sampledOf?: number } = {};
  try {
    const ledger = ports.ledger ?? emptyLedger(sync.name);
    const { start } = await openRead(sync, { ledger, clock: ports.clock }, ALL);
    const warn = (warning: Warning): number => warnings.push(warning);
    const read = { number: start.read, kind: "full" } as const;
    const looking = lookingContext(sync, { ...ports, ledger }, counts, stop, read, warn);
    const context = { ...looking, notLevel: (why: string) => void unread.push(why) };
    const stage = createStage({ ...context, retryRejected: false, compare: comparison(sync) }, () => false);
    const tell = (drift: DriftOf): void => {
      tally[drift.kind] += 1;
      omitted.see(drift);
      emit({ ...drift, sync: sync.name } as Drift);
    };
    const compared: Comparison = { context, stage, tally, tell, breathe: ports.breathe };
    if (sample !== undefined) result.sampledOf = await compareSample(desired(start, compared), sample, compared);
    else {
      const scratch = ports.scratch();
      try {
        result.fingerprints = await compareSides(start, scratch, { ...compared, keeps: false });
      } finally {
        scratch.close();
      }
    }
  } catch (thrown) {
    result.error = EvenkeelError.from(thrown);
  }
  const { warning } = omitted;
  return {
    sync: sync.name,
    ...tally,
    sampledOf: result.sampledOf,
    unread,
    fingerprints: result.fingerprints,
    requests: counts.requests,
    warnings: [...warnings, ...(warning === undefined ? [] : [warning])],
    error: result.error,
  };
}
