/** Plays worlds with a broken engine, every second one a restless one, until one of them shows it. */
import { parentPort, workerData } from "node:worker_threads";
import { play, toothWorldOf } from "./worlds.ts";

const { seedsMax, deletes } = workerData as { readonly seedsMax: number; readonly deletes: 0 | 1 };

/** `seed` is the first that found it; undefined when none did. */
export interface Found {
  readonly seed: number | undefined;
  readonly violation: string | undefined;
}

let found: Found = { seed: undefined, violation: undefined };
for (let seed = 1; seed <= seedsMax && found.seed === undefined; seed++) {
  const [violation] = (await play(toothWorldOf(seed, deletes))).violations;
  if (violation !== undefined) found = { seed, violation: `${violation.kind}: ${violation.text}` };
}
parentPort?.postMessage(found);
