import { completed, type CommonOptions } from "./command-line.ts";
import { escapeLine, guarded, jsonLine } from "./escape.ts";
import { styleOf, type Style, type Terminal } from "./terminal.ts";
import { fit, wrapped } from "./width.ts";

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
  /** What the engine says, with the config and the ledger that the user named in the commands that stand in it. */
  complete(text: string): string;
  /** A line, or several, of the result: stdout. Not with `--json`. */
  result(text: string): void;
  /** A line, or several, along the way: stderr. Not with `--json`. */
  note(text: string): void;
  /** Sentences along the way, each a line of stderr: on a terminal they are broken at its width, and a log has them whole. Not with `--json`. */
  say(text: string): void;
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
  const note = (text: string): void => {
    if (isJson) return;
    clear();
    stderr.write(line(text));
  };
  const columnsOf = (stream: Terminal["stderr"]): number =>
    Math.max(COLUMNS_MIN, Math.min(stream.columns, COLUMNS_MAX));

  return {
    isJson,
    isQuiet: common.quiet === true,
    isVerbose: common.verbose === true,
    isLive: stderr.isTTY && !isJson && common.quiet !== true,
    get columns() {
      return columnsOf(stdout);
    },
    get liveColumns() {
      return stderr.columns;
    },
    get tableColumns() {
      return stdout.isTTY ? Math.max(COLUMNS_MIN, stdout.columns) : Number.POSITIVE_INFINITY;
    },
    style: styleOf(stdout),
    noteStyle: styleOf(stderr),
    complete: (text) => completed(text, common),
    result(text) {
      if (isJson) return;
      clear();
      stdout.write(line(text));
    },
    note,
    say(text) {
      note(
        text
          .split("\n")
          .flatMap((each) => wrapped(each, stderr.isTTY ? columnsOf(stderr) : Number.POSITIVE_INFINITY))
          .join("\n"),
      );
    },
    record(value) {
      if (isJson) stdout.write(`${jsonLine(completedRecord(value, common))}\n`);
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

/** What a program reads of errors and warnings is as good to copy as what a person reads. What they hold of records stays as it is. */
const completedRecord = (value: object, common: CommonOptions): object =>
  Object.fromEntries(
    Object.entries(value).map(([name, held]: [string, unknown]) => {
      if ((name === "message" || name === "next") && typeof held === "string") return [name, completed(held, common)];
      if (name === "warnings" && Array.isArray(held))
        return [name, held.map((warning: object) => completedRecord(warning, common))];
      if ((name === "error" || name === "refused") && typeof held === "object" && held !== null)
        return [name, completedRecord(held, common)];
      return [name, held];
    }),
  );

const ERASE_BELOW = "\u001b[J";
const ERASE_TO_END = "\u001b[K";
