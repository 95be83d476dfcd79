import { Command } from "commander";
import { examples } from "../arguments.ts";
import type { Invocation } from "../context.ts";

export const initCommand = (invocation: Invocation): Command =>
  new Command("init")
    .summary("write a starter evenkeel.yaml")
    .description("write a starter evenkeel.yaml with comments; an existing file is never overwritten")
    .addHelpText(
      "after",
      examples(
        ["evenkeel init", "writes evenkeel.yaml into this folder"],
        ["evenkeel init --config shop.yaml", "writes shop.yaml"],
      ),
    )
    .action((_flags: object, command: Command) =>
      invocation.act(command, async (context) => {
        const { writeStarter } = await import("../starter.ts");
        return writeStarter(context);
      }),
    );
