import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemHost } from "../../src/cli/host.ts";
import { main } from "../../src/cli/main.ts";
import type { Interruption, Output } from "../../src/cli/terminal.ts";
import type { RunEvent } from "../../src/core/events.ts";

const COMMAND = fileURLToPath(new URL("../../src/cli/evenkeel.ts", import.meta.url));

export interface Ran {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly events: readonly RunEvent[];
}

export interface Running {
  kill(signal: NodeJS.Signals): void;
  /** Resolves when stdout has what is looked for, or when it is over. */
  said(what: RegExp): Promise<void>;
  readonly ended: Promise<Ran>;
}

let isRunning = false;

/** What a command writes where nobody looks on. */
class Captured implements Output {
  text = "";
  readonly lost = undefined;
  readonly isTTY = false;
  readonly columns = 80;
  readonly color = false;

  write(text: string): void {
    this.text += text;
  }

  async written(): Promise<void> {}

  async drained(): Promise<void> {}
}

/** A folder with a config, and the command run in it. */
export class Workplace {
  readonly folder: string = mkdtempSync(join(tmpdir(), "evenkeel-test-"));
  readonly #environment: Readonly<Record<string, string>>;
  readonly #command: readonly string[];

  /** @param command what the Node of this test is started with; the command from its sources when absent */
  constructor(
    environment: Readonly<Record<string, string>> = { TOKEN: "secret-token-4711" },
    command: readonly string[] = [COMMAND],
  ) {
    this.#environment = environment;
    this.#command = command;
  }

  write(config: string, name = "evenkeel.yaml"): void {
    writeFileSync(join(this.folder, name), config);
  }

  start(...args: string[]): Running {
    return this.startUnder([process.execPath], {}, ...args);
  }

  /** Starts the command by another one, `[program, argument, ...]`, with more in its environment. */
  startUnder(
    [program = process.execPath, ...first]: readonly string[],
    environment: Readonly<Record<string, string>>,
    ...args: string[]
  ): Running {
    const child = spawn(program, [...first, ...this.#command, ...args], {
      cwd: this.folder,
      env: { ...process.env, ...this.#environment, ...environment },
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const ended = new Promise<Ran>((done) => {
      child.once("close", (exitCode, signal) =>
        done({ exitCode, signal, stdout, stderr, events: args.includes("--json") ? eventsOf(stdout) : [] }),
      );
    });
    const said = (what: RegExp): Promise<void> =>
      new Promise((done) => {
        const look = (): void => (what.test(stdout) ? done() : undefined);
        child.stdout.on("data", look);
        child.once("close", () => done());
        look();
      });
    return { kill: (signal) => void child.kill(signal), said, ended };
  }

  /**
   * The command from its sources runs in this process, which saves a start of Node; one at a time, since the lock of a ledger is for processes.
   * What is about processes is started by {@link start}.
   */
  async run(...args: string[]): Promise<Ran> {
    // Some variables are read by Node when it starts.
    const isForNode = Object.keys(this.#environment).some((name) => name.startsWith("NODE_"));
    if (this.#command[0] !== COMMAND || isForNode || isRunning) return this.start(...args).ended;
    isRunning = true;
    try {
      const [stdout, stderr] = [new Captured(), new Captured()];
      const env = { ...process.env, ...this.#environment };
      const never = new AbortController().signal;
      const interruption = (): Interruption => ({ signal: never, killSignal: never });
      const host = { ...systemHost(), cwd: this.folder, env, interruption };
      const exitCode = await main(args, { stdout, stderr }, host);
      const events = args.includes("--json") ? eventsOf(stdout.text) : [];
      return { exitCode, signal: null, stdout: stdout.text, stderr: stderr.text, events };
    } finally {
      isRunning = false;
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Whole lines only: a killed process may leave half of one. */
function eventsOf(stdout: string): readonly RunEvent[] {
  return stdout
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as RunEvent);
}

export const ending = (ran: Ran): Extract<RunEvent, { type: "run-ended" }> => {
  const event = ran.events.findLast((each) => each.type === "run-ended");
  if (event?.type !== "run-ended") throw new Error(`the run has no end: ${ran.stdout} ${ran.stderr}`);
  return event;
};

export interface Api {
  readonly url: string;
  readonly requests: {
    readonly method: string;
    readonly path: string;
    readonly body: string;
    readonly atMs: number;
    readonly headers: IncomingMessage["headers"];
  }[];
  /** Requests that came in and are not answered yet. */
  readonly unanswered: () => number;
  stop(): Promise<void>;
}

/** A real HTTP server on loopback, at any free port unless one is named; `answer` sees each request with its body. */
export async function startApi(
  answer: (request: IncomingMessage, body: string, response: ServerResponse) => void | Promise<void>,
  port = 0,
): Promise<Api> {
  const requests: Api["requests"] = [];
  let unanswered = 0;
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      requests.push({
        method: request.method ?? "",
        path: request.url ?? "",
        body,
        atMs: performance.now(),
        headers: request.headers,
      });
      unanswered += 1;
      response.once("close", () => (unanswered -= 1));
      void answer(request, body, response);
    });
  });
  await new Promise<void>((done) => server.listen(port, "127.0.0.1", done));
  // A test that fails before it stops its servers ends all the same.
  server.unref();
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    unanswered: () => unanswered,
    stop: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

/** A list of records in pages of 100, by an opaque cursor. */
export function cursorPage(
  records: readonly unknown[],
  request: IncomingMessage,
  response: ServerResponse,
  size = 100,
): void {
  const at = Number(new URL(request.url ?? "/", "http://x").searchParams.get("cursor") ?? 0);
  json(response, 200, {
    data: records.slice(at, at + size),
    meta: { next: at + size < records.length ? String(at + size) : null },
  });
}

export const SOURCE = `
    source:
      connection: store
      request: GET /records
      records: data
      key: id
      pagination: { type: cursor, next: meta.next, param: cursor }
`;
