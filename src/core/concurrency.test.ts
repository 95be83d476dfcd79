import assert from "node:assert/strict";
import { test } from "node:test";
import { Concurrency } from "./concurrency.ts";

/**
 * A server that serves `workers` requests at a time, each in `serviceMs`; the rest queue. Runs for `groups` full loads and returns the limit
 * after each.
 */
function load(concurrency: Concurrency, server: { workers: number; serviceMs: number }, rounds: number): number[] {
  let nowMs = 0;
  const limits: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const underWay = concurrency.limit;
    const tookMs = server.serviceMs * Math.max(1, underWay / server.workers);
    for (let count = 1; count <= underWay; count++) concurrency.started(count);
    nowMs += tookMs;
    for (let count = 0; count < underWay; count++) concurrency.answered("write", tookMs, nowMs);
    limits.push(concurrency.limit);
  }
  return limits;
}

test("L6: it grows to the maximum while answers stay fast", () => {
  const limits = load(new Concurrency(undefined), { workers: 1_000, serviceMs: 50 }, 20);
  assert.equal(limits.at(-1), 64);
  assert.ok(limits.every((limit) => limit <= 64));
});

test("L6: it stays near what a server can do at once, since more only queues", () => {
  const concurrency = new Concurrency(undefined);
  concurrency.started(1);
  concurrency.answered("write", 50, 50);
  const limits = load(concurrency, { workers: 10, serviceMs: 50 }, 400).slice(100);
  assert.ok(Math.min(...limits) >= 8 && Math.max(...limits) <= 30, `${Math.min(...limits)} to ${Math.max(...limits)}`);
});

test("L6: it does not grow while it is not used", () => {
  const concurrency = new Concurrency(undefined);
  for (let count = 0; count < 1_000; count++) {
    concurrency.started(3);
    concurrency.answered("write", 50, count * 50);
  }
  assert.equal(concurrency.limit, 8);
});

test("L6: a declared concurrency is where it starts and what it never exceeds", () => {
  const limits = load(new Concurrency(3), { workers: 1_000, serviceMs: 50 }, 50);
  assert.deepEqual(new Set(limits), new Set([3]));
});

test("L6: a timeout halves it, once for everything that was under way, and it comes back", () => {
  const concurrency = new Concurrency(undefined);
  load(concurrency, { workers: 1_000, serviceMs: 50 }, 20);
  for (let count = 0; count < 64; count++) concurrency.overloaded(1_000, 2_000);
  assert.equal(concurrency.limit, 32);
  concurrency.overloaded(2_001, 3_000);
  assert.equal(concurrency.limit, 16);
  for (let count = 0; count < 20; count++) concurrency.overloaded(10_000 + count, 10_000 + count);
  assert.equal(concurrency.limit, 1, "never less than one");
  assert.equal(load(concurrency, { workers: 1_000, serviceMs: 50 }, 2_000).at(-1), 64);
});

test("L6: single slow answers, and reads that take longer than writes, change nothing", () => {
  const concurrency = new Concurrency(undefined);
  for (let count = 0; count < 2_000; count++) {
    concurrency.started(concurrency.limit);
    if (count % 5 === 0) concurrency.answered("read", 900, count * 10);
    else concurrency.answered("write", count % 16 === 1 ? 2_000 : 50, count * 10);
  }
  assert.ok(concurrency.limit >= 32, String(concurrency.limit));
});

test("L7: what is worth remembering is what answers showed, neither where it started nor what was declared", () => {
  const fresh = new Concurrency(undefined);
  assert.equal(fresh.memory, undefined, "8 has not been shown to be enough");
  load(fresh, { workers: 1_000, serviceMs: 50 }, 2);
  assert.equal(fresh.memory, undefined, "it is still rising");
  load(fresh, { workers: 1_000, serviceMs: 50 }, 20);
  assert.equal(fresh.memory, 64);
  const slowed = new Concurrency(undefined);
  slowed.overloaded(0, 10);
  assert.equal(slowed.memory, 4);
  const declared = new Concurrency(6);
  declared.overloaded(0, 10);
  assert.equal(declared.memory, 3);
  load(declared, { workers: 1_000, serviceMs: 50 }, 100);
  assert.equal(declared.memory, undefined, "back at what was declared, which may be more next time");
});

test("L7: a remembered limit is kept within what is declared", () => {
  const concurrency = new Concurrency(4);
  concurrency.resume(50);
  assert.equal(concurrency.limit, 4);
});
