import { unreachable } from "../core/invariant.ts";
import type { Write } from "../core/destination.ts";
import { andThen, type Eventual } from "../core/eventual.ts";
import type { Operation } from "../core/operation.ts";
import type { Attempt } from "../core/outcome.ts";
import { Patience } from "../core/patience.ts";
import type { RejectCode } from "../core/reject.ts";
import type { Next } from "../core/retry.ts";
import { attempt, isTakenOnce, judge, repeatabilityOf } from "./attempt.ts";
import type { RunContext } from "./context.ts";
import { noteHold, noteOutage, noteRefusedCredentials, outcomeText } from "./given-up.ts";
import { afterConflict, afterSearch, type SearchReason, type SearchStep } from "./after-search.ts";
import { isToBeWritten } from "./left-over.ts";
import { lookUpOf, search, type Search } from "./search.ts";
import type { Journal } from "./journal.ts";

/** An operation on its way. */
export interface Delivery {
  readonly operation: Operation;
  /** Look in the destination before anything is sent. */
  readonly lookFirst: boolean;
  /** True when the ledger holds its bytes, so the checkpoint may be past it: then it can never be released. */
  readonly held: boolean;
}

/** How a delivery ended. `operation` is the one in the journal at the end: a look-up can turn a create into an update. */
export type Ending = { readonly operation: Operation; readonly attempt: Attempt | undefined } & (
  | {
      readonly kind: "applied";
      readonly destinationId: string | undefined;
      readonly etag: string | undefined;
      readonly how: "sent" | "found";
    }
  | { readonly kind: "rejected"; readonly message: string; readonly code?: RejectCode }
  | { readonly kind: "held"; readonly state: "unknown" | "parked"; readonly message: string }
  /** Certainly not sent, because the run stops or the destination has nothing to update. */
  | { readonly kind: "released" }
  /** Somebody else's change is kept, and what the source has is not written until it changes again. */
  | { readonly kind: "overruled"; readonly destinationId: string | undefined; readonly etag: string | undefined }
  /** There already, and only creation was asked for (`createOnly`), or not there (`updateOnly`). */
  | { readonly kind: "skipped"; readonly destinationId: string | undefined }
);

/**
 * Brings one operation to its end: sends it, waits and repeats as core/retry decides, looks it up where that is the only way to
 * know. Never throws for what an API does; a broken ledger throws.
 */
export function deliver(delivery: Delivery, context: RunContext, journal: Journal): Promise<Ending> {
  return new Passage(delivery, context, journal).begin();
}

/** An operation on its way: what its attempts came to so far. */
class Passage {
  readonly #delivery: Delivery;
  readonly #context: RunContext;
  readonly #journal: Journal;
  readonly #patience: Patience;
  #operation: Operation;
  #attempts = 0;
  #last: Attempt | undefined;
  /** U5: it was refused because it exists, and what exists may be what it has made itself. */
  #mayBeOurs = false;

  constructor(delivery: Delivery, context: RunContext, journal: Journal) {
    this.#delivery = delivery;
    this.#context = context;
    this.#journal = journal;
    this.#operation = delivery.operation;
    this.#patience = new Patience(context.sync.retry.destination.deadlineMs);
  }

