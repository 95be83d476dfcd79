import assert from "node:assert/strict";
import { test } from "node:test";
import { seededChance } from "./seeded-chance.ts";

const draw = (seed: number | string): number[] => {
  const chance = seededChance(seed);
  return Array.from({ length: 100 }, () => chance.random());
};

test("T1: the same seed gives the same sequence, another one another", () => {
  assert.deepEqual(draw(1), draw(1));
  assert.notDeepEqual(draw(1), draw(2));
  assert.notDeepEqual(draw("a"), draw("b"));
});

test("numbers are spread evenly over [0, 1)", () => {
  const chance = seededChance(4711);
  const buckets = Array.from({ length: 20 }, () => 0);
  for (let count = 0; count < 200_000; count++) {
    const value = chance.random();
    assert.ok(value >= 0 && value < 1);
    buckets[Math.floor(value * 20)] = (buckets[Math.floor(value * 20)] as number) + 1;
  }
  for (const bucket of buckets) assert.ok(Math.abs(bucket - 10_000) < 500, String(bucket));
});

test("a fork depends on its label alone, not on what was drawn before", () => {
  const used = seededChance(1);
  used.random();
  assert.equal(used.fork("network").random(), seededChance(1).fork("network").random());
  assert.notEqual(seededChance(1).fork("network").random(), seededChance(1).fork("crash").random());
});

test("UUIDs are of version 4 and differ", () => {
  const chance = seededChance(1);
  const all = new Set(Array.from({ length: 1_000 }, () => chance.uuid()));
  assert.equal(all.size, 1_000);
  for (const uuid of all) assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("picking from nothing is an error", () => {
  assert.throws(() => seededChance(1).pick([]), RangeError);
  assert.ok(["a", "b"].includes(seededChance(1).pick(["a", "b"])));
});
