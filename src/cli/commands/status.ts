import { withEvenkeel, writeJson, type CommandContext } from "../context.ts";
import { escape } from "../escape.ts";
import { count, time } from "../numbers.ts";
import { styleOf } from "../terminal.ts";

/** `evenkeel status` */
export async function status(context: CommandContext): Promise<number> {
  const { options, terminal } = context;
  return withEvenkeel(context, async (evenkeel) => {
    const style = styleOf(terminal.stdout);
    for (const { sync, checkpoint, counts, lastRun, parkedUntilMs } of await evenkeel.status()) {
      if (options.json === true) {
        writeJson(context, { type: "status", sync, checkpoint, counts, lastRun, parkedUntilMs });
        continue;
      }
      const { unresolved } = counts;
      const lines = [
        `${style("bold", sync)}  ${lastRun === undefined ? "never run" : `${lastRun.status}, ${time(lastRun.endedMs ?? lastRun.startedMs)}`}`,
        `  cursor ${escape(checkpoint?.cursor ?? "none")} · ${count(counts.entries)} records known`,
        ...(counts.rejected + counts.invalid === 0
          ? []
          : [`  ${count(counts.rejected)} rejected, ${count(counts.invalid)} invalid: evenkeel rejects list ${sync}`]),
        ...(unresolved.unknown + unresolved.sent === 0
          ? []
          : [`  ${count(unresolved.unknown + unresolved.sent)} writes of unknown outcome: the next run finds out`]),
        ...(unresolved.parked === 0
          ? []
          : [
              `  ${count(unresolved.parked)} parked${parkedUntilMs === undefined || parkedUntilMs === 0 ? "" : `, until ${time(parkedUntilMs)} at the earliest`}; evenkeel state unblock clears the wait`,
            ]),
        ...(lastRun?.message === undefined ? [] : [`  ${escape(lastRun.message)}`]),
      ];
      terminal.stdout.write(`${lines.join("\n")}\n`);
    }
    return 0;
  });
}
