/** Runs in which nothing has changed, by the command. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { copyConfig, median, SOURCE, withFolder, withServer, type CopyOptions } from "./bed.ts";
import { runCommand } from "./command.ts";
import { perSecond, ROUNDS, type Row } from "./duel.ts";

const RECORDS = 1_000_000;

const MIRROR: CopyOptions = { sync: { destination: { delete: "DELETE /items/{id}" }, deletes: { mode: "mirror" } } };
const INCREMENTAL: CopyOptions = {
  sync: { source: { ...SOURCE, cursor: { field: "updated_at", type: "timestamp", param: "since" } } },
};

/** The command, several times after a first run that copies. Rows of what it took. */
const again = (
  records: number,
  copying: CopyOptions,
  rounds: number,
): Promise<{
  readonly ms: number;
  readonly cpuMs: number;
  readonly writes: number;
  readonly peakMb: number;
  readonly firstPeakMb: number;
}> =>
  withServer({ records }, ({ base, served }) =>
    withFolder(async (folder) => {
      writeFileSync(join(folder, "evenkeel.yaml"), JSON.stringify(copyConfig(base, copying)));
      const first = await runCommand(folder, "run");
      if (first.exitCode !== 0) throw new Error(`the run went wrong:\n${first.text}`);
      await served();
      const turns = [];
      for (let round = 0; round < rounds; round++) {
        const turn = await runCommand(folder, "run");
        if (turn.exitCode !== 0) throw new Error(`the run went wrong:\n${turn.text}`);
        turns.push(turn);
      }
      const { requests } = await served();
      const pages = copying === INCREMENTAL ? 1 : Math.ceil(records / 1_000);
      return {
        ms: median(turns.map(({ ms }) => ms)),
        cpuMs: median(turns.map(({ cpuMs }) => cpuMs)),
        writes: requests - pages * rounds,
        peakMb: Math.max(...turns.map(({ peakMb }) => peakMb)),
        firstPeakMb: first.peakMb,
      };
    }),
  );

export async function reruns(records: number = RECORDS): Promise<readonly Row[]> {
  const plain = await again(records, {}, ROUNDS);
  const mirror = await again(records, MIRROR, ROUNDS);
  const incremental = await again(records, INCREMENTAL, ROUNDS);
  const small = await again(records / 10, {}, 1);
  const rowsOf = (name: string, { ms, cpuMs, writes }: typeof plain): readonly Row[] => [
    {
      what: `${name}, records a second`,
      value: perSecond(records, ms),
      ratio: (records / ms) * 1_000,
      atLeast: 100_000,
    },
    {
      what: "… processor time a record, us",
      value: `${((cpuMs * 1_000) / records).toFixed(1)} us`,
      ratio: (cpuMs * 1_000) / records,
      atMost: 10,
    },
    { what: "… writes", value: `${writes}`, ratio: writes, atMost: 0 },
  ];
  return [
    ...rowsOf("nothing changed, 1,000,000 records", plain),
    ...rowsOf("nothing changed, a mirror", mirror),
    {
      what: "incremental, nothing new, ledger of 1,000,000: all in all, ms",
      value: `${Math.round(incremental.ms)} ms`,
      ratio: incremental.ms,
      atMost: 300,
    },
    {
      what: "peak memory of a first run of 1,000,000 records, MB",
      value: `${plain.firstPeakMb} MB`,
      ratio: plain.firstPeakMb,
      atMost: 240,
    },
    {
      what: "… against 100,000 records",
      value: `${small.firstPeakMb} MB`,
      ratio: plain.firstPeakMb / small.firstPeakMb,
      atMost: 1.15,
    },
  ];
}

/** Many small syncs in one process. */
export function manySyncs(): Promise<readonly Row[]> {
  const records = 100;
  const names = Array.from({ length: 200 }, (_, index) => `sync-${index}`);
  return withServer({ records }, ({ base }) =>
    withFolder(async (folder) => {
      writeFileSync(join(folder, "evenkeel.yaml"), JSON.stringify(copyConfig(base, { names })));
      const { ms, cpuMs, peakMb, exitCode, text } = await runCommand(folder, "run");
      if (exitCode !== 0) throw new Error(`the run went wrong:\n${text}`);
      return [
        {
          what: "200 syncs of 100 records in one process: peak memory, MB",
          value: `${peakMb} MB`,
          ratio: peakMb,
          atMost: 300,
        },
        { what: "… time against processor time", value: `${Math.round(ms)} ms`, ratio: ms / cpuMs, atMost: 1.5 },
      ];
    }),
  );
}
