/** Plays the worlds of many seeds on all processors, and adds up what happened in them. */
import { createHash } from "node:crypto";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import type { Fault } from "../../src/simulation/faults.ts";
import type { Outcome } from "../../src/simulation/world.ts";
import { aimedWorldsOf } from "./aim.ts";
import { play, worldOf } from "./worlds.ts";

/** What one world came to, in short. */
export interface Played {
  readonly seed: number;
  readonly hash: string;
  readonly requests: number;
  readonly faults: readonly (readonly [Fault, number])[];
  readonly limited: Outcome["limited"];
  readonly deaths: readonly string[];
  readonly violations: readonly string[];
}

export async function playSeed(seed: number): Promise<Played> {
  return inShort(seed, await play(worldOf(seed)));
}

function inShort(seed: number, outcome: Outcome): Played {
  const { trace, requests, faults, limited, deaths, violations } = outcome;
  const hash = createHash("sha256").update(textOf(trace)).digest("hex");
  const told = violations.map(({ kind, text }) => `${kind}: ${text}`);
  return { seed, hash, requests, faults: [...faults], limited, deaths, violations: told };
}

/** A trace as lines. */
export const textOf = (trace: Outcome["trace"]): string =>
  trace.map(({ atMs, text }) => `${atMs.toFixed(0)} ${text}`).join("\n");

export interface Many {
  readonly from: number;
  readonly count: number;
  /** See {@link aimedWorldsOf}. */
  readonly aimed?: boolean;
  readonly step?: string | undefined;
}

/** What a world allocates is garbage when it ends: with room for it, a tenth less time goes into collecting. */
export const PLAYING = { maxYoungGenerationSizeMb: 256 };

/** Plays seeds from `from` on, `count` of them or until `each`, which sees every outcome, says stop. */
export async function playMany(
  { from, count, aimed = false, step }: Many,
  each: (played: Played) => boolean,
): Promise<void> {
  const workers = Array.from(
    { length: availableParallelism() },
    () =>
      new Worker(fileURLToPath(import.meta.url), {
        workerData: { plays: true, aimed, step },
        resourceLimits: PLAYING,
      }),
  );
  let next = from;
  let stopped = false;
  const turn = (worker: Worker): void => worker.postMessage(stopped || next >= from + count ? undefined : next++);
  await Promise.all(
    workers.map(
      (worker) =>
        new Promise<void>((done, failed) => {
          worker.on("message", (played: readonly Played[]) => {
            for (const one of played) if (!each(one)) stopped = true;
            turn(worker);
          });
          worker.on("error", failed);
          worker.on("exit", () => done());
          turn(worker);
        }),
    ),
  );
}

const { plays, aimed, step } = (workerData ?? {}) as { readonly plays?: boolean } & Partial<Many>;

async function turn(seed: number): Promise<readonly Played[]> {
  if (aimed !== true) return [await playSeed(seed)];
  const { scouted, worlds } = await aimedWorldsOf(seed, step);
  const played = [inShort(seed, scouted)];
  for (const world of worlds) played.push(inShort(seed, await play(world)));
  return played;
}

if (!isMainThread && plays === true) {
  parentPort?.on("message", (seed: number | undefined) => {
    if (seed === undefined) parentPort?.close();
    else void turn(seed).then((played) => parentPort?.postMessage(played));
  });
}
