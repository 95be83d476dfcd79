import type { Removal, Write as Decision } from "../core/plan.ts";
import type { Intent, PageIntents } from "../core/ledger.ts";
import type { NewReject } from "../core/reject.ts";
import { FRESH, type Operation, type OperationKind, type Progress } from "../core/operation.ts";
import type { DesiredRecord } from "../core/record.ts";
import { asksWhose } from "../core/sync.ts";
import type { Write } from "../core/destination.ts";
import { invariant } from "../core/invariant.ts";
import { ownLandingMs } from "./resolution.ts";
import type { RunContext } from "./context.ts";
import type { Delivery } from "./deliver.ts";

/** A record that planning wants written, or kept waiting behind another operation of its key. */
export interface Planned {
  readonly record: DesiredRecord;
  readonly decision: Decision | Removal | { readonly kind: "wait" };
  /** Rendered already; undefined for what waits, and for an update whose id must first be looked up. */
  readonly write: Write | undefined;
}

/** A record that has gone, and the request that deletes it. */
export interface Removable {
  readonly record: DesiredRecord;
  readonly destinationId: string | undefined;
  readonly write: Write;
  /** The version that the destination is known to hold (U4). */
  readonly etag: string | undefined;
  readonly replaces: number | undefined;
  readonly staleUntilMs: number | undefined;
}

/** Writes intents before anything is sent (K1, U1): the only way for an operation to come into being. */
export interface Journal {
  /** Journals a page in one transaction. Returns what is to be delivered, in the page's order; what waits is not among it. */
  page(
    planned: readonly Planned[],
    rejects: readonly NewReject[],
    also: Pick<PageIntents, "clearRejects" | "found" | "corrections">,
  ): Promise<readonly Delivery[]>;
  /** Journals deletes that the guard has let pass. */
  deletes(removals: readonly Removable[]): Promise<readonly Delivery[]>;
  /** A create whose record turned out to exist becomes an update of it; undefined when no update is declared. */
  turnIntoUpdate(operation: Operation, destinationId: string | undefined): Promise<Operation | undefined>;
  /** The same write under a new idempotency key (K5: only after the record was found to be absent). */
  withNewKey(operation: Operation): Promise<Operation>;
  /** A waiting operation takes its turn with what planning made of it now. */
  promote(waiting: number, planned: Planned): Promise<Delivery>;
}

type Waiting = Removal | { readonly kind: "wait" };
type Sendable = Planned & { readonly decision: Decision };

const isWaiting = (planned: Planned): planned is Planned & { readonly decision: Waiting } =>
  planned.decision.kind === "wait" || planned.decision.kind === "gone";

