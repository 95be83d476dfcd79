/** How much memory a first run has at most, by the command. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "./command.ts";
import { copyConfig } from "./copy.ts";
import { withFolder } from "./folder.ts";
import { withServer } from "./neutral-server.ts";
import { whole, type Row, type Sized } from "./row.ts";

/** The worst of them counts. */
const ROUNDS = 2;

/** Keys of no order touch all of the ledger's file, which does not fit into SQLite's cache. */
const firstRun = (records: number): Promise<number> =>
  withServer({ kind: "random-keys", records }, ({ base }) =>
    withFolder(async (folder) => {
      writeFileSync(join(folder, "evenkeel.yaml"), JSON.stringify(copyConfig(base, { kind: "random-keys" })));
      return (await runCommand(folder, "run")).peakMb;
    }),
  );

export async function memory(sized: Sized): Promise<readonly Row[]> {
  const [few, many] = [sized(100_000), sized(1_000_000)];
  const ofFew: number[] = [];
  const ofMany: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ofFew.push(await firstRun(few));
    ofMany.push(await firstRun(many));
  }
  const row = (records: number, peaks: readonly number[]): Row => ({
    what: `first run of ${whole(records)} records with random keys: peak memory, MB`,
    value: peaks.map((peak) => `${peak} MB`).join(", "),
    figure: Math.max(...peaks),
    atMost: 240,
  });
  const [small, large] = [Math.max(...ofFew), Math.max(...ofMany)];
  return [
    row(few, ofFew),
    row(many, ofMany),
    {
      what: "the greater against the smaller",
      value: `${small} MB, ${large} MB`,
      figure: Math.max(small, large) / Math.min(small, large),
      atMost: 1.15,
    },
  ];
}
