import { EvenkeelError } from "./core/errors.ts";
import type { SyncLedger } from "./core/ledger.ts";

/** Clears waits, or takes a person's word for what became of an operation whose outcome is unknown. */
export async function unblockSync(
  ledger: SyncLedger,
  key: string | undefined,
  decide: "applied" | "resend" | undefined,
  atMs: number,
): Promise<number> {
  if (key === undefined) return ledger.unblock(undefined);
  const { active } = await ledger.operation(key);
  if (decide === undefined) {
    if (active?.state === "unknown") throw undecided(ledger.sync, key, active.kind);
    return ledger.unblock(key);
  }
  if (active === undefined || active.state !== "unknown" || active.stored === undefined) return 0;
  const settle = (resolution: Parameters<SyncLedger["settle"]>[0]["resolutions"][number]): Promise<void> =>
    ledger.settle({ run: 0, resolutions: [resolution], checkpoint: undefined });
  const { number, keyKind, destinationId, address, addressFollowsKey, hash, sourceVersion, progress, stored } = active;
  if (decide === "resend")
    await settle({
      kind: "held",
      number,
      state: "parked",
      progress: { ...progress, everUnknown: false, notBeforeMs: undefined },
      held: stored,
    });
  else if (active.kind === "delete")
    await settle({ kind: "deleted", number, key, sourceVersion: active.sourceVersion, atMs, verify: undefined });
  else {
    const entry = {
      key,
      keyKind,
      destinationId,
      address,
      addressFollowsKey,
      hash,
      sourceVersion,
      etag: undefined,
      operation: number,
      read: 0,
    };
    await settle({ kind: "applied", number, entry, mapped: stored.mapped, verify: undefined });
  }
  return 1;
}

const undecided = (sync: string, key: string, kind: string): EvenkeelError =>
  new EvenkeelError(
    "USAGE",
    `whether the ${kind} of ${sync} ${key} was applied is not known, so it is not sent again`,
    {
      next: "Look into the destination, then say `--applied` if it was, or `--resend` if it was not.",
    },
  );
