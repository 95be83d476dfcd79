/**
 * `npm run sim -- --seed N` replays one world and shows its trace; `--seeds N --from M` plays many; `--minutes N` plays for so long.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { simulate } from "../../src/simulation/simulate.ts";
import { worldOf } from "./worlds.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    minutes: { type: "string" },
  },
});

if (values.seed !== undefined) {
  const world = worldOf(Number(values.seed));
  const { trace, violations } = await simulate(world);
  console.log(JSON.stringify({ ...world, edits: world.edits.length }, undefined, 1));
  console.log(trace.join("\n"));
  for (const violation of violations) console.log(violation);
  process.exitCode = violations.length === 0 ? 0 : 1;
} else {
  const from = Number(values.from);
  const startedMs = performance.now();
  const requests: number[] = [];
  const faults: number[] = [];
  let failed = 0;
  for (let seed = from; seed < from + Number(values.seeds); seed++) {
    const outcome = await simulate(worldOf(seed));
    requests.push(outcome.requests);
    faults.push([...outcome.faults.values()].reduce((sum, n) => sum + n, 0));
    if (outcome.violations.length > 0) {
      failed += 1;
      console.log(`seed ${seed}: ${outcome.violations.slice(0, 3).join("; ").slice(0, 600)}`);
      if (failed >= 10) break;
    }
  }
  const median = (all: number[]): number => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;
  console.log(
    `${requests.length} worlds, ${failed} failed, ${((performance.now() - startedMs) / requests.length).toFixed(0)} ms each; median ${median(requests)} requests, ${median(faults)} faults`,
  );
}
