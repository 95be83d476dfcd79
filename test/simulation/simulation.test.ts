import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { playMany, playSeed } from "./play.ts";
import { SEEDS } from "./seeds.ts";
import { Tally } from "./tally.ts";
import { told } from "./told.ts";
import { PLAIN, play, toothWorldOf, worldOf } from "./worlds.ts";

const WORLDS = 1_000;

/** The smallest world that fails as this seed's does, told. */
async function toldFailure(seed: number): Promise<string> {
  const world = worldOf(seed);
  return `seed ${seed}; npm run sim -- --seed ${seed}\n${await told(world, await play(world))}`;
}

suite("T1-T4: the production pipeline in simulated worlds", () => {
  test("the same seed gives the same trace", async () => {
    for (const seed of [1, 2, 3, 4, 5])
      assert.equal((await playSeed(seed)).hash, (await playSeed(seed)).hash, `seed ${seed}`);
  });

  for (const [seed, was, shares] of SEEDS)
    test(`seed ${seed}: ${was}`, async () => {
      const world = shares === undefined ? toothWorldOf(seed) : worldOf(seed, { ...PLAIN, ...shares });
      const { violations } = await play(world);
      assert.deepEqual(violations, []);
    });

  test(`${WORLDS} worlds, and nothing is lost, doubled, stale or stuck`, async (t) => {
    const tally = new Tally();
    let failed: number | undefined;
    await playMany({ from: 1, count: WORLDS }, (played) => {
      tally.add(played);
      if (played.violations.length > 0) failed ??= played.seed;
      return failed === undefined;
    });
    if (failed !== undefined) assert.fail(await toldFailure(failed));
    t.diagnostic(tally.text());
    assert.ok(tally.medianRequests >= 200, `${tally.medianRequests} requests: tiny worlds prove nothing`);
    assert.ok(tally.medianFaults >= 3, `${tally.medianFaults} faults`);
  });
});
