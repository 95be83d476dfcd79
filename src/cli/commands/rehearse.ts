import { Command } from "commander";
import { examples, wholeNumber } from "../arguments.ts";
import type { Invocation } from "../context.ts";

/** Enough to meet every kind of disaster, and over in some ten seconds. */
const WORLDS = 100;

interface RehearseFlags {
  readonly seeds: number;
  readonly seed?: number;
  readonly records?: string;
}

export const rehearseCommand = (invocation: Invocation): Command =>
  new Command("rehearse")
    .summary("try the config between doubles of both APIs, with faults")
    .description(
      "try your config between doubles of both APIs, in which answers are lost, pages break off, rows come late and the process is killed; nothing real is called, and no secret is needed",
    )
    .argument("[sync...]", "the syncs to rehearse; all when none is named")
    .option("--seeds <n>", "worlds to play for each sync", wholeNumber(1), WORLDS)
    .option("--seed <n>", "play only the world with this number", wholeNumber(0))
    .option("--records <file>", "records as the source lists them, instead of made-up ones")
    .addHelpText(
      "after",
      examples(
        ["evenkeel rehearse", `${WORLDS} worlds for each sync`],
        ["evenkeel rehearse --records page.json", "with the records of a saved answer"],
        ["evenkeel rehearse products --seed 7", "one world again, as it was"],
      ),
    )
    .action((syncs: readonly string[], { seeds, seed, records }: RehearseFlags, command: Command) =>
      invocation.act(command, async (context) => {
        const { reportRehearsals } = await import("../rehearse-report.ts");
        const { host, common } = context;
        const { signal } = host.interruption();
        const rehearsals = await host.rehearse({
          cwd: host.cwd,
          env: host.env,
          syncs,
          worlds: seed === undefined ? seeds : 1,
          signal,
          ...(seed === undefined ? {} : { seed }),
          ...(records === undefined ? {} : { recordsFile: records }),
          ...(common.config === undefined ? {} : { configFile: common.config }),
        });
        return reportRehearsals(rehearsals, { worlds: seed === undefined ? seeds : 1, records }, context);
      }),
    );
