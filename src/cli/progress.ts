import type { Timer, Clock } from "../core/clock.ts";
import { noCounts, type Counts, type RunEvent } from "../core/events.ts";
import { count, countdown, rate } from "./amounts.ts";
import { escapeLine } from "./escape.ts";
import type { Printer } from "./printer.ts";
import { fit, widthOf } from "./width.ts";

/** Ten times a second is as fast as anybody reads, and little work. */
export const REPAINT_MS = 100;

/** Where nobody watches, a log needs a sign of life, and no more. */
export const REPORT_MS = 5_000;

/** Syncs that are shown at once; a taller block would scroll. */
const LINES_MAX = 8;

interface Running {
  readonly sync: string;
  readonly startedMs: number;
  counts: Readonly<Counts>;
  total: number | undefined;
  expected: number | undefined;
  waitingFor: string | undefined;
  pause: { readonly untilMs: number; readonly reason: string } | undefined;
}

export interface Progress {
  see(event: RunEvent): void;
  /** Takes the line away. */
  end(): void;
}

/** Shows how far a run is: on a terminal a line for each sync that changes in place, elsewhere a line every few seconds. */
export function createProgress(printer: Printer, clock: Clock): Progress {
  const running = new Map<string, Running>();
  let timer: Timer | undefined;
  let isOver = printer.isJson || printer.isQuiet;

  const show = (): void => {
    const lines = [...running.values()].slice(0, LINES_MAX).map((each) => segments(each, clock));
    if (printer.isLive) printer.live(lines.map((line) => fitted(line, printer.liveColumns - 1)));
    else for (const line of lines) printer.note(plain(line));
  };
  const tick = (): void => {
    if (isOver) return;
    show();
    timer = clock.after(printer.isLive ? REPAINT_MS : REPORT_MS, tick);
  };

  return {
    see(event) {
      note(event, running, clock);
      if (!isOver) timer ??= clock.after(printer.isLive ? REPAINT_MS : REPORT_MS, tick);
    },
    end() {
      isOver = true;
      timer?.cancel();
      if (printer.isLive) printer.live([]);
    },
  };
}

function note(event: RunEvent, running: Map<string, Running>, clock: Clock): void {
  const { sync } = event;
  if (event.type === "run-ended") running.delete(sync);
  if (event.type === "run-started") {
    running.set(sync, {
      sync,
      startedMs: clock.monotonicMs(),
      counts: noCounts(),
      total: undefined,
      expected: undefined,
      waitingFor: undefined,
      pause: undefined,
    });
  }
  const known = running.get(sync);
  if (known === undefined) return;
  if (event.type === "waiting") known.pause = { untilMs: event.untilMs, reason: event.reason };
  if (event.type !== "progress") return;
  known.counts = event.counts;
  known.total = event.total;
  known.expected = event.expected;
  known.waitingFor = event.waitingFor;
}

interface Segment {
  readonly text: string;
  /** The higher, the longer it stays when the window is narrow. */
  readonly weight: number;
}

function segments(
  { sync, counts, total, expected, startedMs, waitingFor, pause }: Running,
  clock: Clock,
): readonly Segment[] {
  const written = counts.created + counts.updated + counts.deleted;
  const { rejected, invalid } = counts;
  const done =
    written + rejected + invalid + counts.unchanged + counts.superseded + counts.skipped + counts.stillRejected;
  const elapsedMs = clock.monotonicMs() - startedMs;
  const speed = rate(done, elapsedMs);
  const all = total ?? expected ?? 0;
  const leftMs = done === 0 || all <= done ? undefined : ((all - done) / done) * elapsedMs;
  const wait = waitOf(waitingFor, pause, clock);
  return [
    { text: sync, weight: 9 },
    { text: readOf(counts.read, total, expected), weight: 8 },
    { text: `${count(written)} written`, weight: 7 },
    ...(counts.unchanged > 0 ? [{ text: `${count(counts.unchanged)} unchanged`, weight: 1 }] : []),
    ...(rejected > 0 ? [{ text: `${count(rejected)} rejected`, weight: 5 }] : []),
    ...(invalid > 0 ? [{ text: `${count(invalid)} invalid`, weight: 4 }] : []),
    ...(speed === undefined ? [] : [{ text: speed, weight: 2 }]),
    ...(leftMs === undefined ? [] : [{ text: `${countdown(leftMs)} left`, weight: 3 }]),
    ...(wait === undefined ? [] : [{ text: wait, weight: 6 }]),
  ];
}

function readOf(read: number, total: number | undefined, expected: number | undefined): string {
  if (total !== undefined && total > read) return `${count(read)} of ${count(total)} read`;
  if (total === undefined && expected !== undefined && expected > read)
    return `${count(read)} of about ${count(expected)} read`;
  return `${count(read)} read`;
}

function waitOf(waitingFor: string | undefined, pause: Running["pause"], clock: Clock): string | undefined {
  if (waitingFor !== undefined) return `waiting: ${escapeLine(waitingFor)}`;
  const leftMs = pause === undefined ? 0 : pause.untilMs - clock.wallMs();
  return pause === undefined || leftMs <= 0
    ? undefined
    : `waiting: ${escapeLine(pause.reason)}; ${countdown(leftMs)} more`;
}

const SEPARATOR = " · ";

/** One line that never wraps: what matters least goes first, then the end of what is left. */
function fitted(line: readonly Segment[], columns: number): string {
  let kept = line;
  const text = (): string => kept.map((segment) => segment.text).join(SEPARATOR);
  while (widthOf(text()) > columns && kept.length > 3) {
    const least = Math.min(...kept.map(({ weight }) => weight));
    kept = kept.filter(({ weight }) => weight !== least);
  }
  return fit(text(), columns);
}

const plain = ([first, ...rest]: readonly Segment[]): string =>
  `${first?.text}: ${rest.map(({ text }) => text).join(", ")}`;
