import { Command, CommanderError } from "commander";
import { EvenkeelError } from "../core/errors.ts";
import { systemInterruption, systemTerminal } from "../runtime/process.ts";
import { VERSION } from "../version.ts";
import type { CommandContext, CommonOptions } from "./context.ts";
import { printError } from "./errors.ts";
import { withoutColor, type Terminal } from "./terminal.ts";

const EXAMPLES = `
In a minute:
  evenkeel demo        two APIs on this machine, synced through faults and a kill -9
  evenkeel init        writes a starter evenkeel.yaml
  evenkeel validate    checks it and says what it guarantees; no network
  evenkeel plan        reads, writes nothing: what would be created and changed
  evenkeel run         does it

Exit codes: 0 level, 1 not level or failed midway (run again), 2 config or usage, 3 an API cannot be reached or refuses
the credentials, 4 differences (plan --exit-code), 5 another run holds the ledger, 130 interrupted.
`;

/** Runs the command line. Resolves with the exit code; never throws. */
export async function main(argv: readonly string[], given?: Terminal): Promise<number> {
  const terminal = given ?? systemTerminal();
  let exitCode = 0;
  const program = createProgram(terminal, (code) => (exitCode = code));
  try {
    await program.parseAsync([...argv], { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return printError(EvenkeelError.from(error), terminal, argv.includes("--json"));
  }
}

type Action = (context: CommandContext, ...parts: never[]) => Promise<number>;

function createProgram(terminal: Terminal, finish: (exitCode: number) => void): Command {
  const program = new Command("evenkeel")
    .description("Keeps two HTTP APIs level: one command makes the destination match the source.")
    .version(VERSION)
    .addHelpText("after", EXAMPLES)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
    });

  /** A command whose code is loaded when it is called, so that `--help` stays quick. */
  const add = (
    name: string,
    description: string,
    examples: string,
    load: () => Promise<Action>,
    parent: Command = program,
  ): Command => {
    const command = parent.command(name).description(description).addHelpText("after", `\nExamples:\n${examples}`);
    for (const [flags, text] of COMMON) command.option(flags, text);
    return command.action(async (...parts: unknown[]) => {
      const options = (parts.at(-2) ?? {}) as CommonOptions;
      const action = await load();
      const context = {
        terminal: options.color === false ? withoutColor(terminal) : terminal,
        options,
        interruption: systemInterruption(),
      };
      finish(await action(context, ...(parts.slice(0, -2) as never[])));
    });
  };

  add(
    "demo",
    "two real HTTP APIs on loopback with faults switched on, synced before your eyes",
    "  evenkeel demo\n  evenkeel demo --records 500 --seed 7",
    async () => (await import("./commands/demo.ts")).demo,
  )
    .option("--records <n>", "records to sync", "2000")
    .option("--seed <n>", "of the faults", "1");
  add(
    "init",
    "writes a starter evenkeel.yaml",
    "  evenkeel init",
    async () => (await import("./commands/init.ts")).init,
  );
  add(
    "validate",
    "checks the config and prints each sync's guarantees; no network",
    "  evenkeel validate\n  evenkeel validate --config shop.yaml",
    async () => (await import("./commands/validate.ts")).validate,
  );
  add(
    "plan [syncs...]",
    "reads everything, writes nothing: creates, updates with field differences, invalid records",
    "  evenkeel plan\n  evenkeel plan products --limit 10",
    async () => (await import("./commands/plan.ts")).plan,
  )
    .option("--full-refresh", "read everything, whatever the cursor says")
    .option("--limit <n>", "only the first records")
    .option("--key <key>", "only the record with this key")
    .option("--all", "print every change, not only the first 20 of a sync")
    .option("--exit-code", "exit with 4 when there is something to do");
  add(
    "run [syncs...]",
    "makes the destination match the source",
    "  evenkeel run\n  evenkeel run products --limit 1 --trace\n  evenkeel run --full-refresh --json",
    async () => (await import("./commands/run.ts")).run,
  )
    .option("--full-refresh", "read everything, whatever the cursor says")
    .option("--limit <n>", "only the first records, for a careful try; moves no checkpoint")
    .option("--key <key>", "only the record with this key; moves no checkpoint")
    .option("--trace", "show each request and answer, redacted");
  add(
    "status",
    "syncs, cursors, last runs, what is unresolved and rejected",
    "  evenkeel status",
    async () => (await import("./commands/status.ts")).status,
  );
  add(
    "explain <sync> <key>",
    "everything that happened to one record",
    "  evenkeel explain products 4711",
    async () => (await import("./commands/explain.ts")).explain,
  );

  const rejects = program.command("rejects").description("records that were refused, with the request and the answer");
  add(
    "list [sync]",
    "lists them",
    "  evenkeel rejects list",
    async () => (await import("./commands/rejects.ts")).list,
    rejects,
  );
  add(
    "show <sync> <id>",
    "one of them: record, request, answer",
    "  evenkeel rejects show products 3",
    async () => (await import("./commands/rejects.ts")).show,
    rejects,
  );
  add(
    "retry <sync> [ids...]",
    "plans them anew from their source records and sends them; all of the sync's without ids",
    "  evenkeel rejects retry products 3 4",
    async () => (await import("./commands/rejects.ts")).retry,
    rejects,
  ).option("--trace", "show each request and answer, redacted");
  add(
    "discard <sync> <ids...>",
    "forgets them",
    "  evenkeel rejects discard products 3",
    async () => (await import("./commands/rejects.ts")).discard,
    rejects,
  );

  const state = program.command("state").description("cursor and key map, for people");
  add(
    "show [sync]",
    "the checkpoint",
    "  evenkeel state show products",
    async () => (await import("./commands/state.ts")).show,
    state,
  );
  add(
    "reset <sync>",
    "forgets the cursor, so that the next run reads everything",
    "  evenkeel state reset products\n  evenkeel state reset products --entries --yes",
    async () => (await import("./commands/state.ts")).reset,
    state,
  )
    .option("--entries", "also forget what the destination is known to hold")
    .option("--yes", "do it without asking");
  add(
    "unblock [sync] [key]",
    "clears waits that an API asked for, or decides what became of an unknown write",
    "  evenkeel state unblock\n  evenkeel state unblock orders 17 --resend",
    async () => (await import("./commands/state.ts")).unblock,
    state,
  )
    .option("--resend", "the write was not applied: send it again")
    .option("--applied", "the write was applied");
  return program;
}

const COMMON: readonly (readonly [flags: string, description: string])[] = [
  ["--config <file>", "the config file (default: evenkeel.yaml in this folder)"],
  ["--state <file>", "the ledger (default: .evenkeel/state.db beside the config)"],
  ["--json", "one JSON value a line on stdout, nothing else there"],
  ["--quiet", "only errors"],
  ["--verbose", "more of what happens"],
  ["--no-color", "no colours"],
];
