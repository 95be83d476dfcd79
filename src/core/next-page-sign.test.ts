import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Json } from "./json.ts";
import { nextPageSign, totalSign } from "./next-page-sign.ts";
import type { Expression } from "./expression.ts";
import type { Paging } from "./source.ts";

const records = [{ id: 1, next_cursor: "not this one" }];

const byPath = (text: string): Expression => ({
  text,
  uses: new Set(),
  path: text.split("."),
  evaluate: () => undefined,
});
const byText = (text: string): Expression => ({ text, uses: new Set(), evaluate: () => undefined });

function sign(body: Json, about: Partial<Parameters<typeof nextPageSign>[0]> = {}): string | undefined {
  const asked = {
    status: 200,
    headers: {},
    count: 1,
    isFirst: true,
    isWhole: true,
    type: "none",
    followed: [],
  } as const;
  return nextPageSign({ ...asked, body, ...about })?.at;
}

suite("P5: signs of a next page that the declared paging does not use", () => {
  const cases: readonly (readonly [body: Json, at: string])[] = [
    [{ data: records, meta: { next_cursor: "abc" } }, "meta.next_cursor"],
    [{ data: records, nextPageToken: "abc" }, "nextPageToken"],
    [{ data: records, links: { next: "https://api.example/rows?page=2" } }, "links.next"],
    [{ data: records, _links: { self: { href: "/rows" }, next: { href: "/rows?page=2" } } }, "_links.next.href"],
    [{ results: records, paging: { next: { after: "100" } } }, "paging.next.after"],
    [{ value: records, "@odata.nextLink": "rows?$skip=50" }, "`@odata.nextLink`"],
    [{ records, nextRecordsUrl: "/query/01g-2000", done: false }, "nextRecordsUrl"],
    [{ data: records, next_page: 2 }, "next_page"],
    [{ data: records, has_more: true }, "has_more"],
    [{ nodes: records, pageInfo: { hasNextPage: true, endCursor: "abc" } }, "pageInfo.hasNextPage"],
    [{ content: records, last: false }, "last"],
    [{ items: records, continuationToken: "abc" }, "continuationToken"],
  ];
  for (const [body, at] of cases) test(at, () => assert.equal(sign(body), at));

  test("in a header: `Link` with rel=next, a token, a number", () => {
    assert.equal(sign(records, { headers: { link: '</rows?page=2>; rel="next"' } }), "Link");
    assert.equal(sign(records, { headers: { "x-next-page": "2" } }), "x-next-page");
    assert.equal(sign(records, { headers: { "x-ms-continuation": "abc" } }), "x-ms-continuation");
    assert.equal(sign(records, { headers: { link: '</next>; rel="prev"', "x-next-page": "" } }), undefined);
  });

  test("nothing in what is null, empty, false or 0, nor in what is of something else", () => {
    for (const value of [null, "", " ", false, 0, "0", -1, "null"])
      assert.equal(sign({ data: records, next_cursor: value, has_more: false }), undefined, String(value));
    for (const value of [null, "", false]) assert.equal(sign({ data: records, next: value }), undefined);
    const others = { next_run_at: "2024-01-01", nextSyncToken: "abc", next_id: 7, cursor: "abc", scroll_id: "abc" };
    assert.equal(
      sign({ data: records, prev_cursor: "abc", links: { prev: "/rows", last: "/rows" }, ...others }),
      undefined,
    );
    assert.equal(sign({ data: [], page: 1, next_page: 2 }, { count: 0 }), undefined);
  });

  test("nothing where the answer says as well that it is the last one", () => {
    assert.equal(sign({ nodes: records, pageInfo: { hasNextPage: false, nextCursor: "abc" } }), undefined);
    assert.equal(sign({ data: records, next_page: 4, isLast: true }), undefined);
  });

  test("nothing in what the declared paging goes by; but a path elsewhere is not it", () => {
    const body = { data: records, meta: { next_cursor: "abc" } };
    assert.equal(sign(body, { type: "cursor", followed: [byPath("meta.nextcursor")] }), "meta.next_cursor");
    assert.equal(sign(body, { type: "cursor", followed: [byPath("next_cursor")] }), "meta.next_cursor");
    assert.equal(sign(body, { type: "cursor", followed: [byPath("meta.next_cursor")] }), undefined);
    assert.equal(sign(body, { type: "cursor", followed: [byText("$count(data) = 50 ? meta.next_cursor")] }), undefined);
    assert.equal(sign(records, { type: "link", headers: { link: '</a>; rel="next"' } }), undefined);
  });

  test("what asks until a page is empty goes past the end; only its first page can be the only one", () => {
    const body = { data: [], has_more: true };
    for (const type of ["page", "offset", "keyset"] satisfies Paging["type"][]) {
      assert.equal(sign(body, { type, isFirst: false }), undefined);
      assert.equal(sign(body, { type }), "has_more");
    }
    assert.equal(sign(body, { type: "cursor", isFirst: false }), "has_more");
  });

  test("in 206, in `Content-Range`, and in a header with the total", () => {
    const of = (headers: Record<string, string>, about: object = {}) => sign(records, { headers, ...about });
    assert.equal(of({ "content-range": "items 0-0/20" }), "Content-Range");
    assert.equal(of({ "content-range": "0-0/20" }), "Content-Range");
    assert.equal(of({ "content-range": "0-0/1" }), undefined);
    assert.equal(of({ "content-range": "0-0/*" }), undefined);
    assert.equal(of({ "content-range": "0-0/*" }, { status: 206 }), "Content-Range");
    assert.equal(of({ "content-range": "0-0/1" }, { status: 206 }), undefined);
    assert.equal(of({}, { status: 206 }), "206");
    assert.equal(of({ "x-total-count": "20" }), "x-total-count");
    assert.equal(of({ "x-total-count": "1" }), undefined);
    assert.equal(of({ "x-total-count": "20" }, { isWhole: false }), undefined, "of all, and a part was asked for");
    assert.equal(of({ "x-total-count": "20" }, { isFirst: false, type: "cursor" }), undefined);
    assert.equal(of({ "x-wp-totalpages": "2" }), "x-wp-totalpages");
    assert.equal(of({ "x-wp-totalpages": "1", "x-wp-total": "1" }), undefined);
  });

  test("S6: an address is not shown, since it may hold a credential", () => {
    const seen = nextPageSign({
      status: 200,
      headers: {},
      body: { data: records, next: "https://api.example/rows?access_token=secret" },
      count: 1,
      isFirst: true,
      isWhole: true,
      type: "none",
      followed: [],
    })?.seen;
    assert.equal(seen, "the answer has `next`");
  });
});

