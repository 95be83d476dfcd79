import type { Counts, RunEvent } from "../core/events.ts";
import { evidenceLines } from "./errors.ts";
import { escape } from "./escape.ts";
import { count, plural } from "./numbers.ts";
import { styleOf, type Terminal } from "./terminal.ts";

/** Away from a terminal a line is written this often. */
const LINE_EVERY_MS = 5_000;
/** Records of one kind of trouble that are shown in full; the rest is counted. */
const SHOWN_MAX = 5;

/** Shows a run while it goes on: one line that is repainted on a terminal, a line now and then elsewhere. All of it on stderr. */
export class Progress {
  readonly #terminal: Terminal;
  readonly #verbose: boolean;
  readonly #shown = new Map<string, number>();
  #painted = false;
  #startedMs = 0;
  #lineMs = 0;

  constructor(terminal: Terminal, verbose: boolean) {
    this.#terminal = terminal;
    this.#verbose = verbose;
  }

  show(event: RunEvent): void {
    switch (event.type) {
      case "run-started":
        this.#startedMs = event.atMs;
        this.#lineMs = event.atMs;
        this.#shown.clear();
        this.#print(
          `${this.#bold(event.sync)}: ${event.resumed ? "goes on; " : ""}reads ${event.mode === "full" ? "everything" : "what has changed"} ${this.#dim(`(${escape(event.reason)})`)}`,
        );
        break;
      case "progress":
        this.#paint(event);
        break;
      case "recovered":
        this.#print(this.#dim(`  takes up ${plural(event.held + event.leftovers, "write")} that an earlier run left`));
        break;
      case "invalid":
        this.#trouble("invalid", `${escape(event.key ?? "(no key)")}: ${escape(event.reason)}`);
        break;
      case "rejected":
        this.#trouble("rejected", `${escape(event.key)}: ${escape(event.reason)}`);
        break;
      case "held":
        this.#trouble(event.state, `${escape(event.key)}: ${escape(event.reason)}`);
        break;
      case "warning":
        this.#print(
          `  ${this.#style("yellow", "warning")} ${escape(event.message)}${event.next === undefined ? "" : ` ${escape(event.next)}`}`,
        );
        break;
      case "waiting":
        this.#print(
          this.#dim(`  waits until ${new Date(event.untilMs).toISOString().slice(11, 19)}Z: ${escape(event.reason)}`),
        );
        break;
      case "retry":
        if (this.#verbose)
          this.#print(
            this.#dim(
              `  ${escape(event.what)}: ${escape(event.reason)}; attempt ${event.attempt} in ${Math.round(event.delayMs)} ms`,
            ),
          );
        break;
      case "trace":
        this.#print(
          evidenceLines(event.evidence)
            .map((line) => `  ${line}`)
            .join("\n"),
        );
        break;
      case "page":
      case "checkpoint":
        break;
      case "run-ended":
        this.#clear();
        break;
    }
  }

  #trouble(kind: string, text: string): void {
    const shown = (this.#shown.get(kind) ?? 0) + 1;
    this.#shown.set(kind, shown);
    if (shown <= SHOWN_MAX) this.#print(`  ${this.#style("yellow", kind)} ${text}`);
    else if (shown === SHOWN_MAX + 1)
      this.#print(
        this.#dim(
          `  more ${kind} records are counted; see \`evenkeel ${kind === "invalid" || kind === "rejected" ? "rejects list" : "status"}\``,
        ),
      );
  }

  #paint({ atMs, counts, waitingFor }: Extract<RunEvent, { type: "progress" }>): void {
    const { stderr } = this.#terminal;
    const line = `  ${lineOf(counts, (atMs - this.#startedMs) / 1_000)}${waitingFor === undefined ? "" : ` · waits for ${escape(waitingFor)}`}`;
    if (stderr.isTTY) {
      stderr.write(`\r\u001b[2K${line.slice(0, stderr.columns - 1)}`);
      this.#painted = true;
    } else if (atMs - this.#lineMs >= LINE_EVERY_MS) {
      this.#lineMs = atMs;
      stderr.write(`${line}\n`);
    }
  }

  #print(text: string): void {
    this.#clear();
    this.#terminal.stderr.write(`${text}\n`);
  }

  #clear(): void {
    if (this.#painted) this.#terminal.stderr.write("\r\u001b[2K");
    this.#painted = false;
  }

  #style(format: "yellow" | "dim" | "bold", text: string): string {
    return styleOf(this.#terminal.stderr)(format, text);
  }
  #dim(text: string): string {
    return this.#style("dim", text);
  }
  #bold(text: string): string {
    return this.#style("bold", text);
  }
}

function lineOf(counts: Readonly<Counts>, seconds: number): string {
  const written = counts.created + counts.updated + counts.deleted;
  const parts = [`${count(counts.read)} read`, `${count(written)} written`, `${count(counts.unchanged)} unchanged`];
  if (counts.rejected + counts.invalid > 0) parts.push(`${count(counts.rejected + counts.invalid)} refused`);
  if (seconds >= 1 && written > 0) parts.push(`${count(Math.round(written / seconds))}/s`);
  return parts.join(" · ");
}
