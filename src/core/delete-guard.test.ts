import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { guardDeletes, type DeleteGuard } from "./delete-guard.ts";

const GUARD: DeleteGuard = { count: 10, percent: 10, countMax: 1_000, percentMax: 50 };
const asked = (deletes: number, entries: number, recent = 0, guard: Partial<DeleteGuard> = {}) =>
  guardDeletes({ ...GUARD, ...guard }, { deletes, recent, entries });

suite("D3: the guard against deletes that run amok", () => {
  test("few are allowed, or a small share", () => {
    assert.equal(asked(0, 0), undefined);
    assert.equal(asked(10, 100), undefined, "10 of 100");
    assert.equal(asked(10, 21), undefined, "10 are always allowed, up to half");
    assert.equal(asked(100, 1_000), undefined, "a tenth, whatever the number");
    assert.equal(asked(1, 1), undefined, "one is one, though it is all");
  });

  test("of records that the destination is not known to hold, no share is told", () => {
    assert.match(asked(8, 0) ?? "", /^8 deletes are of none that the destination is known to hold, more than 50 %/);
  });

  test("more than the number and more than the share are withheld, and the reason says both", () => {
    assert.match(asked(11, 100) ?? "", /11 deletes are more than 10 and, at 11 % of 100 records, more than 10 %/);
    assert.match(asked(101, 1_000) ?? "", /more than 10 and, at 10\.1 % of 1000 records/);
  });

  test("more than half are withheld, however few", () => {
    assert.match(asked(6, 10) ?? "", /60 % of 10 records, more than 50 %/);
    assert.equal(asked(5, 10), undefined);
    assert.equal(asked(10, 20), undefined, "half of 20 records may go");
    assert.match(asked(3, 20, 0, { count: 2 }) ?? "", /3 deletes are more than 2 and, at 15 % of 20 records/);
    assert.match(asked(2, 2) ?? "", /100 % of 2 records/);
  });

  test("more than a thousand are withheld, however many records there are", () => {
    assert.equal(asked(1_000, 1_000_000), undefined);
    assert.match(asked(1_001, 1_000_000) ?? "", /1001 deletes are more than 1000/);
  });

  test("deletes of the last 24 hours count with them: many small runs are one large one", () => {
    assert.equal(asked(1, 95, 5), undefined);
    assert.match(
      asked(1, 90, 10) ?? "",
      /1 delete, with 10 of the last 24 hours, are more than 10 and, at 11 % of 100/,
    );
    assert.match(asked(1, 9_000, 1_000) ?? "", /1 delete, with 1000 of the last 24 hours, are more than 1000/);
  });

  test("each limit can be set", () => {
    assert.match(asked(1, 100, 0, { count: 0, percent: 0 }) ?? "", /1 delete is more than 0/);
    assert.equal(asked(99, 100, 0, { count: 100, percentMax: 100 }), undefined);
    assert.equal(asked(5_000, 6_000, 0, { count: 5_000, countMax: 5_000, percentMax: 100 }), undefined);
  });
});
