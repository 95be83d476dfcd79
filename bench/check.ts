/** A comparison of 1,000,000 records of 500 bytes a side, by the command: how much memory it has at most. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "./command.ts";
import { copyConfig, SOURCE } from "./copy.ts";
import { withFolder } from "./folder.ts";
import { withServer } from "./neutral-server.ts";
import { perSecond, whole, type Row, type Sized } from "./row.ts";

export function check(sized: Sized): Promise<readonly Row[]> {
  const records = sized(1_000_000);
  return withServer({ records }, ({ base }) =>
    withFolder(async (folder) => {
      const { request, records: path, key, pagination } = SOURCE;
      const list = { request, records: path, key, pagination };
      const sync = { mapping: { id: "id", name: "name", note: "note" }, destination: { list } };
      writeFileSync(join(folder, "evenkeel.yaml"), JSON.stringify(copyConfig(base, { sync } as never)));
      const { text, ms, peakMb } = await runCommand(folder, "check");
      if (!text.includes(`level, ${whole(records)} equal`)) throw new Error(`the check went wrong:\n${text}`);
      return [
        {
          what: `check of ${whole(records)} records a side: peak memory`,
          value: `${peakMb} MB, ${perSecond(records, ms)}`,
        },
      ];
    }),
  );
}
