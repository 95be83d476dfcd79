import { resolve } from "node:path";
import { Command } from "commander";
import { examples, wholeNumber } from "../arguments.ts";
import { quoted } from "../command-line.ts";
import type { PlanOptions } from "../../evenkeel.ts";
import { misuse, withLibrary, type Context, type Invocation } from "../context.ts";

/** Changes of each kind that fit the mind, if not the screen. */
const SHOWN_MAX = 20;

interface PlanFlags {
  readonly out?: string;
  readonly allowDeletes?: number;
  readonly all?: true;
  readonly exitCode?: true;
  readonly fullRefresh?: true;
  readonly limit?: number;
  readonly key?: string;
  readonly trace?: true;
}

export const planCommand = (invocation: Invocation): Command =>
  new Command("plan")
    .summary("show what a run would create, update and delete")
    .description("read, compare, and show what a run would create, update and delete; writes nothing")
    .argument("[sync...]", "the syncs to plan; all when none is named")
    .option("--out <file>", "write the plan to a file, for `run --plan`; it holds the records, for you alone to read")
    .option("--allow-deletes <n>", "with --out: let up to so many deletes pass the guard", wholeNumber(1))
    .option("--all", `show every change, not only the first ${SHOWN_MAX} of each kind`)
    .option("--exit-code", "end with 4 when a run would change anything")
    .option("--full-refresh", "read everything, whatever the cursor says")
    .option("--limit <n>", "stop after this many records were read", wholeNumber(1))
    .option("--key <key>", "only the record with this key")
    .option("--trace", "show each request and answer, secrets redacted")
    .addHelpText(
      "after",
      examples(
        ["evenkeel plan", "what a run would do"],
        ["evenkeel plan products --key 4711", "what it would do to one record"],
        ["evenkeel plan products --limit 1 --trace", "what the source answers, and what becomes of a record"],
        ["evenkeel plan --out plan.jsonl", "to be read, and applied exactly with `run --plan plan.jsonl`"],
        ["evenkeel plan --exit-code --quiet", "for a script: 0 when level, 4 when not"],
      ),
    )
    .action((syncs: readonly string[], flags: PlanFlags, command: Command) =>
      invocation.act(command, (context) =>
        withLibrary(context, async (evenkeel) => {
          const { changesOf, reportPlan } = await import("../plan-report.ts");
          const { combineExitCodes, EXIT } = await import("../../core/exit-code.ts");
          const { all, exitCode: asked, out, trace, ...choice } = flags;
          if (choice.allowDeletes !== undefined && out === undefined)
            throw misuse("`--allow-deletes` is for a plan that is applied", "Add `--out FILE`, or say it to `run`.");
          const { signal } = context.host.interruption();
          const file = out === undefined ? {} : { out: resolve(context.host.cwd, out) };
          const plan = evenkeel.plan({ syncs, ...choice, ...file, ...(await tracing(trace, context)), signal });
          const shownMax = all === true ? Number.POSITIVE_INFINITY : SHOWN_MAX;
          const { limit, key, fullRefresh } = choice;
          const again = [
            ...(fullRefresh === true ? ["--full-refresh"] : []),
            ...(limit === undefined ? [] : ["--limit", String(limit)]),
            ...(key === undefined ? [] : ["--key", quoted(key)]),
          ];
          const code = await reportPlan(plan, { shownMax, out, choice: again }, context);
          if (asked !== true) return code;
          const isDifferent = (await plan.result).syncs.some((summary) => changesOf(summary) > 0);
          return combineExitCodes([code, isDifferent ? EXIT.different : EXIT.level]);
        }),
      ),
    );

/** Requests and answers are shown where they are asked for. */
async function tracing(asked: true | undefined, { printer }: Context): Promise<Pick<PlanOptions, "trace">> {
  if (asked !== true) return {};
  const { showTrace } = await import("../trace.ts");
  return {
    trace: (connection, evidence) => {
      printer.record({ type: "trace", connection, evidence });
      showTrace({ connection, evidence }, printer);
    },
  };
}
