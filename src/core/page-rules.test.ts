import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { compareCursors } from "./cursor.ts";
import type { EvenkeelError } from "./errors.ts";
import type { Json } from "./json.ts";
import { plainEvidence, type Evidence } from "./outcome.ts";
import { PageRules, type PageFacts } from "./page-rules.ts";
import type { Paging } from "./source.ts";

const evidence: Evidence = {
  request: { method: "GET", url: "https://api.example.com/items", headers: {} },
  durationMs: 1,
};

interface Given {
  readonly token: string;
  readonly name?: string;
  readonly keys?: readonly string[];
  readonly cursors?: readonly (string | undefined)[];
  readonly items?: number;
  /** False on the last page. */
  readonly more?: boolean;
  readonly total?: number;
  readonly rereads?: true;
  readonly begins?: true;
  readonly body?: Json;
}

const facts = ({ token, keys = [], cursors, items = keys.length, more = true, total, ...flags }: Given): PageFacts => ({
  page: { token, next: more ? "next" : undefined, total, evidence, ...flags },
  items,
  keys,
  cursors: cursors ?? keys.map(() => undefined),
});

const byTime = (a: string, b: string): number => compareCursors("timestamp", a, b);
const paging = { type: "cursor", records: "data" } as const;
const unsorted = (pagesMax = 1_000_000): PageRules =>
  new PageRules({ sortedBy: undefined, pagesMax, isWhole: true, paging });
const sorted = (): PageRules => new PageRules({ sortedBy: byTime, pagesMax: 1_000, isWhole: true, paging });

/** Feeds pages to the rules; the code and message of the first error, or undefined. */
function firstError(rules: PageRules, pages: Iterable<Given>): EvenkeelError | undefined {
  for (const page of pages) {
    try {
      rules.accept(facts(page));
    } catch (error) {
      assert.deepEqual(
        (error as EvenkeelError).evidence,
        plainEvidence(evidence),
        "it shows the request and the answer",
      );
      assert.ok((error as EvenkeelError).next, "it says what to do next");
      return error as EvenkeelError;
    }
  }
  return undefined;
}