suite("P5: totals that are larger than what was read", () => {
  const total = (body: Json, items = 50, pages = 1): string | undefined => totalSign(body, { items, pages })?.seen;
  test("of records and of pages", () => {
    assert.equal(
      total({ data: records, meta: { total: 200 } }),
      "the answer has `meta.total: 200`, and 50 records were read",
    );
    assert.equal(
      total({ data: records, page: 1, total_pages: 4 }),
      "the answer has `total_pages: 4`, and 1 page was read",
    );
    assert.equal(
      total({ data: { rows: records, totalCount: 51 } }),
      "the answer has `data.totalCount: 51`, and 50 records were read",
    );
    assert.equal(total({ data: records, total: 1 }, 0), "the answer has `total: 1`, and 0 records were read");
  });
  test("not where it fits, is of something else, or the answer says that it is the last one", () => {
    assert.equal(total({ data: records, total: 50, count: 50, pages: 1 }), undefined);
    assert.equal(total({ data: records, quota: { total: 10_000 }, summary: { total: 999 } }), undefined);
    assert.equal(total({ data: records, total: 200, next: null }), undefined);
    assert.equal(total({ data: records, total: 200, has_more: false }), undefined);
    assert.equal(total(records), undefined);
  });
  test("of several pages, at least a whole one is missing", () => {
    assert.equal(total({ data: records, total: 203 }, 200, 4), undefined);
    assert.notEqual(total({ data: records, total: 250 }, 200, 4), undefined);
    assert.equal(total({ data: records, total_pages: 5 }, 200, 4), undefined);
  });
});
