import type { BatchItem, Destination, ManyWrites, Write } from "../core/destination.ts";
import type { Operation, OperationKind } from "../core/operation.ts";
import { plainEvidence, untried, type Attempt, type Outcome } from "../core/outcome.ts";
import type { RunContext } from "./context.ts";

/** How long a batch that is not full waits for more, ms. */
const LINGER_MS = 10;

/** A write that waits to go with others. */
interface Rider {
  readonly item: BatchItem;
  readonly bytes: number;
  readonly patienceMs: number;
  readonly arrive: (attempt: Attempt) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Puts first attempts together, as many as the destination takes in one request. Each operation keeps its own intent and comes to its own end. What
 * a batch was refused for as a whole is halved until what is wrong stands alone; what became of one that was lost each finds out by itself, and
 * never in the company of others again.
 */
export class Batches {
  readonly #context: Omit<RunContext, "batches">;
  readonly #lines = new Map<ManyWrites, BatchLine>();

  constructor(context: Omit<RunContext, "batches">) {
    this.#context = context;
  }

  /** Undefined when writes of this kind go alone, each by a request of its own. */
  send(operation: Operation, write: Write, patienceMs: number): Promise<Attempt> | undefined {
    const many = manyOf(operation.kind, this.#context.sync.destination);
    if (many === undefined) return undefined;
    const { progress, record, destinationId } = operation;
    const isAlone = operation.isAlone === true || progress.everUnknown;
    const item = { record, destinationId };
    if (isAlone) return many.isOnly ? this.#lineOf(many).alone(item, write, patienceMs) : undefined;
    return this.#lineOf(many).join(item, Buffer.byteLength(write.body ?? ""), patienceMs);
  }

  #lineOf(many: ManyWrites): BatchLine {
    let line = this.#lines.get(many);
    if (line === undefined) {
      line = new BatchLine(many, this.#context);
      this.#lines.set(many, line);
    }
    return line;
  }
}

/** What writes of this kind go in together; undefined when each goes by a request of its own. */
export function manyOf(kind: OperationKind, { traits, many }: Destination): ManyWrites | undefined {
  // U4: what bears a version goes alone. A create that turns out to be none is told by its result.
  return traits.precondition !== undefined && kind !== "create" ? undefined : many(kind);
}

/** The writes of one kind that wait to go together. */
class BatchLine {
  readonly #many: ManyWrites;
  readonly #context: Omit<RunContext, "batches">;
  /** Less than declared once a batch was too large. */
  #size: number;
  #waiting: Rider[] = [];
  #bytes = 0;
  #isDue = false;

  constructor(many: ManyWrites, context: Omit<RunContext, "batches">) {
    this.#many = many;
    this.#context = context;
    this.#size = many.size;
  }

  /** Resolves with what became of this one. */
  join(item: BatchItem, bytes: number, patienceMs: number): Promise<Attempt> {
    return new Promise((arrive, fail) => {
      if (this.#bytes + bytes > this.#many.bytes) this.#leave();
      this.#waiting.push({ item, bytes, patienceMs, arrive, fail });
      this.#bytes += bytes;
      if (this.#waiting.length >= this.#size) this.#leave();
      else this.#linger();
    });
  }

  async alone(item: BatchItem, write: Write, patienceMs: number): Promise<Attempt> {
    const { attempt, each } = await this.#many.send(write, [item], this.#optionsOf(patienceMs));
    const [outcome] = each ?? [];
    return outcome === undefined ? attempt : { ...attempt, outcome };
  }

  #linger(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#context.ports.clock.after(LINGER_MS, () => {
      this.#isDue = false;
      this.#leave();
    });
  }

  #leave(): void {
    const riders = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    if (riders.length > 0) void this.#send(riders);
  }

  /** Whatever becomes of them, each rider hears of it. */
  async #send(riders: readonly Rider[]): Promise<void> {
    try {
      await this.#sendOrThrow(riders);
    } catch (error) {
      for (const { fail } of riders) fail(error);
    }
  }

  async #sendOrThrow(riders: readonly Rider[]): Promise<void> {
    const items = riders.map(({ item }) => item);
    const rendered = await this.#many.render(items);
    if (!rendered.ok) return this.#notSent(riders, rendered.reason);
    const patienceMs = Math.min(...riders.map((rider) => rider.patienceMs));
    const { attempt, each } = await this.#many.send(rendered.write, items, this.#optionsOf(patienceMs));
    const { counts, sent, sync } = this.#context;
    sent(sync.destination.connection, attempt.evidence);
    if (attempt.outcome.kind === "throttled") counts.throttled += 1;
    if (each === undefined && riders.length > 1 && isOfOne(attempt.outcome)) {
      if (attempt.outcome.reason === "tooLarge") this.#size = Math.min(this.#size, middleOf(riders));
      return this.#halve(riders);
    }
    const undone: Rider[] = [];
    for (const [index, rider] of riders.entries()) {
      const outcome = each?.[index] ?? attempt.outcome;
      if (each !== undefined && riders.length > 1 && isForAnother(outcome)) undone.push(rider);
      else rider.arrive(shareOf(attempt, outcome));
    }
    if (undone.length === riders.length) return this.#halve(riders);
    if (undone.length > 0) return this.#send(undone);
  }

  /** All or nothing, and it was nothing: one of them is to blame, or there are too many. */
  async #halve(riders: readonly Rider[]): Promise<void> {
    const middle = middleOf(riders);
    await this.#send(riders.slice(0, middle));
    await this.#send(riders.slice(middle));
  }

  /** The body cannot be made of these, though of each of them it could: what is wrong stands alone in the end. */
  #notSent(riders: readonly Rider[], message: string): Promise<void> | void {
    if (riders.length > 1) return this.#halve(riders);
    const { sync } = this.#context;
    const evidence = untried({ method: "", url: sync.destination.connection }, message);
    for (const { arrive } of riders)
      arrive({ outcome: { kind: "refused", status: 0, reason: "other", message }, evidence, isShared: true });
  }

  #optionsOf(patienceMs: number): Parameters<ManyWrites["send"]>[2] {
    const { kill, stop } = this.#context;
    return { signal: kill, stop, patienceMs };
  }
}

const middleOf = ({ length }: readonly unknown[]): number => Math.ceil(length / 2);

/** A refusal that may be for one of them alone; what is refused of the credentials is refused of all. */
const isOfOne = (outcome: Outcome): outcome is Extract<Outcome, { kind: "refused" }> =>
  outcome.kind === "refused" && outcome.reason !== "credentials" && outcome.reason !== "redirected";

/** It was not written since another one of its batch was refused (424 Failed Dependency, RFC 4918, 11.4): without that it may be. */
const isForAnother = (outcome: Outcome): boolean => outcome.kind === "refused" && outcome.status === 424;

/** The attempt of one record of a batch. */
function shareOf({ outcome: whole, evidence }: Attempt, outcome: Outcome): Attempt {
  const isOwn = outcome !== whole && outcome.kind !== "applied";
  return {
    outcome,
    evidence: isOwn ? { ...plainEvidence(evidence), failure: outcome.message } : evidence,
    isShared: true,
  };
}
