import assert from "node:assert/strict";
import { test } from "node:test";
import { Queue } from "./queue.ts";

test("it is a list with push and shift, whatever the order of calls", () => {
  const queue = new Queue<{ n: number }>();
  let list: { n: number }[] = [];
  let state = 7;
  const random = (): number => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
  for (let n = 0; n < 30_000; n++) {
    const chance = random();
    if (chance < 0.0005) {
      queue.keep((item) => item.n % 3 !== 0);
      list = list.filter((item) => item.n % 3 !== 0);
    } else if (chance < (n < 15_000 ? 0.7 : 0.3)) {
      queue.push({ n });
      list.push({ n });
    } else {
      queue.shift();
      list.shift();
    }
    assert.equal(queue.size, list.length);
    assert.deepEqual(queue.first, list[0]);
  }
});
