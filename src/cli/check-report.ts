import type { Check, Checked, Drift } from "../evenkeel.ts";
import { count, counted } from "./amounts.ts";
import type { Context } from "./context.ts";
import { driftLines } from "./drift-lines.ts";
import { escapeLine } from "./escape.ts";
import { endingText, failureLines, failureRecord, hanging } from "./failure.ts";
import { showFindings } from "./findings.ts";
import { warningLines } from "./warning-lines.ts";
import { padEnd } from "./width.ts";

interface CheckReportOptions {
  /** Differences of a kind that are shown for each sync; the totals count them all. */
  readonly shownMax: number;
}

/** Shows differences as they are found, then what each sync came to. */
export async function reportCheck(check: Check, { shownMax }: CheckReportOptions, context: Context): Promise<number> {
  const { printer } = context;
  const linesOf = (drift: Drift): readonly string[] => driftLines(drift, printer);
  const showing = { shownMax, type: "drift", words: WORDS, linesOf, activity: "reading both sides" };
  const shown = await showFindings(check, showing, context);
  const { syncs, exitCode } = await check.result;
  for (const checked of syncs) {
    printer.record({ type: "check", ...checked, error: undefined });
    if (checked.error !== undefined) printer.record(failureRecord(checked.error, checked.sync));
    const hidden = shown.hidden(checked.sync);
    if (hidden !== "") printer.result(`\n  … and ${hidden} (\`--all\` shows them)`);
    if (shown.sync !== undefined || checked !== syncs[0]) printer.result("");
    if (!printer.isQuiet || !isLevel(checked) || checked.warnings.length > 0)
      printer.result(await checkedText(checked, context));
  }
  return exitCode;
}

const WORDS = { missing: "missing", extra: "extra", different: "different", invalid: "invalid" } as const;

const isLevel = ({ missing, extra, different, invalid, unread, error }: Checked): boolean =>
  error === undefined && missing + extra + different + invalid + unread.length === 0;

async function checkedText(checked: Checked, { printer, host }: Context): Promise<string> {
  const { sync, equal, missing, extra, different, invalid, unread, sampledOf, fingerprints, error } = checked;
  const { style, columns, complete } = printer;
  const row = (label: string, text: string | undefined): readonly string[] =>
    text === undefined ? [] : hanging(`  ${padEnd(label, 13)}`, escapeLine(complete(text)), columns);
  const found = [
    [missing, "missing"],
    [extra, "extra"],
    [different, "different"],
    [invalid, "invalid"],
  ] as const;
  const parts = [
    ...found.filter(([number]) => number > 0).map(([number, word]) => style("yellow", `${count(number)} ${word}`)),
    `${count(equal)} equal`,
  ];
  const head = isLevel(checked)
    ? style("green", "level")
    : error === undefined
      ? "not level"
      : endingText(error, style);
  return [
    `${style("bold", escapeLine(sync))}: ${head}${error === undefined ? `, ${parts.join(", ")}` : ""}`,
    ...row("incomplete", unread.length === 0 ? undefined : unread.join("; ")),
    ...row(
      "sample",
      sampledOf === undefined ? undefined : `of ${counted(sampledOf, "record")}; says nothing of the rest`,
    ),
    ...row("source", fingerprints && `fingerprint ${fingerprints.source}`),
    ...row("destination", fingerprints && `fingerprint ${fingerprints.destination}`),
    ...warningLines(checked.warnings, printer),
    ...(error === undefined
      ? []
      : ["", ...(await failureLines(error, { style, columns, complete, cwd: host.cwd, indent: "  " }))]),
  ].join("\n");
}
