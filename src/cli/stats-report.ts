import { bottleneckOf, type RunStats } from "../core/bottleneck.ts";
import type { LaneState, LaneStats } from "../core/lane-times.ts";
import { counted, duration, rate } from "./amounts.ts";
import { escapeLine } from "./escape.ts";
import type { Printer } from "./printer.ts";
import { table } from "./table.ts";
import { wrap } from "./width.ts";

const STATES: Readonly<Record<LaneState, string>> = {
  pace: "waiting for its limit",
  asked: "asked to wait",
  throttled: "refused for speed",
  quota: "out of quota",
  circuit: "down",
  full: "as many requests under way as may be",
  answers: "waiting for answers",
  idle: "nothing to do",
};

/** Where the time of a run went, and what would make it faster. */
export function statsText(stats: RunStats, { columns }: Pick<Printer, "columns">): string {
  const { wallMs, cpuMs, ledgerMs, diskMs, lanes } = stats;
  const share = (ms: number): string => (wallMs === 0 ? "" : `${Math.round((ms / wallMs) * 100)} %`);
  const { because, next } = bottleneckOf(stats);
  const rows = [
    ["all in all", duration(wallMs), ""],
    ["computing", duration(cpuMs), share(cpuMs)],
    ["  of that, the ledger", duration(ledgerMs), share(ledgerMs)],
    ["waiting for the ledger's disk, beside the rest", duration(diskMs), share(diskMs)],
    ...lanes.flatMap((lane) => [[laneText(lane, wallMs), "", ""], ...stateRows(lane, share)]),
  ];
  const lines = table(
    [{ title: "where the time went" }, { title: "", right: true }, { title: "", right: true }],
    rows,
    columns,
  );
  return [...lines, "", ...wrap(because, columns), ...(next === undefined ? [] : wrap(`next: ${next}`, columns))].join(
    "\n",
  );
}

/** Reads and writes apart: they take different times. */
function laneText({ origin, requests, answersMs }: LaneStats, wallMs: number): string {
  const { read, write } = requests;
  const kinds = [
    [counted(read, "read"), read, answersMs.read],
    [counted(write, "write"), write, answersMs.write],
  ] as const;
  const parts = kinds.flatMap(([what, number, ms]) => (number === 0 ? [] : [`${what} of ${duration(ms / number)}`]));
  const all = parts.length === 0 ? "no requests" : parts.join(", ");
  return `${escapeLine(origin)}: ${all}; ${rate(read + write, wallMs) ?? "0/s"}`;
}

const stateRows = ({ ms }: LaneStats, share: (ms: number) => string): readonly string[][] =>
  (Object.keys(STATES) as LaneState[])
    .filter((state) => ms[state] >= 1)
    .map((state) => [`  ${STATES[state]}`, duration(ms[state]), share(ms[state])]);
