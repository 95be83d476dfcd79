import { GUARD_WINDOW_MS, guardDeletes } from "../core/delete-guard.ts";
import type { Known, StoredOperation } from "../core/ledger.ts";
import { landsUntilMs } from "../core/operation.ts";
import type { NewReject } from "../core/reject.ts";
import { GONE } from "../core/record.ts";
import type { JsonObject } from "../core/json.ts";
import type { RunContext } from "./context.ts";
import { recordOf, type Flow } from "./flow.ts";
import type { Journal, Removable } from "./journal.ts";

/** What a person says about deletes for one run. */
export interface DeleteChoice {
  /** So many are allowed whatever the guard says (D3); undefined for what it says. */
  readonly allowed: number | undefined;
  /** Why what an earlier run has found to be missing is withheld, unless a person allows it; undefined when the guard decides. */
  readonly doubt?: string | undefined;
  /** Only the deletes of these keys; all that wait when absent. */
  readonly only?: ((key: string) => boolean) | undefined;
}

/** Deletes planned and journalled together. */
const BATCH = 500;

/** Why the guard withholds so many deletes (D3); undefined when it does not. */
export async function mayDelete(
  deletes: number,
  { allowed = 0 }: Pick<DeleteChoice, "allowed">,
  { ports, sync }: RunContext,
): Promise<string | undefined> {
  if (deletes <= allowed) return undefined;
  const [{ entries }, recent] = [
    await ports.ledger.counts(),
    await ports.ledger.deletedSince(ports.clock.wallMs() - GUARD_WINDOW_MS),
  ];
  const reason = guardDeletes(sync.deletes.guard, { deletes, recent, entries });
  return reason && tooFew(reason, deletes, allowed);
}

/** How many deletes are due, and how many of them are in doubt. */
interface Amount {
  readonly all: number;
  readonly doubted: number;
}

/** How many of the deletes that are due are withheld, and why. */
export async function judge(
  { all, doubted }: Amount,
  choice: Pick<DeleteChoice, "allowed" | "doubt">,
  context: RunContext,
): Promise<{ readonly withheld: number; readonly reason: string | undefined }> {
  const { allowed = 0, doubt } = choice;
  if (all <= allowed) return { withheld: 0, reason: undefined };
  const reason = await mayDelete(all - doubted, choice, context);
  if (reason !== undefined) return { withheld: all, reason };
  return { withheld: doubted, reason: doubted === 0 ? undefined : tooFew(doubt ?? "", all, allowed) };
}

const tooFew = (reason: string, deletes: number, allowed: number): string =>
  allowed === 0 ? reason : `${reason}; ${allowed} were allowed, and all ${deletes} must be`;

/**
 * Deletes what has gone from the source (D3, D4): all that waits for it or nothing, by the word of the guard, which is asked before the first
 * of them; but for what is in doubt, which goes on waiting. What was refused before is left until a person has it tried again (P11).
 */
export async function sweep(context: RunContext, flow: Flow, journal: Journal, choice: DeleteChoice): Promise<void> {
  const { ledger } = context.ports;
  if (context.stop.aborted) return;
  if (context.sync.deletes.mode === "never") return keepAll(context);
  if ((await ledger.openCounts()).withheld === 0) return;
  const amount = await countDue(context, choice);
  const { withheld, reason } = await judge(amount, choice, context);
  if (reason !== undefined) context.say({ type: "withheld", deletes: withheld, reason });
  if (withheld === amount.all) return;
  const isOverruled = amount.all <= (choice.allowed ?? 0);
  if (isOverruled && (await judge(amount, { ...choice, allowed: undefined }, context)).withheld > 0)
    await list(context, choice);
  for await (const due of eachDue(context, choice)) {
    const removed = isOverruled ? due : due.filter(({ isDoubted }) => !isDoubted);
    await removeBatch(removed, context, flow, journal);
    await flow.room();
  }
  await flow.idle();
}

/** Nothing is to be deleted any more: what has waited for it stays. */
async function keepAll({ ports: { ledger }, run }: RunContext): Promise<void> {
  for (;;) {
    const found = (await ledger.withheld(0, BATCH)).map(({ key }) => key);
    if (found.length === 0) return;
    await ledger.journal({ run, intents: [], rejects: [], clearRejects: [], found });
  }
}

/** A delete that waits, and what is known of its key. */
interface Due {
  readonly stored: StoredOperation;
  readonly known: Known;
  /** The source has not marked it: an earlier run has found it to be missing, and this one cannot tell. */
  readonly isDoubted: boolean;
}

/** D3: whoever overrides the guard sees first what that means. */
async function list(context: RunContext, choice: DeleteChoice): Promise<void> {
  for await (const due of eachDue(context, choice))
    context.say({ type: "deleting", keys: due.map(({ stored }) => stored.key) });
}

async function countDue(context: RunContext, choice: DeleteChoice): Promise<Amount> {
  let [all, doubted] = [0, 0];
  for await (const due of eachDue(context, choice)) {
    all += due.length;
    doubted += due.filter(({ isDoubted }) => isDoubted).length;
  }
  return { all, doubted };
}

