import type { StoredOperation } from "../core/ledger.ts";
import type { Resolution } from "../core/settlement.ts";
import type { Operation } from "../core/operation.ts";
import { isLookedForFirst } from "../core/plan.ts";
import { isUndecidable } from "./attempt.ts";
import type { RunContext } from "./context.ts";
import type { Delivery } from "./deliver.ts";
import { recordOf, type Flow } from "./flow.ts";
import { lookUpOf } from "./search.ts";

/** Operations read from the ledger at a time. */
const BATCH = 500;

export interface Recovered {
  /** Repeatable writes without bytes: the read meets their records again and plans them anew. */
  readonly leftovers: number;
  /** Operations with bytes that are tried again now. */
  readonly held: number;
}

/**
 * Takes up what earlier runs left unresolved (U1). A `sent` operation without an outcome is unknown. What is held with its bytes is
 * delivered again, or stays when it may not be tried yet; a waiting version takes its turn when nothing is before it.
 */
export async function recover(context: RunContext, flow: Flow): Promise<Recovered> {
  const { ledger, clock } = context.ports;
  let leftovers = 0;
  let held = 0;
  for (let after = 0; ;) {
    const batch = await ledger.unresolved(after, BATCH);
    const steps = batch.map((stored) => ({ stored, step: takeUp(stored, clock.wallMs(), context) }));
    // K1: whatever is known of them from before, from here on they may be sent.
    const taken = steps.filter(({ step }) => typeof step === "object");
    if (taken.length > 0) await ledger.takeUp(taken.map(({ stored }) => stored.number));
    // Before anything goes: a version that waits behind one of them would take its place.
    const resolutions = context.stop.aborted ? [] : steps.flatMap((each) => concluded(each, context));
    if (resolutions.length > 0) await ledger.settle({ run: context.run, resolutions, checkpoint: undefined });
    for (const { stored, step } of steps) {
      if (typeof step === "object") {
        held += 1;
        // Also when the run stops: then it ends at once, and is put back as what it was.
        flow.start(step, undefined);
        await flow.room();
      } else if (context.stop.aborted) continue;
      else if (step === "leftover") leftovers += 1;
      else if (step === "waiting") await promoteIfFirst(stored, context, flow);
    }
    if (context.stop.aborted) return { leftovers, held };
    const last = batch.at(-1);
    if (last === undefined || batch.length < BATCH) return { leftovers, held };
    after = last.number;
  }
}

interface Step {
  readonly stored: StoredOperation;
  readonly step: ReturnType<typeof takeUp>;
}

/** What can be said of an operation without trying it again. */
function concluded({ stored, step }: Step, context: RunContext): Resolution[] {
  if (step === "lapsed") return [{ kind: "verified", number: stored.number }];
  return step === "undecidable" ? keptForPerson(stored, context) : [];
}

/**
 * - `leftover`: planned anew by the read. - `lapsed`: the time in which an older write could land is over, and it had the same
 * content. - `stay`: not to be tried yet. - `undecidable`: only a person can decide. - `waiting`: behind another one.
 */
function takeUp(
  stored: StoredOperation,
  nowMs: number,
  context: RunContext,
): Delivery | "leftover" | "lapsed" | "stay" | "undecidable" | "waiting" {
  switch (stored.state) {
    case "waiting":
      // What has gone waits for the end of a read.
      return stored.kind === "delete" ? "stay" : "waiting";
    case "verifying":
      return stored.stored === undefined && (stored.progress.staleUntilMs ?? 0) <= nowMs ? "lapsed" : "stay";
    case "parked":
      return (stored.progress.notBeforeMs ?? 0) > nowMs
        ? "stay"
        : deliveryOf(stored, stored.progress.everUnknown, nowMs, context);
    case "sent":
      if (!stored.held) return "leftover";
      return deliveryOf(stored, true, nowMs, context);
    case "unknown":
      return deliveryOf(stored, true, nowMs, context);
  }
}

function deliveryOf(
  stored: StoredOperation,
  everUnknown: boolean,
  nowMs: number,
  context: RunContext,
): Delivery | "undecidable" {
  const { destination } = context.sync;
  const write = stored.stored?.write;
  const wasSent = stored.state === "sent";
  const operation: Operation = {
    number: stored.number,
    kind: stored.kind,
    state: "sent",
    record: recordOf(stored),
    destinationId: stored.destinationId,
    write,
    idempotencyKey: stored.idempotencyKey,
    // A crash hides when the last request left; it can still land `lateWrite` from now at the latest.
    progress: {
      ...stored.progress,
      everUnknown,
      lastSentMs: wasSent ? nowMs : stored.progress.lastSentMs,
      notBeforeMs: undefined,
    },
  };
  if (isUndecidable(operation, write, context, nowMs)) return "undecidable";
  // What is only updated must not be created: whether it is there may never have been answered.
  const mayCreate =
    context.sync.writes === "updateOnly" &&
    stored.kind === "update" &&
    destination.traits.addressing === "own" &&
    lookUpOf(stored, destination) !== undefined;
  // That it was to be looked for is in no row: the look-up may have failed, or never have come to its turn.
  const isNew = stored.kind === "create" && isLookedForFirst(destination.traits, context.sync.writes);
  return { operation, lookFirst: write === undefined || mayCreate || isNew, held: true };
}

/** It is unknown from now on, and every run says so; what was unknown before stays as it is. */
function keptForPerson({ number, key, state, progress, stored }: StoredOperation, context: RunContext): Resolution[] {
  const lastMessage = "it may have been applied, and it can neither be repeated safely nor looked up";
  context.say({ type: "held", key, state: "unknown", needsPerson: true, untilMs: undefined, reason: lastMessage });
  if (state === "unknown" || stored === undefined) return [];
  return [
    { kind: "held", number, state: "unknown", progress: { ...progress, everUnknown: true, lastMessage }, held: stored },
  ];
}

/** U2: a waiting version goes when nothing is before it any more, or only what was certainly not sent. */
async function promoteIfFirst(waiting: StoredOperation, context: RunContext, flow: Flow): Promise<void> {
  const { active } = await context.ports.ledger.operation(waiting.key);
  if (active === undefined || (active.state === "parked" && !flow.isInFlight(active.number)))
    await flow.promote(waiting);
  else flow.expect(waiting.key);
}
