import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { compareCursors } from "./cursor.ts";
import {
  boundAtStart,
  boundOfPage,
  cursorToStore,
  higher,
  maximumOf,
  passedBy,
  seenUntilMs,
  sinceOf,
  upToPassed,
} from "./read-window.ts";
import type { CursorSpec } from "./sync.ts";

const spec = (given: Partial<CursorSpec>): CursorSpec => ({
  field: "updated_at",
  type: "timestamp",
  lookback: 120_000,
  sorted: false,
  safetyLagMs: 10_000,
  read: () => undefined,
  ...given,
});

const at = (epochMs: number): string => new Date(epochMs).toISOString();
const NOON = Date.UTC(2026, 2, 1, 12);

suite("what is asked", () => {
  test("P3: the stored cursor less the look-back, in the source's format", () => {
    assert.equal(sinceOf(spec({}), "2026-03-01 12:00:00.5+02:00"), "2026-03-01 11:58:00.5+02:00");
    assert.equal(sinceOf(spec({ type: "integer", lookback: 50 }), "1000"), "950");
    assert.equal(sinceOf(spec({ type: "integer", lookback: 0 }), "1000"), "1000");
    assert.equal(sinceOf(spec({ type: "text", lookback: 0 }), "01HZX"), "01HZX");
  });
});

suite("what an unsorted read without a clock may store", () => {
  const moment = { dateMs: NOON, nowMs: NOON, readStartedMs: NOON };
  const unsorted = spec({ type: "integer", lookback: 0 });

  test("P3: a later page shows what came while the read went on, so only its first page and earlier reads count", () => {
    assert.equal(boundOfPage(unsorted, "7", { ...moment, isFirst: true }), "7");
    assert.equal(boundOfPage(unsorted, "9", { ...moment, isFirst: false }), undefined);
    assert.equal(boundAtStart(unsorted, "8"), "8");
  });

  test("P3: an order, or a time, tells more", () => {
    const sorted = spec({ type: "integer", lookback: 0, sorted: true });
    assert.equal(boundOfPage(sorted, "9", { ...moment, isFirst: false }), "9");
    assert.equal(boundAtStart(sorted, "8"), undefined);
    assert.equal(boundOfPage(spec({}), at(NOON - 60_000), { ...moment, isFirst: false }), at(NOON - 60_000));
    assert.equal(boundAtStart(spec({}), at(NOON)), undefined);
    assert.equal(boundAtStart(undefined, undefined), undefined);
  });
});

suite("what is stored", () => {
  test("P3: the true maximum, as the source wrote it, wherever it stands on the page", () => {
    assert.equal(
      maximumOf(spec({}), ["2026-03-01T12:00:00+02:00", undefined, "2026-03-01T11:00:00Z", "2026-03-01T10:59:59.999Z"]),
      "2026-03-01T11:00:00Z",
    );
    assert.equal(
      maximumOf(spec({ type: "integer" }), ["9", "10", "9007199254740993", "9007199254740992"]),
      "9007199254740993",
    );
    assert.equal(maximumOf(spec({}), ["no time", undefined]), undefined);
    assert.equal(maximumOf(spec({}), []), undefined);
  });

  test("P3: the maximum is one of the values, and none is above it", () => {
    const values = fc.array(fc.option(fc.integer({ min: -1e9, max: 4e12 }).map(at), { nil: undefined }));
    fc.assert(
      fc.property(values, (cursors) => {
        const maximum = maximumOf(spec({}), cursors);
        const given = cursors.filter((cursor) => cursor !== undefined);
        if (maximum === undefined) return assert.equal(given.length, 0);
        assert.ok(given.includes(maximum));
        assert.ok(given.every((cursor) => compareCursors("timestamp", cursor, maximum) <= 0));
      }),
    );
  });

  test("P3: never past the source's clock less the safety lag, and never back", () => {
    const instant = fc.integer({ min: NOON - 1e9, max: NOON + 1e9 });
    fc.assert(
      fc.property(
        instant,
        fc.option(instant, { nil: undefined }),
        instant,
        fc.integer({ min: 0, max: 60_000 }),
        (maximumMs, storedMs, untilMs, safetyLagMs) => {
          const stored = storedMs === undefined ? undefined : at(storedMs);
          const result = cursorToStore(spec({ safetyLagMs }), at(maximumMs), stored, untilMs);
          assert.equal(result, at(Math.max(storedMs ?? -Infinity, Math.min(maximumMs, untilMs - safetyLagMs))));
        },
      ),
    );
  });

  test("P3: nothing read moves nothing; numbers and texts know no clock", () => {
    assert.equal(cursorToStore(spec({}), undefined, "2026-03-01T12:00:00Z", NOON), "2026-03-01T12:00:00Z");
    assert.equal(cursorToStore(spec({}), undefined, undefined, NOON), undefined);
    assert.equal(cursorToStore(spec({ type: "integer" }), "99999999999999", "5", NOON), "99999999999999");
    assert.equal(cursorToStore(spec({ type: "text" }), "b", "c", NOON), "c");
  });

  test("the higher of two", () => {
    assert.equal(higher(spec({ type: "integer" }), "9", "10"), "10");
    assert.equal(higher(spec({}), undefined, "a"), "a");
    assert.equal(higher(spec({}), "a", undefined), "a");
    assert.equal(higher(spec({}), undefined, undefined), undefined);
  });
});