suite("pages that come again", () => {
  test("P4: a token that was seen before is an error, however long ago", () => {
    for (const cycle of [1, 2, 500]) {
      const pages = Array.from({ length: cycle + 1 }, (_, nth) => ({
        token: `t${nth % cycle}`,
        keys: [`k${nth}`, `l${nth}`],
      }));
      const error = firstError(unsorted(), pages);
      assert.equal(error?.code, "READ_PAGE_REPEATED");
      assert.match(error.message, new RegExp(`page ${cycle + 1} is one that was read before \\(t0\\)`));
    }
  });

  test("P4: a page that comes again is called by what it was asked for with", () => {
    const pages = [{ token: "POST /graphql\n{}" }, { token: "POST /graphql\n{}", name: "variables.after=1" }];
    assert.match(firstError(unsorted(), pages)?.message ?? "", /is one that was read before \(variables\.after=1\):/);
  });

  test("P4: pages of numbered keys are told apart, and the same ones in another order are not", () => {
    const page = (first: number): { token: string; keys: string[] } => ({
      token: `t${first}`,
      keys: Array.from({ length: 10 }, (_, nth) => String(first + nth)),
    });
    assert.equal(
      firstError(
        unsorted(),
        Array.from({ length: 20_000 }, (_, nth) => page(nth)),
      ),
      undefined,
    );
    const [one, other] = [page(5), page(5)];
    other.keys.reverse();
    assert.equal(firstError(unsorted(), [one, { ...other, token: "next" }])?.code, "READ_NO_PROGRESS");
  });

  test("P4: a last page that points to itself is an error although nothing else is wrong with it", () => {
    assert.equal(
      firstError(unsorted(), [
        { token: "a", keys: ["1", "2"] },
        { token: "b", keys: ["3"] },
        { token: "b", keys: ["3"] },
      ])?.code,
      "READ_PAGE_REPEATED",
    );
  });

  test("P4: the same records under a new token are no progress, in whatever order", () => {
    const error = firstError(unsorted(), [
      { token: "1", keys: ["a", "b"] },
      { token: "2", keys: ["b", "a"] },
    ]);
    assert.equal(error?.code, "READ_NO_PROGRESS");
    assert.match(error.next ?? "", /pagination\.param/);
  });

  test("P4: what is advised against a repeated page is what the pagination takes", () => {
    const nextOf = (type: Paging["type"]): string =>
      firstError(new PageRules({ sortedBy: undefined, pagesMax: 9, isWhole: true, paging: { type } }), [
        { token: "1", keys: ["a", "b"] },
        { token: "2", keys: ["a", "b"] },
      ])?.next ?? "";
    for (const type of ["page", "offset"] as const) assert.match(nextOf(type), /`pagination\.total`/);
    for (const type of ["cursor", "nextUrl"] as const) assert.match(nextOf(type), /`pagination\.more`/);
    for (const type of ["cursor", "nextUrl", "link", "keyset"] as const) assert.doesNotMatch(nextOf(type), /total/);
  });

  test("P4: no progress is noticed before the read ends, so a source that ignores the page is never a complete read", () => {
    const error = firstError(unsorted(), [
      { token: "1", keys: ["a", "b"] },
      { token: "2", keys: ["a", "b"], more: false },
    ]);
    assert.equal(error?.code, "READ_NO_PROGRESS");
  });

  test("P4: circles of several pages under ever new tokens end, too", () => {
    for (const cycle of [1, 2, 3, 7]) {
      const endless = function* (): Generator<Given> {
        for (let nth = 0; ; nth++) yield { token: `t${nth}`, keys: [`k${nth % cycle}`] };
      };
      assert.equal(firstError(unsorted(5_000), endless())?.code, "READ_NO_PROGRESS", `a circle of ${cycle}`);
    }
  });

  test("a record that changed meanwhile, or a single one that moved, is no repetition", () => {
    const changed = [
      { token: "1", keys: ["a", "b"], cursors: ["2026-01-01", "2026-01-01"] },
      { token: "2", keys: ["a", "b"], cursors: ["2026-01-02", "2026-01-01"] },
    ];
    assert.equal(firstError(unsorted(), changed), undefined);
    assert.equal(
      firstError(unsorted(), [
        { token: "1", keys: ["a"] },
        { token: "2", keys: ["a"] },
        { token: "3", keys: ["b"], more: false },
      ]),
      undefined,
    );
  });
});

