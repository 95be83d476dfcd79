import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's top folder. */
export const top: string = fileURLToPath(new URL("..", import.meta.url));

const generated = new Set(["node_modules", "dist", "coverage", ".git", ".evenkeel"]);

/** Every file that people keep, as a path from the top with forward slashes; what is generated or installed is left out. */
export function files(folder: string = top): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !generated.has(entry.name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return files(path);
      return [relative(top, path).split(sep).join("/")];
    })
    .sort();
}

/** The text of a file that {@link files} named. */
export const textOf = (path: string): string => readFileSync(join(top, path), "utf8");

/** A place in a file that an editor can jump to. */
export const at = (path: string, text: string, index: number): string =>
  `${path}:${text.slice(0, index).split("\n").length}`;
