import { rm, writeFile } from "node:fs/promises";
import { EvenkeelError } from "./core/errors.ts";

/** Files that are written for a user: a config, a plan. */

/** What a later try may find otherwise: no space, a limit of size or quota, a disk that fails. Anything else says that the place is the wrong one. */
const SPENT: ReadonlySet<string | undefined> = new Set(["ENOSPC", "EDQUOT", "EFBIG", "EIO"]);

/** Writes a file that is not there yet, whole or not at all; false when it is there. Throws what keeps it from being written. */
export async function writeNew(file: string, text: string): Promise<boolean> {
  try {
    // The flag makes looking and writing one act: what somebody else writes meanwhile is not overwritten either.
    await writeFile(file, text, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    await rm(file, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** Why a file, or what stands for one, cannot be written. */
export function unwritable(what: string, error: unknown): EvenkeelError {
  if (error instanceof EvenkeelError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  return SPENT.has(code)
    ? new EvenkeelError("OUTPUT_FAILED", `${what} cannot be written: ${message}`, {
        cause: error,
        next: "Free some space there, or write elsewhere, and try again. What was there before is as it was.",
      })
    : new EvenkeelError("USAGE", `${what} cannot be written: ${message}`, {
        cause: error,
        next: "Name a file in a folder that is there and that you may write to.",
      });
}
