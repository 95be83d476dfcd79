import { unheldFields } from "../core/difference.ts";
import { holds } from "../core/holds.ts";
import { unreachable } from "../core/invariant.ts";
import { landsUntilMs, type Operation } from "../core/operation.ts";
import { clearedFields } from "../core/sync.ts";
import type { RunContext } from "./context.ts";
import type { Ending } from "./deliver.ts";
import { idShared } from "./id-claims.ts";
import type { Journal } from "./journal.ts";
import type { Search } from "./search.ts";

type DistributiveOmit<Union, Name extends PropertyKey> = Union extends unknown ? Omit<Union, Name> : never;
/** What follows from what a look-up has found. */
export type SearchStep =
  | { readonly kind: "end"; readonly ending: DistributiveOmit<Ending, "operation" | "attempt"> }
  | { readonly kind: "send"; readonly operation: Operation };

/**
 * What the destination was asked for: whether the record is there `before` the first send, after an `unknown` one, after one that was `refused`, or
 * after one that was refused because it `exists`.
 */
export type SearchReason = "before" | "unknown" | "refused" | "exists";

export async function afterSearch(
  found: Exclude<Search, { kind: "stopped" }>,
  operation: Operation,
  reason: SearchReason,
  context: RunContext,
  journal: Journal,
): Promise<SearchStep> {
  const { destination, name, writes } = context.sync;
  switch (found.kind) {
    case "unclear":
      return {
        kind: "end",
        ending: { kind: "held", state: operation.progress.everUnknown ? "unknown" : "parked", message: found.message },
      };
    case "level":
      return {
        kind: "end",
        ending: { kind: "applied", destinationId: found.destinationId, etag: found.etag, how: "found" },
      };
    case "different": {
      if (operation.kind === "delete" && reason !== "refused")
        return { kind: "send", operation: { ...resolved(operation), ...basisOf(found) } };
      // Whoever has made it, or changed it since: it is only ever created.
      if (operation.kind === "create" && reason !== "refused" && writes === "createOnly")
        return { kind: "end", ending: { kind: "skipped", destinationId: found.destinationId } };
      // U2: the destination has its own address for it, and shows other content: the refused write did not land.
      if (reason === "refused")
        return { kind: "end", ending: { kind: "rejected", message: operation.progress.lastMessage ?? "refused" } };
      // U5: it is our own record, by our own external id, so it is adopted and brought level by an update; unless it is another key's.
      const shared = await sharedWith(found.destinationId, operation, context);
      if (shared !== undefined) return { kind: "end", ending: shared };
      const update = await journal.turnIntoUpdate(operation, found.destinationId);
      if (update === undefined) return { kind: "end", ending: { kind: "skipped", destinationId: found.destinationId } };
      return { kind: "send", operation: { ...update, ...basisOf(found) } };
    }
    case "absent":
      // Nor is it created when it is not known whether the look-up before had its answer.
      if (reason !== "refused" && operation.kind === "update" && writes === "updateOnly")
        return { kind: "end", ending: { kind: "skipped", destinationId: undefined } };
      if (reason === "before" && operation.kind === "update") {
        // It can be written to its own address, whether it is there or not.
        if (destination.traits.addressing === "own")
          return { kind: "send", operation: { ...resolved(operation), ...basisOf(found) } };
        // It was there once, and is not found: skipping it would call the sync level.
        return {
          kind: "end",
          ending: { kind: "held", state: "parked", message: notFound(operation, name) },
        };
      }
      if (reason === "refused")
        return { kind: "end", ending: { kind: "rejected", message: operation.progress.lastMessage ?? "refused" } };
      // K5: a stored failure would be repeated for ever; a new key is safe now that the record is known to be absent.
      if (reason !== "before" && operation.idempotencyKey !== undefined)
        return { kind: "send", operation: await journal.withNewKey(resolved(operation)) };
      return { kind: "send", operation: { ...resolved(operation), ...basisOf(found) } };
    default:
      return unreachable(found);
  }
}

