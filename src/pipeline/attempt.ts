import { decideRetry, type Next, type Repeatability } from "../core/retry.ts";
import type { Attempt } from "../core/outcome.ts";
import type { Operation, Progress } from "../core/operation.ts";
import type { Write } from "../core/destination.ts";
import type { RunContext } from "./context.ts";

/** What one send came to and what follows from it. */
export interface Attempted {
  readonly attempt: Attempt;
  readonly next: Next;
  readonly progress: Progress;
}

/** Attempts at one operation in this run; the progress that is stored spans all runs. */
export interface Tries {
  readonly startedMs: number;
  readonly count: number;
}

/** K4: a key is trusted for this share of its declared retention; the clocks of both sides and the wire take the rest. */
const RETENTION_SHARE = 0.8;

/** How this operation may be repeated, now (R2, K4). */
export function repeatabilityOf(
  operation: Operation,
  write: Write,
  context: RunContext,
  wallMs: number,
): Repeatability {
  const { traits } = context.sync.destination;
  const { firstSentMs } = operation.progress;
  const keptMs = (traits.idempotencyKey?.retentionMs ?? 0) * RETENTION_SHARE;
  return {
    repeatable: write.repeatable,
    keyed: operation.idempotencyKey !== undefined && (firstSentMs === undefined || wallMs - firstSentMs < keptMs),
    lookUp: context.sync.destination.lookUp !== undefined,
  };
}

/** Sends the operation once and decides what follows. Never throws for what an API does. */
export async function attempt(
  operation: Operation,
  write: Write,
  tries: Tries,
  context: RunContext,
): Promise<Attempted> {
  const { clock, chance } = context.ports;
  const { destination, retry } = context.sync;
  const policy = retry.destination;
  const sentMs = clock.wallMs();
  const made = await destination.send(write, {
    idempotencyKey: operation.idempotencyKey,
    signal: context.kill,
    stop: context.stop,
    patienceMs: Math.max(0, policy.deadlineMs - (clock.monotonicMs() - tries.startedMs)),
  });
  const { outcome } = made;
  context.sent(destination.connection, made.evidence);
  if (outcome.kind === "throttled") context.counts.throttled += 1;
  const mayHaveLanded = outcome.kind === "unknown";
  const left = outcome.kind !== "not-sent";
  const progress: Progress = {
    ...operation.progress,
    attempts: operation.progress.attempts + 1,
    everUnknown: operation.progress.everUnknown || mayHaveLanded,
    firstSentMs: operation.progress.firstSentMs ?? (left ? sentMs : undefined),
    lastSentMs: mayHaveLanded ? clock.wallMs() : operation.progress.lastSentMs,
    lastMessage: messageOf(made),
  };
  const state = { attempts: tries.count + 1, startedMs: tries.startedMs, everUnknown: progress.everUnknown };
  const now = { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs(), random: chance.random() };
  return {
    attempt: made,
    next: decideRetry(policy, repeatabilityOf(operation, write, context, now.wallMs), state, outcome, now),
    progress,
  };
}

function messageOf({ outcome }: Attempt): string {
  return outcome.kind === "applied" ? `applied (${outcome.status})` : outcome.message;
}
