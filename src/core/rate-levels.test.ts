import assert from "node:assert/strict";
import { test } from "node:test";
import { RateLevels } from "./rate-levels.ts";

/** So many seconds at a rate a second, of which so many requests are served and so many refused. */
function passed(levels: RateLevels, perSecond: number, seconds: number, served: number, refusals: number): void {
  levels.pass(perSecond / 1_000, seconds * 1_000);
  for (let count = 0; count < served; count++) levels.serve(perSecond / 1_000);
  levels.refuse(perSecond / 1_000, { requests: served + refusals, refusals });
}

test("L5: a slower rate that serves less and is refused as often shows that the refusals do not follow it", () => {
  const levels = new RateLevels();
  passed(levels, 10, 10, 80, 20);
  assert.equal(levels.unmoved(10 / 1_000), undefined, "there is nothing to compare with");
  passed(levels, 2, 50, 80, 20);
  const { perMs = 0, refusals } = levels.unmoved(2 / 1_000) ?? {};
  assert.ok(perMs > 5 / 1_000 && perMs <= 10 / 1_000, String(perMs));
  assert.equal(refusals, 40);
});

test("L5: above a limit as much is served at any rate, and below it hardly anything is refused", () => {
  const levels = new RateLevels();
  passed(levels, 40, 10, 50, 350);
  passed(levels, 8, 10, 50, 30);
  assert.equal(levels.unmoved(8 / 1_000), undefined, "as much is served");
  passed(levels, 2, 50, 99, 1);
  assert.equal(levels.unmoved(2 / 1_000), undefined, "less is refused");
});

test("L5: what was saved up before is no proof: it is served without refusals", () => {
  const levels = new RateLevels();
  passed(levels, 100, 10, 990, 10);
  passed(levels, 10, 10, 50, 50);
  assert.equal(levels.unmoved(10 / 1_000), undefined);
});

test("L5: the second time it takes twice as many refusals", () => {
  const levels = new RateLevels();
  levels.restart();
  passed(levels, 10, 10, 40, 10);
  passed(levels, 2, 25, 40, 10);
  assert.equal(levels.unmoved(2 / 1_000), undefined);
  passed(levels, 10, 10, 40, 10);
  passed(levels, 2, 25, 40, 10);
  assert.notEqual(levels.unmoved(2 / 1_000), undefined);
});
