/** The command in a process of its own, and how much memory it had at most. */
import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** Says at the end how much memory the process had at most, in KiB. */
const TELL = `data:text/javascript,process.on("exit", () => process.stderr.write("peak " + process.resourceUsage().maxRSS + "\\n"))`;

const COMMAND = fileURLToPath(new URL("../src/cli/evenkeel.ts", import.meta.url));

export interface Output {
  readonly text: string;
  readonly peakMb: number;
}

export async function runCommand(cwd: string, ...args: readonly string[]): Promise<Output> {
  const child = spawn(process.execPath, ["--import", TELL, COMMAND, ...args], { cwd });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (text += String(chunk)));
  await new Promise((done) => child.on("close", done));
  const peakKib = /^peak (\d+)$/m.exec(text)?.[1];
  if (peakKib === undefined) throw new Error(`the command went wrong:\n${text}`);
  return { text, peakMb: Math.round((Number(peakKib) * 1_024) / 1e6) };
}
