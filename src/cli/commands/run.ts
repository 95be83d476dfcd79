import type { Run } from "../../evenkeel.ts";
import { numberOption, withEvenkeel, writeJson, type CommandContext } from "../context.ts";
import { Progress } from "../progress.ts";
import { summaryLines } from "../summary.ts";

/** `evenkeel run` */
export async function run(context: CommandContext, syncs: readonly string[]): Promise<number> {
  const { options, interruption } = context;
  return withEvenkeel(context, (evenkeel) => {
    const limit = numberOption("--limit", options["limit"]);
    const key = options["key"] as string | undefined;
    const started = evenkeel.run({
      syncs,
      fullRefresh: options["fullRefresh"] === true,
      trace: options["trace"] === true,
      signal: interruption.signal,
      killSignal: interruption.killSignal,
      ...(limit === undefined ? {} : { limit }),
      ...(key === undefined ? {} : { key }),
    });
    return follow(started, context);
  });
}

/** Shows a run until it ends; returns its exit code. */
export async function follow(started: Run, context: CommandContext): Promise<number> {
  const { options, terminal } = context;
  const progress = new Progress(terminal, options.verbose === true);
  for await (const event of started) {
    if (options.json === true) writeJson(context, event);
    else if (options.quiet !== true) progress.show(event);
    await terminal.stdout.drained();
  }
  const { syncs, exitCode } = await started.result;
  if (options.json !== true && (options.quiet !== true || exitCode !== 0))
    for (const result of syncs) terminal.stdout.write(`${summaryLines(result, terminal).join("\n")}\n`);
  return exitCode;
}