/** Deletes that wait for nothing but the guard, in batches. */
export async function* eachDue(
  context: RunContext,
  { only, doubt }: Pick<DeleteChoice, "only" | "doubt">,
): AsyncGenerator<readonly Due[]> {
  const { ledger } = context.ports;
  for (let after = 0; !context.stop.aborted;) {
    const batch = await ledger.withheld(after, BATCH);
    const lookedUp = await ledger.lookup(batch.map(({ key }) => key));
    const due = batch
      .map((stored) => {
        const known = lookedUp.get(stored.key) ?? NOTHING;
        const isOfAbsence = stored.sourceVersion === undefined && known.waiting?.run !== context.run;
        return { stored, known, isDoubted: doubt !== undefined && isOfAbsence };
      })
      .filter(({ stored, known: { operation, rejected } }) => {
        // D4: a write of the same key is resolved first.
        const isBehind = operation?.state === "unknown" || (operation?.state === "sent" && operation.held);
        return !isRefusedDelete(rejected, context) && !isBehind && only?.(stored.key) !== false;
      });
    if (due.length > 0) yield due;
    const last = batch.at(-1);
    if (last === undefined || batch.length < BATCH) return;
    after = last.number;
  }
}

/** Its delete was refused, and the mapping is still the same: it is only tried again when a person says so. */
export const isRefusedDelete = (rejected: Known["rejected"], { sync }: RunContext): boolean =>
  rejected?.sourceHash === GONE && rejected.mapping === sync.mapping.fingerprint;

const NOTHING: Known = { entry: undefined, operation: undefined, waiting: undefined, rejected: undefined };

/** Plans, journals and starts deletes. What needs no request any more is dropped, what cannot be asked for is refused aloud. */
async function removeBatch(due: readonly Due[], context: RunContext, flow: Flow, journal: Journal): Promise<void> {
  const { ledger } = context.ports;
  const bodies = await ledger.bodies(due.map(({ stored }) => stored.key));
  const removals: Removable[] = [];
  const rejects: NewReject[] = [];
  for (const each of due) {
    const removal = await removalOf(each, bodies.get(each.stored.key) ?? shownOf(each.stored), context);
    if (removal === undefined) await forget(each, context);
    else if ("reason" in removal) rejects.push(rejectOf(each.stored, removal.reason, context));
    else removals.push(removal);
  }
  if (rejects.length > 0) {
    await ledger.journal({ run: context.run, intents: [], rejects, clearRejects: [] });
    for (const { key, code, reason } of rejects) context.say({ type: "invalid", key, code, reason });
    context.counts.invalid += rejects.length;
  }
  if (removals.length === 0) return;
  for (const delivery of await journal.deletes(removals)) flow.start(delivery, undefined);
}

/** Undefined when the destination was never sent anything of it. */
async function removalOf(
  { stored, known: { entry, operation } }: Due,
  body: JsonObject | undefined,
  { sync, ports }: RunContext,
): Promise<Removable | { readonly reason: string } | undefined> {
  const { destination } = sync;
  const wasLeft = operation?.state === "sent";
  if (entry === undefined && !wasLeft && stored.progress.staleUntilMs === undefined) return undefined;
  const { address, addressFollowsKey, destinationId } = entry ?? stored;
  const { key } = stored;
  const mapped = body ?? {};
  const record = { ...recordOf(stored), mapped, address, addressKey: addressFollowsKey ? key : undefined };
  if (destination.traits.addressing === "assigned" && destinationId === undefined)
    return { reason: "it was created, but the answer had no id, so it cannot be addressed" };
  if (body === undefined && destination.traits.delete?.needsRecord === true)
    return { reason: "its delete takes fields of the record, and what was last written of it is not known" };
  const rendered = await destination.render("delete", { key, mapped, body: {}, address }, destinationId);
  if (!rendered.ok) return { reason: `its delete cannot be built: ${rendered.reason}` };
  const staleUntilMs = wasLeft
    ? ports.clock.wallMs() + destination.traits.lateWriteMs
    : ((operation && landsUntilMs(operation.progress)) ?? stored.progress.staleUntilMs);
  const etag = operation === undefined && entry?.hash !== undefined ? entry.etag : undefined;
  return { record, destinationId, etag, write: rendered.write, replaces: operation?.number, staleUntilMs };
}

/** What the source's mark still showed of it. */
function shownOf({ stored }: StoredOperation): JsonObject | undefined {
  const mapped = stored?.mapped ?? {};
  return Object.keys(mapped).length === 0 ? undefined : mapped;
}

/** Nothing of it was ever in the destination: what waits is dropped, and what was put off or refused before it. */
async function forget(
  { stored, known: { operation, rejected } }: Due,
  { ports: { ledger }, run }: RunContext,
): Promise<void> {
  // Tried again, it would be there without a record of the source, whose mark nobody shows any more.
  if (rejected !== undefined) await ledger.journal({ run, intents: [], rejects: [], clearRejects: [stored.key] });
  await ledger.dropWaiting(stored.number, { kind: "moot", key: stored.key });
  if (operation === undefined) return;
  await ledger.settle({ run, resolutions: [{ kind: "released", number: operation.number }], checkpoint: undefined });
}

function rejectOf({ key, stored }: StoredOperation, reason: string, { sync, ports }: RunContext): NewReject {
  const { source = {} } = stored ?? {};
  return {
    kind: "invalid",
    key,
    code: "ADDRESS_UNUSABLE",
    reason,
    source: Object.keys(source).length === 0 ? undefined : source,
    sourceHash: GONE,
    mapping: sync.mapping.fingerprint,
    evidence: undefined,
    atMs: ports.clock.wallMs(),
  };
}
