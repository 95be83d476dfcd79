import type { Plan, PlannedChange, PlanSummary } from "../evenkeel.ts";
import { count, counted, countdown, duration } from "./amounts.ts";
import type { Context } from "./context.ts";
import { escapeLine } from "./escape.ts";
import { failureLines, failureRecord, hanging } from "./failure.ts";
import { changeLines } from "./planned-change.ts";
import { padEnd } from "./width.ts";

interface PlanReportOptions {
  /** Changes of a kind that are shown for each sync; the totals count them all. */
  readonly shownMax: number;
}

/** Shows planned changes as they are found, then the totals and the forecast of each sync. */
export async function reportPlan(plan: Plan, { shownMax }: PlanReportOptions, context: Context): Promise<number> {
  const { printer } = context;
  const found = new Tally();
  const activity = showActivity(found, context);
  let sync: string | undefined;
  try {
    for await (const change of plan) {
      printer.record({ type: "change", ...change });
      if (found.add(change) <= shownMax && !printer.isQuiet && !printer.isJson) {
        if (change.sync !== sync)
          printer.result(`${sync === undefined ? "" : "\n"}${printer.style("bold", change.sync)}`);
        sync = change.sync;
        printer.result(changeLines(change, printer).join("\n"));
      }
      await printer.drained();
    }
  } finally {
    activity.end();
  }
  const { syncs, exitCode } = await plan.result;
  for (const summary of syncs) {
    printer.record({ type: "plan", ...summary, error: undefined });
    if (summary.error !== undefined) printer.record(failureRecord(summary.error, summary.sync));
    const hidden = printer.isQuiet ? "" : found.beyond(summary.sync, shownMax);
    if (hidden !== "") printer.result(`\n  … and ${hidden} (\`--all\` shows them)`);
    if (sync !== undefined || summary !== syncs[0]) printer.result("");
    printer.result(await totalsText(summary, context));
  }
  return exitCode;
}

/** Changes found so far, by sync and kind. */
class Tally {
  readonly #numbers = new Map<string, Map<PlannedChange["kind"], number>>();

  /** Counts one; returns how many of its kind there are now. */
  add({ sync, kind }: PlannedChange): number {
    const kinds = this.#numbers.get(sync) ?? new Map<PlannedChange["kind"], number>();
    this.#numbers.set(sync, kinds);
    const number = (kinds.get(kind) ?? 0) + 1;
    kinds.set(kind, number);
    return number;
  }

  /** Those of a sync beyond so many of each kind, in words; empty when there are none. */
  beyond(sync: string, max: number): string {
    const more = [...(this.#numbers.get(sync) ?? [])].filter(([, number]) => number > max);
    return more.map(([kind, number]) => `${count(number - max)} more ${WORDS[kind]}`).join(", ");
  }

  text(): string {
    return [...this.#numbers]
      .map(
        ([sync, kinds]) =>
          `${sync} ${[...kinds].map(([kind, number]) => `${count(number)} ${WORDS[kind]}`).join(", ")}`,
      )
      .join(" · ");
  }
}

const WORDS = { create: "to create", update: "to update", delete: "to delete", invalid: "invalid" } as const;

/** What is unchanged leaves no trace, so a large source needs another sign that something goes on. */
function showActivity(found: Tally, { printer, host }: Context): { end(): void } {
  if (!printer.isLive) return { end: () => undefined };
  const startedMs = host.clock.monotonicMs();
  let timer = host.clock.after(REPAINT_MS, show);
  function show(): void {
    const elapsed = countdown(host.clock.monotonicMs() - startedMs);
    printer.live([["reading and comparing", elapsed, found.text()].filter((part) => part !== "").join(" · ")]);
    timer = host.clock.after(REPAINT_MS, show);
  }
  return {
    end() {
      timer.cancel();
      printer.live([]);
    },
  };
}

const REPAINT_MS = 100;

async function totalsText(
  { sync, counts, guarantee, forecast, withheld, why, error }: PlanSummary,
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
    ...(counts.invalid > 0 ? [style("yellow", `${count(counts.invalid)} invalid`)] : []),
  ];
  const row = (label: string, text: string | undefined): readonly string[] =>
    text === undefined ? [] : hanging(`  ${padEnd(label, 11)}`, escapeLine(text), columns);
  const next =
    counts.created + counts.updated + counts.deleted > 0 && error === undefined ? suggest("run", [sync]) : undefined;
  return [
    ...hanging(`${style("bold", sync)}: `, parts.join(", "), columns),
    ...row("read", `${counted(counts.read, "record")} in ${counted(counts.pages, "page")}`),
    ...row("why", why),
    ...row("withheld", withheld === undefined ? undefined : `nothing would be deleted: ${withheld}`),
    ...row("forecast", forecastText(forecast)),
    ...row("guarantee", guarantee),
    ...(error === undefined
      ? []
      : ["", ...(await failureLines(error, { style, columns, cwd: host.cwd, indent: "  " }))]),
    ...(next === undefined ? [] : row("next", next)),
  ].join("\n");
}

function forecastText({ requests, minutes, basis }: PlanSummary["forecast"]): string {
  const time = minutes === undefined ? "" : `, about ${duration(minutes * 60_000)}`;
  return `${counted(requests, "request")}${time} (${basis})`;
}
