import type { Plan, PlannedChange, PlanSummary } from "../evenkeel.ts";
import { byteCount, count, counted, duration } from "./amounts.ts";
import { quoted } from "./command-line.ts";
import type { Context } from "./context.ts";
import { escapeLine } from "./escape.ts";
import { failureLines, failureRecord, hanging } from "./failure.ts";
import { showFindings } from "./findings.ts";
import { changeLines } from "./planned-change.ts";
import { padEnd } from "./width.ts";

interface PlanReportOptions {
  /** Changes of a kind that are shown for each sync; the totals count them all. */
  readonly shownMax: number;
  /** The file that it is written to. */
  readonly out: string | undefined;
}

/** Shows planned changes as they are found, then the totals and the forecast of each sync. */
export async function reportPlan(plan: Plan, { shownMax, out }: PlanReportOptions, context: Context): Promise<number> {
  const { printer } = context;
  const linesOf = (change: PlannedChange): readonly string[] => changeLines(change, printer);
  const showing = { shownMax, type: "change", words: WORDS, linesOf, activity: "reading and comparing" };
  const shown = await showFindings(plan, showing, context);
  const { syncs, exitCode, operations } = await plan.result;
  const all = syncs.map(({ sync }) => sync);
  for (const summary of syncs) {
    printer.record({ type: "plan", ...summary, error: undefined });
    if (summary.error !== undefined) printer.record(failureRecord(summary.error, summary.sync));
    const hidden = shown.hidden(summary.sync);
    if (hidden !== "") printer.result(`\n  … and ${hidden} (\`--all\` shows them)`);
    if (shown.sync !== undefined || summary !== syncs[0]) printer.result("");
    printer.result(await totalsText(summary, { suggestsRun: out === undefined, all }, context));
  }
  if (out !== undefined) {
    printer.record({ type: "plan-file", file: out, operations });
    printer.result(
      operations === undefined
        ? `\n${printer.style("red", "no plan was written")} to ${escapeLine(out)}`
        : `\n${counted(operations, "operation")} in ${escapeLine(out)}; to apply exactly these: ${context.suggest("run", [], ["--plan", quoted(out)])}`,
    );
  }
  return exitCode;
}

const WORDS = {
  create: "to create",
  update: "to update",
  delete: "to delete",
  wait: "waiting",
  invalid: "invalid",
} as const;

async function totalsText(
  { sync, counts, waiting, guarantee, forecast, withheld, refused, why, error }: PlanSummary,
  { suggestsRun, all }: { readonly suggestsRun: boolean; readonly all: readonly string[] },
  { printer, host, suggest }: Context,
): Promise<string> {
  const { style, columns } = printer;
  const parts = [
    `${count(counts.created)} to create`,
    `${count(counts.updated)} to update`,
    ...(counts.deleted > 0 ? [`${count(counts.deleted)} to delete`] : []),
    `${count(counts.unchanged)} unchanged`,
    ...(counts.missed > 0 ? [`${count(counts.missed)} missing for the first time`] : []),
    ...(counts.superseded > 0 ? [`${count(counts.superseded)} superseded`] : []),
    ...(counts.skipped > 0 ? [`${count(counts.skipped)} skipped`] : []),
    ...(counts.stillRejected > 0 ? [`${count(counts.stillRejected)} rejected before`] : []),
    ...(waiting > 0 ? [`${count(waiting)} waiting for what this plan creates`] : []),
    ...(counts.invalid > 0 ? [style("yellow", `${count(counts.invalid)} invalid`)] : []),
  ];
  const row = (label: string, text: string | undefined): readonly string[] =>
    text === undefined ? [] : hanging(`  ${padEnd(label, 11)}`, escapeLine(text), columns);
  const amounts = { writes: counts.created + counts.updated + waiting, deletes: counts.deleted };
  // What waits for records of other syncs needs their runs as well.
  const run = (...flags: string[]): string => suggest("run", waiting > 0 ? all : [sync], flags);
  const next = suggestsRun && error === undefined ? nextOf(amounts, withheld !== undefined, run) : undefined;
  const left = `${counted(waiting, "record")}: what a plan creates must be there before it can be planned what refers to it, so plan once more when it is applied`;
  return [
    ...hanging(`${style("bold", sync)}: `, parts.join(", "), columns),
    ...row("read", `${counted(counts.read, "record")} in ${counted(counts.pages, "page")}`),
    ...row("why", why),
    ...row("withheld", withheld === undefined ? undefined : `nothing would be deleted: ${withheld}`),
    ...row("left out", suggestsRun || waiting === 0 ? undefined : left),
    ...row("forecast", forecastText(forecast)),
    ...row("guarantee", guarantee),
    ...(error === undefined
      ? []
      : ["", ...(await failureLines(error, { style, columns, cwd: host.cwd, indent: "  " }))]),
    ...row("but", refused?.message),
    ...row("next", refused?.next ?? next),
  ].join("\n");
}

/** D3: a plain run does not delete what the guard withholds. */
function nextOf(
  { writes, deletes }: { readonly writes: number; readonly deletes: number },
  isWithheld: boolean,
  run: (...flags: string[]) => string,
): string | undefined {
  if (!isWithheld) return writes + deletes > 0 ? run() : undefined;
  const allowing = `${run("--allow-deletes", String(deletes))}, if the deletes are meant`;
  return writes > 0 ? `${allowing}; ${run()} does the rest` : allowing;
}

function forecastText({ requests, bytes, minutes, basis }: PlanSummary["forecast"]): string {
  const time = minutes === undefined ? "" : `, about ${duration(minutes * 60_000)}`;
  const size = bytes === 0 ? "" : `, ${byteCount(bytes)}`;
  return `${counted(requests, "request")}${size}${time} (${basis})`;
}
