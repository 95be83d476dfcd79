import { withEvenkeel, writeJson, type CommandContext } from "../context.ts";
import { evidenceLines } from "../errors.ts";
import { escape } from "../escape.ts";
import { time } from "../numbers.ts";
import { styleOf } from "../terminal.ts";

/** `evenkeel explain SYNC KEY` */
export async function explain(context: CommandContext, sync: string, key: string): Promise<number> {
  const { options, terminal } = context;
  return withEvenkeel(context, async (evenkeel) => {
    const explanation = await evenkeel.explain(sync, key);
    if (options.json === true) {
      writeJson(context, { type: "explanation", ...explanation });
      return 0;
    }
    const style = styleOf(terminal.stdout);
    const lines = [
      `${style("bold", `${escape(sync)} ${escape(key)}`)}`,
      ...explanation.story.map((sentence) => `  ${escape(sentence)}`),
      ...explanation.history.map(
        ({ atMs, run, event, detail }) => `  ${style("dim", `${time(atMs)} run ${run}`)} ${event}: ${escape(detail)}`,
      ),
      ...(explanation.body === undefined
        ? []
        : [`  ${style("dim", "last applied")} ${escape(JSON.stringify(explanation.body))}`]),
      ...(explanation.reject?.evidence === undefined
        ? []
        : evidenceLines(explanation.reject.evidence).map((line) => `    ${line}`)),
    ];
    terminal.stdout.write(`${lines.join("\n")}\n`);
    return 0;
  });
}