suite("how far a page has shown everything", () => {
  test("P3: sorted input, up to the page's own Date; without one the local clock stands in", () => {
    const moment = { nowMs: NOON + 5_000, readStartedMs: NOON - 60_000 };
    assert.equal(seenUntilMs({ sorted: true }, { ...moment, dateMs: NOON }), NOON);
    assert.equal(seenUntilMs({ sorted: true }, { ...moment, dateMs: undefined }), NOON + 5_000);
  });

  test("P3: input without an order, up to the read's beginning on the source's clock, however wrong ours is", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1e8, max: 1e8 }),
        fc.integer({ min: 0, max: 1e7 }),
        fc.integer({ min: 0, max: 60_000 }),
        (skewMs, elapsedMs, latencyMs) => {
          // The source stamps the answer, which is here a little later.
          const startedOnSourceMs = NOON;
          const readStartedMs = NOON + skewMs;
          const moment = { dateMs: NOON + elapsedMs, nowMs: readStartedMs + elapsedMs + latencyMs, readStartedMs };
          const untilMs = seenUntilMs({ sorted: false }, moment);
          assert.ok(untilMs <= startedOnSourceMs && untilMs >= startedOnSourceMs - latencyMs);
        },
      ),
    );
    assert.equal(seenUntilMs({ sorted: false }, { dateMs: undefined, nowMs: NOON + 5_000, readStartedMs: NOON }), NOON);
  });

  test("P3: a local clock that went back does not make the read begin in the future", () => {
    assert.equal(seenUntilMs({ sorted: false }, { dateMs: NOON, nowMs: NOON - 1e6, readStartedMs: NOON }), NOON);
  });

  test("P3: a row that changes behind an unsorted read is met by the next one", () => {
    const incremental = spec({ sorted: false, lookback: 0 });
    // The read takes an hour. On its last page stands a row changed just now; half an hour ago one changed that was passed already.
    const missedMs = NOON + 1_800_000;
    const lastPage = { dateMs: NOON + 3_600_000, nowMs: NOON + 3_600_000, readStartedMs: NOON };
    const stored = cursorToStore(incremental, at(NOON + 3_590_000), undefined, seenUntilMs(incremental, lastPage));
    assert.ok(compareCursors("timestamp", sinceOf(incremental, stored as string), at(missedMs)) <= 0);
  });
});

suite("P3: what a read in the order of its cursor may have passed, committed late", () => {
  const sorted = spec({ sorted: true, safetyLagMs: 0 });
  const read = (
    given: CursorSpec,
    highest: string | undefined,
    pages: readonly (readonly [max: string, ms: number])[],
  ) => {
    let before: Parameters<typeof passedBy>[1] = { highest };
    for (const [maximum, ms] of pages)
      before = { ...before, ...passedBy(given, before, maximum, { dateMs: ms, nowMs: ms, readStartedMs: NOON }) };
    return upToPassed(given, pages.at(-1)?.[0], before);
  };

  test("the cursor goes no further than when the first page was there on which something may still come", () => {
    const old = [at(NOON - 300_000), NOON] as const;
    const fresh = [at(NOON - 1_000), NOON] as const;
    const later = [at(NOON + 290_000), NOON + 300_000] as const;
    assert.equal(read(sorted, undefined, [old, later]), later[0], "what is older than the look-back is complete");
    assert.equal(
      read(sorted, undefined, [fresh, later]),
      at(NOON),
      "five minutes later, the look-back would be past it",
    );
    assert.equal(read(sorted, undefined, [fresh]), fresh[0]);
    assert.equal(read(spec({}), undefined, [fresh, later]), later[0], "without an order, the start of the read counts");
  });

  test("values without a time go no further than what was there before the read, or its first page", () => {
    const numbers = spec({ sorted: true, type: "integer", lookback: 50 });
    const pages = [
      ["100", NOON],
      ["200", NOON],
    ] as const;
    assert.equal(read(numbers, undefined, pages), "100");
    assert.equal(read(numbers, "180", pages), "180");
    assert.equal(read(numbers, "500", pages), "200", "a source that went back");
    assert.equal(read({ ...numbers, lookback: 0 }, undefined, pages), "200", "nothing is committed late");
  });
});
