import { Command } from "commander";
import { examples } from "../arguments.ts";
import { withLibrary, type Invocation } from "../context.ts";

export const probeCommand = (invocation: Invocation): Command =>
  new Command("probe")
    .summary("read a little of both APIs, and see what they really do")
    .description(
      "read three pages of each list and tell what the APIs really do: paging, order and ties of the cursor, ETags, limits, fields; each with what to change in the config. Writes nothing, to the ledger neither",
    )
    .argument("[sync...]", "the syncs to probe; all when none is named")
    .addHelpText(
      "after",
      examples(
        ["evenkeel probe", "both APIs of each sync"],
        ["evenkeel probe products", "one sync"],
        ["evenkeel probe --quiet", "only what needs you: 1 when a run would fail or miss records"],
        ["evenkeel probe --json", "one observation a line, and a summary of each sync with its fields"],
      ),
    )
    .action((syncs: readonly string[], _flags: object, command: Command) =>
      invocation.act(command, (context) =>
        withLibrary(context, async (evenkeel) => {
          const { reportProbe } = await import("../probe-report.ts");
          const { signal } = context.host.interruption();
          return reportProbe(evenkeel.probe({ syncs, signal }), context);
        }),
      ),
    );
