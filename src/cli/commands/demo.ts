import { Command } from "commander";
import { examples, wholeNumber } from "../arguments.ts";
import type { Invocation } from "../context.ts";

/** Enough to see every kind of trouble, and over within half a minute. */
const RECORDS = 2_000;

/** With fewer there is nothing to kill the worker in the middle of. */
const RECORDS_MIN = 20;

interface DemoFlags {
  readonly records: number;
  readonly seed: number;
}

export const demoCommand = (invocation: Invocation): Command =>
  new Command("demo")
    .summary("see it work: two real APIs with faults, on this machine")
    .description("sync two real APIs with faults switched on, on this machine; nothing to configure")
    .option("--records <n>", "records to sync", wholeNumber(RECORDS_MIN), RECORDS)
    .option("--seed <n>", "which faults happen when; the same number gives the same", wholeNumber(0), 1)
    .addHelpText(
      "after",
      examples(
        ["evenkeel demo", "2,000 records through 429s, 500s, lost answers and a kill -9"],
        ["evenkeel demo --records 500 --seed 7", "fewer records, other faults"],
      ),
    )
    .action(({ records, seed }: DemoFlags, command: Command) =>
      invocation.act(command, async (context) => {
        const { runDemo } = await import("../demo/demo.ts");
        return runDemo({ records, seed }, context);
      }),
    );
