import type { ReadingProgress } from "../evenkeel.ts";
import { countdown, counted } from "./amounts.ts";
import type { Context } from "./context.ts";
import { escapeLine } from "./escape.ts";
import { REPAINT_MS, REPORT_MS } from "./progress.ts";

/** What goes on of a command that only reads. */
export interface Activity {
  readonly what: string;
  readonly progress: () => ReadingProgress | undefined;
  /** What has come of it so far; empty when nothing has. */
  readonly found: () => string;
}

/** What is in order leaves no trace, so a large source needs another sign that something goes on: live on a terminal, elsewhere a line every few seconds. */
export function showActivity({ what, progress, found }: Activity, { printer, host }: Context): { end(): void } {
  if (printer.isJson || printer.isQuiet) return { end: () => undefined };
  const { clock } = host;
  const everyMs = printer.isLive ? REPAINT_MS : REPORT_MS;
  const startedMs = clock.monotonicMs();
  let timer = clock.after(everyMs, show);
  function show(): void {
    const elapsed = countdown(clock.monotonicMs() - startedMs);
    const now = progress();
    const parts = [what, elapsed, readText(now), found(), waitText(now)].filter((part) => part !== "");
    if (printer.isLive) printer.live([parts.join(" · ")]);
    else printer.note(parts.join(", "));
    timer = clock.after(everyMs, show);
  }
  return {
    end() {
      timer.cancel();
      if (printer.isLive) printer.live([]);
    },
  };
}

const readText = (progress: ReadingProgress | undefined): string =>
  progress === undefined
    ? ""
    : `${escapeLine(progress.sync)}: ${counted(progress.counts.read, "record")} read, ${counted(progress.counts.requests, "request")}`;

const waitText = (progress: ReadingProgress | undefined): string =>
  progress?.waitingFor === undefined ? "" : `waiting: ${escapeLine(progress.waitingFor)}`;
