import type { Finding } from "../core/destination.ts";
import { holds } from "../core/holds.ts";
import type { Operation } from "../core/operation.ts";
import { clearedFields, type Sync } from "../core/sync.ts";
import type { Fields } from "../core/owned-fields.ts";
import type { SearchReason } from "./after-search.ts";

type Found = Extract<Finding, { kind: "found" }>;

/**
 * Whether what a look-up finds may be of somebody else, or older than the first write of this ledger: then fields may be in it of which no mapped
 * record tells. Where the write can be made good by one more, nothing is lost by taking it for such.
 *
 * @param isBound it must not be sent again: it could be applied twice
 */
export function mayBeForeign({ kind }: Operation, reason: SearchReason, isBound: boolean, sync: Sync): boolean {
  if (reason === "refused") return false;
  if (reason !== "unknown") return true;
  return kind === "update" ? !isBound : isMended(sync);
}

/** Whether what is there is what an operation wants. */
export function isAsWanted({ record, etag }: Found, operation: Operation, sync: Sync, isForeign: boolean): boolean {
  const { mapped } = operation.record;
  const isSame = operation.etag !== undefined && operation.etag === etag;
  // Nothing has been written since: it is what it was when it was found to need this write.
  return holds(record, mapped, clearedBy(operation, etag, sync), isForeign || isSame);
}

/**
 * The fields in which the destination must not hold what this operation's record leaves out. Undefined where what is there can only be what this very
 * write has made, or where nothing more can be written: the API may have filled them in.
 */
function clearedBy({ kind, etag, progress }: Operation, found: string | undefined, sync: Sync): Fields | undefined {
  const isOther = etag !== undefined && etag !== found;
  const isOwn = progress.everUnknown && (isOther || (kind === "create" && !isMended(sync)));
  return isOwn ? undefined : clearedFields(sync);
}

/** Whether what a create has left otherwise can be put right. */
const isMended = ({ writes, destination }: Sync): boolean => writes !== "createOnly" && destination.traits.updates;
