import { Command } from "commander";
import { examples } from "../arguments.ts";
import { withState, type Invocation } from "../context.ts";

export const statusCommand = (invocation: Invocation): Command =>
  new Command("status")
    .summary("show last runs, records, rejects, cursors")
    .description("show each sync's last run, records, rejects, unresolved writes and cursor")
    .addHelpText(
      "after",
      examples(
        ["evenkeel status", "a row for each sync, and what needs you"],
        ["evenkeel status --json", "one line of JSON a sync"],
      ),
    )
    .action((_flags: object, command: Command) =>
      invocation.act(command, (context) =>
        withState(context, async (state) => {
          const { statusText } = await import("../status-report.ts");
          const statuses = await state.status();
          for (const status of statuses) context.printer.record({ type: "status", ...status });
          context.printer.result(statusText(statuses, context));
          return 0;
        }),
      ),
    );
