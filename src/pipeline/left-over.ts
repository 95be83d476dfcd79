import type { Operation } from "../core/operation.ts";
import type { Sync } from "../core/sync.ts";
import type { SearchReason } from "./after-search.ts";

/**
 * Whether a record that holds all that is wanted, and something besides in the place of what the mapping left out, is written once more. It may be that
 * the write in doubt has not arrived, or that the API has filled these fields in, or keeps what a write leaves out. So it is written where that can do no
 * harm, and counts as written where it could be applied twice, or where nothing could be mended.
 *
 * @param etag of the record found
 */
export function isToBeWritten(
  { kind, write, progress, etag: basis }: Pick<Operation, "kind" | "write" | "progress" | "etag">,
  reason: SearchReason,
  etag: string | undefined,
  { writes, destination: { traits } }: Pick<Sync, "writes" | "destination">,
): boolean {
  // It is not sent again, and what was refused is told: only where nothing was in doubt before that, it was there already.
  if (reason === "refused") return progress.everUnknown;
  if (kind === "create" && (writes === "createOnly" || !traits.updates)) return false;
  if (!progress.everUnknown) return true;
  // U4: under a version that has not changed since, nothing has been written. An ETag that no write is based on may be of anything.
  if (traits.precondition !== undefined && basis !== undefined && basis === etag) return true;
  // The record that a create has made is mended by an update, which has not been sent yet.
  if (kind === "create" && traits.addressing === "assigned") return true;
  return write?.repeatable !== false;
}
