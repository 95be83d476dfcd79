/** Many small syncs in one process, by the command, against what the same requests take one process that does nothing else. */
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { message, start, stop } from "./child.ts";
import { runCommand, type Output } from "./command.ts";
import type { Task } from "./contestant.ts";
import { CONCURRENCY, copyConfig } from "./copy.ts";
import { ROUNDS } from "./duel.ts";
import { withFolder } from "./folder.ts";
import { withServer } from "./neutral-server.ts";
import { bodyOf } from "./records.ts";
import { median, type Row, type Sized } from "./row.ts";

export function manySyncs(sized: Sized): Promise<readonly Row[]> {
  const [copies, records] = [sized(200), 100];
  const names = Array.from({ length: copies }, (_, index) => `sync-${index}`);
  return withServer({ records }, async ({ base, served }) => {
    /** Page and writes of each sync, one sync after the other: the sum of their ideal times. */
    const task: Task = { way: "dispatch", base, records, body: bodyOf(), concurrency: CONCURRENCY, copies };
    const bare = start("contestant.ts", task);
    const idealMs = async (): Promise<number> => {
      bare.send("go");
      return (await message<{ readonly ms: number }>(bare)).ms;
    };
    const run = (): Promise<{ readonly all: Output; readonly start: Output }> =>
      withFolder(async (folder) => {
        writeFileSync(join(folder, "evenkeel.yaml"), JSON.stringify(copyConfig(base, { names })));
        await served();
        const all = await runCommand(folder, "run");
        const { requests } = await served();
        if (requests !== copies * (records + 1)) throw new Error(`${requests} requests for ${copies} syncs`);
        return { all, start: await runCommand(folder, "--version") };
      });
    const ideals: number[] = [];
    const runs: Awaited<ReturnType<typeof run>>[] = [];
    try {
      // They warm up.
      await idealMs();
      await run();
      for (let round = 0; round < ROUNDS; round++) {
        if (round % 2 === 0) ideals.push(await idealMs());
        runs.push(await run());
        if (round % 2 === 1) ideals.push(await idealMs());
      }
    } finally {
      await stop(bare);
    }
    const [ideal, ms, startMs] = [
      median(ideals),
      median(runs.map(({ all }) => all.ms)),
      median(runs.map(({ start: { ms: each } }) => each)),
    ];
    const peakMb = Math.max(...runs.map(({ all }) => all.peakMb));
    const what = `${copies} syncs of ${records} records in one process`;
    return [
      { what: `${what}: peak memory, MB`, value: `${peakMb} MB`, figure: peakMb, atMost: 300 },
      {
        what: `${what}: time in all, against the sum of their bare loops over ${availableParallelism()} cores`,
        value: `${Math.round(ms)} ms, bare ${Math.round(ideal)} ms on one core`,
        figure: ms / (ideal / availableParallelism()),
        atMost: 1.5,
      },
      {
        what: "the same without the start of the command, over one core, since one process computes on one",
        value: `${Math.round(ms - startMs)} ms`,
        figure: (ms - startMs) / ideal,
      },
    ];
  });
}
