import { mkdir, mkdtemp, open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { TokenStore } from "../core/token-store.ts";
import { translated } from "./failure.ts";

const PRIVATE = 0o600;
const PRIVATE_FOLDER = 0o700;

/**
 * Refresh tokens that took the place of declared ones, in a file that only its owner can read. It is replaced as a whole, and flushed before that: a
 * token that was lost could not be had again. Throws the ledger's errors, beside which it lies.
 */
export function fileTokenStore(file: string): TokenStore {
  const all = async (): Promise<Readonly<Record<string, string>>> => {
    try {
      return JSON.parse(await readFile(file, "utf8")) as Readonly<Record<string, string>>;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
      throw translated(error, file);
    }
  };
  const put = async (name: string, token: string): Promise<void> => {
    const text = JSON.stringify({ ...(await all()), [name]: token });
    await mkdir(dirname(file), { recursive: true, mode: PRIVATE_FOLDER });
    // Of this writer alone: another process may be writing too.
    const own = await mkdtemp(`${file}.`);
    try {
      const part = join(own, "tokens");
      await flushed(part, text);
      await rename(part, file);
    } finally {
      await rm(own, { recursive: true, force: true });
    }
    await flushFolder(dirname(file));
  };
  // One after the other: each keeps what the one before it wrote.
  let last: Promise<unknown> = Promise.resolve();
  return {
    async read(name) {
      const tokens = await all();
      return Object.hasOwn(tokens, name) ? tokens[name] : undefined;
    },
    write(name, token) {
      const writing = last.then(() => put(name, token));
      last = writing.catch(() => undefined);
      return writing.catch((error: unknown) => {
        throw translated(error, file);
      });
    },
  };
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
