import type { Counts } from "../core/events.ts";
import type { SyncResult } from "../evenkeel.ts";
import { count, countdown, counted, duration, moment, rate } from "./amounts.ts";
import type { Suggest } from "./command-line.ts";
import { escapeLine } from "./escape.ts";
import { failureLines } from "./failure.ts";
import type { Printer } from "./printer.ts";
import type { Format } from "./terminal.ts";
import { padEnd, wrap } from "./width.ts";

/** What the events of a run said, and its result does not. */
export interface RunFacts {
  /** The run of the sync began: what is refused before that has written nothing, to the ledger neither. */
  readonly begun: boolean;
  readonly guarantee: string | undefined;
  /** The cursor of the last checkpoint. */
  readonly cursor: string | undefined;
  /** A cursor that a run of some records only leaves where it is. */
  readonly keepsCursor: boolean;
  /** Earliest moment at which something parked may be tried again. */
  readonly parkedUntilMs: number | undefined;
  /** Deletes that the guard withheld. */
  readonly withheld: number;
  /** A record whose outcome is not known. */
  readonly unknownKey: string | undefined;
  /** Records of unknown outcome that only a person can decide, and one of them. */
  readonly undecidable: number;
  readonly undecidableKey: string | undefined;
}

export const NO_FACTS: RunFacts = {
  begun: false,
  guarantee: undefined,
  cursor: undefined,
  keepsCursor: false,
  parkedUntilMs: undefined,
  withheld: 0,
  unknownKey: undefined,
  undecidable: 0,
  undecidableKey: undefined,
};

/** A command, and what it does. */
export type Step = readonly [command: string, what: string];

/**
 * What does the same once more for a sync, where the run is about some records only: a plain run would write others, which nobody has asked for.
 *
 * @param begun whether the run of the sync began
 */
export type Again = (sync: string, begun: boolean) => Step;

interface Layout {
  readonly again: Again | undefined;
  /** The run is about some records only, so that nothing is known of the others. */
  readonly isOfSome: boolean;
  readonly printer: Printer;
  readonly suggest: Suggest;
  readonly cwd: string;
  readonly nowMs: number;
}

const LABEL = 11;
const INDENT = "  ";

const COLOUR: Readonly<Record<SyncResult["status"], Format>> = {
  level: "green",
  incomplete: "yellow",
  failed: "red",
  interrupted: "yellow",
};

/** The end of one sync's run: how it ended, what was done, at what cost, and what to do next. */
export async function summaryText(result: SyncResult, facts: RunFacts, layout: Layout): Promise<string> {
  const { printer, cwd } = layout;
  const { style, columns, complete } = printer;
  const { sync, status, counts, durationMs, why, error } = result;
  const time =
    durationMs === 0
      ? ""
      : `${status === "failed" || status === "interrupted" ? " after " : " in "}${duration(durationMs)}`;
  const blocks: (readonly string[])[] = [
    [`${style("bold", escapeLine(sync))}: ${endingOf(result, layout)}${time}`],
    countLines(result, printer),
    [
      ...labelled("why", why && complete(why), columns),
      ...costLines(counts),
      ...labelled("cursor", cursorText(facts), columns),
      ...labelled("guarantee", facts.guarantee, columns),
    ],
    error === undefined ? [] : await failureLines(error, { style, columns, complete, cwd, indent: INDENT }),
    nextLines(result, facts, layout),
  ];
  return blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join("\n"))
    .join("\n\n");
}

/** A run of some records says nothing of the rest, and so not that it is level. */
function endingOf({ status, counts }: SyncResult, { isOfSome, printer: { style } }: Layout): string {
  if (status !== "level" || !isOfSome) return style(COLOUR[status], status);
  const which = counts.read === 1 ? "the 1 record that was" : `the ${count(counts.read)} records that were`;
  return `${style(COLOUR.level, "done")}${counts.read === 0 ? "" : `: ${which} asked for`}`;
}

