import type { StoredOperation } from "../core/ledger.ts";
import type { Operation } from "../core/operation.ts";
import type { RunContext } from "./context.ts";
import { recordOf, type Flow } from "./flow.ts";
import { search } from "./search.ts";

/** Operations looked at in one pass over the ledger. */
const BATCH = 500;

/**
 * U3, U8: the last thing of a run. Where an older write with other content could still land on a newer one, waits until it no
 * longer can, looks at the destination, and writes the newer version again if it was overwritten. A run that stops before leaves
 * it to the next one: the rows stay.
 */
export async function verify(context: RunContext, flow: Flow): Promise<void> {
  const { ledger, clock } = context.ports;
  for (let after = 0; ;) {
    const batch = await ledger.unresolved(after, BATCH);
    for (const stored of batch) {
      if (context.stop.aborted) return;
      if (stored.state !== "verifying" || stored.stored === undefined) continue;
      const atMs = stored.progress.staleUntilMs ?? 0;
      const leftMs = atMs - clock.wallMs();
      if (leftMs > 0) {
        context.say({
          type: "waiting",
          untilMs: atMs,
          reason: `an older write of ${stored.key} was given up and may still land`,
        });
        await clock.sleep(leftMs, context.stop).catch(() => undefined);
        if (context.stop.aborted) return;
      }
      await verifyOne(stored, context, flow);
    }
    const last = batch.at(-1);
    if (last === undefined || batch.length < BATCH) break;
    after = last.number;
  }
  await flow.idle();
}

async function verifyOne(stored: StoredOperation, context: RunContext, flow: Flow): Promise<void> {
  const operation: Operation = {
    number: stored.number,
    kind: stored.kind === "delete" ? "delete" : "update",
    state: "sent",
    record: recordOf(stored),
    destinationId: stored.destinationId,
    write: stored.stored?.write,
    idempotencyKey: undefined,
    // Nothing older can land from here on, so whatever is sent now is the last word.
    progress: { ...stored.progress, staleUntilMs: undefined, everUnknown: false, lastSentMs: undefined },
  };
  const mayRepeat = operation.write?.repeatable !== false;
  const found = await search(operation, "before", context, { isForeign: mayRepeat });
  // What is left over where the mapping left a field out is no reason to do twice what may only be done once.
  const isLookedPast = found.kind === "different" && found.isLeftOver === true && !mayRepeat;
  if (found.kind === "level" || isLookedPast) {
    const line = {
      key: stored.key,
      atMs: context.ports.clock.wallMs(),
      event: "verified",
      operation: stored.number,
      detail: "no older write landed on it",
    };
    await context.ports.ledger.settle({
      run: context.run,
      resolutions: [{ kind: "verified", number: stored.number, line }],
      checkpoint: undefined,
    });
    return;
  }
  if (found.kind === "stopped") return;
  // Overwritten, or it cannot be looked at: a repeatable write to the record's own address mends it either way. Should that be refused,
  // nobody may take the record for level.
  await context.ports.ledger.takeUp([stored.number]);
  flow.start({ operation, lookFirst: false, held: true }, undefined);
}
