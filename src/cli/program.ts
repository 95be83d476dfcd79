import { Command, type Help } from "commander";
import { VERSION } from "../own-package.ts";
import { checkCommand } from "./commands/check.ts";
import { demoCommand } from "./commands/demo.ts";
import { explainCommand } from "./commands/explain.ts";
import { initCommand } from "./commands/init.ts";
import { planCommand } from "./commands/plan.ts";
import { probeCommand } from "./commands/probe.ts";
import { rehearseCommand } from "./commands/rehearse.ts";
import { rejectsCommand } from "./commands/rejects.ts";
import { runCommand } from "./commands/run.ts";
import { stateCommand } from "./commands/state.ts";
import { statusCommand } from "./commands/status.ts";
import { validateCommand } from "./commands/validate.ts";
import type { Invocation } from "./context.ts";
import { styleOf } from "./terminal.ts";

const START = `
In sixty seconds:
  evenkeel demo       see it work: two real APIs with faults, on this machine
  evenkeel init       write a starter evenkeel.yaml; put in your two APIs
  evenkeel validate   check it, and see what it guarantees
  evenkeel probe      see what both APIs really do; writes nothing
  evenkeel rehearse   try it between doubles of both APIs, with faults
  evenkeel plan       see what would be created, updated, deleted
  evenkeel run        do it; run it again, and only what has changed is sent
  evenkeel check      proof: the live destination, compared with the source

\`evenkeel <command> --help\` has examples. Exit codes: 0 level, 1 not level,
2 config or usage, 3 API unreachable or credentials refused, 4 differences
(check, plan --exit-code), 5 another run holds the ledger, 130 interrupted.
`;

/** The commands and options. What a command does is loaded when it is called, so that help comes at once. */
export function createProgram(invocation: Invocation): Command {
  const { stdout, stderr } = invocation.terminal;
  const style = styleOf(stdout);
  const program = new Command("evenkeel")
    .description(
      "Keeps two HTTP APIs level: one file says where records come from and where they\ngo, one command makes the destination match the source.",
    )
    .option("-c, --config <file>", "the config (default: evenkeel.yaml in this folder)")
    .option("--state <file>", "the ledger (default: .evenkeel/state.db beside it)")
    .option("--json", "one JSON object a line on stdout, and nothing else there")
    .option("-q, --quiet", "say only what needs you")
    .option("-v, --verbose", "say more: pages, retries, checkpoints, causes of errors")
    .option("--no-color", "no colours (also: NO_COLOR)")
    .version(VERSION, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this")
    .addHelpText("after", START);
  for (const command of [
    demoCommand,
    initCommand,
    validateCommand,
    probeCommand,
    rehearseCommand,
    planCommand,
    runCommand,
    checkCommand,
    statusCommand,
    rejectsCommand,
    explainCommand,
    stateCommand,
  ])
    program.addCommand(command(invocation));
  for (const command of everyCommand(program)) {
    command
      .exitOverride()
      .helpOption("-h, --help", "print this")
      .helpCommand(false)
      .configureHelp({ showGlobalOptions: true, styleTitle: (title: string) => style("bold", title), subcommandTerm })
      .configureOutput({
        writeOut: (text) => stdout.write(text),
        writeErr: (text) => stderr.write(text),
        // Errors are shown by main, which knows whether a person or a program reads them.
        outputError: () => undefined,
        getOutHelpWidth: () => Math.min(stdout.columns, HELP_COLUMNS_MAX),
        getErrHelpWidth: () => Math.min(stderr.columns, HELP_COLUMNS_MAX),
        getOutHasColors: () => stdout.color,
        getErrHasColors: () => stderr.color,
      });
  }
  return program;
}

/** Wider lines are hard to read. */
const HELP_COLUMNS_MAX = 100;

/** The program, its commands and theirs. */
export function everyCommand(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

/** In the list of commands, their names and arguments say enough; options are in their own help. */
const subcommandTerm: Help["subcommandTerm"] = (command) =>
  [
    command.name(),
    ...command.registeredArguments.map((argument) =>
      argumentTerm(`${argument.name()}${argument.variadic ? "..." : ""}`, argument.required),
    ),
  ].join(" ");

const argumentTerm = (name: string, required: boolean): string => (required ? `<${name}>` : `[${name}]`);
