import type { SyncResult } from "../evenkeel.ts";
import { errorLines } from "./errors.ts";
import { escape } from "./escape.ts";
import { count, duration, plural } from "./numbers.ts";
import { styleOf, type Format, type Terminal } from "./terminal.ts";

const COLORS: Readonly<Record<SyncResult["status"], Format>> = {
  level: "green",
  incomplete: "yellow",
  failed: "red",
  interrupted: "yellow",
};

/** What a sync's run came to, for a person. */
export function summaryLines(result: SyncResult, terminal: Terminal): readonly string[] {
  const style = styleOf(terminal.stdout);
  const { sync, status, counts, durationMs, why, error } = result;
  const written = counts.created + counts.updated + counts.deleted;
  const rate = written > 0 && durationMs > 0 ? `, ${count(Math.round((written / durationMs) * 1_000))}/s` : "";
  const head = `${style(COLORS[status], status)} ${style("bold", sync)} in ${duration(durationMs)}${rate}`;
  const records = [
    `${count(counts.read)} read`,
    `${count(counts.created)} created`,
    `${count(counts.updated)} updated`,
    `${count(counts.unchanged)} unchanged`,
    ...optional(counts.superseded, "superseded"),
    ...optional(counts.skipped, "skipped"),
    ...optional(counts.invalid, "invalid"),
    ...optional(counts.rejected, "rejected"),
    ...optional(counts.stillRejected, "still rejected"),
    ...optional(counts.unknown, "unknown"),
    ...optional(counts.parked, "parked"),
  ];
  const traffic = [
    plural(counts.requests, "request"),
    ...(counts.retries > 0 ? [plural(counts.retries, "repetition")] : []),
    ...(counts.throttled > 0 ? [`${count(counts.throttled)} throttled`] : []),
  ];
  return [
    head,
    `  ${records.join(" · ")}`,
    style("dim", `  ${traffic.join(" · ")}`),
    ...(why === undefined ? [] : [`  ${escape(why)}`]),
    ...(error === undefined ? [] : errorLines(error, { stderr: terminal.stdout }).map((line) => `  ${line}`)),
    ...nextSteps(result).map((step) => `  ${style("bold", "next:")} ${step}`),
  ];
}

const optional = (value: number, name: string): readonly string[] => (value === 0 ? [] : [`${count(value)} ${name}`]);

function nextSteps({ sync, status, counts, error }: SyncResult): readonly string[] {
  if (status === "level" || error !== undefined) return [];
  const steps: string[] = [];
  if (counts.rejected + counts.invalid + counts.stillRejected > 0) steps.push(`evenkeel rejects list ${sync}`);
  if (counts.unknown > 0)
    steps.push(`evenkeel run ${sync} looks again what became of the unknown ones; evenkeel status says more`);
  if (counts.parked > 0) steps.push(`evenkeel status says when the parked ones are tried again`);
  if (status === "interrupted") steps.push("evenkeel run goes on from here");
  return steps;
}