interface Row {
  readonly label: string;
  readonly number: number;
  readonly remark?: string | undefined;
  readonly format?: Format;
}

/** Numbers in one column; what did not happen and needs no mention is left out. */
function countLines({ counts, durationMs }: SyncResult, { style, columns }: Printer): readonly string[] {
  if (counts.pages === 0 && Object.values(counts).every((number) => number === 0)) return [];
  const speed = rate(counts.read, durationMs);
  const optional: readonly Row[] = [
    { label: "deleted", number: counts.deleted },
    { label: "superseded", number: counts.superseded, remark: "older than a version that is known, or met twice" },
    { label: "skipped", number: counts.skipped, remark: "left alone, as `writes` or the destination's operations say" },
    { label: "invalid", number: counts.invalid, remark: "refused before sending", format: "yellow" },
    { label: "rejected", number: counts.rejected, remark: "refused by the destination", format: "yellow" },
    {
      label: "not tried",
      number: counts.stillRejected,
      remark: "rejected or invalid before, and unchanged since",
      format: "yellow",
    },
    {
      label: "unknown",
      number: counts.unknown,
      remark: "sent; whether they were applied is not known",
      format: "yellow",
    },
    {
      label: "missing",
      number: counts.missed,
      remark: "not in the source's list any more; deleted once it is certain that they have gone",
    },
    {
      label: "withheld",
      number: counts.withheld,
      remark: "not in the source, and not deleted",
      format: "yellow",
    },
    {
      label: "put off",
      number: counts.parked,
      remark: "not applied; tried again by a later run",
      format: "yellow",
    },
    {
      label: "not sent",
      number: counts.unsent,
      remark: "the run ended before; the next one does it",
      format: "yellow",
    },
  ];
  const rows: readonly Row[] = [
    // What is tried again as it was when it was refused comes from the ledger.
    ...(counts.pages === 0
      ? []
      : [
          {
            label: "read",
            number: counts.read,
            remark: `in ${counted(counts.pages, "page")}${speed === undefined ? "" : `, ${speed}`}`,
          },
        ]),
    { label: "created", number: counts.created },
    { label: "updated", number: counts.updated },
    { label: "unchanged", number: counts.unchanged },
    ...optional.filter(({ number }) => number > 0),
  ];
  const digits = Math.max(...rows.map(({ number }) => count(number).length));
  return rows.flatMap(({ label, number, remark, format }) => {
    const value = count(number).padStart(digits);
    const head = `${INDENT}${padEnd(label, LABEL)}${format === undefined ? value : style(format, value)}`;
    if (remark === undefined) return [head];
    const indent = INDENT.length + LABEL + digits + GAP.length;
    const [first = "", ...more] = wrap(remark, columns - indent);
    return [`${head}${GAP}${style("dim", first)}`, ...more.map((line) => " ".repeat(indent) + style("dim", line))];
  });
}

const GAP = "  ";

function costLines({ requests, retries, throttled }: Readonly<Counts>): readonly string[] {
  if (requests === 0) return [];
  const extra = [
    retries > 0 ? counted(retries, "retry", "retries") : "",
    throttled > 0 ? `${counted(throttled, "time")} asked to slow down` : "",
  ].filter((part) => part !== "");
  return [
    `${INDENT}${padEnd("requests", LABEL)}${count(requests)}${extra.length === 0 ? "" : ` (${extra.join(", ")})`}`,
  ];
}

function cursorText({ cursor, keepsCursor }: RunFacts): string | undefined {
  if (keepsCursor) return "not moved: this run was about some records only";
  return cursor === undefined ? undefined : escapeLine(cursor);
}

function labelled(label: string, text: string | undefined, columns: number): readonly string[] {
  if (text === undefined) return [];
  return wrap(escapeLine(text), columns - INDENT.length - LABEL).map(
    (line, index) => INDENT + padEnd(index === 0 ? label : "", LABEL) + line,
  );
}

