import type { PlannedChange, PlanSummary } from "../../evenkeel.ts";
import { numberOption, withEvenkeel, writeJson, type CommandContext } from "../context.ts";
import { errorLines } from "../errors.ts";
import { escape } from "../escape.ts";
import { count } from "../numbers.ts";
import { styleOf, type Terminal } from "../terminal.ts";

/** Changes printed for each sync unless `--all`. */
const SHOWN_MAX = 20;

/** `evenkeel plan` */
export async function plan(context: CommandContext, syncs: readonly string[]): Promise<number> {
  const { options, terminal, interruption } = context;
  return withEvenkeel(context, async (evenkeel) => {
    const limit = numberOption("--limit", options["limit"]);
    const key = options["key"] as string | undefined;
    const planned = evenkeel.plan({
      syncs,
      fullRefresh: options["fullRefresh"] === true,
      signal: interruption.signal,
      ...(limit === undefined ? {} : { limit }),
      ...(key === undefined ? {} : { key }),
    });
    const shown = new Map<string, number>();
    for await (const change of planned) {
      const number = (shown.get(change.sync) ?? 0) + 1;
      shown.set(change.sync, number);
      if (options.json === true) writeJson(context, { type: "change", ...change });
      else if (options.quiet !== true && (options["all"] === true || number <= SHOWN_MAX))
        terminal.stdout.write(`${changeLines(change, terminal).join("\n")}\n`);
      await terminal.stdout.drained();
    }
    const { syncs: summaries, exitCode } = await planned.result;
    for (const summary of summaries) {
      const hidden = options["all"] === true ? 0 : Math.max(0, (shown.get(summary.sync) ?? 0) - SHOWN_MAX);
      if (options.json === true)
        writeJson(context, {
          type: "plan",
          ...summary,
          error: summary.error && { code: summary.error.code, message: summary.error.message },
        });
      else terminal.stdout.write(`${summaryLines(summary, hidden, terminal).join("\n")}\n`);
    }
    const isDifferent = summaries.some(({ counts }) => counts.created + counts.updated + counts.deleted > 0);
    return exitCode === 0 && isDifferent && options["exitCode"] === true ? 4 : exitCode;
  });
}

function changeLines(change: PlannedChange, terminal: Terminal): readonly string[] {
  const style = styleOf(terminal.stdout);
  switch (change.kind) {
    case "create":
      return [
        `${style("green", "+ create")} ${escape(change.key)} ${escape(JSON.stringify(change.mapped).slice(0, 200))}`,
      ];
    case "update":
      return [
        `${style("yellow", "~ update")} ${escape(change.key)}${change.note === undefined ? "" : style("dim", ` (${change.note})`)}`,
        ...change.differences.map(
          ({ path, before, after }) =>
            `    ${escape(path)}: ${escape(before ?? "(absent)")} → ${escape(after ?? "(absent)")}`,
        ),
      ];
    case "invalid":
      return [`${style("red", "! invalid")} ${escape(change.key ?? "(no key)")}: ${escape(change.reason)}`];
  }
}

function summaryLines(
  { sync, counts, guarantee, forecast, why, error }: PlanSummary,
  hidden: number,
  terminal: Terminal,
): readonly string[] {
  const style = styleOf(terminal.stdout);
  const minutes =
    forecast.minutes === undefined
      ? ""
      : `, about ${forecast.minutes < 1 ? "a minute or less" : `${count(Math.ceil(forecast.minutes))} minutes`}`;
  return [
    ...(hidden === 0 ? [] : [style("dim", `  ${count(hidden)} more; --all prints them`)]),
    `${style("bold", sync)}: ${count(counts.created)} to create, ${count(counts.updated)} to update, ${count(counts.unchanged)} unchanged, ${count(counts.invalid)} invalid`,
    style("dim", `  ${guarantee}`),
    style(
      "dim",
      `  a run makes ${count(forecast.requests)} requests${minutes} (${forecast.basis}); nothing was written`,
    ),
    ...(why === undefined ? [] : [`  ${escape(why)}`]),
    ...(error === undefined ? [] : errorLines(error, { stderr: terminal.stdout })),
  ];
}
