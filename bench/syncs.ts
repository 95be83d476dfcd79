/** Many small syncs in one process, by the command, against what the same requests take one process that does nothing else. */
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { message, start, stop } from "./child.ts";
import { runCommand, type Output } from "./command.ts";
import type { Task } from "./contestant.ts";
import { CONCURRENCY, copyConfig } from "./copy.ts";
import { FEW_ROUNDS, ROUNDS } from "./duel.ts";
import { withFolder } from "./folder.ts";
import { withServer } from "./neutral-server.ts";
import { bodyOf, PAGE } from "./records.ts";
import { median, type Row, type Sized } from "./row.ts";

const RECORDS = 100;

/** So many run at once. */
const PARALLEL = 4;

/** The answers take this long where they take time. */
const DELAY_MS = 50;

interface Measured {
  /** Page and writes of each sync by the bare loop, one sync after the other: the sum of their ideal times. Medians of all rounds, ms. */
  readonly idealMs: number;
  readonly ms: number;
  /** What the command takes when there is nothing to do. */
  readonly startMs: number;
  /** The most of all rounds. */
  readonly peakMb: number;
}

interface Options {
  readonly copies: number;
  /** Of each of them. */
  readonly records?: number;
  readonly rounds: number;
  readonly delayMs?: number;
}

const measured = ({ copies, records = RECORDS, rounds, delayMs }: Options): Promise<Measured> =>
  withServer({ records, ...(delayMs === undefined ? {} : { delayMs }) }, async ({ base, served }) => {
    const names = Array.from({ length: copies }, (_, index) => `sync-${index}`);
    const task: Task = {
      way: "dispatch",
      base,
      records,
      body: bodyOf(),
      concurrency: CONCURRENCY,
      copies,
    };
    const bare = start("contestant.ts", task);
    const ideal = async (): Promise<number> => {
      bare.send("go");
      return (await message<{ readonly ms: number }>(bare)).ms;
    };
    const run = (): Promise<{ readonly all: Output; readonly start: Output }> =>
      withFolder(async (folder) => {
        writeFileSync(join(folder, "evenkeel.yaml"), JSON.stringify(copyConfig(base, { names })));
        await served();
        const all = await runCommand(folder, "run", "--parallel", String(PARALLEL));
        const { requests } = await served();
        if (requests !== copies * (records + Math.ceil(records / PAGE)))
          throw new Error(`${requests} requests for ${copies} syncs`);
        return { all, start: await runCommand(folder, "--version") };
      });
    const ideals: number[] = [];
    const runs: Awaited<ReturnType<typeof run>>[] = [];
    try {
      // They warm up.
      await ideal();
      await run();
      for (let round = 0; round < rounds; round++) {
        if (round % 2 === 0) ideals.push(await ideal());
        runs.push(await run());
        if (round % 2 === 1) ideals.push(await ideal());
      }
    } finally {
      await stop(bare);
    }
    return {
      idealMs: median(ideals),
      ms: median(runs.map(({ all }) => all.ms)),
      startMs: median(runs.map(({ start: { ms: each } }) => each)),
      peakMb: Math.max(...runs.map(({ all }) => all.peakMb)),
    };
  });

export async function manySyncs(sized: Sized): Promise<readonly Row[]> {
  const copies = sized(200);
  const fast = await measured({ copies, rounds: ROUNDS });
  const one = await measured({ copies: 1, records: copies * RECORDS, rounds: FEW_ROUNDS });
  const slow = await measured({ copies, rounds: FEW_ROUNDS, delayMs: DELAY_MS });
  const what = `${copies} syncs of ${RECORDS} records in one process, ${PARALLEL} at once`;
  const against = (measure: Measured): Pick<Row, "value" | "figure"> => ({
    value: `${Math.round(measure.ms)} ms, bare ${Math.round(measure.idealMs)} ms on one core`,
    figure: measure.ms / (measure.idealMs / availableParallelism()),
  });
  return [
    { what: `${what}: peak memory, MB`, value: `${fast.peakMb} MB`, figure: fast.peakMb, atMost: 300 },
    {
      what: `${what}: time in all, against the sum of their bare loops over ${availableParallelism()} cores`,
      ...against(fast),
      atMost: 1.5,
    },
    {
      what: "the same without the start of the command, over one core, since one process computes on one",
      value: `${Math.round(fast.ms - fast.startMs)} ms`,
      figure: (fast.ms - fast.startMs) / fast.idealMs,
    },
    {
      what: "the same against one sync of as many records",
      value: `${Math.round(one.ms)} ms, ${FEW_ROUNDS} rounds`,
      figure: fast.ms / one.ms,
    },
    {
      what: `${what}, answers in ${DELAY_MS} ms: time in all, against the sum of their bare loops over ${availableParallelism()} cores`,
      ...against(slow),
      atMost: 1.5,
    },
  ];
}