  begin(): Promise<Ending> {
    if (!this.#delivery.lookFirst && !this.#lacksVersion()) return this.#send();
    if (!this.#operation.progress.everUnknown) return this.#lookUp("before");
    return this.#mayCreateAgain() ? this.#lookOnce() : this.#lookUp("unknown");
  }

  /** What may have been applied may go again as it is, so nobody need wait until it can no longer land: only what others have made is looked for. */
  async #lookOnce(): Promise<Ending> {
    const found = await search(this.#operation, "before", this.#context);
    return found.kind === "absent" ? this.#send() : this.#conclude(found, "unknown");
  }

  /** R2, K4: twice is the same as once. */
  #mayCreateAgain(): boolean {
    const { kind, write } = this.#operation;
    if (kind !== "create" || write === undefined) return false;
    const may = repeatabilityOf(this.#operation, write, this.#context, this.#context.ports.clock.wallMs());
    return may.repeatable || may.keyed;
  }

  /** U4: what it is based on must be known before it can be sent. */
  #lacksVersion(): boolean {
    const { kind, etag } = this.#operation;
    return this.#context.sync.destination.traits.precondition !== undefined && kind !== "create" && etag === undefined;
  }

  #send(): Promise<Ending> {
    const operation = this.#operation;
    const context = this.#context;
    const { write } = operation;
    if (write === undefined) return Promise.resolve(this.#stopped("it has no bytes to send"));
    if (context.stop.aborted) return Promise.resolve(this.#stopped("the run stopped"));
    // R2, K4: before each send, since a key that was good when it was stored has run out after a week's outage.
    if (mayDouble(operation, write, context)) {
      if (lookUpOf(operation, context.sync.destination) !== undefined) return this.#lookUp("unknown");
      return Promise.resolve({ kind: "held", state: "unknown", operation, attempt: this.#last, message: KEY_OVER });
    }
    const sentMs = context.ports.clock.wallMs();
    const tries = { count: this.#attempts, patience: this.#patience };
    return attempt(operation, write, tries, context).then((made) => {
      const { next, progress } = judge(operation, write, made, sentMs, tries, context);
      this.#operation = { ...operation, progress };
      this.#attempts += 1;
      this.#last = made;
      return this.#follow(made, next);
    });
  }

  /** What an attempt leads to. */
  #follow(made: Attempt, next: Next): Eventual<Ending> {
    const operation = this.#operation;
    const context = this.#context;
    const { retry } = context.sync;
    noteOutage(made, context);
    if (next.kind === "applied") return applied(operation, made, context);
    if (isConflict(made, context))
      return context.stop.aborted ? this.#stopped(outcomeText(made)) : this.#afterConflict(made);
    if (next.kind === "rejected") return { kind: "rejected", operation, attempt: made, message: next.message };
    if (context.stop.aborted) return this.#stopped(next.message);
    switch (next.kind) {
      case "hold":
        return hold(operation, next, made, context);
      case "stop":
        noteRefusedCredentials(next, made, context);
        return this.#stopped(next.message);
      case "again":
        context.counts.retries += 1;
        context.say({
          type: "retry",
          what: `${operation.kind} ${operation.record.key}`,
          attempt: this.#attempts + 1,
          delayMs: next.delayMs,
          reason: next.message,
        });
        // What it is based on may be another version by now: its own.
        return this.#pause(next.delayMs).then(() =>
          isFenced(operation, context) && made.outcome.kind === "unknown" ? this.#afterConflict(made) : this.#send(),
        );
      case "look-up": {
        // An API that says "exists" to everything, and shows nothing or something else, must not be asked for ever.
        if (this.#attempts >= retry.destination.attempts) return givenUp(operation, made, next.message);
        const reason = reasonOf(made);
        this.#mayBeOurs = reason === "exists";
        return this.#pause(next.delayMs).then(() => this.#lookUp(reason));
      }
      default:
        return unreachable(next);
    }
  }

  /** Waits; a stop of the run ends the wait, and the caller then sees that it stopped. */
  async #pause(delayMs: number): Promise<void> {
    this.#patience.spend(delayMs);
    await this.#context.ports.clock.sleep(delayMs, this.#context.stop).catch(() => undefined);
  }

  /** Looks in the destination, and sends what is still to be sent. */
  async #lookUp(reason: SearchReason): Promise<Ending> {
    const operation = this.#operation;
    return this.#conclude(await search(operation, reason, this.#context, { isForeign: true }), reason);
  }

  async #conclude(search: Search, reason: SearchReason): Promise<Ending> {
    const operation = this.#operation;
    const found = this.#settled(search, reason);
    if (found.kind === "stopped") return this.#stopped(found.message);
    this.#mayBeOurs = false;
    return this.#take(await afterSearch(found, operation, reason, this.#context, this.#journal), this.#last);
  }

  /** What is left over where the mapping left a field out is looked past where it is not to be mended. */
  #settled(found: Search, reason: SearchReason): Search {
    if (found.kind !== "different" || found.isLeftOver !== true) return found;
    const { destinationId, etag } = found;
    if (isToBeWritten(this.#operation, reason, etag, this.#context.sync)) return found;
    return { kind: "level", destinationId, etag };
  }

  #take(step: SearchStep, attempt: Attempt | undefined): Eventual<Ending> {
    if (step.kind === "end") return { operation: this.#operation, attempt, ...step.ending } as Ending;
    this.#operation = step.operation;
    return this.#send();
  }

  /** U4: what is there is not what it is based on, or may not be. */
  async #afterConflict(made: Attempt): Promise<Ending> {
    const [operation, context] = [this.#operation, this.#context];
    if (this.#attempts >= context.sync.retry.destination.attempts)
      return givenUp(operation, made, outcomeText(made) + weakness(operation));
    const isForeign = operation.progress.everUnknown;
    const found = this.#settled(await search(operation, "before", context, { isForeign }), "before");
    const step = found.kind === "stopped" ? undefined : afterConflict(found, operation, outcomeText(made), context);
    return step === undefined ? this.#conclude(found, "before") : this.#take(step, made);
  }

  /** What becomes of it when the run stops: kept with its bytes when it may have been sent or is the ledger's, else released. */
  #stopped(message: string): Ending {
    const [operation, attempt] = [this.#operation, this.#last];
    if (operation.progress.everUnknown || this.#mayBeOurs)
      return { kind: "held", state: "unknown", operation, attempt, message };
    if (this.#delivery.held) return { kind: "held", state: "parked", operation, attempt, message };
    return { kind: "released", operation, attempt };
  }
}

/** Whether the destination compares versions before it takes this write. */
const isFenced = ({ kind }: Operation, { sync }: RunContext): boolean => {
  const { precondition, addressing } = sync.destination.traits;
  return precondition !== undefined && (kind !== "create" || addressing === "own");
};

/** U4: 412 and 428, and 409 where a version is declared. */
const isConflict = ({ outcome }: Attempt, { sync }: RunContext): boolean =>
  outcome.kind === "refused" && outcome.reason === "conflict" && sync.destination.traits.precondition !== undefined;

const KEY_OVER =
  "it may have been applied, its idempotency key is no longer remembered, and the destination cannot be asked";

/** R2: what may have been applied goes again only where twice is the same as once. */
function mayDouble(operation: Operation, write: Write, context: RunContext): boolean {
  if (!operation.progress.everUnknown) return false;
  if (isTakenOnce(operation, context)) return false;
  const may = repeatabilityOf(operation, write, context, context.ports.clock.wallMs());
  return !may.repeatable && !may.keyed;
}

/** RFC 9110, 13.1.1: If-Match compares strongly, so a server that keeps to it refuses every weak ETag. */
const weakness = ({ etag }: Operation): string =>
  etag?.startsWith("W/") === true
    ? `; its ETag ${etag} is weak, which If-Match never matches: declare a version of the record as \`precondition\`, or none`
    : "";

function givenUp(operation: Operation, attempt: Attempt, message: string): Ending {
  if (operation.progress.everUnknown) return { kind: "held", state: "unknown", operation, attempt, message };
  return { kind: "rejected", operation, attempt, message };
}

const reasonOf = ({ outcome }: Attempt): SearchReason =>
  outcome.kind !== "refused" ? "unknown" : outcome.reason === "exists" ? "exists" : "refused";

function applied(operation: Operation, made: Attempt, context: RunContext): Eventual<Ending> {
  const { outcome } = made;
  const { addressing } = context.sync.destination.traits;
  const etag = outcome.kind === "applied" ? outcome.etag : undefined;
  const known =
    operation.destinationId !== undefined || addressing === "own" || outcome.kind !== "applied"
      ? operation.destinationId
      : (outcome.destinationId ?? context.sync.destination.idOf(outcome.body));
  return andThen(known, (destinationId) => ({
    kind: "applied",
    operation,
    attempt: made,
    destinationId,
    etag,
    how: "sent",
  }));
}

function hold(operation: Operation, next: Extract<Next, { kind: "hold" }>, made: Attempt, context: RunContext): Ending {
  const progress = { ...operation.progress, notBeforeMs: next.notBeforeMs };
  noteHold(next, made, context);
  return {
    kind: "held",
    state: next.state,
    operation: { ...operation, progress },
    attempt: made,
    message: next.message,
  };
}
