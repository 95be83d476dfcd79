import { existsSync, readFileSync } from "node:fs";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { EvenkeelError, type Place } from "../core/errors.ts";
import type { Config } from "./config.ts";
import { pathText, type Document, type Path, type Problem } from "./document.ts";
import { configError, problemsOf } from "./problems.ts";
import { configSchema } from "./schema.ts";
import { createSecrets, type ReadText } from "./secrets.ts";
import { readYaml } from "./yaml-document.ts";

export interface LoadedConfig {
  readonly config: Config;
  /** Absolute. */
  readonly file: string;
  placeOf(path: Path): Place;
  /** Values to be redacted everywhere (S6). */
  readonly secrets: readonly string[];
}

/** Names that are looked for, in this order. */
const NAMES = ["evenkeel.yaml", "evenkeel.yml", "evenkeel.config.ts", "evenkeel.config.js", "evenkeel.config.mjs"];

/** The config file: the one named, or the first of the usual names in the folder. Throws CONFIG_NOT_FOUND. */
export function findConfig(folder: string, named: string | undefined): string {
  if (named !== undefined) {
    const file = resolve(folder, named);
    if (existsSync(file)) return file;
    throw new EvenkeelError("CONFIG_NOT_FOUND", `there is no config file ${file}`, {
      next: "Check `--config`, or write a new one with `evenkeel init`.",
    });
  }
  const found = NAMES.map((name) => resolve(folder, name)).find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new EvenkeelError("CONFIG_NOT_FOUND", `there is no evenkeel.yaml in ${folder}`, {
    next: "Write one with `evenkeel init`, or name one with `--config FILE`.",
  });
}

interface LoadOptions {
  readonly file: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Loads and checks a config file. Throws EvenkeelError CONFIG_* that names every problem with its place. */
export async function loadConfig({ file, env }: LoadOptions): Promise<LoadedConfig> {
  const read = /\.ya?ml$/i.test(extname(file))
    ? readYaml(readText(file), file)
    : { document: await readModule(file), problems: [] };
  if (read.problems.length > 0) throw configError(file, read.problems);
  return checkConfig(read.document, { file, env });
}

/** Checks a document, wherever it comes from. `file` is where secrets and the ledger are relative to. */
export function checkConfig(document: Document, { file, env }: LoadOptions): LoadedConfig {
  const secrets = createSecrets({ file, env, readText });
  const checked = configSchema(secrets.substitute).safeParse(document.value);
  if (!checked.success) throw configError(file, problemsOf(checked.error, document));
  const problems = unknownConnections(checked.data, document);
  if (problems.length > 0) throw configError(file, problems);
  return { config: checked.data, file, placeOf: (path) => document.placeOf(path), secrets: secrets.values() };
}

function unknownConnections(config: Config, document: Document): readonly Problem[] {
  return Object.entries(config.syncs).flatMap(([name, sync]) =>
    (["source", "destination"] as const).flatMap((end): readonly Problem[] => {
      const { connection } = sync[end];
      if (Object.hasOwn(config.connections, connection)) return [];
      const path = ["syncs", name, end, "connection"];
      const known = Object.keys(config.connections).join(", ");
      return [
        {
          code: "CONFIG_INVALID",
          message: `${pathText(path)} names \`${connection}\`, which is no connection`,
          next: `Connections: ${known}.`,
          place: document.placeOf(path),
          path,
        },
      ];
    }),
  );
}

const readText: ReadText = (path) => readFileSync(path, "utf8");

/** A config in TypeScript or JavaScript; problems are shown by their path, since a module has no places. */
async function readModule(file: string): Promise<Document> {
  try {
    const module = (await import(pathToFileURL(file).href)) as { readonly default?: unknown };
    return documentOf(module.default, file);
  } catch (error) {
    throw new EvenkeelError("CONFIG_SYNTAX", `${file} cannot be loaded: ${(error as Error).message}`, {
      place: { file },
      cause: error,
    });
  }
}

/** A document that is a value already. */
export const documentOf = (value: unknown, file: string): Document => ({
  value,
  placeOf: () => ({ file }),
  sourceOf: () => undefined,
});
