import { Command } from "commander";
import { examples } from "../arguments.ts";
import { withLibrary, type Invocation } from "../context.ts";

export const validateCommand = (invocation: Invocation): Command =>
  new Command("validate")
    .summary("check the config, and print what it guarantees")
    .description("check the config and print what each sync guarantees; no network")
    .addHelpText(
      "after",
      examples(
        ["evenkeel validate", "checks evenkeel.yaml"],
        ["evenkeel validate --config shop.yaml --json", "one line of JSON a sync"],
      ),
    )
    .action((_flags: object, command: Command) =>
      invocation.act(command, (context) =>
        withLibrary(context, async (evenkeel) => {
          const { validationText } = await import("../validate-report.ts");
          for (const sync of evenkeel.syncs) context.printer.record({ type: "sync", ...sync });
          if (!context.printer.isQuiet) context.printer.result(validationText(evenkeel, context));
          return 0;
        }),
      ),
    );
