import { wasThere, type SyncLedger } from "./core/ledger.ts";
import { FOREIGN } from "./core/record.ts";
import type { Reject } from "./core/reject.ts";
import type { Sync } from "./core/sync.ts";
import type { Explanation } from "./evenkeel.ts";
import { isForPerson } from "./pipeline/attempt.ts";

/** Everything that is known of one record, and what it means. */
export async function explain(
  sync: Sync,
  key: string,
  ledger: SyncLedger | undefined,
  nowMs: number,
): Promise<Explanation> {
  const nothing = {
    sync: sync.name,
    key,
    entry: undefined,
    body: undefined,
    operation: undefined,
    waiting: undefined,
    reject: undefined,
    history: [],
  };
  if (ledger === undefined) return { ...nothing, story: ["Nothing has been run yet: there is no ledger."] };
  const { active: operation, waiting } = await ledger.operation(key);
  const found = {
    sync: sync.name,
    key,
    entry: await ledger.entry(key),
    body: (await ledger.bodies([key])).get(key),
    operation,
    waiting,
    reject: await ledger.rejectOf(key),
    // What others had added, and a repair has deleted, is told of under the value that it was listed with.
    history: [...(await ledger.history(key)), ...(await ledger.history(FOREIGN + key))],
  };
  const needsPerson = operation !== undefined && isForPerson(operation, sync, nowMs);
  return { ...found, story: storyOf(found, { needsPerson, isOnlyCreated: sync.writes === "createOnly" }) };
}

/** `needsPerson`: no run can find out what became of the operation. */
function storyOf(
  { sync, key, entry, operation, waiting, reject, history }: Omit<Explanation, "story">,
  { needsPerson, isOnlyCreated }: { readonly needsPerson: boolean; readonly isOnlyCreated: boolean },
): readonly string[] {
  const story: string[] = [];
  if (entry === undefined && operation === undefined && reject === undefined) {
    return [
      history.length === 0
        ? "This key is not known: no run has met a record with it."
        : "The destination is not known to hold it any more.",
    ];
  }
  if (entry !== undefined) {
    const where =
      entry.address ??
      (entry.destinationId === undefined ? "under an id that is not known" : `under the id ${entry.destinationId}`);
    story.push(
      entry.hash === undefined
        ? `It is in the destination (${where}), but its content there is not known: ${isOnlyCreated && wasThere(entry) ? "it is only ever created (`writes: createOnly`), so it is left as it is" : "the next read writes it again"}.`
        : `The destination holds it (${where})${entry.sourceVersion === undefined ? "" : `, as it was at ${entry.sourceVersion}`}; while the source gives the same content, it is skipped as unchanged.`,
    );
  }
  switch (operation?.state) {
    case "sent":
      story.push(
        `A ${operation.kind} was journalled and has no outcome yet: it is under way, or its run was cut off, and the next one takes it up.`,
      );
      break;
    case "unknown":
      story.push(
        `A ${operation.kind} may or may not have been applied: ${operation.progress.lastMessage ?? "the answer was lost"}. ${needsPerson ? "No run can find out. Look into the destination, then say" : "The next run finds out; where you know it already, say"} \`${unblocking(sync, key, "applied")}\` if it was, or \`${unblocking(sync, key, "resend")}\` if it was not.`,
      );
      break;
    case "parked":
      story.push(
        `A ${operation.kind} waits to be tried again: ${operation.progress.lastMessage ?? "it was not sent"}.`,
      );
      break;
    case "verifying":
      story.push(
        operation.kind === "delete"
          ? "It was deleted, while an older write of it could still land; that is watched."
          : "It was applied, while an older write of it could still land; that is watched.",
      );
      break;
    case "waiting":
    case undefined:
      break;
  }
  if (waiting?.kind === "delete")
    story.push("It has gone from the source. Its delete waits for the end of a complete read, and for the guard.");
  else if (waiting !== undefined) story.push("A newer version waits behind it.");
  if (entry?.missed !== undefined)
    story.push("A complete read has missed it: it is deleted when the next one misses it too.");
  if (reject !== undefined) {
    story.push(`It is ${reject.kind}: ${reject.reason}. ${againText(reject)}.`);
  }
  return story;
}

/** The command by which a person decides; a key that a shell would not take as it is stands for itself. */
const unblocking = (sync: string, key: string, decision: "applied" | "resend"): string =>
  `evenkeel state unblock ${sync} ${/^\w[\w@%+=:,./-]*$/.test(key) ? key : "KEY"} --${decision}`;

function againText({ code }: Reject): string {
  if (code === "ADOPTION_AMBIGUOUS")
    return "It waits for you: look for it again with `evenkeel state adopt`, say which record it is with `evenkeel state import`, or have it created with `evenkeel rejects retry`";
  if (code === "ID_SHARED")
    return "It may have been created all the same: compare `find` with what the destination shows, give its id with `evenkeel state import`, or have it created again by its number, with `evenkeel rejects retry`";
  if (code === "REFERENCE_MISSING") return "Every run tries it again, until that is there";
  return "It is tried again when the record or the mapping changes, or with `evenkeel rejects retry`";
}
