import type { Plan, PlannedChange, PlanSummary } from "../evenkeel.ts";
import { byteCount, count, counted, duration } from "./amounts.ts";
import { quoted } from "./command-line.ts";
import type { Context } from "./context.ts";
import { escapeLine } from "./escape.ts";
import { endingText, failureLines, failureRecord, hanging } from "./failure.ts";
import { showFindings } from "./findings.ts";
import { changeLines } from "./planned-change.ts";
import { warningLines } from "./warning-lines.ts";
import { padEnd } from "./width.ts";

interface PlanReportOptions {
  /** Changes of a kind that are shown for each sync; the totals count them all. */
  readonly shownMax: number;
  /** The file that it is written to. */
  readonly out: string | undefined;
  /** Options that the run has too. */
  readonly choice: readonly string[];
}

/** Shows planned changes as they are found, then the totals and the forecast of each sync. */
export async function reportPlan(
  plan: Plan,
  { shownMax, out, choice }: PlanReportOptions,
  context: Context,
): Promise<number> {
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
    if (printer.isQuiet && needsNothing(summary)) continue;
    if (shown.sync !== undefined || summary !== syncs[0]) printer.result("");
    printer.result(await totalsText(summary, { suggestsRun: out === undefined, all, choice }, context));
  }
  if (out !== undefined) {
    printer.record({ type: "plan-file", file: out, operations });
    printer.result(
      operations === undefined
        ? `\n${printer.style("red", "no plan was written")} to ${escapeLine(out)}`
        : `\n${hanging("", `${counted(operations, "operation")} in ${escapeLine(out)}; to apply exactly these: \`${context.suggest("run", [], ["--plan", quoted(out)])}\``, printer.columns).join("\n")}`,
    );
  }
  return exitCode;
}

/** What a run would do, as it is now. */
export const changesOf = ({
  counts,
  waiting,
  unresolved,
}: Pick<PlanSummary, "counts" | "waiting" | "unresolved">): number =>
  counts.created + counts.updated + waiting + unresolved + counts.deleted - counts.withheld;

/** A run would change nothing, and nothing is to be looked at. */
const needsNothing = (summary: PlanSummary): boolean =>
  summary.error === undefined &&
  summary.refused === undefined &&
  summary.withheld === undefined &&
  summary.warnings.length === 0 &&
  summary.counts.invalid === 0 &&
  changesOf(summary) === 0;

const WORDS = {
  create: "to create",
  update: "to update",
  delete: "to delete",
  wait: "waiting",
  invalid: "invalid",
} as const;

async function totalsText(
  { sync, counts, waiting, unresolved, guarantee, forecast, withheld, refused, why, warnings, error }: PlanSummary,
  {
    suggestsRun,
    all,
    choice,
  }: Pick<PlanReportOptions, "choice"> & { readonly suggestsRun: boolean; readonly all: readonly string[] },
  { printer, host, suggest }: Context,
): Promise<string> {
  const { style, columns, complete } = printer;
  const parts = [
    `${count(counts.created)} to create`,
    `${count(counts.updated)} to update`,
    ...(counts.deleted > counts.withheld ? [`${count(counts.deleted - counts.withheld)} to delete`] : []),
    ...(counts.withheld > 0 ? [style("yellow", `${counted(counts.withheld, "delete")} withheld`)] : []),
    `${count(counts.unchanged)} unchanged`,
    ...(counts.missed > 0 ? [`${count(counts.missed)} missing for the first time`] : []),
    ...(counts.superseded > 0 ? [`${count(counts.superseded)} superseded`] : []),
    ...(counts.skipped > 0 ? [`${count(counts.skipped)} skipped`] : []),
    ...(counts.stillRejected > 0 ? [`${count(counts.stillRejected)} rejected before`] : []),
    ...(unresolved > 0 ? [style("yellow", `${counted(unresolved, "write")} of an earlier run to be done first`)] : []),
    ...(waiting > 0 ? [`${count(waiting)} waiting for what this plan creates`] : []),
    ...(counts.invalid > 0 ? [style("yellow", `${count(counts.invalid)} invalid`)] : []),
  ];
  const row = (label: string, text: string | undefined): readonly string[] =>
    text === undefined ? [] : hanging(`  ${padEnd(label, 11)}`, escapeLine(complete(text)), columns);
  const read = row("read", `${counted(counts.read, "record")} in ${counted(counts.pages, "page")}`);
  if (error !== undefined)
    return [
      `${style("bold", escapeLine(sync))}: ${endingText(error, style)}`,
      ...(counts.read === 0 ? [] : [...read, ...hanging(`  ${padEnd("planned", 11)}`, parts.join(", "), columns)]),
      "",
      ...(await failureLines(error, { style, columns, complete, cwd: host.cwd, indent: "  " })),
    ].join("\n");
  // What waits for records of other syncs needs their runs as well.
  const run = (...flags: string[]): string => suggest("run", waiting > 0 ? all : [sync], [...choice, ...flags]);
  // D3: a plain run does not delete what the guard withholds.
  const nexts = [
    ...(changesOf({ counts, waiting, unresolved }) > 0 ? [run()] : []),
    ...(withheld === undefined ? [] : [`${run("--allow-deletes", String(counts.deleted))}  if the deletes are meant`]),
  ];
  const isNone = counts.deleted === counts.withheld;
  const left = `${counted(waiting, "record")}: what a plan creates must be there before it can be planned what refers to it, so plan once more when it is applied`;
  return [
    ...hanging(`${style("bold", escapeLine(sync))}: `, parts.join(", "), columns),
    ...read,
    ...row("why", why),
    ...row(
      "withheld",
      withheld === undefined ? undefined : `${isNone ? "nothing" : "not all"} would be deleted: ${withheld}`,
    ),
    ...row("left out", suggestsRun || waiting === 0 ? undefined : left),
    ...row("forecast", forecastText(forecast)),
    ...row("guarantee", guarantee),
    ...warningLines(warnings, printer),
    ...row("but", refused && `a run would be refused: ${refused.message} (${refused.code})`),
    ...row("next", refused?.next),
    // Commands stand on a line each, to be copied.
    ...(suggestsRun && refused === undefined ? nexts : []).map(
      (next, index) => `  ${padEnd(index === 0 ? "next" : "", 11)}${next}`,
    ),
  ].join("\n");
}

function forecastText({ requests, bytes, minutes, basis }: PlanSummary["forecast"]): string {
  const time = minutes === undefined ? "" : `, about ${duration(minutes * 60_000)}`;
  const size = bytes === 0 ? "" : `, ${byteCount(bytes)}`;
  return `${counted(requests, "request")}${size}${time} (${basis})`;
}
