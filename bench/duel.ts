import { contestant, median, type Contestant } from "./bed.ts";
import type { Task } from "./contestant.ts";

/** One line of the table. */
export interface Row {
  readonly what: string;
  readonly value: string;
  /** As many times as the one before it in the issue of the case, or a share of something. */
  readonly ratio?: number;
  /** What the ratio should be at least, or at most. */
  readonly atLeast?: number;
  readonly atMost?: number;
}

export interface Turn {
  readonly ms: number;
  readonly cpuMs: number;
}

const WARM_UP_ROUNDS = 1;
export const ROUNDS = 5;

export interface Rival {
  readonly name: string;
  readonly task: Task;
  /** What is slow is measured once. */
  readonly rounds?: number;
}

/** Everybody copies in turn, so that whatever else the machine does meets them all; medians, the first round not counted. */
export async function duel(rivals: readonly Rival[]): Promise<ReadonlyMap<string, Turn>> {
  const all = rivals.map(({ name, task, rounds = ROUNDS }) => ({
    contestant: contestant(name, task) satisfies Contestant,
    rounds,
    turns: [] as Turn[],
  }));
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++)
    for (const { contestant: each, turns, rounds } of all)
      if (round < WARM_UP_ROUNDS ? rounds === ROUNDS : turns.length < rounds) {
        const turn = await each.go();
        if (round >= WARM_UP_ROUNDS) turns.push(turn);
      }
  for (const { contestant: each } of all) each.stop();
  return new Map(
    all.map(({ contestant: { name }, turns }) => [
      name,
      { ms: median(turns.map(({ ms }) => ms)), cpuMs: median(turns.map(({ cpuMs }) => cpuMs)) },
    ]),
  );
}

export const perSecond = (records: number, ms: number): string =>
  `${Math.round((records / ms) * 1_000).toLocaleString("en-US")}/s`;
