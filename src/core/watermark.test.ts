import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Watermark } from "./watermark.ts";

test("P2: the watermark moves over a page only when it and all before it are settled", () => {
  const watermark = new Watermark<string>();
  const first = watermark.open("first", 2);
  const second = watermark.open("second", 1);
  watermark.settle(second);
  assert.equal(watermark.advance(), undefined);
  watermark.settle(first);
  assert.equal(watermark.advance(), undefined);
  watermark.settle(first);
  assert.equal(watermark.advance(), "second");
  assert.equal(watermark.unsettled, 0);
});

test("a page without operations is settled at once", () => {
  const watermark = new Watermark<string>();
  watermark.open("empty", 0);
  assert.equal(watermark.advance(), "empty");
  assert.equal(watermark.advance(), undefined);
});

test("P2: in any order of settling, nothing unsettled is ever behind the watermark", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 12 }),
      fc.infiniteStream(fc.nat()),
      (sizes, choices) => {
        const watermark = new Watermark<number>();
        const open: number[] = [];
        sizes.forEach((size, index) => {
          const page = watermark.open(index, size);
          for (let count = 0; count < size; count++) open.push(page);
        });
        let passed = watermark.advance() ?? -1;
        while (open.length > 0) {
          const [page] = open.splice((choices.next().value as number) % open.length, 1);
          watermark.settle(page as number);
          passed = watermark.advance() ?? passed;
          assert.ok(open.every((other) => other > passed));
        }
        assert.equal(passed, sizes.length - 1);
      },
    ),
  );
});

test("P2: settling more than a page has is a defect and is caught", () => {
  const watermark = new Watermark<string>();
  const page = watermark.open("one", 1);
  watermark.settle(page);
  assert.throws(() => watermark.settle(page), { code: "INVARIANT" });
});
