import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { parseExact } from "./exact-json.ts";
import type { Json } from "./json.ts";
import { readKey, settleDuplicates } from "./key.ts";
import { KEY_LENGTH_MAX, type SourceRecord } from "./record.ts";

const keyOf = (json: string): string => {
  const reading = readKey(parseExact(json) as Json[]);
  assert.ok(reading.ok, reading.ok ? "" : reading.reason);
  return `${reading.key} ${reading.kind}`;
};

const refusal = (parts: readonly (Json | undefined)[]): string => {
  const reading = readKey(parts);
  assert.ok(!reading.ok, "it was expected to be refused");
  return `${reading.code}: ${reading.reason}`;
};

suite("reading a key", () => {
  test("S5: numbers keep the text that the source wrote, and 0 is a key", () => {
    for (const number of ["0", "-1", "1.0", "1e2", "9007199254740993", "-0", "0.10", "12345678901234567890.5"])
      assert.equal(keyOf(`[${number}]`), `${number} n`);
  });

  test("U11: kinds tell a number from a text with the same digits", () => {
    assert.equal(keyOf('["0"]'), "0 t");
    assert.equal(keyOf('[0, "0", 9007199254740993]'), "0/0/9007199254740993 ntn");
  });

  test("any other text is a key as it stands", () => {
    for (const text of [" ", "a/b", "100%", "..", "__proto__", "Zürich", "🛒", "\u0080"])
      assert.equal(keyOf(JSON.stringify([text])), `${text} t`);
  });

  test("what is missing is no key", () => {
    assert.equal(refusal([undefined]), "KEY_MISSING: its key is missing");
    assert.equal(refusal([null]), "KEY_MISSING: its key is null");
    assert.equal(refusal([""]), "KEY_MISSING: its key is empty");
    assert.equal(refusal(["eu", null]), "KEY_MISSING: part 2 of its key is null");
  });

  test("booleans, lists and objects are no keys", () => {
    assert.match(refusal([false]), /^KEY_UNUSABLE: its key is false/);
    assert.match(refusal([["a"]]), /^KEY_UNUSABLE: its key is a list/);
    assert.match(refusal([{ id: 1 }]), /^KEY_UNUSABLE: its key is an object/);
    assert.match(refusal([Number.NaN]), /^KEY_UNUSABLE: its key is NaN/);
    assert.match(refusal([{ id: 1 }, 2]), /^KEY_UNUSABLE: part 1 of its key is an object/);
  });

  test("control characters and halves of characters are named", () => {
    assert.match(refusal(["a\u0000b"]), /control character: "a\\u0000b"/);
    assert.match(refusal(["a\nb"]), /control character: "a\\nb"/);
    assert.match(refusal(["a\u007fb"]), /control character/);
    assert.match(refusal(["a\ud800"]), /lone surrogate/);
    assert.match(refusal(["\udc00a"]), /lone surrogate/);
  });

  test("a key has a limit, whole", () => {
    assert.equal(keyOf(JSON.stringify(["x".repeat(KEY_LENGTH_MAX)])).length, KEY_LENGTH_MAX + 2);
    assert.match(refusal(["x".repeat(KEY_LENGTH_MAX + 1)]), /longer than 1024/);
    assert.match(refusal(["x".repeat(KEY_LENGTH_MAX), "y"]), /longer than 1024/);
    assert.match(refusal(["/".repeat(400), "y"]), /longer than 1024/);
  });

  test("different parts never give one key", () => {
    const part = fc.oneof(fc.constantFrom("/", "%", "%2F", "a", "a/b"), fc.stringMatching(/^[ab/%]{1,4}$/));
    const parts = fc.array(part, { minLength: 2, maxLength: 3 });
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        const [x, y] = [readKey(a), readKey(b)];
        assert.ok(x.ok && y.ok);
        assert.equal(x.key === y.key, JSON.stringify(a) === JSON.stringify(b), `${a.join()} and ${b.join()}`);
        assert.deepEqual(x.key.split("/").map(decodeURIComponent), a);
      }),
      { numRuns: 2_000 },
    );
  });
});

interface Item extends SourceRecord {
  readonly nth: number;
}

const record = (nth: number, key: string, cursor?: string, keyKind = "n"): Item => ({
  nth,
  key,
  keyKind,
  cursor,
  body: {},
});

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const nths = (items: readonly Item[]): readonly number[] => items.map(({ nth }) => nth);

suite("keys that occur twice in a page", () => {
  test("U11: the higher cursor wins, wherever it stands", () => {
    const { kept, superseded } = settleDuplicates(
      [record(0, "1", "b"), record(1, "2", "a"), record(2, "1", "a")],
      byText,
    );
    assert.deepEqual(nths(kept), [0, 1]);
    assert.deepEqual(nths(superseded), [2]);
  });

  test("U11: without a cursor, or with the same one, the later wins", () => {
    for (const compare of [undefined, byText]) {
      const { kept, superseded } = settleDuplicates(
        [record(0, "1", "a"), record(1, "1", "a"), record(2, "1", "a")],
        compare,
      );
      assert.deepEqual([nths(kept), nths(superseded)], [[2], [0, 1]]);
    }
  });

  test("U11: one without a cursor is older than one with it, and does not come between two that have one", () => {
    const { kept } = settleDuplicates([record(0, "1", "b"), record(1, "1"), record(2, "1", "a")], byText);
    assert.deepEqual(nths(kept), [0]);
  });

  test('U11: 0 and "0" are invalid, all of them', () => {
    const records = [record(0, "0"), record(1, "1"), record(2, "0", undefined, "t"), record(3, "0")];
    const { kept, superseded, ambiguous } = settleDuplicates(records, undefined);
    assert.deepEqual([nths(kept), nths(superseded), nths(ambiguous)], [[1], [], [0, 2, 3]]);
  });

  test("a page without duplicates is the same list", () => {
    const records = [record(0, "1"), record(1, "2")];
    assert.equal(settleDuplicates(records, undefined).kept, records);
  });

  test("U11: every record is in exactly one list, in the page's order, and of each key the best is kept", () => {
    const made = fc.record({
      key: fc.constantFrom("0", "1", "2"),
      cursor: fc.option(fc.constantFrom("a", "b", "c"), { nil: undefined }),
      keyKind: fc.constantFrom("n", "n", "n", "t"),
    });
    fc.assert(
      fc.property(fc.array(made, { maxLength: 12 }), (items) => {
        const records = items.map((item, nth): Item => ({ ...item, nth, body: {} }));
        const { kept, superseded, ambiguous } = settleDuplicates(records, byText);
        assert.deepEqual(
          [...kept, ...superseded, ...ambiguous].map(({ nth }) => nth).sort((a, b) => a - b),
          records.map(({ nth }) => nth),
        );
        for (const list of [kept, superseded, ambiguous])
          assert.deepEqual(
            nths(list),
            nths(list).toSorted((a, b) => a - b),
          );
        assert.equal(new Set(kept.map(({ key }) => key)).size, kept.length);
        const isBetter = (a: Item, b: Item): boolean =>
          (a.cursor ?? "") > (b.cursor ?? "") || ((a.cursor ?? "") === (b.cursor ?? "") && a.nth > b.nth);
        for (const winner of kept)
          for (const loser of superseded) if (loser.key === winner.key) assert.ok(isBetter(winner, loser));
        for (const { key } of ambiguous)
          assert.ok(new Set(records.filter((each) => each.key === key).map(({ keyKind }) => keyKind)).size > 1);
      }),
    );
  });
});
