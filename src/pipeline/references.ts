import type { Checkpoint } from "../core/checkpoint.ts";
import type { RunContext } from "./context.ts";
import type { Flow } from "./flow.ts";
import { createJournal } from "./journal.ts";
import { rejectedRecords } from "./selection.ts";
import type { Stage } from "./stage.ts";

/** Rejects looked at in one pass, and how many operations may be under way. */
const BATCH = 500;
const UNDER_WAY_MAX = 2_000;

/**
 * Records that refer to one that was not in its destination when they were read: tried again once everything else is written, round by round, since one
 * of them may be what another waits for. What still waits is told, and stays with the rejects: the next run tries it again.
 */
export async function resolveReferences(
  start: Checkpoint,
  context: RunContext,
  stage: Stage,
  flow: Flow,
): Promise<void> {
  // The checkpoint is past them, so each keeps its bytes.
  const journal = createJournal({ ...context, partial: true });
  // They were counted when they were read.
  const quiet = { ...context, counts: { ...context.counts } };
  for (let resolved = 1; resolved > 0 && !context.stop.aborted;) {
    resolved = 0;
    for await (const waiting of waitingOnes(context)) {
      const ids = waiting.map(({ id }) => id);
      const pages = await Array.fromAsync(rejectedRecords(ids, start, quiet));
      const { planned, clearRejects, found } = await stage.plan(pages.flatMap(({ records }) => records));
      resolved += planned.length;
      for (const delivery of await journal.page(planned, [], { clearRejects, found })) flow.start(delivery, undefined);
      await flow.below(UNDER_WAY_MAX);
    }
    await flow.idle();
  }
  for await (const waiting of waitingOnes(context))
    for (const { key, code, reason } of waiting) {
      context.counts.invalid += 1;
      context.say({ type: "invalid", key, code, reason });
    }
}

type Waiting = Awaited<ReturnType<RunContext["ports"]["ledger"]["rejects"]>>;

async function* waitingOnes({ ports }: RunContext): AsyncGenerator<Waiting> {
  for (let after = 0; ;) {
    const batch = await ports.ledger.rejects(after, BATCH);
    const waiting = batch.filter(({ code }) => code === "REFERENCE_MISSING");
    if (waiting.length > 0) yield waiting;
    const last = batch.at(-1);
    if (last === undefined || batch.length < BATCH) return;
    after = last.id;
  }
}
