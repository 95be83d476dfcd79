/** 300,000 records of 500 bytes, copied by the command: how much memory it has at most. */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { BYTES, CONCURRENCY, copyConfig, withFolder, withServer } from "./bed.ts";

const RECORDS = 300_000;

/** Says at the end how much memory the process had at most, in KiB. */
const TELL = `data:text/javascript,process.on("exit", () => process.stderr.write("peak " + process.resourceUsage().maxRSS + "\\n"))`;

const COMMAND = fileURLToPath(new URL("../src/cli/evenkeel.ts", import.meta.url));

export async function memory(): Promise<void> {
  const startedMs = performance.now();
  const output = await withServer(RECORDS, (base) =>
    withFolder(async (folder) => {
      writeFileSync(join(folder, "evenkeel.yaml"), JSON.stringify(copyConfig(base)));
      return run(folder);
    }),
  );
  const seconds = (performance.now() - startedMs) / 1_000;
  const peakKib = /^peak (\d+)$/m.exec(output)?.[1];
  if (peakKib === undefined || !/created +300,000/.test(output)) throw new Error(`the run went wrong:\n${output}`);
  process.stdout.write(
    `${RECORDS} records of ${BYTES} bytes, ${CONCURRENCY} at once, by the command\n` +
      `  peak RSS         ${Math.round((Number(peakKib) * 1_024) / 1e6)} MB\n` +
      `  rate             ${Math.round(RECORDS / seconds)}/s\n`,
  );
}

async function run(cwd: string): Promise<string> {
  const child = spawn(process.execPath, ["--import", TELL, COMMAND, "run"], { cwd });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
  await new Promise((done) => child.on("close", done));
  return output;
}
