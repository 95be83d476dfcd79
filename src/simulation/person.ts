import { isDeepStrictEqual } from "node:util";
import type { Evenkeel } from "../evenkeel.ts";
import { shownOf, type Item } from "./item.ts";

/** An informed one looks into the destination; a blind one cannot, and has what is unknown sent again. */
export type Person = "informed" | "blind";

interface Question {
  readonly person: Person;
  readonly evenkeel: Evenkeel;
  readonly sync: string;
  readonly items: readonly Item[];
  readonly note: (text: string, about: readonly string[]) => void;
  /** Called with the key of each record that waits for a blind one. */
  readonly onStuck: (key: string) => void;
  /** Called with the key of each record that is said to be written. */
  readonly onApplied: (key: string) => void;
}

/** A person decides about every write of which no run can find out whether it was applied (K4). */
export async function decide(question: Question): Promise<void> {
  const { person, evenkeel, sync, note } = question;
  const unknown = async (): Promise<readonly string[]> => (await evenkeel.status())[0]?.unknownKeys ?? [];
  // They are shown a few at a time.
  for (let keys = await unknown(), key = keys[0]; key !== undefined; keys = await unknown(), key = keys[0]) {
    const isApplied = person === "informed" && (await isHeld(key, question));
    const says = person === "blind" ? "has it sent again" : `says that it was ${isApplied ? "" : "not "}applied`;
    note(`whether record ${key} was written is unknown; a person ${says}`, [key]);
    if (person === "blind") question.onStuck(key);
    if (isApplied) question.onApplied(key);
    await evenkeel.unblock({ sync, key, decide: isApplied ? "applied" : "resend" });
  }
}

/** Whether the destination holds what the operation in doubt was to write. */
async function isHeld(key: string, { evenkeel, sync, items }: Question): Promise<boolean> {
  const item = items.find(({ version }) => version.key === key);
  const { operation } = await evenkeel.explain(sync, key);
  if (operation?.kind === "delete") return item === undefined;
  const wanted = operation?.stored?.mapped;
  if (item === undefined) return false;
  // It is as it was written then, though somebody else may have changed it since: an older version may have been there before.
  return isDeepStrictEqual(wanted, operation?.kind === "create" ? item.version.mapped : shownOf(item));
}
