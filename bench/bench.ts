/**
 * `npm run bench` measures everything; `npm run bench -- copies latency` these cases. Use the ratios: single figures are this machine's.
 * With `--write` the table goes into docs/performance.md. `--own-server` does without nginx. `--scale 0.01` tries the bench itself with a
 * hundredth of the records: what it says then counts for nothing. `--profile FOLDER` leaves a profile of each rival there, and costs some time.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { check } from "./check.ts";
import { batches, cities, copies, latency } from "./copies.ts";
import { disk } from "./disk.ts";
import { announced, unannounced } from "./limits.ts";
import { memory } from "./memory.ts";
import { reruns } from "./reruns.ts";
import type { Row, Sized } from "./row.ts";
import { manySyncs } from "./syncs.ts";
import { HEAD, line, machine, write } from "./table.ts";

const CASES: ReadonlyMap<string, (sized: Sized) => Promise<readonly Row[]>> = new Map([
  ["copies", copies],
  ["cities", cities],
  ["reruns", reruns],
  ["latency", latency],
  ["announced", announced],
  ["limits", unannounced],
  ["batches", batches],
  ["memory", memory],
  ["syncs", manySyncs],
  ["disk", disk],
  ["check", check],
]);

async function bench(names: readonly string[], scale: number, isWritten: boolean): Promise<void> {
  const sized: Sized = (count) => Math.ceil(count * scale);
  const startedMs = performance.now();
  const lines: string[] = [];
  process.stdout.write(`${machine()}\n\n${HEAD}\n`);
  for (const [name, measure] of CASES) {
    if (names.length > 0 && !names.includes(name)) continue;
    try {
      for (const row of await measure(sized)) {
        lines.push(line(row, name));
        process.stdout.write(`${line(row, name)}\n`);
      }
    } catch (error) {
      // The other cases are measured all the same.
      process.stderr.write(`${name} went wrong: ${error instanceof Error ? error.message : String(error)}\n`);
      process.exitCode = 1;
    }
  }
  const minutes = (performance.now() - startedMs) / 60_000;
  process.stdout.write(`\n${minutes.toFixed(1)} minutes\n`);
  if (isWritten && process.exitCode === undefined) write(lines, minutes);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    write: { type: "boolean", default: false },
    scale: { type: "string", default: "1" },
    // neutral-server.ts looks at it.
    "own-server": { type: "boolean" },
    // And duel.ts at this.
    profile: { type: "string" },
  },
});
const unknown = positionals.find((name) => !CASES.has(name));
const isWhole = positionals.length === 0 && values.scale === "1" && values.profile === undefined;
if (unknown !== undefined || !(Number(values.scale) > 0)) {
  const what = unknown === undefined ? `--scale ${values.scale} is no share` : `there is no case ${unknown}`;
  process.stderr.write(`${what}; there are ${[...CASES.keys()].join(", ")}\n`);
  process.exitCode = 2;
} else if (values.write && !isWhole) {
  process.stderr.write("`--write` writes the whole table: leave the cases, `--scale` and `--profile` out\n");
  process.exitCode = 2;
} else {
  // What is under way ends with this process.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
  await bench(positionals, Number(values.scale), values.write);
}
