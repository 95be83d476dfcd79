/**
 * `npm run bench` measures everything; `npm run bench -- copies latency` these cases. Use the ratios: single figures are this machine's.
 * With `--write`, the table goes into docs/performance.md.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { check } from "./check.ts";
import type { Row } from "./duel.ts";
import { manySyncs, reruns } from "./reruns.ts";
import { announced, batches, copies, latency } from "./writes.ts";

const CASES: ReadonlyMap<string, () => Promise<readonly Row[]>> = new Map([
  ["copies", () => copies()],
  ["latency", latency],
  ["announced", announced],
  ["batches", () => batches()],
  ["reruns", () => reruns()],
  ["syncs", manySyncs],
  ["check", () => check()],
]);

const figure = (value: number): string =>
  value >= 1_000 ? Math.round(value).toLocaleString("en-US") : `${Number(value.toPrecision(3))}`;

function line({ what, value, ratio, atLeast, atMost }: Row): string {
  const bar =
    atLeast === undefined ? (atMost === undefined ? "" : `at most ${figure(atMost)}`) : `at least ${figure(atLeast)}`;
  const isMet = ratio === undefined || ((atLeast ?? ratio) <= ratio && ratio <= (atMost ?? ratio));
  return `| ${what} | ${value} | ${ratio === undefined ? "" : figure(ratio)} | ${bar} | ${bar === "" ? "" : isMet ? "yes" : "**no**"} |`;
}

const HEAD = "| case | measured | figure or ratio | bar | met |\n| --- | --- | --- | --- | --- |";

function machine(): string {
  const [cpu] = cpus();
  return `Node ${process.versions.node}, ${type()} ${release()}, ${cpus().length} cores (${cpu?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB`;
}

function write(table: string): void {
  const file = fileURLToPath(new URL("../docs/performance.md", import.meta.url));
  const [before = "", , after = ""] = readFileSync(file, "utf8").split(/<!-- table -->/);
  writeFileSync(file, `${before}<!-- table -->\n\n${machine()}\n\n${table}\n\n<!-- table -->${after}`);
}

const asked = process.argv.slice(2).filter((name) => name !== "--write");
const unknown = asked.find((name) => !CASES.has(name));
if (unknown !== undefined) {
  process.stderr.write(`there is no case ${unknown}; there are ${[...CASES.keys()].join(", ")}\n`);
  process.exitCode = 2;
} else {
  const lines: string[] = [];
  process.stdout.write(`${machine()}\n${HEAD}\n`);
  for (const [name, measure] of CASES) {
    if (asked.length > 0 && !asked.includes(name)) continue;
    for (const row of await measure()) {
      lines.push(line(row));
      process.stdout.write(`${line(row)}\n`);
    }
  }
  if (process.argv.includes("--write")) write(`${HEAD}\n${lines.join("\n")}`);
}
