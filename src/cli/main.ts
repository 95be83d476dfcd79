import { CommanderError, type Command } from "commander";
import { nearest } from "../config/nearest.ts";
import { EvenkeelError } from "../core/errors.ts";
import { EXIT } from "../core/exit-code.ts";
import { systemTerminal } from "../runtime/process.ts";
import { Invocation } from "./context.ts";
import { fail } from "./failure.ts";
import { systemHost, type Host } from "./host.ts";
import { createPrinter } from "./printer.ts";
import { createProgram, everyCommand } from "./program.ts";
import { withoutColor, type Terminal } from "./terminal.ts";

/**
 * Runs the command line. Takes the arguments without the program's own name; gives the exit code. Never throws: what goes
 * wrong is shown, as text on stderr or, with `--json`, as a line on stdout.
 */
export async function main(
  argv: readonly string[],
  terminal: Terminal = systemTerminal(),
  host: Host = systemHost(),
): Promise<number> {
  const given = flagsOf(argv);
  const invocation = new Invocation(given.has("--no-color") ? withoutColor(terminal) : terminal, host);
  const exitCode = await called(argv, invocation, given.has("--json"));
  return (await lossOf(invocation)) ?? exitCode;
}

/** Calls the command that the arguments name, and gives its exit code. */
async function called(argv: readonly string[], invocation: Invocation, isJson: boolean): Promise<number> {
  const program = createProgram(invocation);
  try {
    await program.parseAsync(argv, { from: "user" });
    return invocation.exitCode;
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    if (thrown.exitCode === 0) return EXIT.level;
    // No command was named: the help that was shown says which there are.
    if (thrown.code === "commander.help") return EXIT.usage;
    const printer = createPrinter(invocation.terminal, { json: isJson });
    return fail(usageError(thrown, argv, program), printer, invocation.host.cwd);
  }
}

/** The exit code where not all could be written to stdout; said on stderr, whatever was asked for there. That nobody reads on is no loss. */
async function lossOf({ terminal, host }: Invocation): Promise<number | undefined> {
  await terminal.stdout.written();
  const { lost } = terminal.stdout;
  if (lost === undefined || lost.code === "EPIPE") return undefined;
  const error = new EvenkeelError("OUTPUT_FAILED", `the output cannot be written: ${lost.message}`, {
    cause: lost,
    next: "Free some space, or send the output elsewhere, and try again; a run goes on where it stopped.",
  });
  return fail(error, createPrinter(terminal, {}), host.cwd);
}

/** Flags as they stand, for what must be known although the arguments cannot be read. */
function flagsOf(argv: readonly string[]): ReadonlySet<string> {
  const end = argv.indexOf("--");
  return new Set(end === -1 ? argv : argv.slice(0, end));
}

/** A misread command line as an error of ours: what is wrong, the nearest name that exists, and where to look. */
function usageError({ code, message }: CommanderError, argv: readonly string[], program: Command): EvenkeelError {
  const command = commandOf(argv, program);
  const help = `\`${[...pathOf(command), "--help"].join(" ")}\` shows what there is.`;
  const unknown = /'([^']*)'/.exec(message)?.[1] ?? "";
  switch (code) {
    case "commander.unknownCommand":
      return new EvenkeelError("USAGE", `there is no command \`${unknown}\``, {
        next: suggestion(
          unknown,
          command.commands.map((each) => each.name()),
          help,
        ),
      });
    case "commander.unknownOption": {
      const names = [command, ...everyCommand(program).filter((each) => each === program)].flatMap(({ options }) =>
        options.flatMap(({ long }) => long ?? []),
      );
      return new EvenkeelError("USAGE", `there is no option \`${unknown}\``, {
        next: suggestion(unknown, names, help),
      });
    }
    case "commander.excessArguments":
      return new EvenkeelError("USAGE", message.replace(/^error: /, ""), {
        next: isAddressFor(command, argv) ? `Did you mean \`--from URL\`? ${help}` : help,
      });
    default:
      return new EvenkeelError("USAGE", message.replace(/^error: /, ""), { next: help });
  }
}

/** An address was given as it is to a command that takes it behind an option. */
const isAddressFor = ({ options }: Command, argv: readonly string[]): boolean =>
  options.some(({ long }) => long === "--from") && argv.some((word) => /^https?:\/\//i.test(word));

function suggestion(unknown: string, names: readonly string[], help: string): string {
  const near = nearest(unknown, names);
  return near === undefined ? help : `Did you mean \`${near}\`? ${help}`;
}

/** The command that the arguments got as far as. */
function commandOf(argv: readonly string[], program: Command): Command {
  let command = program;
  for (const word of argv) {
    const next: Command | undefined = command.commands.find((each) => each.name() === word);
    if (next !== undefined) command = next;
  }
  return command;
}

const pathOf = (command: Command): readonly string[] => [
  ...(command.parent === null ? [] : pathOf(command.parent)),
  command.name(),
];
