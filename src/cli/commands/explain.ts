import { Command } from "commander";
import { examples } from "../arguments.ts";
import { withState, type Invocation } from "../context.ts";

export const explainCommand = (invocation: Invocation): Command =>
  new Command("explain")
    .summary("tell everything that happened to one record")
    .description("tell everything that happened to one record, and why it is or is not sent")
    .argument("<sync>", "the sync")
    .argument("<key>", "the record's key; the parts of a composite key are joined by /")
    .addHelpText(
      "after",
      examples(
        ["evenkeel explain products 4711", "the life of record 4711"],
        ["evenkeel explain products -- -5", "a key that begins with a dash"],
      ),
    )
    .action((sync: string, key: string, _flags: object, command: Command) =>
      invocation.act(command, (context) =>
        withState(context, async (state) => {
          const { explanationText } = await import("../record-report.ts");
          const explanation = await state.explain(sync, key);
          context.printer.record({ type: "explanation", ...explanation });
          context.printer.result(explanationText(explanation, context));
          return 0;
        }),
      ),
    );
