/**
 * Worlds by hand:
 *
 * - `npm run sim -- --seed N` replays one and shows its trace; with `--shrink` the smallest world that fails in the same way.
 * - `npm run sim -- --seeds N` plays many, from `--from` on; `--minutes N` plays for so long.
 * - `--aimed` lets each die at a step that it really comes to, rare ones first; with `--step NAME` at that step alone.
 * - `--tally FILE` adds what happened to what that file holds already, of worlds that were played before.
 * - `--tally FILE --figures` plays nothing, and writes what it holds into docs/testing.md; of several files, what they hold together.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { aimedWorldsOf } from "./aim.ts";
import { writeFigures } from "./figures.ts";
import { playMany, textOf } from "./play.ts";
import { told } from "./told.ts";
import { Tally } from "./tally.ts";
import { play, worldOf, type ShapedWorld } from "./worlds.ts";

/** After so many failures there is enough to look at. */
const FAILURES_MAX = 10;

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string" },
    from: { type: "string", default: "1" },
    minutes: { type: "string" },
    shrink: { type: "boolean", default: false },
    aimed: { type: "boolean", default: false },
    step: { type: "string" },
    tally: { type: "string", multiple: true, default: [] },
    figures: { type: "boolean", default: false },
  },
});

const [tallyFile, ...others] = values.tally;

if (others.length > 0 && !values.figures) throw new Error("of several tallies only the figures can be written");
if (values.figures) writeFigures(tallyOf(values.tally));
else if (values.seed === undefined) await many();
else await one(Number(values.seed));

function tallyOf(files: readonly string[]): Tally {
  const tally = new Tally();
  for (const file of files) tally.include(readFileSync(file, "utf8"));
  return tally;
}

async function one(seed: number): Promise<void> {
  if (!values.aimed) return show(worldOf(seed));
  const { scout, worlds } = await aimedWorldsOf(seed, values.step);
  for (const world of [scout, ...worlds]) await show(world);
}

async function show(world: ShapedWorld): Promise<void> {
  const outcome = await play(world);
  if (values.shrink && outcome.violations.length > 0) console.log(await told(world, outcome));
  else {
    console.log(textOf(outcome.trace));
    console.log(JSON.stringify({ ...world, edits: world.edits.length }));
    for (const { kind, text } of outcome.violations) console.log(`${kind}: ${text}`);
  }
  if (outcome.violations.length > 0) process.exitCode = 1;
}

async function many(): Promise<void> {
  const untilMs = values.minutes === undefined ? Infinity : performance.now() + Number(values.minutes) * 60_000;
  const count = values.seeds === undefined ? (values.minutes === undefined ? 1_000 : Infinity) : Number(values.seeds);
  const startedMs = performance.now();
  const tally = tallyOf(tallyFile !== undefined && existsSync(tallyFile) ? [tallyFile] : []);
  let failures = 0;
  await playMany({ from: Number(values.from), count, aimed: values.aimed, step: values.step }, (played) => {
    tally.add(played);
    if (played.violations.length > 0) {
      failures += 1;
      console.log(`seed ${played.seed}: ${played.violations.slice(0, 3).join("; ")}`);
    }
    return failures < FAILURES_MAX && performance.now() < untilMs;
  });
  console.log(tally.text());
  if (tallyFile !== undefined) writeFileSync(tallyFile, tally.stringify());
  console.log(`${failures} failed, ${((performance.now() - startedMs) / 1_000).toFixed(0)} s`);
  process.exitCode = failures === 0 ? 0 : 1;
}
