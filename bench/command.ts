/** The command in a process of its own, and what it took. */
import { spawn } from "node:child_process";
import process from "node:process";
import { moduleOf } from "./child.ts";

/** Says at the end what the process took: memory at most in KiB, processor time in us. */
const TELL = `data:text/javascript,process.on("exit", () => { const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage(); process.stderr.write("took " + maxRSS + " " + (userCPUTime + systemCPUTime) + "\\n") })`;

const COMMAND = moduleOf("../dist/cli/evenkeel.js");

export interface Output {
  readonly text: string;
  readonly peakMb: number;
  /** From its start to its end. */
  readonly ms: number;
  readonly cpuMs: number;
}

/** Throws when it fails. */
export async function runCommand(cwd: string, ...args: readonly string[]): Promise<Output> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, ["--import", TELL, COMMAND, ...args], { cwd });
  const kill = (): boolean => child.kill();
  process.once("exit", kill);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (text += String(chunk)));
  const exitCode = await new Promise<number | null>((done) => child.on("close", done));
  const ms = performance.now() - startedMs;
  process.off("exit", kill);
  const [, peakKib, cpuUs] = /^took (\d+) (\d+)$/m.exec(text) ?? [];
  if (exitCode !== 0 || peakKib === undefined) throw new Error(`\`evenkeel ${args.join(" ")}\` went wrong:\n${text}`);
  return { text, ms, peakMb: Math.round((Number(peakKib) * 1_024) / 1e6), cpuMs: Number(cpuUs) / 1_000 };
}
