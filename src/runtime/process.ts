import { hostname } from "node:os";
import process from "node:process";

/** One of the two streams that a command writes to. */
export interface Output {
  /** Never throws: what nobody reads any more is dropped. */
  write(text: string): void;
  /** Resolves when all that was written has been taken, or will never be. */
  written(): Promise<void>;
  /** Why it is not written to any more; undefined while it is. That nobody reads any more (`EPIPE`) is no failure. */
  readonly lost: NodeJS.ErrnoException | undefined;
  /** Resolves when little enough is waiting to be written; at once for a terminal and a file. */
  drained(): Promise<void>;
  /** A terminal that understands cursor movement. */
  readonly isTTY: boolean;
  /** Width just now: it changes when the window does. 80 when it is no terminal. */
  readonly columns: number;
  /** True when colours are wanted. */
  readonly color: boolean;
}

/** The port to the person (or the program) that runs the command: results on stdout, everything else on stderr. */
export interface Terminal {
  readonly stdout: Output;
  readonly stderr: Output;
}

/** How a person, or a supervisor, ends a command. */
export interface Interruption {
  /** Aborted by the first SIGINT or SIGTERM, and when nobody reads stdout any more: finish what is in flight, save, end. */
  readonly signal: AbortSignal;
  /** Aborted by the second: end at once. */
  readonly killSignal: AbortSignal;
}

const COLUMNS_WITHOUT_TERMINAL = 80;

/** What a command that was told twice to end has left to say goodbye; then the process exits, whatever is still open. */
const GOODBYE_MS = 500;

const EXIT_INTERRUPTED = 130;

/** Colours are for terminals, unless the environment says otherwise (no-color.org, force-color.org; the latter wins, as in Node). */
function wantsColor(
  stream: { readonly isTTY?: boolean; hasColors?(): boolean },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  const forced = env["FORCE_COLOR"];
  if (forced !== undefined) return forced !== "0" && forced !== "false";
  if ((env["NO_COLOR"] ?? "") !== "") return false;
  return stream.isTTY === true && stream.hasColors?.() === true;
}

/** The terminal of this process. `stop` is aborted when stdout is lost: nobody reads it any more, or the disk under it is full. */
export function systemTerminal(): Terminal {
  return { stdout: outputOf(process.stdout, () => stop.abort()), stderr: outputOf(process.stderr, () => undefined) };
}

function outputOf(stream: NodeJS.WriteStream, onGone: () => void): Output {
  let lost: NodeJS.ErrnoException | undefined;
  const lose = (error: NodeJS.ErrnoException): void => {
    if (lost !== undefined) return;
    lost = error;
    onGone();
  };
  stream.on("error", lose);
  return {
    write(text) {
      if (lost === undefined) stream.write(text);
    },
    written: () =>
      lost !== undefined
        ? Promise.resolve()
        : new Promise((done) => {
            stream.write("", (error) => {
              if (error instanceof Error) lose(error);
              done();
            });
          }),
    get lost() {
      return lost;
    },
    drained: () =>
      lost !== undefined || !stream.writableNeedDrain
        ? Promise.resolve()
        : new Promise((done) => {
            const go = (): void => {
              for (const event of ["drain", "error", "close"]) stream.off(event, go);
              done();
            };
            for (const event of ["drain", "error", "close"]) stream.on(event, go);
          }),
    get isTTY() {
      return stream.isTTY && process.env["TERM"] !== "dumb";
    },
    get columns() {
      return stream.columns ?? COLUMNS_WITHOUT_TERMINAL;
    },
    color: wantsColor(stream, process.env),
  };
}

const stop = new AbortController();
const kill = new AbortController();
let isWatching = false;

/** Watches the signals of this process from the first call on. */
export function systemInterruption(): Interruption {
  if (!isWatching) for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, interrupt);
  isWatching = true;
  return { signal: stop.signal, killSignal: kill.signal };
}

/** The first stops gently, the second at once, the third does not even wait for the goodbye. */
function interrupt(): void {
  if (kill.signal.aborted) process.exit(EXIT_INTERRUPTED);
  if (!stop.signal.aborted) return stop.abort();
  kill.abort();
  setTimeout(() => process.exit(EXIT_INTERRUPTED), GOODBYE_MS).unref();
}

export const systemCwd = (): string => process.cwd();

export const systemEnv = (): Readonly<Record<string, string | undefined>> => process.env;

/** Who holds a lease, for the message that another process shows. */
export const systemHolder = (): { readonly pid: number; readonly host: string } => ({
  pid: process.pid,
  host: hostname(),
});

/** Processor time of this thread so far, ms: what others do beside it, such as flushing, keeps nothing waiting. */
export function systemCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