suite("reads that do not end", () => {
  const empty = (from: number, count: number): Given[] =>
    Array.from({ length: count }, (_, nth) => ({ token: `${from + nth}` }));
  const around = (count: number): Given[] => [
    ...empty(0, count),
    { token: "a", keys: ["1"] },
    ...empty(2_000, count),
    { token: "b", keys: ["2"], more: false },
  ];
  const telling = (): PageRules =>
    new PageRules({ sortedBy: undefined, pagesMax: 1_000_000, isWhole: true, paging: { ...paging, tellsMore: true } });

  test("P5: empty pages in the middle are legal; more than a hundred in a row are not, where a `next` alone says that there is more", () => {
    assert.equal(firstError(unsorted(), around(100)), undefined);
    const error = firstError(unsorted(), empty(0, 101));
    assert.equal(error?.code, "READ_NO_PROGRESS");
    assert.match(error.message, /100 pages in a row were empty/);
    assert.match(error.next ?? "", /`pagination\.more: \$count\(data\) > 0`/);
  });

  test("P5: where the answers say that there is more, a thousand empty pages in a row are legal", () => {
    assert.equal(firstError(telling(), around(1_000)), undefined);
    assert.equal(firstError(telling(), empty(0, 1_001))?.code, "READ_NO_PROGRESS");
  });

  test("P4: pages whose items have no usable key count as empty", () => {
    const keyless = Array.from({ length: 101 }, (_, nth) => ({ token: `${nth}`, items: 5 }));
    const error = firstError(unsorted(), keyless);
    assert.equal(error?.code, "READ_NO_PROGRESS");
    assert.match(error.message, /no record with a key/);
    assert.match(error.next ?? "", /`key` and `records`/);
  });

  test("P4: a read has a limit of pages", () => {
    const pages = Array.from({ length: 4 }, (_, nth) => ({ token: `${nth}`, keys: [`${nth}`, "x"] }));
    assert.equal(firstError(unsorted(4), pages), undefined);
    const error = firstError(unsorted(3), pages);
    assert.equal(error?.code, "READ_PAGE_LIMIT");
    assert.match(error.message, /more than 3 pages/);
  });

  test("P4: whatever finite source loops under whatever tokens, the read ends in an error and never in silence", () => {
    const loop = fc.record({
      /** How many pages before the loop, in it, and whether the tokens give it away. */
      head: fc.integer({ min: 0, max: 5 }),
      cycle: fc.integer({ min: 1, max: 6 }),
      freshTokens: fc.boolean(),
      size: fc.integer({ min: 0, max: 3 }),
    });
    fc.assert(
      fc.property(loop, ({ head, cycle, freshTokens, size }) => {
        const endless = function* (): Generator<Given> {
          for (let nth = 0; ; nth++) {
            const page = nth < head ? nth : head + ((nth - head) % cycle);
            yield {
              token: freshTokens ? `fresh ${nth}` : `page ${page}`,
              keys: Array.from({ length: size }, (_, item) => `${page}.${item}`),
            };
          }
        };
        assert.match(firstError(unsorted(2_000), endless())?.code ?? "none", /READ_PAGE_REPEATED|READ_NO_PROGRESS/);
      }),
    );
  });

  test("a list without any of this is accepted to its end, and its items are counted", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.uniqueArray(fc.string({ minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 }), {
          selector: (keys) => keys.toSorted().join("\u0000"),
          maxLength: 8,
        }),
        (pages) => {
          const rules = unsorted();
          const given = pages.map((keys, nth) => ({ token: `${nth}`, keys, more: nth < pages.length - 1 }));
          assert.equal(firstError(rules, given), undefined);
          assert.equal(rules.items, pages.flat().length);
        },
      ),
    );
  });
});

suite("order", () => {
  test("P8: declared order is checked within a page and from page to page, and both records are named", () => {
    const within = firstError(sorted(), [
      { token: "1", keys: ["a", "b"], cursors: ["2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"] },
    ]);
    assert.equal(within?.code, "READ_NOT_SORTED");
    assert.match(within.message, /b with 2026-01-01T00:00:00Z comes after a with 2026-01-02T00:00:00Z/);
    const across = firstError(sorted(), [
      { token: "1", keys: ["a"], cursors: ["2026-01-02T00:00:00Z"] },
      { token: "2" },
      { token: "3", keys: ["b", "c"], cursors: [undefined, "2026-01-02T01:00:00+02:00"] },
    ]);
    assert.match(across?.message ?? "", /c with 2026-01-02T01:00:00\+02:00 comes after a with/);
  });

  test("P8: ties are in order; without a promise nothing is checked", () => {
    const ties = [{ token: "1", keys: ["a", "b"], cursors: ["2026-01-02T00:00:00Z", "2026-01-02T02:00:00+02:00"] }];
    assert.equal(firstError(sorted(), ties), undefined);
    assert.equal(
      firstError(unsorted(), [{ token: "1", keys: ["a", "b"], cursors: ["2026-01-02", "2026-01-01"] }]),
      undefined,
    );
  });

  test("P8: any descent anywhere is found, and no ascent is taken for one", () => {
    const pagesOf = fc.array(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 4 }), { maxLength: 5 });
    fc.assert(
      fc.property(pagesOf, (pages) => {
        const rules = new PageRules({
          sortedBy: (a, b) => compareCursors("integer", a, b),
          pagesMax: 100,
          isWhole: true,
          paging,
        });
        const given = pages.map((values, nth) => ({
          token: `${nth}`,
          keys: values.map((_, item) => `${nth}.${item}`),
          cursors: values.map(String),
        }));
        const all = pages.flat();
        const isAscending = all.every((value, index) => index === 0 || (all[index - 1] as number) <= value);
        assert.equal(firstError(rules, given)?.code, isAscending ? undefined : "READ_NOT_SORTED");
      }),
    );
  });

  test("P6, P8: a page that goes back on purpose may begin before the last one ended, and its own order counts", () => {
    const first = { token: "1", keys: ["a", "b"], cursors: ["2026-01-01", "2026-01-02"] };
    const again = { token: "2", keys: ["b", "c"], cursors: ["2026-01-01", "2026-01-03"], rereads: true as const };
    assert.equal(firstError(sorted(), [first, again, { token: "3", keys: ["d"], cursors: ["2026-01-03"] }]), undefined);
    assert.equal(
      firstError(sorted(), [first, again, { token: "3", keys: ["d"], cursors: ["2026-01-02"] }])?.code,
      "READ_NOT_SORTED",
    );
    assert.equal(
      firstError(sorted(), [first, { ...again, cursors: ["2026-01-03", "2026-01-01"] }])?.code,
      "READ_NOT_SORTED",
    );
  });
});

