/** The command in a process of its own, and what it took. */
import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** Says at the end what the process took: memory at most in KiB, processor time in us. */
const TELL = `data:text/javascript,process.on("exit", () => { const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage(); process.stderr.write("took " + maxRSS + " " + (userCPUTime + systemCPUTime) + "\\n") })`;

const COMMAND = fileURLToPath(new URL("../dist/cli/evenkeel.js", import.meta.url));

export interface Output {
  readonly text: string;
  readonly exitCode: number | null;
  readonly peakMb: number;
  /** From its start to its end. */
  readonly ms: number;
  readonly cpuMs: number;
}

export async function runCommand(cwd: string, ...args: readonly string[]): Promise<Output> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, ["--import", TELL, COMMAND, ...args], { cwd });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (text += String(chunk)));
  const exitCode = await new Promise<number | null>((done) => child.on("close", done));
  const ms = performance.now() - startedMs;
  const [, peakKib, cpuUs] = /^took (\d+) (\d+)$/m.exec(text) ?? [];
  if (peakKib === undefined) throw new Error(`the command went wrong:\n${text}`);
  return { text, exitCode, ms, peakMb: Math.round((Number(peakKib) * 1_024) / 1e6), cpuMs: Number(cpuUs) / 1_000 };
}
