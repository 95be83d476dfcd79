import { relative } from "node:path";
import { EvenkeelError, type Place } from "../core/errors.ts";
import { exitCodeOf } from "../core/exit-code.ts";
import { counted } from "./amounts.ts";
import { escapeBlock, escapeLine } from "./escape.ts";
import type { Printer } from "./printer.ts";
import { widthOf, wrap, wrapped } from "./width.ts";

/** What of an error is shown; errors of events have no place. */
export type Failure = Pick<EvenkeelError, "code" | "message" | "next" | "evidence"> & {
  readonly place?: EvenkeelError["place"];
  readonly problems?: EvenkeelError["problems"];
  readonly cause?: unknown;
};

interface Layout extends Pick<Printer, "style" | "columns" | "complete"> {
  readonly cwd: string;
  readonly indent: string;
}

/** How something ended that came to an error, in a word. */
export const endingText = ({ code }: Pick<Failure, "code">, style: Printer["style"]): string =>
  code === "RUN_INTERRUPTED" ? style("yellow", "interrupted") : style("red", "failed");

/** An error for people: what, where, what was said on the wire, what next. */
export async function failureLines(
  error: Failure,
  { style, columns, complete, cwd, indent }: Layout,
): Promise<readonly string[]> {
  const width = columns - indent.length;
  const [headline = "", ...rest] = textsOf(error, { complete, cwd });
  const lines = [`${error.code}: ${headline}`, ...rest].flatMap((line) => wrapped(line, width));
  lines[0] = (lines[0] as string).replace(error.code, style("red", error.code));
  if (error.place !== undefined) lines.push(`at ${style("bold", placeText(error.place, cwd))}`);
  const seen = error.evidence?.isUntried === true ? error.evidence.before : error.evidence;
  if (seen !== undefined) {
    const { evidenceLines, GLANCE } = await import("./evidence.ts");
    lines.push("", ...evidenceLines(seen, style, GLANCE).map((line) => `  ${line}`), "");
  }
  if (error.next !== undefined) lines.push(...hanging("next: ", escapeLine(complete(error.next)), width));
  return lines.map((line) => (line === "" ? "" : indent + line));
}

/**
 * What is wrong, line by line. The problems of a config are a list; what a loader says of a module has lines of its own; anything else is one line,
 * whatever an API put into it.
 */
function textsOf(
  { code, message, problems = [] }: Failure,
  { complete, cwd }: Pick<Layout, "complete" | "cwd">,
): readonly string[] {
  const listed = problems.map(({ place, message: says, next }) => {
    // One problem's advice is the error's; those of several stand with each.
    const advice = next === undefined || problems.length === 1 ? "" : `. ${next}`;
    return `${placeText(place, cwd)}: ${escapeLine(complete(says + advice))}`;
  });
  if (listed.length === 1) return listed;
  if (listed.length > 1) return [`${counted(listed.length, "problem")}`, ...listed.map((each) => `- ${each}`)];
  return code.startsWith("CONFIG_") ? escapeBlock(complete(message)).split("\n") : [escapeLine(complete(message))];
}

/** `evenkeel.yaml:12:5`, relative where that is shorter: editors and terminals make it a link. */
function placeText({ file, line, column }: Place, cwd: string): string {
  const near = relative(cwd, file);
  const name = near !== "" && near.length < file.length ? near : file;
  return escapeLine(
    [name, line, line === undefined ? undefined : column].filter((part) => part !== undefined).join(":"),
  );
}

/** A label, and a text that goes on below itself. */
export function hanging(label: string, text: string, columns: number): readonly string[] {
  const width = widthOf(label);
  return wrap(text, columns - width).map((line, index) => (index === 0 ? label : " ".repeat(width)) + line);
}

/** The error as a line of JSON. */
export const failureRecord = ({ code, message, next, place, evidence }: Failure, sync?: string): object => ({
  type: "error",
  sync,
  code,
  message,
  next,
  place,
  evidence,
  exitCode: exitCodeOf(code),
});

/** Says on stderr, or with `--json` on stdout, why the command ends, and gives its exit code. */
export async function fail(thrown: unknown, printer: Printer, cwd: string): Promise<number> {
  const error = EvenkeelError.from(thrown);
  printer.record(failureRecord(error));
  const { noteStyle, columns, complete } = printer;
  const layout = { style: noteStyle, columns, complete, cwd, indent: "" };
  printer.note((await failureLines(error, layout)).join("\n"));
  // A defect can be mended only by who sees where it was; anybody else has use for that only on request.
  if (error.cause instanceof Error && (error.code === "INVARIANT" || printer.isVerbose))
    printer.note(escapeBlock(error.cause.stack ?? error.cause.message));
  return exitCodeOf(error.code);
}
