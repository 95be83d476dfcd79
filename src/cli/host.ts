import type { Clock } from "../core/clock.ts";
import type { Evenkeel, State } from "../evenkeel.ts";
import type { Draft } from "../draft.ts";
import type { DraftOptions, OpenOptions, RehearseOptions } from "../library.ts";
import { systemClock } from "../runtime/clock.ts";
import type { Rehearsals } from "../simulation/rehearse.ts";
import { systemCwd, systemEnv, systemInterruption } from "../runtime/process.ts";
import type { Interruption } from "./terminal.ts";

/** What a command needs of the world besides a terminal. */
export interface Host {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Watches for Ctrl-C from the first call on. */
  interruption(): Interruption;
  open(options: OpenOptions): Promise<Evenkeel>;
  openState(options: OpenOptions): Promise<State>;
  draft(options: DraftOptions): Promise<Draft>;
  rehearse(options: RehearseOptions): Promise<Rehearsals>;
}

/** The world of this process. The library is loaded by the commands that need it, so that help costs nothing. */
export function systemHost(): Host {
  return {
    cwd: systemCwd(),
    env: systemEnv(),
    clock: systemClock,
    interruption: systemInterruption,
    open: async (options) => (await import("../library.ts")).open(options),
    openState: async (options) => (await import("../library.ts")).openState(options),
    draft: async (options) => (await import("../library.ts")).draft(options),
    rehearse: async (options) => (await import("../library.ts")).rehearse(options),
  };
}
