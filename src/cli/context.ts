import { systemCwd, systemEnv, type Interruption } from "../runtime/process.ts";
import { EvenkeelError } from "../core/errors.ts";
import type { Evenkeel } from "../evenkeel.ts";
import type { Terminal } from "./terminal.ts";

/** Options that every command takes; commander names them in camel case. */
export interface CommonOptions {
  readonly config?: string;
  readonly state?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly color?: boolean;
  readonly [option: string]: unknown;
}

export interface CommandContext {
  readonly terminal: Terminal;
  readonly options: CommonOptions;
  readonly interruption: Interruption;
}

/** Opens the config for as long as `work` takes; the library is loaded only now. */
export async function withEvenkeel(
  context: CommandContext,
  work: (evenkeel: Evenkeel) => Promise<number>,
): Promise<number> {
  const { open } = await import("../library.ts");
  const { config, state } = context.options;
  const evenkeel = await open({
    cwd: systemCwd(),
    env: systemEnv(),
    ...(config === undefined ? {} : { configFile: config }),
    ...(state === undefined ? {} : { stateFile: state }),
  });
  try {
    return await work(evenkeel);
  } finally {
    await evenkeel.close();
  }
}

/** A whole number given on the command line. Throws USAGE. */
export function numberOption(name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "string" && /^\d{1,9}$/.test(value)) return Number(value);
  throw new EvenkeelError("USAGE", `${name} takes a whole number, and not ${JSON.stringify(value)}`);
}

export function writeJson({ terminal }: Pick<CommandContext, "terminal">, value: unknown): void {
  terminal.stdout.write(`${JSON.stringify(value)}\n`);
}
