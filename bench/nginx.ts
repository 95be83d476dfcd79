/**
 * nginx as the neutral server: pages are files, and it answers writes itself. `node bench/nginx.ts OPTIONS` keeps one with a single worker in a
 * folder of its own, stops it, and speaks with its parent as server.ts does.
 */
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { leave } from "./child.ts";
import { withFolder } from "./folder.ts";
import { PAGE, pageOf, recordsOf, type RecordsOptions } from "./records.ts";
import type { Served } from "./server.ts";

export interface NginxOptions extends RecordsOptions {
  /** nginx itself. */
  readonly command: string;
}

/** It answers within some 20 ms of its start. */
const START_MS = 5_000;
const LOOK_MS = 20;

const { command, ...options } = JSON.parse(process.argv[2] ?? "{}") as NginxOptions;

/** One that was free a moment ago: nginx chooses none itself. */
const freePort = (): Promise<number> =>
  new Promise((done, failed) => {
    const server = createServer();
    server.once("error", failed);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => done(port));
    });
  });

const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];

/** Keep-alive without an end, and no log. The id that a write is answered with is another one each time. */
const configOf = (folder: string, port: number): string => `
daemon off;
worker_processes 1;
${process.getuid?.() === 0 ? "user root;" : ""}
pid ${folder}/pid;
error_log stderr;
events { worker_connections 4096; }
http {
  access_log off;
  types { application/json json; }
  default_type application/json;
  sendfile on;
  tcp_nopush on;
  etag off;
  keepalive_timeout 24h;
  keepalive_requests 1000000000;
  client_header_buffer_size 4k;
  open_file_cache max=2000 inactive=24h;
  open_file_cache_valid 24h;
${temporary.map((name) => `  ${name}_temp_path ${folder}/${name};`).join("\n")}
  map $arg_cursor $page { default $arg_cursor; "" 0; }
  server {
    listen 127.0.0.1:${port};
    location = /records { alias ${folder}/pages/$page.json; }
    location /items { return 200 '{"id":"$connection-$connection_requests"}'; }
    location = /status { stub_status; }
  }
}
`;

function writePages(folder: string): void {
  mkdirSync(join(folder, "pages"));
  const records = recordsOf(options);
  for (let from = 0; from === 0 || from < records.count; from += PAGE)
    writeFileSync(join(folder, "pages", `${from}.json`), pageOf(records, from));
}

/** All requests since its start, this one too. */
async function countOf(base: string): Promise<number> {
  const text = await (await fetch(`${base}/status`)).text();
  return Number(/requests\s+\d+ \d+ (\d+)/.exec(text)?.[1]);
}

async function firstCount(base: string): Promise<number> {
  for (const startedMs = performance.now(); ; await setTimeout(LOOK_MS))
    try {
      return await countOf(base);
    } catch (error) {
      if (performance.now() - startedMs > START_MS) throw error;
    }
}

await withFolder(async (folder) => {
  writePages(folder);
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const config = join(folder, "nginx.conf");
  writeFileSync(config, configOf(folder, port));
  const nginx = spawn(command, ["-p", folder, "-c", config], { stdio: ["ignore", "ignore", "inherit"] });
  nginx.once("exit", (code) => {
    process.stderr.write(`nginx ended with ${code}; --own-server does without it\n`);
    process.exit(1);
  });
  process.once("exit", () => nginx.kill());

  let counted = await firstCount(base);
  const tell = async (): Promise<void> => {
    const count = await countOf(base);
    const served: Served = { requests: count - counted - 1, refused: 0, windows: [] };
    counted = count;
    process.send?.(served);
  };
  process.on("message", () => void tell());
  process.send?.({ port });
  await leave();
  nginx.removeAllListeners("exit");
  nginx.kill();
  await new Promise<void>((done) => nginx.once("exit", () => done()));
});
process.exit();
