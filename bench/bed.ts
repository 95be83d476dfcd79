import { fork, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ConfigInput } from "../src/index.ts";
import type { ServerOptions } from "./server.ts";

/** The size of a record, and how many requests are under way. */
export const BYTES = 500;
export const CONCURRENCY = 64;

export interface Served {
  readonly requests: number;
  readonly refused: number;
}

export interface Server {
  readonly base: string;
  /** What came since the last call. */
  served(): Promise<Served>;
}

const message = <Message>(child: ChildProcess): Promise<Message> =>
  new Promise((done, failed) => {
    const ended = (code: number | null): void => failed(new Error(`${child.spawnargs.at(2) ?? ""} ended with ${code}`));
    child.once("exit", ended);
    child.once("message", (value) => {
      child.off("exit", ended);
      done(value as Message);
    });
  });

const moduleOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Starts the server, calls `work` with it, and stops it. */
export async function withServer<Result>(
  options: Omit<ServerOptions, "bytes">,
  work: (server: Server) => Promise<Result>,
): Promise<Result> {
  const child = fork(moduleOf("server.ts"), [JSON.stringify({ ...options, bytes: BYTES })]);
  const { port } = await message<{ port: number }>(child);
  const served = (): Promise<Served> => {
    child.send("count");
    return message(child);
  };
  try {
    return await work({ base: `http://127.0.0.1:${port}`, served });
  } finally {
    child.kill();
  }
}

/** Somebody who copies, in a process of its own. */
export interface Contestant {
  readonly name: string;
  /** Copies everything once; ms, and the processor time of the process in it, ms. */
  go(): Promise<{ readonly ms: number; readonly cpuMs: number }>;
  stop(): void;
}

/** @param task what it does, see contestant.ts */
export function contestant(name: string, task: Readonly<Record<string, unknown>>): Contestant {
  const child = fork(moduleOf("contestant.ts"), [JSON.stringify(task)]);
  return {
    name,
    go: () => {
      child.send("go");
      return message(child);
    },
    stop: () => child.disconnect(),
  };
}

/** Calls `work` with a new folder, and removes it. */
export async function withFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-bench-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export type SyncInput = ConfigInput["syncs"][string];

export const UPSERT: SyncInput["destination"] = { connection: "api", upsert: "PUT /items/{id}" };

export const SOURCE: SyncInput["source"] = {
  connection: "api",
  request: "GET /records",
  records: "data",
  key: "id",
  pagination: { type: "cursor", next: "next", param: "cursor" },
};

/** Six paths, an arithmetic and a text. */
const MAPPING = {
  id: "id",
  name: "name",
  email: "email",
  active: "active",
  updated: "updated_at",
  note: "note",
  total: "$round(price * quantity, 2)",
  label: "$uppercase(city) & ' / ' & name",
};

export interface CopyOptions {
  readonly concurrency?: number | undefined;
  readonly sync?: Partial<Omit<SyncInput, "destination">> & {
    readonly destination?: Partial<SyncInput["destination"]>;
  };
  readonly names?: readonly string[];
}

/** Copies from the server to itself. */
export function copyConfig(
  base: string,
  { concurrency = CONCURRENCY, sync = {}, names = ["records"] }: CopyOptions = {},
): ConfigInput {
  const copy = {
    source: SOURCE,
    mapping: MAPPING,
    ...sync,
    destination: { ...(sync.destination?.create === undefined ? UPSERT : { connection: "api" }), ...sync.destination },
  } as SyncInput;
  return {
    connections: { api: { baseUrl: base, limits: { concurrency } } },
    syncs: Object.fromEntries(names.map((name) => [name, copy])),
  };
}

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
