import { STATUS_CODES } from "node:http";
import { parseExact } from "../core/exact-json.ts";
import type { AnswerEvidence, Evidence, RequestEvidence } from "../core/outcome.ts";
import { duration } from "./amounts.ts";
import { escapeBlock, escapeLine, jsonBlock } from "./escape.ts";
import type { Style } from "./terminal.ts";

/** Lines of a body that are shown: enough to see what it is. */
const BODY_LINES_MAX = 40;

/** Characters of a line of a body that are shown; the rest of a page of HTML on one line helps nobody. */
const BODY_LINE_MAX = 400;

/** Request and answer as they were on the wire; what is redacted was redacted before it came here (S6). */
export function evidenceLines(evidence: Evidence, style: Style): readonly string[] {
  const { isUntried, before, failure } = evidence;
  if (before !== undefined) return evidenceLines(before, style);
  if (isUntried === true) return [`${style("red", "x")} not sent: ${escapeLine(failure ?? "")}`];
  return [...requestLines(evidence.request, style), ...answerLines(evidence, style)];
}

function requestLines({ method, url, headers, body }: RequestEvidence, style: Style): readonly string[] {
  return [
    `${style("cyan", ">")} ${style("bold", escapeLine(`${method} ${url}`))}`,
    ...headerLines(headers, style),
    ...bodyLines(body),
  ];
}

function answerLines({ answer, failure, durationMs }: Evidence, style: Style): readonly string[] {
  const after = style("dim", `after ${duration(durationMs)}`);
  const lines: string[] = [];
  if (answer !== undefined)
    lines.push(
      `${style("cyan", "<")} ${style("bold", statusOf(answer))} ${after}`,
      ...headerLines(answer.headers, style),
      ...bodyLines(answer.body),
    );
  if (failure !== undefined) lines.push(`${style("red", "x")} ${escapeLine(failure)} ${after}`);
  if (lines.length === 0) lines.push(`${style("red", "x")} no answer ${after}`);
  return lines;
}

function statusOf({ status }: AnswerEvidence): string {
  const name = STATUS_CODES[status];
  return name === undefined ? String(status) : `${status} ${name}`;
}

const headerLines = (headers: Readonly<Record<string, string>>, style: Style): readonly string[] =>
  Object.entries(headers).map(([name, value]) => `  ${style("dim", `${escapeLine(name)}:`)} ${escapeLine(value)}`);

/** JSON is laid out; everything else is shown as it came. */
function bodyLines(body: string | undefined): readonly string[] {
  if (body === undefined || body === "") return [];
  const lines = laidOut(body).split("\n");
  const shown = lines
    .slice(0, BODY_LINES_MAX)
    .map((line) => `  ${line.length > BODY_LINE_MAX ? `${line.slice(0, BODY_LINE_MAX)}…` : line}`);
  return lines.length > BODY_LINES_MAX ? [...shown, `  … ${lines.length - BODY_LINES_MAX} more lines`] : shown;
}

function laidOut(body: string): string {
  try {
    const value = parseExact(body);
    return typeof value === "object" && value !== null ? jsonBlock(value) : escapeBlock(body);
  } catch {
    return escapeBlock(body);
  }
}
