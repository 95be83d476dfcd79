import type { RunResult } from "../evenkeel.ts";
import { GONE } from "../core/record.ts";
import type { VirtualClock } from "../testing/virtual-clock.ts";
import type { DestinationDouble } from "./destination-double.ts";
import type { SimulatedNetwork } from "./network.ts";
import { decide, type Person } from "./person.ts";
import type { Processes } from "./processes.ts";
import type { ResultFaults } from "./result-faults.ts";
import type { Scene } from "./scene.ts";
import type { SourceDouble } from "./source-double.ts";
import type { Strangers } from "./strangers.ts";
import type { Violation } from "./world.ts";

/** A world in which nothing fails any more. */
export interface Calm {
  readonly scene: Scene;
  readonly person: Person;
  readonly clock: VirtualClock;
  readonly network: SimulatedNetwork;
  readonly results: ResultFaults;
  readonly source: SourceDouble;
  readonly destination: DestinationDouble;
  readonly processes: Processes;
  readonly strangers: Strangers;
  /** Keys of creates that a person said were applied. */
  readonly decided: Set<string>;
  /** What somebody else has done to the destination is mended. */
  readonly repairs: boolean;
  /** When the last read began that is complete (wall clock), by the ledger's own file. */
  readonly completeMs: () => number | undefined;
  readonly note: (text: string, about?: readonly string[]) => void;
  readonly onViolation: (violation: Violation) => void;
  /** Called when a person says that deletes may happen. */
  readonly onAllowed: () => void;
}

/** Runs after the last fault in which everything must come level. */
const CALM_RUNS_MAX = 8;

/** After so many of them, a person decides what is left unknown, and has what was refused tried again. */
const CALM_RUNS_ALONE = 3;

/** Between calm runs: as long at least, and longer than a late write or a visibility lag is in doubt. */
const CALM_WAIT_MS = 600_000;

const BY_ITSELF = {
  crash: undefined,
  stopAfterMs: undefined,
  rivalAfterMs: undefined,
  fullFrom: undefined,
  fullRefresh: false,
};

/** Runs until everything is level, with a person's help in the end. What the last run came to. */
export async function calmDown(calm: Calm): Promise<RunResult | undefined> {
  const { clock, destination, network, note, onAllowed, processes, repairs, results, scene } = calm;
  network.calm();
  results.calm();
  note("from here on nothing fails");
  let last: RunResult | undefined;
  const doubtMs = scene.lateWriteMs + (scene.destination.find?.visibilityLagMs ?? 0);
  // D2: what has gone is missed by two complete reads, and the first calm run may only go on with an older one.
  const atLeast = scene.sync.deletes.mode === "mirror" ? CALM_RUNS_ALONE + 1 : 2;
  const calmMs = clock.wallMs();
  // A run that goes on with an older read is level with what that one met.
  const isOpen = (result: RunResult | undefined): boolean =>
    result?.exitCode !== 0 || result.syncs.some(({ counts }) => counts.missed > 0) || (calm.completeMs() ?? 0) < calmMs;
  /** It was all decided and tried again, and nothing has come of that: nothing ever will. */
  let isDone = false;
  for (let run = 0; run < CALM_RUNS_MAX && !isDone && (run < atLeast || isOpen(last)); run++) {
    await clock.advance(Math.max(CALM_WAIT_MS, 2 * doubtMs));
    if (run === CALM_RUNS_ALONE) await checkRejects(calm, last);
    if (run >= CALM_RUNS_ALONE) {
      await decideAll(calm);
      await processes.run(BY_ITSELF, (evenkeel) => evenkeel.retryRejects(scene.name));
      onAllowed();
      const { effects } = destination;
      const allowDeletes = Number.MAX_SAFE_INTEGER;
      if (repairs) await processes.run({ ...BY_ITSELF, does: "repair", allowDeletes });
      last = await processes.run({ ...BY_ITSELF, allowDeletes });
      isDone = run >= atLeast && effects === destination.effects && isRefused(last);
    } else {
      if (repairs && run === 0) await processes.run({ ...BY_ITSELF, does: "repair" });
      last = await processes.run(BY_ITSELF);
    }
  }
  return last;
}

/** All that is left to do of it was refused. */
const isRefused = (result: RunResult | undefined): boolean =>
  result?.syncs.every(
    ({ status, counts: { missed, parked, unknown, withheld } }) =>
      status === "incomplete" && missed + parked + unknown + withheld === 0,
  ) === true;

/** What stands as rejected was refused by the destination for what it is, or for no good reason by a fault. */
async function checkRejects(
  { network, source, processes, scene, strangers, decided, onViolation }: Calm,
  last: RunResult | undefined,
): Promise<void> {
  if (network.counts.has("denied")) return;
  // What waits for a record in doubt waits for a person; so does what was refused of an older version of it, which has no hash any more.
  const isInDoubt = last?.syncs.some(({ counts }) => counts.unknown > 0) !== false;
  const contents = new Map([...source.records.values()].map(({ key, content }) => [key, content]));
  for await (const { key, code, reason, sourceHash } of processes.open().rejects(scene.name)) {
    if (isInDoubt && (code === "REFERENCE_MISSING" || sourceHash === "")) continue;
    // Nothing of this destination refuses a delete, but where nobody knows the id, or where somebody else's change is not to be overwritten.
    const isTheirs = scene.destination.conflict === "reject" && strangers.drifted.has(key ?? "");
    const isFine =
      sourceHash === GONE ? !decided.has(key ?? "") && !isTheirs : contents.get(key ?? "")?.flaw === undefined;
    if (key !== undefined && isFine && (sourceHash === GONE || contents.has(key)))
      onViolation({
        kind: "REJECTED",
        text: `record ${key} counts as rejected, and nothing is wrong with it: ${reason}`,
        key,
      });
  }
}

/** K4: what no run can find out, a person says. */
const decideAll = ({ person, processes, scene, destination, note, onViolation, decided }: Calm): Promise<void> =>
  decide({
    person,
    evenkeel: processes.open(),
    sync: scene.name,
    items: destination.items,
    note,
    onStuck: (key) =>
      onViolation({ kind: "STUCK", text: `whether record ${key} was written no run can find out`, key }),
    onApplied: (key) => decided.add(key),
  });
