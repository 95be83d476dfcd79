import { Command } from "commander";
import { examples, wholeNumber } from "../arguments.ts";
import { misuse, withLibrary, type Invocation } from "../context.ts";
import type { Again } from "../summary.ts";

/** Differences of each kind that fit the mind, if not the screen. */
const SHOWN_MAX = 20;

interface CheckFlags {
  readonly all?: true;
  readonly sample?: number;
  readonly repair?: true;
  readonly allowDeletes?: number;
}

export const checkCommand = (invocation: Invocation): Command =>
  new Command("check")
    .summary("compare the live destination with the source")
    .description(
      "read both sides and compare them, record by record, in the fields that the mapping owns; without --repair nothing is written",
    )
    .argument("[sync...]", "the syncs to check; all when none is named")
    .option("--sample <n>", "only so many records, taken by chance and looked up one by one", wholeNumber(1))
    .option("--repair", "write what is missing or different; in a mirror, delete what is extra, under the guard")
    .option("--allow-deletes <n>", "with --repair: let up to so many deletes pass the guard", wholeNumber(1))
    .option("--all", `show every difference, not only the first ${SHOWN_MAX} of each kind`)
    .addHelpText(
      "after",
      examples(
        ["evenkeel check", "proof that both sides agree, or where they do not"],
        ["evenkeel check products --sample 200", "where the destination has no list"],
        ["evenkeel check products --repair", "mends what somebody else has changed in the destination"],
        ["evenkeel check --quiet && echo level", "for a script: 0 when they agree, 4 when not"],
      ),
    )
    .action((syncs: readonly string[], flags: CheckFlags, command: Command) =>
      invocation.act(command, (context) =>
        withLibrary(context, async (evenkeel) => {
          const { all, sample, repair, allowDeletes } = flags;
          if (repair === true) {
            if (sample !== undefined)
              throw misuse("`--repair` compares all", "Leave out `--sample`, or look first and repair then.");
            const { reportRun } = await import("../run-report.ts");
            const { signal, killSignal } = context.host.interruption();
            const options = { syncs, signal, killSignal, ...(allowDeletes === undefined ? {} : { allowDeletes }) };
            const again: Again = (sync) => [context.suggest("check", [sync], ["--repair"]), "does the same again"];
            return reportRun(evenkeel.repair(options), { again, signal }, context);
          }
          const { reportCheck } = await import("../check-report.ts");
          const { signal } = context.host.interruption();
          const check = evenkeel.check({ syncs, signal, ...(sample === undefined ? {} : { sample }) });
          return reportCheck(check, { shownMax: all === true ? Number.POSITIVE_INFINITY : SHOWN_MAX }, context);
        }),
      ),
    );
