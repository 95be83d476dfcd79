/** A comparison of 1,000,000 records of 500 bytes a side, by the command: how much memory it has at most. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { ConfigInput } from "../src/index.ts";
import { BYTES, copyConfig, withFolder, withServer } from "./bed.ts";
import { runCommand } from "./command.ts";

type SyncInput = ConfigInput["syncs"][string];

const RECORDS = 1_000_000;

export async function check(): Promise<void> {
  const startedMs = performance.now();
  const output = await withServer(RECORDS, (base) =>
    withFolder(async (folder) => {
      const pagination = { type: "cursor", next: "next", param: "cursor" } as const;
      const list = { request: "GET /records", records: "data", key: "id", pagination };
      const config = copyConfig(base);
      const records = config.syncs["records"] as SyncInput;
      const syncs = { records: { ...records, destination: { ...records.destination, list } } };
      writeFileSync(join(folder, "evenkeel.yaml"), JSON.stringify({ ...config, syncs }));
      return runCommand(folder, "check");
    }),
  );
  const seconds = (performance.now() - startedMs) / 1_000;
  if (!/level, 1,000,000 equal/.test(output.text)) throw new Error(`the check went wrong:\n${output.text}`);
  process.stdout.write(
    `check of ${RECORDS} records of ${BYTES} bytes a side, by the command\n` +
      `  peak RSS         ${output.peakMb} MB\n` +
      `  rate             ${Math.round(RECORDS / seconds)}/s\n`,
  );
}
