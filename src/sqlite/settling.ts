import { unreachable } from "../core/invariant.ts";
import { GONE } from "../core/record.ts";
import type { NewReject } from "../core/reject.ts";
import type { Resolution, Settlement } from "../core/settlement.ts";
import type { BodiesTable } from "./bodies.ts";
import type { CheckpointsTable } from "./checkpoints.ts";
import type { DeletionsTable } from "./deletions.ts";
import { NO_LINKS, type EntriesTable } from "./entries.ts";
import type { HistoryTable } from "./history.ts";
import type { OperationsTable } from "./operations.ts";
import type { RejectsTable } from "./rejects.ts";

interface Tables {
  readonly entries: EntriesTable;
  readonly bodies: BodiesTable;
  readonly operations: OperationsTable;
  readonly rejects: RejectsTable;
  readonly checkpoints: CheckpointsTable;
  readonly history: HistoryTable;
  readonly deletions: DeletionsTable;
}

interface Settling {
  /** Writes entries, each with what it refers to. */
  apply(applied: readonly NewEntry[], run: number): void;
  settle(settlement: Settlement): void;
  /** The key's entry goes, with what it refers to. */
  remove(key: string): void;
}

type NewEntry = Pick<Extract<Resolution, { kind: "applied" }>, "entry" | "isNew" | "mapped" | "line">;

/** Outcomes become what is known, in all tables that it concerns. To be called in a transaction. */
export function settlingIn(tables: Tables): Settling {
  const { entries, bodies, operations, rejects, checkpoints, history, deletions } = tables;

  /** Writes the entries of what was applied, with what they refer to. U2: no key is there twice. */
  const apply = (applied: readonly NewEntry[], run: number): void => {
    const before = applied.map(({ entry, isNew }) => (isNew === true ? NO_LINKS : entries.links(entry.key)));
    const kept = bodies.replace(
      before.map(({ body }) => body),
      applied.map(({ mapped }) => mapped),
    );
    const lines = history.link(
      run,
      applied.map(({ line }) => line),
      before.map((links) => links.history),
    );
    entries.put(
      applied.map(({ entry }) => entry),
      kept,
      lines,
    );
  };

  /** A write was refused. What was refused of its key since it was planned is of a newer version, and stands. */
  const refuse = (reject: NewReject, run: number): void => {
    const { key } = reject;
    if (key !== undefined && rejects.isNewer(key)) return;
    rejects.put(run, reject);
    // A newer version waits already: when that is applied, nothing of this one is left to be mended.
    if (key !== undefined && operations.ofKey(key).waiting !== undefined) rejects.plan([key]);
  };

  const remove = (key: string): void => {
    const { body, history: newest } = entries.links(key);
    bodies.replace([body], [undefined]);
    history.unlink(key, newest);
    entries.remove(key);
  };

  /** U3: what was applied stays while an older write may still land on it. */
  const conclude = (
    { number, verify }: Extract<Resolution, { kind: "applied" | "deleted" }>,
    destinationId: string | undefined,
  ): void => {
    if (verify === undefined) operations.resolve(number);
    else operations.verify(number, verify, destinationId);
  };

  /** U3: it was not applied, and an older write may still land all the same. */
  const leave = ({ number, mayLandUntilMs }: Extract<Resolution, { kind: "rejected" | "released" }>): void => {
    if (mayLandUntilMs === undefined) operations.resolve(number);
    else operations.verify(number, { atMs: mayLandUntilMs, held: undefined }, undefined);
  };

  const resolve = (resolution: Resolution, run: number): void => {
    if (resolution.line !== undefined && resolution.kind !== "applied") history.add(run, resolution.line);
    switch (resolution.kind) {
      case "applied":
        return conclude(resolution, resolution.entry.destinationId);
      case "deleted":
        deletions.add(
          resolution.key,
          resolution.sourceVersion ?? entries.get(resolution.key)?.sourceVersion,
          resolution.atMs,
        );
        remove(resolution.key);
        return conclude(resolution, undefined);
      case "withheld":
        return operations.withhold(resolution.number, resolution.key);
      case "rejected":
        refuse(resolution.reject, run);
        // U4: it is only tried again when a person says so, who goes by what is there then.
        if (resolution.reject.sourceHash === GONE && resolution.reject.key !== undefined)
          entries.doubt(resolution.reject.key);
        return leave(resolution);
      case "held":
        return operations.hold(resolution);
      case "released":
        return leave(resolution);
      case "needless":
      case "verified":
        return operations.resolve(resolution.number);
      default:
        return unreachable(resolution);
    }
  };

  const settle = ({ run, resolutions, checkpoint }: Settlement): void => {
    apply(
      resolutions.filter((resolution) => resolution.kind === "applied"),
      run,
    );
    for (const resolution of resolutions) resolve(resolution, run);
    rejects.clearPlanned(resolutions.flatMap(levelKey));
    // P2: in the transaction of the last outcome before it.
    if (checkpoint !== undefined) checkpoints.put(checkpoint);
  };

  return { apply, settle, remove };
}

/** The key of what is as it should be: no refusal that was there when that was planned stands any more. */
function levelKey(resolution: Resolution): readonly string[] {
  if (resolution.kind === "applied") return [resolution.entry.key];
  return resolution.kind === "deleted" || resolution.kind === "needless" ? [resolution.key] : [];
}
