/** A comparison of 1,000,000 records of 500 bytes a side, by the command: how much memory it has at most. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { copyConfig, SOURCE, withFolder, withServer } from "./bed.ts";
import { runCommand } from "./command.ts";
import { perSecond, type Row } from "./duel.ts";

const RECORDS = 1_000_000;

export function check(records: number = RECORDS): Promise<readonly Row[]> {
  return withServer({ records }, ({ base }) =>
    withFolder(async (folder) => {
      const { request, records: path, key, pagination } = SOURCE;
      const list = { request, records: path, key, pagination };
      const sync = { mapping: { id: "id", name: "name", note: "note" }, destination: { list } };
      writeFileSync(join(folder, "evenkeel.yaml"), JSON.stringify(copyConfig(base, { sync } as never)));
      const { text, ms, peakMb } = await runCommand(folder, "check");
      if (!text.includes(`level, ${records.toLocaleString("en-US")} equal`))
        throw new Error(`the check went wrong:\n${text}`);
      return [
        {
          what: `check of ${records.toLocaleString("en-US")} records a side: peak memory`,
          value: `${peakMb} MB, ${perSecond(records, ms)}`,
        },
      ];
    }),
  );
}
