import type { Adopted, Adopting, Adoption } from "../evenkeel.ts";
import { count, counted } from "./amounts.ts";
import type { Context } from "./context.ts";
import { escapeLine } from "./escape.ts";
import { endingText, failureLines, failureRecord, hanging } from "./failure.ts";
import { showFindings } from "./findings.ts";
import type { Printer } from "./printer.ts";
import { warningLines } from "./warning-lines.ts";
import { wrapped } from "./width.ts";

interface AdoptReportOptions {
  readonly sync: string;
  /** Findings of a kind that are shown; the totals count them all. */
  readonly shownMax: number;
  readonly dryRun: boolean;
}

/** Shows what is found of each record, then what it came to and what follows from it. */
export async function reportAdoption(
  adopting: Adopting,
  { sync, shownMax, dryRun }: AdoptReportOptions,
  context: Context,
): Promise<number> {
  const { printer } = context;
  const linesOf = (adoption: Adoption): readonly string[] => wrapped(adoptionLine(adoption, printer), printer.columns);
  const showing = { shownMax, type: "adoption", words: WORDS, linesOf, activity: "reading both sides" };
  const shown = await showFindings(adopting, showing, context);
  const { exitCode, ...adopted } = await adopting.result;
  const { error } = adopted;
  printer.record({ type: "adopted", ...adopted, dryRun, error: undefined });
  if (error !== undefined) printer.record(failureRecord(error, sync));
  const hidden = shown.hidden(sync);
  if (hidden !== "") printer.result(`\n  … and ${hidden} (\`--all\` shows them)`);
  if (shown.sync !== undefined) printer.result("");
  printer.result(summaryOf(adopted, dryRun, context).join("\n"));
  if (error !== undefined) {
    const { style, columns, complete } = printer;
    const lines = await failureLines(error, { style, columns, complete, cwd: context.host.cwd, indent: "  " });
    printer.result(["", ...lines].join("\n"));
  }
  return exitCode;
}

const WORDS = {
  adopted: "adopted",
  known: "known already",
  ambiguous: "ambiguous",
  missing: "missing in the destination",
  extra: "only in the destination",
  invalid: "invalid",
} as const;

function adoptionLine(adoption: Adoption, { style, complete }: Printer): string {
  const of = (name: string | undefined): string => style("bold", escapeLine(name ?? "(no key)"));
  switch (adoption.kind) {
    case "adopted":
      return `  ${style("green", "adopted")}    ${of(adoption.key)} → ${escapeLine(adoption.place)}${adoption.isEqual ? "" : "  it differs, and a run updates it"}`;
    case "known":
      return `  ${style("dim", "known")}      ${of(adoption.key)}`;
    case "ambiguous":
      return `  ${style("yellow", "ambiguous")}  ${of(adoption.key)}  ${escapeLine(complete(adoption.reason))}`;
    case "missing":
      return `  missing    ${of(adoption.key)}  ${escapeLine(complete(adoption.why ?? "a run creates it"))}`;
    case "extra":
      return `  extra      ${of(adoption.place ?? adoption.match)}${adoption.why === undefined ? "" : `  ${escapeLine(complete(adoption.why))}`}`;
    case "invalid":
      return `  ${style("red", "invalid")}    ${of(adoption.key)}  ${escapeLine(complete(`${adoption.code}: ${adoption.reason}`))}`;
  }
}

function summaryOf(adopted: Adopted, dryRun: boolean, { printer, suggest }: Context): readonly string[] {
  const { sync, equal, ambiguous, invalid, waiting, error } = adopted;
  const { style, columns } = printer;
  if (error !== undefined) return [`${style("bold", escapeLine(sync))}: ${endingText(error, style)}`];
  const different = adopted.adopted - equal;
  const parts = [
    `${count(adopted.adopted)} ${dryRun ? "would be adopted" : "adopted"}${adopted.adopted === 0 ? "" : ` (${count(equal)} equal, ${count(different)} different)`}`,
    ...(["known", "ambiguous", "missing", "extra", "invalid"] as const)
      .filter((kind) => adopted[kind] > 0)
      .map((kind) => `${count(adopted[kind])} ${WORDS[kind]}`),
  ];
  const again = `\`${suggest("state adopt", [sync])}\``;
  const next = [
    ambiguous > 0
      ? `No run creates what is ambiguous: choose with \`${suggest("state import", [sync, "FILE"])}\`, or have it created with \`${suggest("rejects retry", [sync, "ID"])}\`.`
      : undefined,
    waiting > 0
      ? `${counted(waiting, "record refers", "records refer")} to one that is not in its destination yet: adopt or run that one first, then adopt again with ${again}.`
      : undefined,
    invalid > waiting ? `What is invalid could not be looked for: mend it, and adopt again with ${again}.` : undefined,
  ].filter((line) => line !== undefined);
  return [
    `${style("bold", escapeLine(sync))}: ${parts.join(", ")}`,
    ...warningLines(adopted.warnings, printer),
    ...(dryRun ? [] : next.flatMap((line) => hanging("  ", line, columns))),
  ];
}