export function createJournal(context: RunContext): Journal {
  const { ledger, clock, chance } = context.ports;
  const { destination } = context.sync;
  const { owned } = context.sync.mapping;

  /** U2: it waits for the operation before it, or for the end of the read. */
  const waitingOf = ({ record, decision }: Planned & { readonly decision: Waiting }): Intent => {
    const { key, keyKind, hash, cursor: sourceVersion, body: source, mapped } = record;
    const isGone = decision.kind === "gone";
    return {
      kind: isGone ? "delete" : "update",
      state: "waiting",
      key,
      keyKind,
      hash,
      sourceVersion,
      address: isGone ? decision.address : record.address,
      addressFollowsKey: isGone ? decision.addressFollowsKey : record.addressKey === key,
      destinationId: isGone ? decision.destinationId : undefined,
      idempotencyKey: undefined,
      progress: isGone ? { ...FRESH, staleUntilMs: decision.staleUntilMs } : FRESH,
      held: { source, mapped, write: undefined },
      replaces: undefined,
      dropsWaiting: true,
    };
  };

  const intentOf = (planned: Planned, before: Partial<Progress> | undefined): Intent => {
    if (isWaiting(planned)) return waitingOf(planned);
    return sentOf(planned as Sendable, before);
  };

  const sentOf = (planned: Sendable, before: Partial<Progress> | undefined): Intent => {
    const { record, decision, write } = planned;
    const { key, keyKind, hash, cursor: sourceVersion, address, body: source, mapped } = record;
    const idempotencyKey = keyFor(decision.kind, write);
    return {
      kind: decision.kind,
      state: "sent",
      key,
      keyKind,
      hash,
      sourceVersion,
      address,
      addressFollowsKey: record.addressKey === key,
      destinationId: decision.destinationId,
      idempotencyKey,
      progress: progressOf(decision, idempotencyKey, before),
      held: needsBytes(planned) ? { source, mapped, write } : undefined,
      replaces: decision.replaces,
      mayBeThere: decision.destinationId !== undefined || (asksWhose(context.sync) && address !== undefined),
      dropsWaiting: decision.replaces !== undefined,
    };
  };

  const progressOf = (
    { staleUntilMs, twinUntilMs }: Pick<Decision, "staleUntilMs" | "twinUntilMs">,
    idempotencyKey: string | undefined,
    before: Partial<Progress> | undefined,
  ): Progress => {
    const isFresh = [staleUntilMs, twinUntilMs, idempotencyKey, before].every((each) => each === undefined);
    if (isFresh) return FRESH;
    // K4: the retention of a key counts from the intent, since a crash can hide when it was first sent.
    const firstSentMs = idempotencyKey === undefined ? undefined : clock.wallMs();
    return { ...FRESH, firstSentMs, staleUntilMs, twinUntilMs, ...before };
  };

  /** K3: a random key, made once and stored with the intent. It is declared for creates, or for all writes to the record's own address. */
  const keyFor = (kind: OperationKind, write: Write | undefined): string | undefined => {
    const { addressing, idempotencyKey } = destination.traits;
    const isDeclared = idempotencyKey !== undefined && (kind === "create" || addressing === "own");
    return isDeclared && write?.repeatable !== true ? chance.uuid() : undefined;
  };

  /** K1: what a re-read can plan anew under the same address needs no bytes in the row; everything else does. */
  const needsBytes = ({ decision, write }: Sendable): boolean =>
    context.partial || decision.lookFirst || write?.repeatable !== true;

  const operationOf = (number: number, planned: Planned, intent: Intent): Operation => ({
    number,
    kind: intent.kind,
    state: "sent",
    record: planned.record,
    destinationId: intent.destinationId,
    etag: "etag" in planned.decision ? planned.decision.etag : undefined,
    write: planned.write,
    idempotencyKey: intent.idempotencyKey,
    progress: intent.progress,
  });

  const deliveryOf = (number: number, planned: Planned, intent: Intent): Delivery => ({
    operation: operationOf(number, planned, intent),
    lookFirst: "lookFirst" in planned.decision && planned.decision.lookFirst,
    held: false,
  });

  /** Puts another operation in the place of one that has not been applied, in one transaction. */
  const replace = async (operation: Operation, planned: Planned): Promise<Operation> => {
    const intent = {
      ...intentOf(planned, { ...operation.progress, firstSentMs: clock.wallMs() }),
      // P2: the checkpoint may be past it, so no read need meet it again.
      held: { source: planned.record.body, mapped: planned.record.mapped, write: planned.write },
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
    return { ...operationOf(number, planned, intent), isAlone: operation.isAlone === true };
  };

  return {
    async page(planned, rejects, { clearRejects, found = [], corrections = [] }) {
      for (const { record } of planned) owned.learn(record.mapped);
      const fields = owned.unkept;
      const isNothing = [planned, rejects, clearRejects, found, corrections].every(({ length }) => length === 0);
      if (isNothing && fields === undefined) return [];
      const intents = planned.map((item) => intentOf(item, undefined));
      const page = { run: context.run, intents, rejects, clearRejects, found, corrections, fields };
      const numbers = await ledger.journal(page);
      if (fields !== undefined) owned.kept(fields);
      // What was known of them is gone, so nothing but their operations says that they are to be written.
      const corrected = new Set(corrections.map(({ key }) => key));
      return planned.flatMap((item, index) => {
        if (isWaiting(item)) return [];
        const delivery = deliveryOf(numbers[index] as number, item, intents[index] as Intent);
        return [{ ...delivery, held: corrected.has(item.record.key) }];
      });
    },

    async deletes(removals) {
      const intents = removals.map(({ record, destinationId, write, replaces, staleUntilMs }): Intent => {
        const { key, keyKind, hash, cursor, address, addressKey, body: source, mapped } = record;
        const addressFollowsKey = addressKey === key;
        const [progress, held] = [
          { ...FRESH, staleUntilMs },
          { source, mapped, write },
        ];
        const what = { kind: "delete", state: "sent", hash, sourceVersion: cursor, idempotencyKey: undefined } as const;
        const where = { key, keyKind, address, addressFollowsKey, destinationId };
        return { ...what, ...where, progress, held, replaces, dropsWaiting: true };
      });
      const numbers = await ledger.journal({ run: context.run, intents, rejects: [], clearRejects: [] });
      return removals.map(({ record, destinationId, etag, write }, index) => {
        const [number, intent] = [numbers[index] as number, intents[index] as Intent];
        const operation = { number, kind: "delete", state: "sent", record, destinationId, etag, write } as const;
        return {
          operation: { ...operation, idempotencyKey: undefined, progress: intent.progress },
          lookFirst: false,
          held: true,
        };
      });
    },

    async turnIntoUpdate(operation, destinationId) {
      if (destination.traits.addressing === "assigned" && (!destination.traits.updates || destinationId === undefined))
        return undefined;
      const rendered = await destination.render("update", operation.record, destinationId);
      if (!rendered.ok) return undefined;
      const { progress, kind, isAlone } = operation;
      // U3: what may still land of an update has the same content, and may overtake a newer one. A create would land under another id.
      const landsMs =
        kind === "create" && destination.traits.addressing === "assigned" ? 0 : ownLandingMs(operation, context);
      const staleUntilMs = Math.max(progress.staleUntilMs ?? 0, landsMs) || undefined;
      const decision = {
        kind: "update",
        destinationId,
        lookFirst: false,
        replaces: operation.number,
        staleUntilMs,
      } as const;
      // It has not been sent itself, and what was in doubt before it has been found.
      const unsent = {
        ...operation,
        isAlone: isAlone === true || progress.everUnknown,
        progress: { ...progress, everUnknown: false, staleUntilMs },
      };
      return replace(unsent, { record: operation.record, decision, write: rendered.write });
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
