import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { checkConfig, documentOf, findConfig, loadConfig, type LoadedConfig } from "./config/load.ts";
import type { Placeholder } from "./config/secrets.ts";
import type { Chance, Clock } from "./core/clock.ts";
import { EvenkeelError } from "./core/errors.ts";
import type { Draft } from "./draft.ts";
import type { DraftAuth } from "./draft-reading.ts";
import type { Evenkeel, State } from "./evenkeel.ts";
import { openEvenkeel } from "./opened.ts";
import { systemChance } from "./runtime/chance.ts";
import { systemNetwork } from "./runtime/network.ts";
import { proxyOf } from "./runtime/proxy.ts";
import { systemClock } from "./runtime/clock.ts";
import { systemCwd, systemEnv } from "./runtime/process.ts";
import { rehearseSyncs, type Rehearsals } from "./simulation/rehearse.ts";

export interface OpenOptions {
  /** A config as a value, instead of a file. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Found in `cwd` when absent. */
  readonly configFile?: string;
  /** `.evenkeel/state.db` beside the config when absent. */
  readonly stateFile?: string;
  /** Where files are looked for; the process's working directory when absent. */
  readonly cwd?: string;
  /** Where secrets are looked for; the process's environment when absent. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  readonly chance?: Chance;
}

/** Opens a config: everything that the command line does hangs on what is returned. Throws EvenkeelError CONFIG_*. */
export async function open(options: OpenOptions = {}): Promise<Evenkeel> {
  return opened(options);
}

/**
 * Opens the ledger of a config for what calls no API: secrets that are not set, in `auth` and `headers`, are no matter. Throws EvenkeelError CONFIG_*.
 */
export async function openState(options: OpenOptions = {}): Promise<State> {
  const whole = await opened(options, (name, secret) => (secret ? `<${name} is not set>` : undefined));
  const { configFile, stateFile, status, rejects, reject, discardRejects, explain, unblock, exportKeys, reset, close } =
    whole;
  return { configFile, stateFile, status, rejects, reject, discardRejects, explain, unblock, exportKeys, reset, close };
}

async function opened(options: OpenOptions, placeholder?: Placeholder): Promise<Evenkeel> {
  const cwd = resolve(options.cwd ?? systemCwd());
  const loaded = await load(options, cwd, placeholder);
  const stateFile =
    options.stateFile === undefined
      ? resolve(dirname(loaded.file), loaded.config.state.file ?? ".evenkeel/state.db")
      : resolve(cwd, options.stateFile);
  refuseFolder(stateFile);
  return openEvenkeel({
    loaded,
    configFile: options.config === undefined ? loaded.file : undefined,
    stateFile,
    proxy: proxyOf(options.env ?? systemEnv()),
    clock: options.clock ?? systemClock,
    chance: options.chance ?? systemChance,
  });
}

/** SQLite would call it a failing disk. */
function refuseFolder(stateFile: string): void {
  if (statSync(stateFile, { throwIfNoEntry: false })?.isDirectory() !== true) return;
  throw new EvenkeelError("USAGE", `the ledger ${stateFile} is a folder`, {
    next: "Name a file, which is made when it is not there: `--state FOLDER/state.db`, or `state.file` in the config.",
  });
}

export interface DraftOptions extends Pick<OpenOptions, "configFile" | "cwd" | "env" | "clock" | "chance"> {
  /** The address of an API's list, with its query; without any secret. */
  readonly url: string;
  /** Credentials as a config writes them, with the names of variables in the place of secrets: `{ type: "bearer", token: "${STORE_TOKEN}" }`. */
  readonly auth?: DraftAuth;
  readonly signal?: AbortSignal;
}

/**
 * Reads an API's list and drafts the source of a config from what it answers; sends GETs alone, and writes nothing. Throws EvenkeelError USAGE, API_*
 * and READ_*.
 */
export async function draft(options: DraftOptions): Promise<Draft> {
  const { url, auth, clock = systemClock, chance = systemChance, env = systemEnv() } = options;
  const { draftSource } = await import("./draft.ts");
  const dispatcher = systemNetwork({ connectMs: CONNECT_MS, proxy: proxyOf(env) });
  const file = resolve(options.cwd ?? systemCwd(), options.configFile ?? "evenkeel.yaml");
  const stop = options.signal ?? new AbortController().signal;
  try {
    return await draftSource({ url, auth, clock, chance, env, file, dispatcher, stop });
  } finally {
    await dispatcher.close();
  }
}

/** As long as a config's connection waits when it says nothing else. */
const CONNECT_MS = 5_000;

export interface RehearseOptions extends Pick<OpenOptions, "config" | "configFile" | "cwd" | "env"> {
  /** Syncs to rehearse, in the config's order; all when absent. Unknown names throw `USAGE`. */
  readonly syncs?: readonly string[];
  /** Worlds to play for each sync; 100 when absent. */
  readonly worlds?: number;
  /** The seed of the first world, from which everything in it follows; the others have the numbers after it. 1 when absent. */
  readonly seed?: number;
  /** A file of records as the source lists them: a JSON list, one a line, or a saved answer of the source. Made up when absent. */
  readonly recordsFile?: string;
  /** Plays no further world. */
  readonly signal?: AbortSignal;
}

/** Rehearses syncs between doubles of both APIs, with faults; nothing real is called, and no secret is needed. */
export function rehearse(options: RehearseOptions = {}): Rehearsals {
  const cwd = resolve(options.cwd ?? systemCwd());
  const { syncs, worlds = 100, seed = 1, signal } = options;
  return rehearseSyncs({
    load: () => load(options, cwd, (name) => `https://${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}.invalid`),
    syncs,
    worlds,
    seed,
    recordsFile: options.recordsFile === undefined ? undefined : resolve(cwd, options.recordsFile),
    signal,
  });
}

async function load(options: OpenOptions, cwd: string, placeholder?: Placeholder): Promise<LoadedConfig> {
  const env = options.env ?? systemEnv();
  const secrets = placeholder === undefined ? { env } : { env, placeholder };
  if (options.config === undefined) return loadConfig({ file: findConfig(cwd, options.configFile), ...secrets });
  const file = resolve(cwd, "evenkeel.config.ts");
  return checkConfig(documentOf(options.config, file), { file, ...secrets });
}
