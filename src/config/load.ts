import { existsSync, readFileSync } from "node:fs";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { EvenkeelError, type Problem } from "../core/errors.ts";
import type { Config } from "./config.ts";
import { unfitAddresses } from "./address-rules.ts";
import { inconsistencies, repeatedCreates, unknownConnections, unorderedSyncs } from "./consistency.ts";
import { unfitDeletes } from "./delete-rules.ts";
import { unfitKeys } from "./key-rules.ts";
import { unfitParents } from "./parents-rules.ts";
import { unfitReferences } from "./reference-rules.ts";
import type { Document } from "./document.ts";
import { configError, problemAt, problemsOf } from "./problems.ts";
import { configSchema } from "./schema.ts";
import { createSecrets, type Placeholder, type ReadText } from "./secrets.ts";
import { readYaml } from "./yaml-document.ts";

export interface LoadedConfig {
  readonly config: Config;
  /** Absolute. */
  readonly file: string;
  /** Where a key of the config is, or the nearest part of the file that there is. */
  readonly placeOf: Document["placeOf"];
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

export interface LoadOptions {
  readonly file: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads the config, `.env` and secret files as UTF-8; from the disk when absent. */
  readonly readFile?: ReadText;
  /** What stands for a secret that is not there; its being missing is a problem when absent. */
  readonly placeholder?: Placeholder;
}

/**
 * Loads and checks a config file. Throws EvenkeelError CONFIG_* that names every problem with its place: one a line in its
 * message, and as data in its `problems`.
 */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  const { file, readFile = readText } = options;
  const kind = extname(file).toLowerCase();
  if (MODULES.has(kind)) return checkConfig(await readModule(file), options);
  if (!TEXTS.has(kind)) {
    throw new EvenkeelError(
      "CONFIG_NOT_FOUND",
      `${file} is not a config: it ends in none of ${[...TEXTS, ...MODULES].join(", ")}`,
      { next: "Name a YAML, TypeScript or JavaScript file." },
    );
  }
  const { document, problems } = readYaml(readConfig(file, readFile), file);
  if (problems.length > 0) throw configError(problems);
  return checkConfig(document, options);
}

const TEXTS: ReadonlySet<string> = new Set([".yaml", ".yml", ".json"]);
const MODULES: ReadonlySet<string> = new Set([".ts", ".mts", ".js", ".mjs"]);

const RULES = [
  unknownConnections,
  repeatedCreates,
  unorderedSyncs,
  unfitDeletes,
  unfitParents,
  unfitAddresses,
  unfitReferences,
];

/** Checks a document, wherever it comes from. `file` is where secrets and the ledger are relative to. */
export function checkConfig(document: Document, options: LoadOptions): LoadedConfig {
  const { file, readFile = readText, ...rest } = options;
  if (document.value === null || document.value === undefined) {
    throw configError([problemAt(document, [], "is empty", { next: "Write a new one with `evenkeel init`." })]);
  }
  const secrets = createSecrets({ ...rest, file, readText: readFile });
  const checked = configSchema(secrets.substitute).safeParse(document.value);
  const inconsistent = inconsistencies(document);
  if (!checked.success) throw configError([...problemsOf(checked.error, document), ...inconsistent]);
  const problems = inconsistent.length > 0 ? inconsistent : RULES.flatMap((rule) => rule(checked.data, document));
  // What stands for a key that is not there is none.
  const unfit = rest.placeholder === undefined ? unfitKeys(checked.data, document) : [];
  if (problems.length + unfit.length > 0) throw configError([...problems, ...unfit]);
  return { config: checked.data, file, placeOf: (path, at) => document.placeOf(path, at), secrets: secrets.values() };
}

function readConfig(file: string, readFile: ReadText): string {
  try {
    return readFile(file);
  } catch (error) {
    throw new EvenkeelError("CONFIG_NOT_FOUND", `${file} cannot be read: ${(error as Error).message}`, {
      place: { file },
      cause: error,
      next: "Check `--config`, or write a new one with `evenkeel init`.",
    });
  }
}

const readText: ReadText = (path) => readFileSync(path, "utf8");

/** A config in TypeScript or JavaScript; problems are shown by their path, since a module has no places. */
async function readModule(file: string): Promise<Document> {
  if (!existsSync(file)) readConfig(file, readText);
  let module: { readonly default?: unknown };
  try {
    module = (await import(pathToFileURL(resolve(file)).href)) as typeof module;
  } catch (error) {
    const message = `it cannot be loaded: ${error instanceof Error ? error.message : String(error)}`;
    throw new EvenkeelError("CONFIG_SYNTAX", `${file}: ${message}`, {
      place: { file },
      cause: error,
      next: moduleAdvice(message),
    });
  }
  if (module.default !== undefined) return documentOf(module.default, file);
  const problem: Problem = {
    code: "CONFIG_INVALID",
    message: "the module has no default export",
    next: "Write `export default defineConfig({ ... })`.",
    place: { file },
    path: [],
  };
  throw configError([problem]);
}

/** The two that the documented config meets in a folder that is no package of its own, and whatever else. */
function moduleAdvice(message: string): string {
  if (/outside a module|Unexpected token 'export'/.test(message))
    return 'Write `"type": "module"` into the package.json of its folder, or name the file with `.mts` and say `--config`.';
  if (/Cannot find package 'evenkeel'/.test(message))
    return "Install the package there (`npm install evenkeel`), or leave `defineConfig` out: `export default { ... }` does.";
  return "Correct the module; `node` runs it as it is.";
}

/** A document that is a value already. */
export const documentOf = (value: unknown, file: string): Document => ({
  value,
  placeOf: () => ({ file }),
  sourceOf: () => undefined,
});
