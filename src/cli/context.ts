import type { Command } from "commander";
import { EvenkeelError } from "../core/errors.ts";
import type { Evenkeel, State } from "../evenkeel.ts";
import type { OpenOptions } from "../library.ts";
import { suggestFor, type CommonOptions, type Suggest } from "./command-line.ts";
import { fail } from "./failure.ts";
import type { Host } from "./host.ts";
import { createPrinter, type Printer } from "./printer.ts";
import { withoutColor, type Terminal } from "./terminal.ts";

/** What a command works with. */
export interface Context {
  readonly terminal: Terminal;
  readonly printer: Printer;
  readonly host: Host;
  readonly suggest: Suggest;
  readonly common: CommonOptions;
}

/** One call of the program, from its arguments to its exit code. */
export class Invocation {
  readonly terminal: Terminal;
  readonly host: Host;
  exitCode = 0;

  constructor(terminal: Terminal, host: Host) {
    this.terminal = terminal;
    this.host = host;
  }

  /** Does the work of a command under its common options; an error is shown here, and only here. */
  async act(command: Command, work: (context: Context) => Promise<number>): Promise<void> {
    const { color, ...common } = command.optsWithGlobals<CommonOptions & { readonly color: boolean }>();
    const terminal = color ? this.terminal : withoutColor(this.terminal);
    const printer = createPrinter(terminal, common);
    try {
      this.exitCode = await work({ terminal, printer, host: this.host, suggest: suggestFor(common), common });
    } catch (error) {
      this.exitCode = await fail(error, printer, this.host.cwd);
    }
  }
}

/** Opens the config and the ledger for as long as `work` takes. */
export const withLibrary = (context: Context, work: (evenkeel: Evenkeel) => Promise<number>): Promise<number> =>
  during(context.host.open(optionsOf(context)), work);

/** Opens what the ledger knows for as long as `work` takes; secrets need not be set. */
export const withState = (context: Context, work: (state: State) => Promise<number>): Promise<number> =>
  during(context.host.openState(optionsOf(context)), work);

async function during<Opened extends State>(
  opening: Promise<Opened>,
  work: (opened: Opened) => Promise<number>,
): Promise<number> {
  const opened = await opening;
  try {
    return await work(opened);
  } finally {
    await opened.close();
  }
}

const optionsOf = ({ host, common }: Context): OpenOptions => ({
  cwd: host.cwd,
  env: host.env,
  ...(common.config === undefined ? {} : { configFile: common.config }),
  ...(common.state === undefined ? {} : { stateFile: common.state }),
});

/** A wrong use of the command line. */
export const misuse = (message: string, next: string): EvenkeelError => new EvenkeelError("USAGE", message, { next });
