import type { Checkpoint } from "../core/checkpoint.ts";
import { higher, upToPassed } from "../core/read-window.ts";
import type { Reject } from "../core/reject.ts";
import { asksWhose } from "../core/sync.ts";
import type { RunContext } from "./context.ts";

/** Rejects looked at in one pass. */
const BATCH = 500;

/**
 * The end of a read that reached the source's declared end, with everything before it settled: the cursor moves to what was read,
 * the mapping counts as applied to all (P10), and what only this read could have met again is closed. Returns the checkpoint that now stands.
 */
export async function complete(end: Checkpoint, context: RunContext, resumed: boolean): Promise<Checkpoint> {
  const { ledger } = context.ports;
  if (context.partial || context.stop.aborted) return end;
  const { cursor: spec, reading } = context.sync;
  const read = spec && upToPassed(spec, end.pendingCursor, end);
  const cursor = spec && higher(spec, end.cursor, read);
  const checkpoint: Checkpoint = {
    ...end,
    cursor: end.kind === "full" ? (read ?? end.cursor) : cursor,
    complete: true,
    position: undefined,
    completeMs: end.startedMs,
    fullMs: end.kind === "full" ? end.startedMs : end.fullMs,
    fullRecords: end.kind === "full" && !resumed ? context.counts.read : end.fullRecords,
    mapping: end.kind === "full" ? reading : end.mapping,
  };
  await ledger.saveCheckpoint(checkpoint);
  context.say({ type: "checkpoint", cursor: checkpoint.cursor, complete: true });
  const mayLandUntilMs = context.ports.clock.wallMs() + context.sync.destination.traits.lateWriteMs;
  await ledger.abandonLeftovers(context.run, asksWhose(context.sync) ? mayLandUntilMs : undefined);
  if (end.kind === "full") await dropUnmetRejects(context, resumed);
  warnOfAbsentPaths(context);
  return checkpoint;
}

/**
 * What a complete read did not meet is not in the source any more. A record without a usable key cannot be recognised when it comes back mended; one
 * that waits for what it refers to is not asked for again. Both are dropped; but of the latter only what nothing is left to be done of, and only by a
 * read that was not resumed: what was met before it stopped was met by another run.
 */
async function dropUnmetRejects(context: RunContext, resumed: boolean): Promise<void> {
  const { ledger } = context.ports;
  for (let after = 0; ;) {
    const batch = await ledger.rejects(after, BATCH);
    const unmet = batch.filter(({ run }) => run !== context.run);
    const waiting = resumed ? [] : unmet.filter(({ code }) => code === "REFERENCE_MISSING");
    const dropped = [...unmet.filter(({ key }) => key === undefined), ...(await withoutDelete(waiting, context))];
    if (dropped.length > 0) await ledger.discardRejects(dropped.map(({ id }) => id));
    const last = batch.at(-1);
    if (last === undefined || batch.length < BATCH) return;
    after = last.id;
  }
}

/** Those that nothing is to be deleted of: where a mirror has written them, they stay until that is gone too. */
async function withoutDelete(rejects: readonly Reject[], { sync, ports }: RunContext): Promise<readonly Reject[]> {
  if (sync.deletes.mode !== "mirror") return rejects;
  const known = await ports.ledger.lookup(rejects.map(({ key }) => key ?? ""));
  return rejects.filter(({ key }) => known.get(key ?? "")?.entry === undefined);
}

/** A path that no record has is more often a misspelt one than an optional one. */
export function warnOfAbsentPaths({ sync, counts, say }: RunContext): void {
  if (counts.read === 0) return;
  const where =
    counts.read === 1 ? "not in the one record that was read" : `in none of the ${counts.read} records that were read`;
  for (const path of sync.mapping.absentPaths()) {
    say({
      type: "warning",
      code: "PATH_ABSENT",
      message: `the mapping's \`${path}\` was ${where}`,
      next: `Check its spelling; \`evenkeel probe ${sync.name}\` lists the fields of the source's records.`,
    });
  }
}