suite("totals", () => {
  const page = (token: string, count: number, total: number | undefined, more: boolean): Given => ({
    token,
    keys: Array.from({ length: count }, (_, nth) => `${token}.${nth}`),
    more,
    ...(total === undefined ? {} : { total }),
  });

  test("P5: a read that ends before the announced total is an error, one that reaches it is not", () => {
    assert.equal(firstError(unsorted(), [page("1", 2, 4, true), page("2", 2, 4, false)]), undefined);
    const error = firstError(unsorted(), [page("1", 2, 5, true), page("2", 2, 5, false)]);
    assert.equal(error?.code, "READ_TOTAL_DISAGREES");
    assert.match(error.message, /announces 5 records and ended after 4/);
    assert.equal(
      firstError(unsorted(), [page("1", 2, 5, true), page("2", 2, undefined, false)])?.code,
      "READ_TOTAL_DISAGREES",
    );
    assert.equal(firstError(unsorted(), [page("1", 0, 0, false)]), undefined);
  });

  test("P5: items that are no records count: the total counts them, too", () => {
    assert.equal(firstError(unsorted(), [{ token: "1", keys: ["a"], items: 3, total: 3, more: false }]), undefined);
  });

  test("P5: records that vanish meanwhile need not come, ones that are added may", () => {
    assert.equal(firstError(unsorted(), [page("1", 2, 5, true), page("2", 2, 4, false)]), undefined);
    assert.equal(firstError(unsorted(), [page("1", 2, 4, true), page("2", 2, 6, false)]), undefined);
  });

  test("P5: a total that is larger than what was read is told, and fails nothing; not where a part was asked for, or lists of parents", () => {
    const read = (pages: readonly Given[], isWhole = true): readonly string[] => {
      const rules = new PageRules({ sortedBy: undefined, pagesMax: 10, isWhole, paging });
      const told = pages.flatMap((each) => rules.accept(facts(each)).map(({ code }) => code));
      assert.equal(rules.goesOn === undefined, told.length === 0);
      return told;
    };
    const body = { data: [], total: 9 };
    assert.deepEqual(read([{ ...page("1", 2, undefined, false), body }]), ["NEXT_PAGE_UNREAD"]);
    const two = [
      { ...page("1", 4, undefined, true), body },
      { ...page("2", 4, undefined, false), body },
    ];
    assert.deepEqual(read(two), [], "one may have been added meanwhile");
    assert.deepEqual(read([{ ...page("1", 2, 2, false), body }]), [], "another total is declared");
    assert.deepEqual(read([{ ...page("1", 2, undefined, false), body }], false), []);
    assert.deepEqual(read([{ ...page("1", 2, undefined, false), body, begins: true }]), []);
  });

  test("P5: a total that shrinks is told, once", () => {
    const rules = unsorted();
    assert.deepEqual(rules.accept(facts(page("1", 2, 9, true))), []);
    assert.deepEqual(rules.accept(facts(page("2", 2, 9, true))), []);
    const [warning, ...others] = rules.accept(facts(page("3", 2, 8, true)));
    assert.equal(warning?.code, "TOTAL_SHRANK");
    assert.match(warning.message, /from 9 to 8/);
    assert.deepEqual(others, []);
    assert.deepEqual(rules.accept(facts(page("4", 2, 7, false))), []);
  });
});
