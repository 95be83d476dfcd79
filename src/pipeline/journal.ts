import type { Write as Decision } from "../core/plan.ts";
import type { Intent, NewReject } from "../core/ledger.ts";
import { FRESH, type Operation, type OperationKind, type Progress } from "../core/operation.ts";
import type { DesiredRecord } from "../core/record.ts";
import type { Write } from "../core/destination.ts";
import { invariant } from "../core/invariant.ts";
import type { RunContext } from "./context.ts";
import type { Delivery } from "./deliver.ts";

/** A record that planning wants written, or kept waiting behind another operation of its key. */
export interface Planned {
  readonly record: DesiredRecord;
  readonly decision: Decision | { readonly kind: "wait" };
  /** Rendered already; undefined for what waits, and for an update whose id must first be looked up. */
  readonly write: Write | undefined;
}

/** Writes intents before anything is sent (K1, U1): the only way for an operation to come into being. */
export interface Journal {
  /** Journals a page in one transaction. Returns what is to be delivered, in the page's order; what waits is not among it. */
  page(
    planned: readonly Planned[],
    rejects: readonly NewReject[],
    clearRejects: readonly string[],
  ): Promise<readonly Delivery[]>;
  /** A create whose record turned out to exist becomes an update of it; undefined when no update is declared. */
  turnIntoUpdate(operation: Operation, destinationId: string | undefined): Promise<Operation | undefined>;
  /** The same write under a new idempotency key (K5: only after the record was found to be absent). */
  withNewKey(operation: Operation): Promise<Operation>;
  /** A waiting operation takes its turn with what planning made of it now. */
  promote(waiting: number, planned: Planned): Promise<Delivery>;
}

export function createJournal(context: RunContext): Journal {
  const { ledger, clock, chance } = context.ports;
  const { destination } = context.sync;

  const intentOf = (planned: Planned, before: Partial<Progress> | undefined): Intent => {
    const { record, decision, write } = planned;
    const { key, keyKind, hash, cursor: sourceVersion, address, body: source, mapped } = record;
    const idempotencyKey = decision.kind === "wait" ? undefined : keyFor(decision.kind, write);
    const isWaiting = decision.kind === "wait";
    return {
      kind: isWaiting ? "update" : decision.kind,
      state: isWaiting ? "waiting" : "sent",
      key,
      keyKind,
      hash,
      sourceVersion,
      address,
      addressFollowsKey: record.addressKey === key,
      destinationId: isWaiting ? undefined : decision.destinationId,
      idempotencyKey,
      progress: isWaiting ? FRESH : progressOf(decision.staleUntilMs, idempotencyKey, before),
      held: needsBytes(planned) ? { source, mapped, write } : undefined,
      replaces: isWaiting ? undefined : decision.replaces,
      dropsWaiting: isWaiting || decision.replaces !== undefined,
    };
  };

  const progressOf = (
    staleUntilMs: number | undefined,
    idempotencyKey: string | undefined,
    before: Partial<Progress> | undefined,
  ): Progress => {
    if (staleUntilMs === undefined && idempotencyKey === undefined && before === undefined) return FRESH;
    // K4: the retention of a key counts from the intent, since a crash can hide when it was first sent.
    const firstSentMs = idempotencyKey === undefined ? undefined : clock.wallMs();
    return { ...FRESH, firstSentMs, staleUntilMs, ...before };
  };

  /** K3: a random key, made once and stored with the intent. It is declared for creates, or for all writes to the record's own address. */
  const keyFor = (kind: OperationKind, write: Write | undefined): string | undefined => {
    const { addressing, idempotencyKey } = destination.traits;
    const isDeclared = idempotencyKey !== undefined && (kind === "create" || addressing === "own");
    return isDeclared && write?.repeatable !== true ? chance.uuid() : undefined;
  };

  /** K1: what a re-read can plan anew under the same address needs no bytes in the row; everything else does. */
  const needsBytes = ({ decision, write }: Planned): boolean =>
    context.partial || decision.kind === "wait" || decision.lookFirst || write?.repeatable !== true;

  const operationOf = (number: number, planned: Planned, intent: Intent): Operation => ({
    number,
    kind: intent.kind,
    state: "sent",
    record: planned.record,
    destinationId: intent.destinationId,
    write: planned.write,
    idempotencyKey: intent.idempotencyKey,
    progress: intent.progress,
  });

  const deliveryOf = (number: number, planned: Planned, intent: Intent): Delivery => ({
    operation: operationOf(number, planned, intent),
    lookFirst: planned.decision.kind !== "wait" && planned.decision.lookFirst,
    held: false,
  });

  /** Puts another operation in the place of one that has not been applied, in one transaction. */
  const replace = async (operation: Operation, planned: Planned): Promise<Operation> => {
    const intent = {
      ...intentOf(planned, { ...operation.progress, firstSentMs: clock.wallMs() }),
      replaces: operation.number,
      dropsWaiting: false,
    };
    const [number] = await ledger.journal({
      run: context.run,
      intents: [intent],
      rejects: [],
      clearRejects: [],
      sameRecords: true,
    });
    invariant(number !== undefined, "K1", "a journalled operation has no number");
    return operationOf(number, planned, intent);
  };

  return {
    async page(planned, rejects, clearRejects) {
      if (planned.length === 0 && rejects.length === 0 && clearRejects.length === 0) return [];
      const intents = planned.map((item) => intentOf(item, undefined));
      const numbers = await ledger.journal({ run: context.run, intents, rejects, clearRejects });
      return planned.flatMap((item, index) =>
        item.decision.kind === "wait" ? [] : [deliveryOf(numbers[index] as number, item, intents[index] as Intent)],
      );
    },

    async turnIntoUpdate(operation, destinationId) {
      if (destination.traits.addressing === "assigned" && (!destination.traits.updates || destinationId === undefined))
        return undefined;
      const rendered = await destination.render("update", operation.record, destinationId);
      if (!rendered.ok) return undefined;
      const decision = {
        kind: "update",
        destinationId,
        lookFirst: false,
        replaces: operation.number,
        staleUntilMs: operation.progress.staleUntilMs,
      } as const;
      return replace(operation, { record: operation.record, decision, write: rendered.write });
    },

    async withNewKey(operation) {
      const { kind, destinationId } = operation;
      invariant(kind !== "delete", "K5", "a delete has no idempotency key");
      const decision = {
        kind,
        destinationId,
        lookFirst: false,
        replaces: operation.number,
        staleUntilMs: operation.progress.staleUntilMs,
      } as const;
      return replace(operation, { record: operation.record, decision, write: operation.write });
    },

    async promote(waiting, planned) {
      const intent = intentOf(planned, undefined);
      // The checkpoint may be past the page of a waiting record, so it keeps its bytes whatever it becomes.
      const held = { source: planned.record.body, mapped: planned.record.mapped, write: planned.write };
      const number = await ledger.promote(waiting, context.run, { ...intent, held });
      return { ...deliveryOf(number, planned, intent), held: true };
    },
  };
}
