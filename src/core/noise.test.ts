import assert from "node:assert/strict";
import { test } from "node:test";
import { Noise, noiseMemoryOf, type Judgement } from "./noise.ts";

/** Requests between episodes as chance makes them. */
const BY_CHANCE = [40, 130, 20, 90, 60];

/** Sends so many requests, and the last one is refused at this rate. */
function refuse(noise: Noise, requests: number, perMs: number, refusals = 1, mostPerMs?: number): Judgement {
  for (let count = 1; count <= requests; count++) noise.started({ requests: count, refusals: 0 });
  const episode = { requests, refusals, perMs, isTrial: false };
  return noise.judge({ episode, duration: "moment", sinceSet: { requests, refusals }, mostPerMs });
}

const kindsOf = (noise: Noise, row: readonly number[]): readonly string[] =>
  row.map((requests) => refuse(noise, requests, 0.01, 2).kind);

/** A noise that has been found out. */
function known(): Noise {
  const noise = new Noise();
  assert.deepEqual(kindsOf(noise, BY_CHANCE).at(-1), "test");
  for (let count = 1; count <= 300; count++) noise.started({ requests: count, refusals: 3 });
  return noise;
}

test("L5: two refusals in a thousand requests say nothing", () => {
  const noise = new Noise();
  for (let episode = 0; episode < 20; episode++) assert.equal(refuse(noise, 500, 0.01).kind, "explained");
  assert.equal(refuse(noise, 100, 0.01, 2).kind, "counts");
});

test("L5: a row of episodes is tested at a higher rate, and where no more are refused there, they are noise", () => {
  const noise = new Noise();
  assert.deepEqual(kindsOf(noise, BY_CHANCE.slice(0, 4)), ["counts", "counts", "counts", "counts"]);
  assert.deepEqual(refuse(noise, 60, 0.01, 2), { kind: "test", perMs: 0.04 });
  assert.equal(refuse(noise, 70, 0.04, 2).kind, "explained");
  for (let count = 71; count <= 300; count++) noise.started({ requests: count, refusals: 3 });
  for (const requests of BY_CHANCE) assert.equal(refuse(noise, requests, 0.04, 3).kind, "explained");
  assert.equal(refuse(noise, 60, 0.04, 12).kind, "counts", "more than usual is about the rate all the same");
});

test("L5: where the test is refused, the rate goes back, and the next row must be longer", () => {
  const noise = new Noise();
  kindsOf(noise, BY_CHANCE);
  assert.deepEqual(refuse(noise, 10, 0.04, 5), { kind: "back", perMs: 0.01 });
  assert.ok(kindsOf(noise, BY_CHANCE).every((kind) => kind === "counts"));
});

test("L5: what looks like a limit is not tested", () => {
  const same = new Noise();
  assert.ok(
    kindsOf(
      same,
      Array.from({ length: 15 }, () => 50),
    ).every((kind) => kind === "counts"),
    "a window",
  );
  const rare = new Noise();
  assert.ok(
    kindsOf(rare, [5, 8, 13, 30, 60, 100]).every((kind) => kind === "counts"),
    "rarer with each lower rate",
  );
  const most = new Noise();
  for (const requests of [...BY_CHANCE, ...BY_CHANCE])
    assert.equal(refuse(most, requests, 0.01, 2, 0.02).kind, "counts", "nothing higher is allowed");
});

test("L7: it is remembered, and nonsense is not", () => {
  const next = new Noise();
  next.resume(noiseMemoryOf(JSON.parse(JSON.stringify(known().memory))) ?? assert.fail());
  assert.equal(refuse(next, 60, 0.04, 3).kind, "explained");
  for (const value of [null, 7, {}, { budget: -1, row: [] }, { budget: 1, row: 1 }])
    assert.equal(noiseMemoryOf(value), undefined);
  const odd = { budget: 1, row: [1, {}, { requests: 1 }], known: { requests: 0, refusals: 1, shareMax: 1 } };
  assert.deepEqual(noiseMemoryOf(odd), { budget: 1, row: [], known: undefined });
});