/** What to do when it is not level, as commands that can be copied. */
function nextLines(
  { sync, status, counts, error }: SyncResult,
  facts: RunFacts,
  { printer, suggest, again, nowMs }: Layout,
): readonly string[] {
  if (status === "level") return [];
  const steps: Step[] = [];
  const { undecidable, undecidableKey } = facts;
  if (status === "interrupted") steps.push(again?.(sync, facts.begun) ?? [suggest("run", [sync]), GOES_ON]);
  else if (error !== undefined && RESUMES.test(error.code))
    steps.push(again?.(sync, facts.begun) ?? [suggest("run", [sync]), GOES_ON + fromText(facts, nowMs)]);
  else if (Math.max(0, counts.unknown - undecidable) + counts.parked > 0) {
    const besides = again === undefined ? "" : ", and does what else a run does";
    steps.push([suggest("run", [sync]), againText(counts.unknown > undecidable, facts, nowMs) + besides]);
  }
  const isRefused = counts.rejected + counts.invalid + counts.stillRejected > 0;
  if (isRefused || counts.ambiguous > 0) steps.push([suggest("rejects list", [sync]), "which, and why"]);
  if (counts.ambiguous > 0) steps.push([suggest("state adopt", [sync]), "finds out which of them are there already"]);
  else if (isRefused) {
    const reads = suggest("run", [sync]);
    const isRemembered = counts.pages === 0;
    if ((again === undefined || isRemembered) && steps.every(([command]) => command !== reads))
      steps.push([reads, "after mending a record at the source"]);
    steps.push([suggest("rejects retry", [sync], ["--all"]), "after mending config or destination"]);
  }
  if (facts.withheld > 0)
    steps.push([
      suggest("run", [sync], ["--allow-deletes", String(facts.withheld)]),
      "lists them, and deletes them, if that is what you want",
    ]);
  if (counts.unknown > 0 && facts.unknownKey !== undefined)
    steps.push([suggest("explain", [sync, facts.unknownKey]), "what is known of one of them"]);
  if (counts.unknown > 0 && undecidableKey !== undefined)
    steps.push([
      suggest("state unblock", [sync, undecidableKey], ["--applied"]),
      "no run can find out: look, and say that it is there, or with `--resend` that it is not",
    ]);
  if (steps.length === 0 && status === "incomplete" && counts.refused > 0)
    steps.push([suggest("rejects list", [sync]), "what an earlier run left"]);
  if (steps.length === 0) return [];
  const widest = Math.max(...steps.map(([command]) => command.length));
  return [
    `${INDENT}${printer.style("bold", "next")}`,
    ...steps.flatMap(([command, what]) => {
      const together = `${INDENT.repeat(2)}${printer.style("cyan", padEnd(command, widest))}  ${printer.style("dim", what)}`;
      return widest + what.length + 6 <= printer.columns
        ? [together]
        : [`${INDENT.repeat(2)}${printer.style("cyan", command)}`, `${INDENT.repeat(3)}${printer.style("dim", what)}`];
    }),
  ];
}

/** After these the same command may do better the next time; the others want something mended first, and their `next` says what. */
const RESUMES =
  /^(API_UNREACHABLE|API_FAILED|API_THROTTLED|API_BODY_CUT|LEDGER_HELD|LEDGER_FULL|READ_TOTAL_DISAGREES|RUN_INTERRUPTED)$/;

const GOES_ON = "goes on where this one stopped";

const againText = (isUnknown: boolean, facts: RunFacts, nowMs: number): string =>
  (isUnknown ? "finds out what became of them" : "tries them again") + fromText(facts, nowMs);

/** Since when that helps, where something was put off. */
function fromText({ parkedUntilMs }: RunFacts, nowMs: number): string {
  if (parkedUntilMs === undefined || parkedUntilMs <= nowMs) return "";
  return `, from ${moment(parkedUntilMs)} (in ${countdown(parkedUntilMs - nowMs)})`;
}
