import type { StoredHistoryEvent } from "../core/history.ts";
import { ADOPTED, type Entry, type StoredOperation } from "../core/ledger.ts";
import type { Reject } from "../core/reject.ts";
import type { Explanation } from "../evenkeel.ts";
import { ago, counted, moment } from "./amounts.ts";
import type { Context } from "./context.ts";
import { escapeLine, jsonBlock } from "./escape.ts";
import { evidenceLines } from "./evidence.ts";
import type { Printer } from "./printer.ts";
import { table } from "./table.ts";
import { padEnd, wrap } from "./width.ts";

/** One reject of a list: which, since when, why. */
export function rejectText(
  reject: Reject & { readonly sync: string },
  { printer, host }: Pick<Context, "printer" | "host">,
): string {
  const { style, columns, complete } = printer;
  const times = reject.times > 1 ? `, ${counted(reject.times, "time")}` : "";
  const head = `${style("bold", `${reject.sync} ${reject.id}`)}  record ${escapeLine(reject.key ?? "(no key)")}  ${style("dim", `${reject.kind} ${ago(reject.atMs, host.clock.wallMs())}${times}`)}`;
  const reason = reject.kind === "invalid" ? `${reject.code}: ${reject.reason}` : reject.reason;
  return [head, ...wrap(escapeLine(complete(reason)), columns - 2).map((line) => `  ${line}`)].join("\n");
}

/** One reject, whole: the request, the answer, the source record. */
export function rejectBlock(
  reject: Reject & { readonly sync: string },
  context: Pick<Context, "printer" | "host">,
): string {
  const { style } = context.printer;
  const blocks = [[rejectText(reject, context)]];
  if (reject.evidence !== undefined)
    blocks.push([style("bold", "request and answer"), ...indented(evidenceLines(reject.evidence, style))]);
  if (reject.source !== undefined)
    blocks.push([style("bold", "source record"), ...indented(jsonBlock(reject.source).split("\n"))]);
  return blocks.map((lines) => lines.join("\n")).join("\n\n");
}

const indented = (lines: readonly string[]): readonly string[] => lines.map((line) => `  ${line}`);

/** A record's life: what it means, what is known, what happened, what was last said on the wire. */
export function explanationText(explanation: Explanation, { printer }: Pick<Context, "printer">): string {
  const { sync, key, entry, body, operation, waiting, reject, history, story } = explanation;
  const { style, columns, complete } = printer;
  const section = (title: string, lines: readonly string[]): readonly string[] =>
    lines.length === 0 ? [] : [style("bold", title), ...indented(lines)];
  return [
    [
      style("bold", escapeLine(`${sync} ${key}`)),
      ...indented(story.flatMap((sentence) => wrap(escapeLine(complete(sentence)), columns - 2))),
    ],
    section("history", historyLines(history, printer)),
    section("ledger", entry === undefined ? [] : entryLines(entry)),
    section("unresolved", operation === undefined ? [] : operationLines(operation)),
    section(
      operation === undefined ? "waiting" : "waiting behind it",
      waiting === undefined ? [] : operationLines(waiting),
    ),
    section("content last applied", body === undefined ? [] : jsonBlock(body).split("\n")),
    section(
      `reject ${reject?.id}`,
      reject === undefined
        ? []
        : [
            ...(reject.evidence === undefined
              ? wrap(escapeLine(complete(reject.reason)), columns - 4)
              : evidenceLines(reject.evidence, style)),
          ],
    ),
  ]
    .filter((block) => block.length > 0)
    .map((block) => block.join("\n"))
    .join("\n\n");
}

function historyLines(history: readonly StoredHistoryEvent[], { columns }: Printer): readonly string[] {
  const rows = history.map(({ atMs, run, event, detail }) => ({
    cells: [moment(atMs), run === ADOPTED ? "by hand" : `run ${run}`, escapeLine(event)],
    detail: escapeLine(detail),
  }));
  if (rows.length === 0) return [];
  const heads = table(
    [{ title: "" }, { title: "" }, { title: "" }, { title: "" }],
    rows.map(({ cells }) => [...cells, "."]),
    Number.POSITIVE_INFINITY,
  ).slice(1);
  return rows.flatMap(({ detail }, index) => {
    const head = (heads[index] as string).slice(0, -1);
    return wrap(detail, Math.max(columns - head.length - 2, 24)).map(
      (line, part) => (part === 0 ? head : " ".repeat(head.length)) + line,
    );
  });
}

const pairs = (rows: readonly (readonly [string, string | number | undefined])[]): readonly string[] =>
  rows
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${padEnd(name, 15)}${escapeLine(String(value))}`);

const entryLines = ({ destinationId, address, hash, sourceVersion, etag, operation, read }: Entry): readonly string[] =>
  pairs([
    ["destination id", destinationId],
    ["address", address],
    ["source version", sourceVersion],
    ["etag", etag],
    ["content hash", hash ?? "not known"],
    ["written by", `operation ${operation}, in the read of ${moment(read)}`],
  ]);

const operationLines = ({
  number,
  kind,
  state,
  progress,
  address,
  destinationId,
  idempotencyKey,
}: StoredOperation): readonly string[] =>
  pairs([
    ["operation", `${number}: ${kind}, ${state}`],
    ["address", address],
    ["destination id", destinationId],
    ["key sent", idempotencyKey],
    ["attempts", progress.attempts],
    ["last", progress.lastMessage],
    ["last sent", progress.lastSentMs === undefined ? undefined : moment(progress.lastSentMs)],
    ["not before", progress.notBeforeMs === undefined ? undefined : moment(progress.notBeforeMs)],
  ]);
