import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import type { TokenStore } from "../core/token-store.ts";

const PRIVATE = 0o600;
const PRIVATE_FOLDER = 0o700;

/**
 * Refresh tokens that took the place of declared ones, in a file that only its owner can read. It is replaced as a whole, and flushed before that: a
 * token that was lost could not be had again.
 */
export function fileTokenStore(file: string): TokenStore {
  const all = async (): Promise<Readonly<Record<string, string>>> => {
    try {
      return JSON.parse(await readFile(file, "utf8")) as Readonly<Record<string, string>>;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
      throw error;
    }
  };
  return {
    async read(name) {
      const tokens = await all();
      return Object.hasOwn(tokens, name) ? tokens[name] : undefined;
    },
    async write(name, token) {
      const text = JSON.stringify({ ...(await all()), [name]: token });
      await mkdir(dirname(file), { recursive: true, mode: PRIVATE_FOLDER });
      const part = `${file}.part`;
      const handle = await open(part, "w", PRIVATE);
      try {
        await handle.chmod(PRIVATE);
        await handle.writeFile(text);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(part, file);
    },
  };
}
