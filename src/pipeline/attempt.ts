import { decideRetry, type Next, type Repeatability } from "../core/retry.ts";
import type { StoredOperation } from "../core/ledger.ts";
import type { Attempt } from "../core/outcome.ts";
import type { Operation, Progress } from "../core/operation.ts";
import type { Patience } from "../core/patience.ts";
import type { Sync } from "../core/sync.ts";
import type { Write } from "../core/destination.ts";
import type { RunContext } from "./context.ts";
import { lookUpOf } from "./search.ts";

/** What follows from an attempt, and the operation's progress with it. */
export interface Judged {
  readonly next: Next;
  readonly progress: Progress;
}

/** Attempts at one operation in this run; the progress that is stored spans all runs. */
export interface Tries {
  readonly count: number;
  readonly patience: Patience;
}

/** What tells how an operation in doubt may go on, whether it is under way or stored. */
export type InDoubt = Pick<Operation, "idempotencyKey" | "progress" | "destinationId">;

/** K4: a key is trusted for this share of its declared retention; the clocks of both sides and the wire take the rest. */
const RETENTION_SHARE = 0.8;

/** For how long its key is still trusted, ms. */
function keptForMs(
  { idempotencyKey, progress }: Pick<Operation, "idempotencyKey" | "progress">,
  { sync }: Pick<RunContext, "sync">,
  wallMs: number,
): number {
  if (idempotencyKey === undefined) return 0;
  const keptMs = (sync.destination.traits.idempotencyKey?.retentionMs ?? 0) * RETENTION_SHARE;
  return (progress.firstSentMs ?? wallMs) + keptMs - wallMs;
}

/** How this operation may be repeated, now (R2, K4). */
export function repeatabilityOf(
  operation: InDoubt,
  write: Write,
  context: Pick<RunContext, "sync">,
  wallMs: number,
): Repeatability {
  return {
    repeatable: write.repeatable,
    keyed: keptForMs(operation, context, wallMs) > 0,
    lookUp: lookUpOf(operation, context.sync.destination) !== undefined,
  };
}

/** It is based on a version, with which it is taken once at most. */
export const isTakenOnce = ({ etag }: Operation, { sync }: RunContext): boolean =>
  etag !== undefined && sync.destination.traits.precondition !== undefined;

/** R2, K4: it may have been applied, must not be sent again by itself, and nobody can be asked: only a person can decide. */
export function isUndecidable(
  operation: InDoubt,
  write: Write | undefined,
  context: Pick<RunContext, "sync">,
  wallMs: number,
): boolean {
  if (!operation.progress.everUnknown || lookUpOf(operation, context.sync.destination) !== undefined) return false;
  const may = write && repeatabilityOf(operation, write, context, wallMs);
  return may === undefined || (!may.repeatable && !may.keyed);
}

/** Whether a stored operation of unknown outcome waits for a person, since no run can find out what became of it. */
export function isForPerson({ stored, ...operation }: StoredOperation, sync: Sync, wallMs: number): boolean {
  return operation.state === "unknown" && isUndecidable(operation, stored?.write, { sync }, wallMs);
}

/** Sends the operation once. Never throws for what an API does. */
export function attempt(operation: Operation, write: Write, tries: Tries, context: RunContext): Promise<Attempt> {
  const { destination } = context.sync;
  const patienceMs = tries.patience.leftMs;
  const together = context.batches?.send(operation, write, patienceMs);
  if (together !== undefined) return together;
  const { idempotencyKey, etag: tag, kind, isAbsent = false } = operation;
  const based = destination.traits.precondition && { tag, isNew: kind === "create" || isAbsent };
  // K4: a turn that comes after its key is forgotten would make it twice.
  const isBound = operation.progress.everUnknown && !write.repeatable && !isTakenOnce(operation, context);
  const { clock } = context.ports;
  const leavesByMs =
    isBound && idempotencyKey !== undefined
      ? clock.monotonicMs() + keptForMs(operation, context, clock.wallMs())
      : undefined;
  const sending = { signal: context.kill, stop: context.stop, patienceMs, leavesByMs };
  return destination.send(write, { idempotencyKey, ...based, ...sending });
}

/** Decides what follows. `sentMs`: wall clock before it was sent. */
export function judge(
  operation: Operation,
  write: Write,
  made: Attempt,
  sentMs: number,
  tries: Tries,
  context: RunContext,
): Judged {
  const { clock, chance } = context.ports;
  const { destination, retry } = context.sync;
  const { outcome } = made;
  if (made.isShared !== true) context.sent(destination.connection, made.evidence);
  if (made.isShared !== true && outcome.kind === "throttled") context.counts.throttled += 1;
  const mayHaveLanded = outcome.kind === "unknown";
  const left = outcome.kind !== "not-sent";
  const before = operation.progress;
  const progress: Progress = {
    attempts: before.attempts + 1,
    everUnknown: before.everUnknown || mayHaveLanded,
    firstSentMs: before.firstSentMs ?? (left ? sentMs : undefined),
    lastSentMs: mayHaveLanded ? clock.wallMs() : before.lastSentMs,
    notBeforeMs: before.notBeforeMs,
    staleUntilMs: before.staleUntilMs,
    twinUntilMs: before.twinUntilMs,
    lastMessage: messageOf(made),
  };
  if (outcome.kind === "applied" || isGone(operation, outcome)) return { next: APPLIED, progress };
  tries.patience.spend(made.evidence.durationMs);
  const state = { attempts: tries.count + 1, leftMs: tries.patience.leftMs, everUnknown: progress.everUnknown };
  const now = { wallMs: clock.wallMs(), random: chance.random() };
  const may = repeatabilityOf(operation, write, context, now.wallMs);
  return { next: decideRetry(retry.destination, may, state, outcome, now), progress };
}

/** U5: what is not there any more is deleted, whoever did it. */
const isGone = ({ kind }: Operation, outcome: Attempt["outcome"]): boolean =>
  kind === "delete" && outcome.kind === "refused" && (outcome.reason === "missing" || outcome.reason === "exists");

const APPLIED: Next = { kind: "applied" };

function messageOf({ outcome }: Attempt): string {
  return outcome.kind === "applied" ? `applied (${outcome.status})` : outcome.message;
}
