import type { Checkpoint } from "../core/checkpoint.ts";
import { higher } from "../core/read-window.ts";
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
  const cursor = spec === undefined ? undefined : higher(spec, end.cursor, end.pendingCursor);
  const checkpoint: Checkpoint = {
    ...end,
    cursor: end.kind === "full" ? (end.pendingCursor ?? end.cursor) : cursor,
    complete: true,
    position: undefined,
    completeMs: end.startedMs,
    fullMs: end.kind === "full" ? end.startedMs : end.fullMs,
    fullRecords: end.kind === "full" && !resumed ? context.counts.read : end.fullRecords,
    mapping: end.kind === "full" ? reading : end.mapping,
  };
  await ledger.saveCheckpoint(checkpoint);
  context.say({ type: "checkpoint", cursor: checkpoint.cursor, complete: true });
  const { deletes, destination } = context.sync;
  const mayLandUntilMs = context.ports.clock.wallMs() + destination.traits.lateWriteMs;
  await ledger.abandonLeftovers(context.run, deletes.mode === "never" ? undefined : mayLandUntilMs);
  if (end.kind === "full") await dropUnmetRejects(context);
  warnOfAbsentPaths(context);
  return checkpoint;
}

/** A record without a usable key cannot be recognised when it comes back mended, so a complete read drops those that it did not meet. */
async function dropUnmetRejects({ ports: { ledger }, run }: RunContext): Promise<void> {
  for (let after = 0; ;) {
    const batch = await ledger.rejects(after, BATCH);
    const unmet = batch.filter((reject) => reject.key === undefined && reject.run !== run).map(({ id }) => id);
    if (unmet.length > 0) await ledger.discardRejects(unmet);
    const last = batch.at(-1);
    if (last === undefined || batch.length < BATCH) return;
    after = last.id;
  }
}

/** A path that no record has is more often a misspelt one than an optional one. */
function warnOfAbsentPaths({ sync, counts, say }: RunContext): void {
  if (counts.read === 0) return;
  for (const path of sync.mapping.absentPaths()) {
    say({
      type: "warning",
      code: "PATH_ABSENT",
      message: `the mapping's \`${path}\` was in none of the ${counts.read} records`,
      next: "Check its spelling; `evenkeel run --limit 1 --trace` shows a record as the source sends it.",
    });
  }
}
