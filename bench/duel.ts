/** Ways to copy the same, measured in turns. */
import { resolve } from "node:path";
import process from "node:process";
import { message, start, stop } from "./child.ts";
import type { Task } from "./contestant.ts";
import type { Server } from "./neutral-server.ts";
import { median, perSecond, whole } from "./row.ts";

/** A first one warms up and does not count. */
export const ROUNDS = 5;
/** Of what takes long. */
export const FEW_ROUNDS = 3;

export interface Rival {
  readonly name: string;
  readonly task: Task;
  /** How many it copies each time; rates of different numbers of records are compared. */
  readonly records: number;
  /** How many requests these are at least; as many as records when absent. */
  readonly requests?: number;
  readonly rounds?: number;
  /** A module of this folder that its process loads first. */
  readonly hook?: string;
}

/** Medians of all rounds. */
export interface Result {
  readonly ms: number;
  readonly perMs: number;
  /** For the table. */
  readonly rate: string;
}

let profiles = 0;

/** `--profile FOLDER`: each process leaves a profile there, as DevTools and others read it, of all that it did. */
function profiling(name: string): readonly string[] {
  const at = process.argv.indexOf("--profile");
  if (at < 0) return [];
  const folder = resolve(process.argv[at + 1] ?? ".");
  return [
    "--cpu-prof",
    `--cpu-prof-dir=${folder}`,
    `--cpu-prof-name=${++profiles}-${name.replaceAll(" ", "-")}.cpuprofile`,
  ];
}

interface Turn {
  readonly ms: number;
  readonly cpuMs: number;
}

/** Whether somebody with fewer rounds plays in this one: they are spread over all. */
const plays = (round: number, rounds: number): boolean =>
  Math.floor(((round + 1) * rounds) / ROUNDS) > Math.floor((round * rounds) / ROUNDS);

/** Everybody copies in turn, in every other round the last first, so that whatever else the machine does meets them all. */
export async function duel(server: Server, rivals: readonly Rival[]): Promise<(name: string) => Result> {
  const all = rivals.map((rival) => {
    const { task, hook } = rival;
    const hooked = hook === undefined ? [] : ["--import", new URL(hook, import.meta.url).href];
    const execArgv = [...hooked, ...profiling(rival.name)];
    return { rival, child: start("contestant.ts", task, { execArgv }), turns: [] as Turn[] };
  });
  const go = async ({ rival, child }: (typeof all)[number]): Promise<Turn> => {
    await server.served();
    child.send("go");
    const turn = await message<Turn>(child);
    const { requests, refused } = await server.served();
    if (requests < (rival.requests ?? rival.records) || refused > 0)
      throw new Error(`${rival.name}: ${requests} requests of ${rival.records}, ${refused} of them refused`);
    return turn;
  };
  try {
    for (const one of all) await go(one);
    for (let round = 0; round < ROUNDS; round++) {
      const playing = all.filter(({ rival }) => plays(round, rival.rounds ?? ROUNDS));
      for (const one of round % 2 === 0 ? playing : playing.toReversed()) one.turns.push(await go(one));
    }
  } finally {
    await Promise.all(all.map(({ child }) => stop(child)));
  }
  return (name) => {
    const { rival, turns } = all.find(({ rival: { name: each } }) => each === name) as (typeof all)[number];
    const ms = median(turns.map((turn) => turn.ms));
    const cpuUs = (median(turns.map((turn) => turn.cpuMs)) * 1_000) / rival.records;
    const rounds = rival.rounds === undefined ? "" : `, ${rival.rounds} rounds of ${whole(rival.records)}`;
    const processor = rival.task.way === "requests" ? "" : `, ${cpuUs.toFixed(1)} us of the processor each`;
    return { ms, perMs: rival.records / ms, rate: `${perSecond(rival.records, ms)}${processor}${rounds}` };
  };
}
