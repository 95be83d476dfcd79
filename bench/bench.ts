/** `npm run bench` measures everything; `npm run bench -- memory` one case. Use the ratios: single figures are this machine's. */
import process from "node:process";
import { check } from "./check.ts";
import { memory } from "./memory.ts";
import { throughput } from "./throughput.ts";

const CASES: ReadonlyMap<string, () => Promise<void>> = new Map([
  ["throughput", throughput],
  ["memory", memory],
  ["check", check],
]);

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !CASES.has(name));
if (unknown !== undefined) {
  process.stderr.write(`there is no case ${unknown}; there are ${[...CASES.keys()].join(", ")}\n`);
  process.exitCode = 2;
} else {
  for (const [name, measure] of CASES) if (asked.length === 0 || asked.includes(name)) await measure();
}
