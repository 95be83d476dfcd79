/** Servers that answer everybody alike, in a process of their own. */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { message, start, stop } from "./child.ts";
import type { Served, ServerOptions } from "./server.ts";

export interface Server {
  readonly base: string;
  /** What came since the last call. */
  served(): Promise<Served>;
}

/** Debian has it where only an administrator's shell looks. */
const COMMANDS = ["nginx", "/usr/sbin/nginx"];

function installedNginx(): { readonly command: string; readonly version: string } | undefined {
  if (process.argv.includes("--own-server")) return undefined;
  for (const command of COMMANDS) {
    const { status, stderr } = spawnSync(command, ["-v"], { encoding: "utf8" });
    if (status === 0) return { command, version: /nginx\/\S+/.exec(stderr)?.[0] ?? "nginx" };
  }
  return undefined;
}

const nginx = installedNginx();

/** For the head of the table. */
export const SERVERS: string =
  nginx === undefined
    ? "The server is bench/server.ts, in a process of its own"
    : `The server is ${nginx.version} with one worker; where answers take time, are limited, or depend on "since", bench/server.ts, in a process of its own`;

/** nginx can answer in no time, and only what is in a file. */
const isPlain = ({ delayMs, perSecond, since }: ServerOptions): boolean =>
  delayMs === undefined && perSecond === undefined && since !== true;

/** Starts a server, calls `work` with it, and stops it. */
export async function withServer<Result>(
  options: ServerOptions,
  work: (server: Server) => Promise<Result>,
): Promise<Result> {
  const child =
    nginx !== undefined && isPlain(options)
      ? start("nginx.ts", { ...options, command: nginx.command })
      : start("server.ts", options);
  try {
    const { port } = await message<{ readonly port: number }>(child);
    const served = (): Promise<Served> => {
      child.send("count");
      return message(child);
    };
    return await work({ base: `http://127.0.0.1:${port}`, served });
  } finally {
    await stop(child);
  }
}
