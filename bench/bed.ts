import { fork, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ConfigInput } from "../src/index.ts";

/** The size of a record, and how many requests are under way. */
export const BYTES = 500;
export const CONCURRENCY = 64;

/** Starts the server with so many records, calls `work` with its address, and stops it. */
export async function withServer<Result>(records: number, work: (base: string) => Promise<Result>): Promise<Result> {
  const server: ChildProcess = fork(fileURLToPath(new URL("server.ts", import.meta.url)), [`${records}`, `${BYTES}`]);
  const port = await new Promise<number>((done) => server.once("message", (message) => done(message as number)));
  try {
    return await work(`http://127.0.0.1:${port}`);
  } finally {
    server.kill();
  }
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

/** A full copy from the server to itself, one PUT a record. */
export const copyConfig = (base: string): ConfigInput => ({
  connections: { api: { baseUrl: base, limits: { concurrency: CONCURRENCY } } },
  syncs: {
    records: {
      source: {
        connection: "api",
        request: "GET /records",
        records: "data",
        key: "id",
        pagination: { type: "cursor", next: "next", param: "cursor" },
      },
      destination: { connection: "api", upsert: "PUT /items/{id}" },
    },
  },
});

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
