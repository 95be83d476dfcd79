import { withEvenkeel, writeJson, type CommandContext } from "../context.ts";
import { escape } from "../escape.ts";
import { styleOf } from "../terminal.ts";

/** `evenkeel validate` */
export async function validate(context: CommandContext): Promise<number> {
  const { options, terminal } = context;
  return withEvenkeel(context, async ({ configFile, syncs }) => {
    const style = styleOf(terminal.stdout);
    if (options.json === true) for (const sync of syncs) writeJson(context, { type: "sync", ...sync });
    else {
      terminal.stdout.write(`${style("green", "valid")} ${escape(configFile ?? "")}\n`);
      for (const { name, source, destination, guarantee } of syncs) {
        const lines = [
          `${style("bold", name)}  ${escape(source.connection)} ${escape(source.request)}  →  ${escape(destination.connection)} ${escape(destination.request)}`,
          `  ${guarantee.summary}`,
          ...guarantee.because.map((reason) => `  ${style("dim", `+ ${reason}`)}`),
          ...guarantee.weaknesses.map((weakness) => `  ${style("dim", `- ${weakness}`)}`),
        ];
        terminal.stdout.write(`${lines.join("\n")}\n`);
      }
    }
    return 0;
  });
}
