import { dirname, resolve } from "node:path";
import { checkConfig, documentOf, findConfig, loadConfig, type LoadedConfig } from "./config/load.ts";
import type { Chance, Clock } from "./core/clock.ts";
import type { Evenkeel } from "./evenkeel.ts";
import { openEvenkeel } from "./opened.ts";
import { systemChance } from "./runtime/chance.ts";
import { systemClock } from "./runtime/clock.ts";
import { systemCwd, systemEnv } from "./runtime/process.ts";

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
  const cwd = resolve(options.cwd ?? systemCwd());
  const loaded = await load(options, cwd);
  const stateFile =
    options.stateFile === undefined
      ? resolve(dirname(loaded.file), loaded.config.state.file ?? ".evenkeel/state.db")
      : resolve(cwd, options.stateFile);
  return openEvenkeel({
    loaded,
    configFile: options.config === undefined ? loaded.file : undefined,
    stateFile,
    clock: options.clock ?? systemClock,
    chance: options.chance ?? systemChance,
  });
}

async function load(options: OpenOptions, cwd: string): Promise<LoadedConfig> {
  const env = options.env ?? systemEnv();
  if (options.config === undefined) return loadConfig({ file: findConfig(cwd, options.configFile), env });
  const file = resolve(cwd, "evenkeel.config.ts");
  return checkConfig(documentOf(options.config, file), { file, env });
}
