import { parseExact } from "../core/exact-json.ts";
import type { Evidence, RequestEvidence } from "../core/outcome.ts";
import { withName } from "../core/status-name.ts";
import { counted, duration } from "./amounts.ts";
import { escapeBlock, escapeLine, jsonBlock } from "./escape.ts";
import type { Style } from "./terminal.ts";

/** How much of a body is shown. */
interface BodyLimits {
  readonly lines: number;
  readonly characters: number;
}

/** Enough to see what it is, for whoever asked to see it... */
const SHOWN: BodyLimits = { lines: 40, characters: 16_000 };
/** ...and beside an error, which is what is to be read. */
export const GLANCE: BodyLimits = { lines: 10, characters: 1_000 };

/** Characters of a line of a body that are shown; the rest of a page of HTML on one line helps nobody. */
const BODY_LINE_MAX = 400;

/** Request and answer as they were on the wire; what is redacted was redacted before it came here (S6). */
export function evidenceLines(evidence: Evidence, style: Style, limits: BodyLimits = SHOWN): readonly string[] {
  const { isUntried, before, failure } = evidence;
  if (before !== undefined) return evidenceLines(before, style, limits);
  if (isUntried === true) return [`${style("red", "x")} not sent: ${escapeLine(failure ?? "")}`];
  return [...requestLines(evidence.request, style, limits), ...answerLines(evidence, style, limits)];
}

function requestLines(
  { method, url, headers, body }: RequestEvidence,
  style: Style,
  limits: BodyLimits,
): readonly string[] {
  return [
    `${style("cyan", ">")} ${style("bold", escapeLine(`${method} ${url}`))}`,
    ...headerLines(headers, style),
    ...bodyLines(body, limits),
  ];
}

function answerLines({ answer, failure, durationMs }: Evidence, style: Style, limits: BodyLimits): readonly string[] {
  const after = style("dim", `after ${duration(durationMs)}`);
  const lines: string[] = [];
  if (answer !== undefined)
    lines.push(
      `${style("cyan", "<")} ${style("bold", withName(answer.status))} ${after}`,
      ...headerLines(answer.headers, style),
      ...bodyLines(answer.body, limits),
    );
  if (failure !== undefined) lines.push(`${style("red", "x")} ${escapeLine(failure)} ${after}`);
  if (lines.length === 0) lines.push(`${style("red", "x")} no answer ${after}`);
  return lines;
}

const headerLines = (headers: Readonly<Record<string, string>>, style: Style): readonly string[] =>
  Object.entries(headers).map(([name, value]) => `  ${style("dim", `${escapeLine(name)}:`)} ${escapeLine(value)}`);

/** JSON is laid out; everything else is shown as it came. */
function bodyLines(body: string | undefined, { lines: linesMax, characters }: BodyLimits): readonly string[] {
  if (body === undefined || body === "") return [];
  const lines = laidOut(body).split("\n");
  const shown: string[] = [];
  let left = characters;
  for (const line of lines) {
    if (shown.length >= linesMax || left <= 0) break;
    const width = Math.min(BODY_LINE_MAX, left);
    shown.push(`  ${line.length > width ? `${line.slice(0, width)}…` : line}`);
    left -= line.length;
  }
  const more = lines.length - shown.length;
  return more === 0 ? shown : [...shown, `  … ${counted(more, "more line")}`];
}

function laidOut(body: string): string {
  try {
    const value = parseExact(body);
    return typeof value === "object" && value !== null ? jsonBlock(value) : escapeBlock(body);
  } catch {
    return escapeBlock(body);
  }
}