/** The end of a write whose record is another key's. */
async function sharedWith(
  id: string | undefined,
  { record: { key }, progress }: Operation,
  { ids }: RunContext,
): Promise<ReturnType<typeof idShared> | undefined> {
  if (id === undefined || ids === undefined) return undefined;
  const [owner] = await ids.take([{ id, key }]);
  return owner === undefined ? undefined : idShared(id, owner, progress.everUnknown);
}

const notFound = ({ destinationId }: Operation, sync: string): string =>
  destinationId === undefined
    ? "it was created, and `find` does not find it"
    : `the destination does not show it under its id ${destinationId}; \`evenkeel check ${sync} --repair\` creates it again`;

/** R2: a look-up that is believed clears what was unknown. */
const resolved = (operation: Operation): Operation => ({
  ...operation,
  isAlone: operation.isAlone === true || operation.progress.everUnknown,
  progress: { ...operation.progress, everUnknown: false, lastSentMs: undefined },
});

/** U4: what a write goes upon from now on. */
const basisOf = (found: Extract<Search, { kind: "absent" | "different" }>): Pick<Operation, "etag" | "isAbsent"> =>
  found.kind === "absent" ? { etag: undefined, isAbsent: true } : { etag: found.etag, isAbsent: false };

/**
 * U4: somebody has written another version than the one that a write was based on. It may have been this very write, whose answer was lost; the
 * version may only have to be learned; or it is somebody else's change, about which the policy decides. Undefined for what is so whatever the
 * version is.
 *
 * @param refusal what the destination said
 */
export function afterConflict(
  found: Exclude<Search, { kind: "stopped" }>,
  operation: Operation,
  refusal: string,
  { sync, say }: RunContext,
): SearchStep | undefined {
  const { traits } = sync.destination;
  if (found.kind === "absent") {
    // It can be written to its own address, now that nothing is there.
    if (operation.kind !== "delete" && traits.addressing === "own")
      return { kind: "send", operation: { ...operation, ...basisOf(found) } };
    return { kind: "end", ending: { kind: "rejected", message: refusal } };
  }
  if (found.kind !== "different") return undefined;
  const { destinationId, etag, record } = found;
  const policy = traits.precondition?.conflict ?? "source";
  // Nobody has changed it since, or there is no version since which somebody could, or what has may be an older write of its own.
  const isUnseen =
    operation.etag === undefined
      ? !isOthers(operation)
      : operation.etag === etag || landsUntilMs(operation.progress) !== undefined;
  if (policy === "source" || isUnseen) {
    const kind = operation.kind === "create" ? "update" : operation.kind;
    // U3: what was in doubt stays in doubt; where nothing is any more, an older create may still land.
    return { kind: "send", operation: { ...operation, kind, ...basisOf(found) } };
  }
  // It has all that was written, and besides that only what may be the API's own, such as the version itself: this very write has made that version.
  if (found.isLeftOver === true && holds(record, operation.record.mapped, clearedFields(sync)))
    return { kind: "end", ending: { kind: "applied", destinationId, etag, how: "found" } };
  if (policy === "destination") {
    const message = `record ${operation.record.key}: somebody else has changed it in the destination, and that is kept, as \`conflict\` says`;
    say({ type: "warning", code: "CONFLICT_KEPT", message, next: undefined });
    return { kind: "end", ending: { kind: "overruled", destinationId, etag } };
  }
  const fields = unheldFields(record, operation.record.mapped, clearedFields(sync)).map(({ path }) => path);
  const differs = fields.length === 0 ? "" : ` (${fields.join(", ")})`;
  const message = `somebody else has changed it in the destination${differs}, and \`conflict\` is \`reject\``;
  return { kind: "end", ending: { kind: "rejected", message } };
}

/** What a first create finds there, while nothing of this key is in doubt, somebody else has made. */
const isOthers = ({ kind, progress }: Operation): boolean =>
  kind === "create" && !progress.everUnknown && landsUntilMs(progress) === undefined;
