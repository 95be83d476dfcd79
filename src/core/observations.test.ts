import assert from "node:assert/strict";
import { test } from "node:test";
import { observeFuture } from "./cursor-observations.ts";
import { observeEtag } from "./etag-observations.ts";
import { observeKey, observeMatch } from "./record-observations.ts";

const textOf = (observations: readonly { readonly text: string }[]): string | undefined => observations[0]?.text;

test("what is seen of one record reads as well as what is seen of several", () => {
  assert.equal(textOf(observeKey([{ id: 1 }], ["1"], ["id"])), "`id` is there in the one record");
  assert.equal(
    textOf(observeKey([{ id: 1 }, { id: 2 }], ["1", "2"], ["id"])),
    "`id` is there in all 2 records, and different in each",
  );
  const cursor = { field: "updated_at", type: "timestamp", sorted: false, lookback: 0 } as const;
  const [now, later] = ["2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"];
  const past = "`updated_at` is past the source's own clock (2026-01-01T00:00:00Z)";
  assert.equal(textOf(observeFuture(cursor, [later], now)), `${past} in 1 record`);
  assert.equal(textOf(observeFuture(cursor, [later, now, later], now)), `${past} in 2 records`);
});

test("records of a destination that others have made lack the match, and nothing else is proposed for it", () => {
  const seen = (...matches: readonly (string | undefined)[]): readonly [string, string] => {
    const [{ weight, text } = { weight: "", text: "" }] = observeMatch(
      matches.map((_, id) => ({ id })),
      matches,
      ["ext"],
    );
    return [weight, text];
  };
  assert.deepEqual(seen("a", undefined), [
    "fact",
    "1 record of 2 has no usable `ext`: not known to be any of the source",
  ]);
  assert.deepEqual(seen(undefined, undefined), ["trouble", "2 records of 2 have no usable `ext`"]);
  assert.deepEqual(seen("a", "a"), ["trouble", "1 record has the `ext` of another one"]);
  assert.deepEqual(seen("a", "b"), ["fact", "`ext` is there in all 2 records, and different in each"]);
  assert.deepEqual(observeMatch([], [], ["ext"]), []);
});

test("U4: a weak ETag is worth a look where writes are to bear it, a strong one is not, and none is trouble", () => {
  const seen = (etag: string | undefined, end: "source" | "destination", declared: boolean): string =>
    observeEtag(etag, { end, declared }).weight;
  assert.deepEqual(
    ['"1"', 'W/"1"', undefined].map((etag) => seen(etag, "destination", true)),
    ["fact", "advice", "trouble"],
  );
  assert.deepEqual(
    ['"1"', 'W/"1"', undefined].map((etag) => seen(etag, "destination", false)),
    ["advice", "advice", "fact"],
  );
  assert.equal(seen('W/"1"', "source", false), "fact");
});
