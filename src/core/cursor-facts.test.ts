import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { cursorFacts, middleOf } from "./cursor-facts.ts";
import { observeCursor, observeSince } from "./cursor-observations.ts";

const second = (number: number): string => `2024-01-01T00:00:${String(number).padStart(2, "0")}Z`;

suite("what the values of a cursor are like", () => {
  test("order: over the borders of pages too", () => {
    const orderOf = (...pages: readonly (readonly number[])[]): string =>
      cursorFacts(
        "timestamp",
        pages.map((page) => page.map(second)),
      ).order;
    assert.equal(orderOf([1, 2], [2, 3]), "ascending");
    assert.equal(orderOf([3, 2], [1]), "descending");
    assert.equal(orderOf([1, 2], [1, 2]), "none");
    assert.equal(orderOf([1, 1], [1]), "level");
  });

  test("ties: how many records, of how many values, and at how many borders", () => {
    const facts = cursorFacts(
      "timestamp",
      [
        [1, 1, 2],
        [2, 2, 3],
        [4, 5],
      ].map((page) => page.map(second)),
    );
    const { tiedRecords, tiedValues, largestTie, tiedBorders, borders } = facts;
    assert.deepEqual(
      { tiedRecords, tiedValues, largestTie, tiedBorders, borders },
      { tiedRecords: 5, tiedValues: 2, largestTie: 3, tiedBorders: 1, borders: 2 },
    );
  });

  test("resolution: what is used, and not what the format could hold", () => {
    const of = (...values: readonly string[]): string | undefined => cursorFacts("timestamp", [values]).resolution;
    assert.equal(of("2024-01-01", "2024-01-02"), "day");
    assert.equal(of("2024-01-01T00:00:00+02:00", "2024-01-02T00:00:00+02:00"), "day");
    assert.equal(of("2024-01-01T10:30:00Z"), "minute");
    assert.equal(of("2024-01-01T10:30:05.000Z"), "second");
    assert.equal(of("2024-01-01T10:30:05.120Z"), "millisecond");
    assert.equal(of("2024-01-01T10:30:05.123456Z"), "microsecond");
    assert.equal(cursorFacts("integer", [["7"]]).resolution, "unit");
  });

  test("what is missing, and what is none of the type, is counted and not compared", () => {
    const { usable, missing, unusable, order, withoutZone } = cursorFacts("timestamp", [
      [second(2), undefined, "soon"],
      ["2024-01-02T00:00:00"],
    ]);
    assert.deepEqual(
      { usable, missing, unusable, order, withoutZone },
      { usable: 2, missing: 1, unusable: 1, order: "ascending", withoutZone: 1 },
    );
  });

  test("a value in the middle, above the lowest where there is one", () => {
    assert.equal(middleOf("integer", ["3", "1", "2", "4"]), "3");
    assert.equal(middleOf("integer", ["1", "1", "1", "2"]), "2");
    assert.equal(middleOf("integer", ["1", "1"]), "1");
    assert.equal(middleOf("integer", [undefined, "x"]), undefined);
  });
});

suite("what follows for the config", () => {
  const declared = { field: "at", type: "integer", sorted: true, lookback: 0 } as const;
  const troubles = (seen: ReturnType<typeof observeCursor>): readonly string[] =>
    seen.filter(({ weight }) => weight === "trouble").map(({ text }) => text);

  test("declared sorted, and not", () => {
    assert.equal(troubles(observeCursor(declared, cursorFacts("integer", [["1", "2", "3"]]))).length, 0);
    assert.match(
      troubles(observeCursor(declared, cursorFacts("integer", [["1", "3", "2", "4"]])))[0] ?? "",
      /`sorted: true` is declared, and records come in no order of `at` \(1 out of 3 steps/,
    );
    assert.equal(
      troubles(observeCursor({ ...declared, sorted: false }, cursorFacts("integer", [["3", "1", "2"]]))).length,
      0,
    );
  });

  const since = (values: readonly string[], lookback = 0, isCut = false) =>
    observeSince({ ...declared, lookback }, "since", { since: "5", values, below: 4, at: 1, isCut })[0];

  test("asked from a value on: taken, ignored, or without the value itself", () => {
    assert.equal(since(["5", "6", "7"])?.weight, "fact");
    assert.match(
      since(["5", "6", "7"])?.text ?? "",
      /a page of 3 records came: 1 with that value of `at`, 2 newer; none is older/,
    );
    assert.match(since(["1", "5", "6"])?.text ?? "", /1 of 3 records are older: the API does not take the parameter/);
    assert.equal(since(["1", "5", "6"])?.weight, "trouble");
    assert.match(since(["6", "7"])?.text ?? "", /the value itself is left out/);
    assert.equal(since(["6", "7"])?.weight, "trouble");
    assert.equal(since([])?.weight, "trouble");
  });

  test("a look-back makes up for it, and a page that is cut proves nothing", () => {
    assert.equal(since(["6", "7"], 10)?.weight, "fact");
    assert.equal(since(["6", "7"], 0, true)?.weight, "fact");
  });
});
