import { open, readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Clock } from "../core/clock.ts";
import { EvenkeelError } from "../core/errors.ts";
import type { TokenStore } from "../core/token-store.ts";
import { translated } from "./failure.ts";
import { takeLock, type Lock } from "./lease.ts";
import { refuseNetwork } from "./network-file-system.ts";
import { createFolder } from "./private-file.ts";

const PRIVATE = 0o600;

/** How often it is looked whether another process has given a token up. */
const LOOK_MS = 50;

/** A request for a token waits a minute for its lane and then as long as its timeouts allow; a process that was stopped never gives it up. */
const HELD_MAX_MS = 300_000;

/**
 * Refresh tokens that took the place of declared ones: a file each in this folder, which only its owner can read, and beside it the lock of whoever
 * is replacing it. A file is replaced as a whole, and flushed before that: a token that was lost could not be had again. Throws the ledger's errors,
 * beside which the folder lies.
 */
export function fileTokenStore(folder: string, clock: Clock): TokenStore {
  const locked = async (file: string): Promise<Lock> => {
    createFolder(file);
    refuseNetwork(file);
    for (const untilMs = clock.monotonicMs() + HELD_MAX_MS; ;) {
      const lock = takeLock(file);
      if (lock !== undefined) return lock;
      if (clock.monotonicMs() >= untilMs) throw heldTooLong(file);
      await clock.sleep(LOOK_MS);
    }
  };
  return {
    async hold(name, work) {
      const file = join(folder, name);
      const lock = await translating(file, () => locked(file));
      try {
        return await work({
          read: () => translating(file, () => read(file)),
          write: (token) => translating(file, () => replace(file, token)),
        });
      } finally {
        lock.free();
      }
    },
  };
}

const heldTooLong = (file: string): EvenkeelError =>
  new EvenkeelError("LEDGER_HELD", `another process has been replacing the refresh token ${file} for too long`, {
    next: "End it if it was stopped or hangs, and run again.",
  });

async function translating<Result>(file: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw translated(error, file, "the refresh token");
  }
}

async function read(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** For whoever holds it: what an earlier holder left half-written is written over. */
async function replace(file: string, token: string): Promise<void> {
  const part = `${file}-new`;
  await flushed(part, token);
  await rename(part, file);
  await flushFolder(dirname(file));
}

async function flushed(file: string, text: string): Promise<void> {
  const handle = await open(file, "w", PRIVATE);
  try {
    await handle.chmod(PRIVATE);
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The new name is in the folder for good. Some systems cannot flush one, and do not have to. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
