/**
 * 10,000 PUTs to a loopback server in another process: Evenkeel against a plain `fetch` loop with p-limit, at the same
 * concurrency, interleaved in one run. Prints each rate's median and their ratio. `npm run bench`
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import pLimit from "p-limit";
import { open } from "../src/index.ts";

const RECORDS = 10_000;
const CONCURRENCY = 64;
const ROUNDS = 3;
const PAGE = 1_000;

const record = (index: number): Record<string, unknown> => ({
  id: index,
  name: `record ${index}`,
  note: "x".repeat(400),
  price: index / 8,
});

/** The neutral server: pages of records, and a PUT that is answered in no time. */
async function serve(): Promise<void> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://x");
    if (request.method === "GET") {
      const at = Number(url.searchParams.get("cursor") ?? 0);
      const data = Array.from({ length: Math.min(PAGE, RECORDS - at) }, (_, index) => record(at + index));
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ data, next: at + PAGE < RECORDS ? String(at + PAGE) : null }));
      return;
    }
    request.resume();
    request.on("end", () => response.end("{}"));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  process.send?.((server.address() as AddressInfo).port);
}

async function withFetch(base: string): Promise<number> {
  const limit = pLimit(CONCURRENCY);
  const startedMs = performance.now();
  for (let cursor: string | null = "0"; cursor !== null;) {
    const page = (await (await fetch(`${base}/records?cursor=${cursor}`)).json()) as {
      data: Record<string, unknown>[];
      next: string | null;
    };
    await Promise.all(
      page.data.map((each) =>
        limit(async () => {
          const answer = await fetch(`${base}/items/${String(each["id"])}`, {
            method: "PUT",
            headers: { "content-type": "application/json" },
            body: JSON.stringify(each),
          });
          await answer.text();
        }),
      ),
    );
    cursor = page.next;
  }
  return (RECORDS / (performance.now() - startedMs)) * 1_000;
}

async function withEvenkeel(base: string): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-bench-"));
  const evenkeel = await open({
    cwd: folder,
    config: {
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
    },
  });
  const startedMs = performance.now();
  const { exitCode } = await evenkeel.run().result;
  const rate = (RECORDS / (performance.now() - startedMs)) * 1_000;
  await evenkeel.close();
  rmSync(folder, { recursive: true, force: true });
  if (exitCode !== 0) throw new Error(`the run ended with ${exitCode}`);
  return rate;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;

async function compare(): Promise<void> {
  const server = spawn(process.execPath, [fileURLToPath(import.meta.url), "--serve"], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const port = await new Promise<number>((done) => server.once("message", done as (message: unknown) => void));
  const base = `http://127.0.0.1:${port}`;
  const rates: { fetch: number[]; evenkeel: number[] } = { fetch: [], evenkeel: [] };
  await withFetch(base);
  for (let round = 0; round < ROUNDS; round++) {
    rates.fetch.push(await withFetch(base));
    rates.evenkeel.push(await withEvenkeel(base));
  }
  server.kill();
  const [plain, ours] = [median(rates.fetch), median(rates.evenkeel)];
  process.stdout.write(`${RECORDS} PUTs, ${CONCURRENCY} at once, median of ${ROUNDS}\n`);
  process.stdout.write(
    `fetch + p-limit  ${Math.round(plain)}/s\nevenkeel run     ${Math.round(ours)}/s\nratio            ${(ours / plain).toFixed(2)}\n`,
  );
}

await (process.argv.includes("--serve") ? serve() : compare());
