import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Another process of this program. */
export interface Worker {
  readonly pid: number;
  /** Its standard output, line by line. */
  readonly lines: AsyncIterable<string>;
  /** Its standard error, once it has ended. */
  readonly ended: Promise<{
    readonly exitCode: number | null;
    readonly signal: string | null;
    readonly stderr: string;
  }>;
  /** SIGKILL: no handler runs, nothing is flushed. */
  kill(): void;
}

/** Characters of standard error that are kept: the end says what went wrong. */
const STDERR_MAX = 20_000;

/** Starts the module at `url` as a process of its own, with the Node that runs this one. */
export function startWorker(url: URL, args: readonly string[], env: Readonly<Record<string, string>>): Worker {
  const child = spawn(process.execPath, [fileURLToPath(url), ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-STDERR_MAX);
  });
  const ended = new Promise<Awaited<Worker["ended"]>>((done, failed) => {
    child.once("error", failed);
    child.once("close", (exitCode, signal) => done({ exitCode, signal, stderr }));
  });
  return {
    pid: child.pid ?? 0,
    lines: createInterface({ input: child.stdout }),
    ended,
    kill: () => void child.kill("SIGKILL"),
  };
}
