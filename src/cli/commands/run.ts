import { resolve } from "node:path";
import { Command } from "commander";
import { examples, wholeNumber } from "../arguments.ts";
import { quoted, type Suggest } from "../command-line.ts";
import { misuse, withLibrary, type Invocation } from "../context.ts";
import type { Again } from "../summary.ts";

interface RunFlags {
  readonly plan?: string;
  readonly fullRefresh?: true;
  readonly limit?: number;
  readonly key?: string;
  readonly allowDeletes?: number;
  readonly parallel?: number;
  readonly trace?: true;
  readonly stats?: true;
}

export const runCommand = (invocation: Invocation): Command =>
  new Command("run")
    .summary("make the destinations match the sources")
    .description("make the destinations match the sources; Ctrl-C stops it, running it again goes on")
    .argument("[sync...]", "the syncs to run; all when none is named")
    .option("--plan <file>", "apply exactly what `plan --out` wrote, or nothing; moves no cursor")
    .option("--full-refresh", "read everything, whatever the cursor says")
    .option("--limit <n>", "stop after this many records were read; moves no cursor", wholeNumber(1))
    .option("--key <key>", "only the record with this key; moves no cursor")
    .option(
      "--allow-deletes <n>",
      "let up to so many deletes pass the guard, in this run; lists them first",
      wholeNumber(1),
    )
    .option("--parallel <n>", "run up to so many syncs at once, each behind those it is `after`", wholeNumber(1))
    .option("--trace", "show each request and answer, secrets redacted")
    .option("--stats", "say at the end where the time went, and what would make it faster")
    .addHelpText(
      "after",
      examples(
        ["evenkeel run", "all syncs, in the order of the config, one after the other"],
        ["evenkeel run products --limit 5 --trace", "a first careful try, with all that is said on the wire"],
        ["evenkeel run --plan plan.jsonl", "what was planned, if nothing has moved since"],
        ["evenkeel run --json > events.jsonl", "for a program: one event a line"],
      ),
    )
    .action((syncs: readonly string[], flags: RunFlags, command: Command) =>
      invocation.act(command, (context) =>
        withLibrary(context, async (evenkeel) => {
          const { reportRun } = await import("../run-report.ts");
          const { signal, killSignal } = context.host.interruption();
          const { plan, limit, key, fullRefresh, allowDeletes, stats } = flags;
          if (plan !== undefined && [limit, key, fullRefresh, allowDeletes].some((flag) => flag !== undefined))
            throw misuse(
              "`--plan` says already what is read and deleted",
              "Leave the other options out, or plan with them.",
            );
          const file = plan === undefined ? {} : { plan: resolve(context.host.cwd, plan) };
          const run = evenkeel.run({ syncs, ...flags, ...file, signal, killSignal });
          const again = againOf(flags, context.suggest);
          return reportRun(run, { again, isOfSome: again !== undefined, signal, stats: stats === true }, context);
        }),
      ),
    );

/** A plan that was applied in part does not hold any more: the ledger has moved. */
function againOf({ plan, limit, key }: RunFlags, suggest: Suggest): Again | undefined {
  if (plan !== undefined)
    return (sync, begun) =>
      begun
        ? [suggest("plan", [sync], ["--out", "FILE"]), "plans anew what is left to be done"]
        : [suggest("run", [sync], ["--plan", quoted(plan)]), "applies the same plan, if it still holds"];
  const some = [
    ...(limit === undefined ? [] : ["--limit", String(limit)]),
    ...(key === undefined ? [] : ["--key", quoted(key)]),
  ];
  return some.length === 0 ? undefined : (sync) => [suggest("run", [sync], some), "does the same again"];
}
