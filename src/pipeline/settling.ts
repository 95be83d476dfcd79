import type { Attempt } from "../core/outcome.ts";
import type { Resolution } from "../core/settlement.ts";
import { isUndecidable } from "./attempt.ts";
import type { RunContext } from "./context.ts";
import type { Delivery, Ending } from "./deliver.ts";
import { idShared, type IdClaim } from "./id-claims.ts";
import { resolutionOf } from "./resolution.ts";
import type { PageNumber, Settled } from "./settle.ts";

/** What is said of an ending once it is durable. */
export type Telling = { readonly key: string } & (
  | { readonly kind: "created" | "updated" | "deleted" | "unchanged" | "skipped" | "released" }
  | { readonly kind: "rejected"; readonly reason: string; readonly status: number | undefined }
  | {
      readonly kind: "held";
      readonly state: "unknown" | "parked";
      readonly needsPerson: boolean;
      readonly untilMs: number | undefined;
      readonly reason: string;
    }
);

/** Called once what is said of the operation of this number is durable, or with false when the ledger failed. */
export type Committed = (number: number, told: Telling, durable: boolean) => void;

/**
 * An ending until its group is committed. Most endings are let go at once: an answer with its request takes many times the memory of what the
 * ledger keeps and what is to be said.
 */
export class Settling implements Settled {
  readonly resolution: Resolution;
  readonly page: PageNumber;
  readonly learns: IdClaim | undefined;
  readonly #number: number;
  readonly #context: RunContext;
  readonly #committed: Committed;
  /** Kept where it may come to something else. */
  readonly #ending: Ending | undefined;
  #told: Telling;

  constructor(delivery: Delivery, ending: Ending, page: PageNumber, context: RunContext, committed: Committed) {
    this.resolution = resolutionOf(ending, context);
    this.learns = learnedBy(ending, delivery);
    // P2: what was released was never sent, so its page stays open and the checkpoint stays before it.
    this.page = ending.kind === "released" ? undefined : page;
    this.#number = delivery.operation.number;
    this.#context = context;
    this.#committed = committed;
    this.#ending = this.learns && ending;
    this.#told = tellingOf(ending, context);
  }

  refused(owner: string): Resolution {
    if (this.#ending === undefined) return this.resolution;
    const { operation, attempt } = this.#ending;
    const isFound = this.#ending.kind !== "applied" || this.#ending.how === "found";
    const shared = idShared(this.learns?.id ?? "", owner, isFound && operation.progress.everUnknown);
    const refusal: Ending = { operation, attempt, ...shared };
    this.#told = tellingOf(refusal, this.#context);
    return resolutionOf(refusal, this.#context);
  }

  committed(durable: boolean): void {
    this.#committed(this.#number, this.#told, durable);
  }
}

/** The id that the destination has given a key which had none. */
function learnedBy(ending: Ending, { operation }: Delivery): IdClaim | undefined {
  if (operation.destinationId !== undefined || operation.kind === "delete") return undefined;
  const id = "destinationId" in ending ? ending.destinationId : undefined;
  return id === undefined ? undefined : { id, key: operation.record.key };
}

/** Of one among several in a batch, its own. */
const statusOf = (attempt: Attempt | undefined): number | undefined =>
  attempt?.outcome.kind === "refused" ? attempt.outcome.status : attempt?.evidence.answer?.status;

function tellingOf(ending: Ending, context: RunContext): Telling {
  const { kind, progress, record, write } = ending.operation;
  const { key } = record;
  switch (ending.kind) {
    case "applied":
      // What is found to have gone is as much deleted as what was there until then (U5).
      if (ending.how === "found" && kind !== "delete") return { key, kind: "unchanged" };
      return { key, kind: context.recreated?.delete(key) === true ? "created" : DONE[kind] };
    case "rejected":
      return { key, kind: "rejected", reason: ending.message, status: statusOf(ending.attempt) };
    case "held":
      return {
        key,
        kind: "held",
        state: ending.state,
        needsPerson: isUndecidable(ending.operation, write, context, context.ports.clock.wallMs()),
        untilMs: progress.notBeforeMs,
        reason: ending.message,
      };
    case "overruled":
      return { key, kind: "skipped" };
    case "skipped":
    case "released":
      return { key, kind: ending.kind };
  }
}

const DONE = { create: "created", update: "updated", delete: "deleted" } as const;
