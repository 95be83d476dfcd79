import { exitCodeOf } from "../core/exit-code.ts";
import type { EvenkeelError } from "../core/errors.ts";
import type { Evidence } from "../core/outcome.ts";
import { escape } from "./escape.ts";
import { styleOf, type Terminal } from "./terminal.ts";

/** An error as a person reads it: what, where, request and answer, what next. */
export function errorLines(
  error: Pick<EvenkeelError, "code" | "message" | "next"> & Partial<Pick<EvenkeelError, "place" | "evidence">>,
  terminal: Pick<Terminal, "stderr">,
): readonly string[] {
  const style = styleOf(terminal.stderr);
  const { place } = error;
  const where =
    place === undefined
      ? ""
      : `${place.file}${place.line === undefined ? "" : `:${place.line}:${place.column ?? 1}`}: `;
  return [
    `${style("red", "error")} ${escape(where)}${escape(error.message)} ${style("dim", `[${error.code}]`)}`,
    ...(error.evidence === undefined ? [] : evidenceLines(error.evidence).map((line) => `    ${line}`)),
    ...(error.next === undefined ? [] : [`  ${style("bold", "next:")} ${escape(error.next)}`]),
  ];
}

export function evidenceLines({ request, answer, failure, durationMs }: Evidence): readonly string[] {
  return [
    `> ${escape(request.method)} ${escape(request.url)}`,
    ...headerLines(request.headers, ">"),
    ...(request.body === undefined ? [] : [`> ${escape(request.body)}`]),
    ...(answer === undefined
      ? []
      : [
          `< ${answer.status} (${Math.round(durationMs)} ms)`,
          ...headerLines(answer.headers, "<"),
          ...(answer.body === undefined ? [] : [`< ${escape(answer.body)}`]),
        ]),
    ...(failure === undefined ? [] : [`< ${escape(failure)}`]),
  ];
}

const headerLines = (headers: Readonly<Record<string, string>>, mark: string): readonly string[] =>
  Object.entries(headers).map(([name, value]) => `${mark} ${escape(name)}: ${escape(value)}`);

/** Prints an error where it belongs and returns the exit code. */
export function printError(error: EvenkeelError, terminal: Terminal, json: boolean): number {
  if (json) {
    const { code, message, next, place } = error;
    terminal.stdout.write(`${JSON.stringify({ type: "error", code, message, next, place })}\n`);
  } else terminal.stderr.write(`${errorLines(error, terminal).join("\n")}\n`);
  return exitCodeOf(error.code);
}
