/** Plays worlds with a broken engine, every second one a restless one, until one of them shows it. */
import { parentPort, workerData } from "node:worker_threads";
import { play, toothWorldOf, type Shares } from "./worlds.ts";

const { seedsMax, shares } = workerData as { readonly seedsMax: number; readonly shares: Partial<Shares> };

/** `seed` is the first that found it; undefined when none did. */
export interface Found {
  readonly seed: number | undefined;
  readonly violation: string | undefined;
}

let found: Found = { seed: undefined, violation: undefined };
for (let seed = 1; seed <= seedsMax && found.seed === undefined; seed++) {
  const [violation] = (await play(toothWorldOf(seed, shares))).violations;
  if (violation !== undefined) found = { seed, violation: `${violation.kind}: ${violation.text}` };
}
parentPort?.postMessage(found);
