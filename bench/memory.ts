/** 300,000 records of 500 bytes, copied by the command: how much memory it has at most. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { BYTES, CONCURRENCY, copyConfig, withFolder, withServer } from "./bed.ts";
import { runCommand } from "./command.ts";

const RECORDS = 300_000;

export async function memory(): Promise<void> {
  const startedMs = performance.now();
  const output = await withServer(RECORDS, (base) =>
    withFolder(async (folder) => {
      writeFileSync(join(folder, "evenkeel.yaml"), JSON.stringify(copyConfig(base)));
      return runCommand(folder, "run");
    }),
  );
  const seconds = (performance.now() - startedMs) / 1_000;
  if (!/created +300,000/.test(output.text)) throw new Error(`the run went wrong:\n${output.text}`);
  process.stdout.write(
    `${RECORDS} records of ${BYTES} bytes, ${CONCURRENCY} at once, by the command\n` +
      `  peak RSS         ${output.peakMb} MB\n` +
      `  rate             ${Math.round(RECORDS / seconds)}/s\n`,
  );
}
