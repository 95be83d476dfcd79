import { EvenkeelError } from "../core/errors.ts";
import type { Checkpoint } from "../core/checkpoint.ts";
import type { Resolution } from "../core/settlement.ts";
import { Watermark } from "../core/watermark.ts";
import type { Timer } from "../core/clock.ts";
import type { RunContext } from "./context.ts";
import type { IdClaim } from "./id-claims.ts";

/** A page's place in the run, or undefined for an operation that no page of this run holds back (P2: it is held by the ledger). */
export type PageNumber = number | undefined;

export interface Settled {
  readonly resolution: Resolution;
  /** The page that this outcome settles a record of; undefined when none does, because it was released or is the ledger's. */
  readonly page: PageNumber;
  /** The id that the destination gives a key which had none. */
  readonly learns?: IdClaim | undefined;
  /** What it is instead where another key has that id. */
  refused(owner: string): Resolution;
  /** Called once the outcome is durable, or with false when the ledger failed. */
  committed(durable: boolean): void;
}

/** Outcomes are committed in groups: one fsync for many records, at most this many... */
const GROUP_MAX = 1_000;
/** ...and at most this long after the first of them; it bounds what a crash makes the next run repeat. */
const GROUP_DELAY_MS = 100;

/** Collects outcomes and commits them in groups, with the checkpoint in the same transaction (P2). */
export class Settler {
  readonly #context: RunContext;
  readonly #watermark = new Watermark<Checkpoint>();
  #waiting: Settled[] = [];
  #timer: Timer | undefined;
  #flushing: Promise<void> = Promise.resolve();
  #broken = false;

  constructor(context: RunContext) {
    this.#context = context;
  }

  /** Opens a page: `end` is saved once all its operations and those of earlier pages are settled. */
  open(end: Checkpoint, operations: number): number {
    const page = this.#watermark.open(end, operations);
    if (operations === 0) this.#schedule();
    return page;
  }

  /** Outcomes that wait for the next commit. */
  get pending(): number {
    return this.#waiting.length;
  }

  add(settled: Settled): void {
    this.#waiting.push(settled);
    if (this.#waiting.length >= GROUP_MAX) void this.flush();
    else this.#schedule();
  }

  /** Commits everything that is waiting. Resolves when it is durable; a ledger that fails ends the run. */
  flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#flushing = this.#flushing.then(() => this.#commit());
    return this.#flushing;
  }

  #schedule(): void {
    this.#timer ??= this.#context.ports.clock.after(GROUP_DELAY_MS, () => void this.flush());
  }

  async #commit(): Promise<void> {
    const group = this.#waiting;
    this.#waiting = [];
    // After a failed commit nothing more is written: the ledger is as the last good commit left it, and a later run resumes there.
    if (this.#broken) {
      for (const each of group) each.committed(false);
      return;
    }
    for (const { page } of group) if (page !== undefined) this.#watermark.settle(page);
    const end = this.#watermark.advance();
    // A run over a part of the records proves nothing about the rest, so it moves no checkpoint.
    const checkpoint = this.#context.partial ? undefined : end;
    if (group.length === 0 && checkpoint === undefined) return;
    try {
      const resolutions = await this.#resolutionsOf(group);
      await this.#context.ports.ledger.settle({ run: this.#context.run, resolutions, checkpoint });
    } catch (error) {
      this.#broken = true;
      this.#context.fail(EvenkeelError.from(error));
      for (const each of group) each.committed(false);
      return;
    }
    if (checkpoint !== undefined)
      this.#context.say({ type: "checkpoint", cursor: checkpoint.cursor, complete: checkpoint.complete });
    for (const each of group) {
      if (each.learns !== undefined) this.#context.ids?.release(each.learns);
      each.committed(true);
    }
  }

  /** U5: no key gets an id that another one has. */
  async #resolutionsOf(group: readonly Settled[]): Promise<readonly Resolution[]> {
    const claims = group.flatMap(({ learns }) => learns ?? []);
    const owners = claims.length === 0 ? [] : ((await this.#context.ids?.take(claims)) ?? []);
    let next = 0;
    return group.map((each) => {
      const owner = each.learns === undefined ? undefined : owners[next++];
      return owner === undefined ? each.resolution : each.refused(owner);
    });
  }
}
