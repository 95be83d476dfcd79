import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import process from "node:process";
import { after, suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { PLAYING } from "./play.ts";
import { TEETH } from "./teeth.ts";
import { play, toothWorldOf } from "./worlds.ts";
import type { Found } from "./tooth-worker.ts";

const SEEDS_MAX = 1_000;

/** `npm run teeth` plays the slow ones too, and writes the table into docs/testing.md. */
const isWhole = process.env["TEETH"] === "all";

const DOCUMENT = new URL("../../docs/testing.md", import.meta.url);
const TABLE = "<!-- teeth -->";

const bite = (tooth: number): Promise<Found> =>
  new Promise((done, failed) => {
    const worker = new Worker(fileURLToPath(new URL("tooth-worker.ts", import.meta.url)), {
      workerData: { tooth, seedsMax: SEEDS_MAX, shares: TEETH[tooth]?.shares ?? {} },
      execArgv: ["--import", new URL("tooth-hook.ts", import.meta.url).href],
      resourceLimits: PLAYING,
    });
    worker.once("message", done);
    worker.once("error", failed);
  });

test("T5: each break has its place in the engine as it is now", () => {
  for (const { name, breaks } of TEETH)
    for (const { file, replace } of breaks) {
      const source = readFileSync(new URL(`../../src/${file}`, import.meta.url), "utf8");
      for (const [from] of replace) assert.ok(source.includes(from), `${name}: ${file} has no ${from}`);
    }
});

/** Which world found each, and as what. */
const finds = new Map<string, string>();

/** One line a break. Where some were not played, or not found, the table stays as it is. */
function writeTable(): void {
  if (TEETH.some(({ name, blind }) => blind === undefined && !finds.has(name))) return;
  const rows = TEETH.map(({ name, blind }) => {
    const unfound = `not in ${SEEDS_MAX.toLocaleString("en-US")}: ${blind} | |`;
    return `| ${name} | ${finds.get(name) ?? unfound}`;
  });
  const [before = "", , behind = ""] = readFileSync(DOCUMENT, "utf8").split(TABLE);
  const table = ["| break | found by world | as |", "| --- | --- | --- |", ...rows].join("\n");
  writeFileSync(DOCUMENT, `${before}${TABLE}\n\n${table}\n\n${TABLE}${behind}`);
}

suite(
  `T5: each break of the engine is found within ${SEEDS_MAX} worlds`,
  { concurrency: availableParallelism() },
  () => {
    if (isWhole) after(writeTable);
    for (const [index, { name, slow, blind, shares }] of TEETH.entries())
      test(name, { skip: blind ?? (!isWhole && slow) }, async (t) => {
        const { seed, violation } = await bite(index);
        assert.ok(seed !== undefined, `${SEEDS_MAX} worlds did not show it`);
        const { violations } = await play(toothWorldOf(seed, shares));
        assert.deepEqual(violations, [], "without the break the world is in order");
        finds.set(name, `${seed} | ${violation?.split(":")[0]} |`);
        t.diagnostic(`found by seed ${seed}: ${violation}`.slice(0, 160));
      });
  },
);
