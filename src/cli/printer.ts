import type { CommonOptions } from "./command-line.ts";
import { escapeLine, guarded, jsonLine } from "./escape.ts";
import { styleOf, type Style, type Terminal } from "./terminal.ts";
import { fit } from "./width.ts";

/**
 * The one way to the terminal. What was asked for goes to stdout, everything that is said along the way to stderr; with
 * `--json`, stdout has one JSON object a line and stderr is silent.
 */
export interface Printer {
  readonly isJson: boolean;
  readonly isQuiet: boolean;
  readonly isVerbose: boolean;
  /** True when a person watches stderr. */
  readonly isLive: boolean;
  /** Width for running text. */
  readonly columns: number;
  /** Columns of the window just now. */
  readonly liveColumns: number;
  /** Width for tables: they are cut only where a line would wrap. */
  readonly tableColumns: number;
  readonly style: Style;
  readonly noteStyle: Style;
  /** A line, or several, of the result: stdout. Not with `--json`. */
  result(text: string): void;
  /** A line, or several, along the way: stderr. Not with `--json`. */
  note(text: string): void;
  /** With `--json`, one line of stdout. */
  record(value: object): void;
  /** Shows these lines at the bottom until something else is shown; none takes them away. For a live terminal. */
  live(lines: readonly string[]): void;
  /** Resolves when stdout has taken what was written: whoever prints without an end waits for it. */
  drained(): Promise<void>;
}

/** Text that is wider is hard to read. */
const COLUMNS_MAX = 100;

/** Below this nothing can be laid out; a narrower window wraps. */
const COLUMNS_MIN = 40;

export function createPrinter({ stdout, stderr }: Terminal, common: CommonOptions): Printer {
  const isJson = common.json === true;
  let isShowing = false;

  const clear = (): void => {
    // A ^C that the terminal echoed may stand before the line.
    if (isShowing) stderr.write(`\r${ERASE_BELOW}`);
    isShowing = false;
  };
  const line = (text: string): string => `${guarded(text)}\n`;

  return {
    isJson,
    isQuiet: common.quiet === true,
    isVerbose: common.verbose === true,
    isLive: stderr.isTTY && !isJson && common.quiet !== true,
    get columns() {
      return Math.max(COLUMNS_MIN, Math.min(stdout.columns, COLUMNS_MAX));
    },
    get liveColumns() {
      return stderr.columns;
    },
    get tableColumns() {
      return stdout.isTTY ? Math.max(COLUMNS_MIN, stdout.columns) : Number.POSITIVE_INFINITY;
    },
    style: styleOf(stdout),
    noteStyle: styleOf(stderr),
    result(text) {
      if (isJson) return;
      clear();
      stdout.write(line(text));
    },
    note(text) {
      if (isJson) return;
      clear();
      stderr.write(line(text));
    },
    record(value) {
      if (isJson) stdout.write(`${jsonLine(value)}\n`);
    },
    live(lines) {
      if (lines.length === 0) return clear();
      // The cursor waits at the top left of the block: however the window is resized meanwhile, erasing from there takes it all.
      const block = lines.map((each) => fit(escapeLine(each), stderr.columns - 1) + ERASE_TO_END).join("\n");
      stderr.write(`\r${block}${ERASE_BELOW}\r${lines.length > 1 ? `\u001b[${lines.length - 1}A` : ""}`);
      isShowing = true;
    },
    drained: () => stdout.drained(),
  };
}

const ERASE_BELOW = "\u001b[J";
const ERASE_TO_END = "\u001b[K";
