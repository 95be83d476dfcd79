import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Json } from "./json.ts";
import { likelyTotal, pagingClues, type LikelyPagination } from "./paging-clue.ts";
import { askedPaging, fromTheBeginning, paginationsOf, SIZE_FAMILIES } from "./paging-guess.ts";
import { likelyList, listsOf, pathExpression } from "./record-list.ts";

const first = (body: Json, headers: Readonly<Record<string, string>> = {}): LikelyPagination | undefined =>
  pagingClues({ headers, body, key: "id" })[0]?.pagination;

suite("how an answer says that its list goes on", () => {
  const records = [{ id: 1, next: "not this one" }];
  const cases: readonly (readonly [what: string, body: Json, pagination: LikelyPagination | undefined])[] = [
    ["OData", { "@odata.context": "$metadata#Items", value: records }, { type: "nextUrl", next: "`@odata.nextLink`" }],
    [
      "JSON:API",
      { data: records, links: { next: "https://api.example/items?page=2" } },
      { type: "nextUrl", next: "links.next" },
    ],
    [
      "HAL",
      { _embedded: { items: records }, _links: { next: { href: "/items?page=2" } } },
      { type: "nextUrl", next: "_links.next.href" },
    ],
    [
      "Django, on its only page",
      { count: 1, next: null, previous: null, results: records },
      { type: "nextUrl", next: "next" },
    ],
    [
      "a token",
      { data: records, meta: { next_cursor: "abc" } },
      { type: "cursor", next: "meta.next_cursor", param: "cursor" },
    ],
    ["Google", { items: records, nextPageToken: "abc" }, { type: "cursor", next: "nextPageToken", param: "pageToken" }],
    [
      "relay",
      { nodes: records, pageInfo: { hasNextPage: true, endCursor: "abc" } },
      { type: "cursor", next: "pageInfo.endCursor", more: "pageInfo.hasNextPage", param: "after" },
    ],
    [
      "commercetools",
      { limit: 20, offset: 0, count: 20, total: 137, results: records },
      { type: "offset", param: "offset", size: { param: "limit", value: 20 } },
    ],
    [
      "Jira",
      { startAt: 0, maxResults: 50, total: 137, issues: records },
      { type: "offset", param: "startAt", size: { param: "maxResults", value: 50 } },
    ],
    [
      "SCIM counts from 1",
      { startIndex: 1, itemsPerPage: 50, totalResults: 137, Resources: records },
      { type: "offset", param: "startIndex", first: 1, size: { param: "itemsPerPage", value: 50 } },
    ],
    [
      "Laravel",
      { data: records, current_page: 1, per_page: 15, last_page: 9 },
      { type: "page", param: "page", size: { param: "per_page", value: 15 } },
    ],
    [
      "Spring counts from 0",
      { content: records, number: 0, size: 20, totalPages: 7 },
      { type: "page", param: "page", first: 0, size: { param: "size", value: 20 } },
    ],
    [
      "Stripe",
      { object: "list", data: records, has_more: true },
      { type: "keyset", param: "starting_after", from: "id" },
    ],
    ["a bare list", records, undefined],
    ["nothing to be seen", { data: records, status: "ok" }, undefined],
  ];
  for (const [what, body, pagination] of cases) test(what, () => assert.deepEqual(first(body), pagination));

  test("a Link header before anything in the body, and only with a next page", () => {
    const body = { data: records, next_cursor: "abc" };
    assert.deepEqual(first(body, { link: '<https://api.example/items?page=2>; rel="next"' }), { type: "link" });
    assert.equal(first(body, { link: '<https://api.example/items?page=1>; rel="prev"' })?.type, "cursor");
  });

  test("the total: of records or pages, not less than what came, and `count` only where there is no better", () => {
    assert.equal(likelyTotal({ count: 60, total: 137 }, "records", 60), "total");
    assert.equal(likelyTotal({ count: 137 }, "records", 60), "count");
    assert.equal(likelyTotal({ count: 20 }, "records", 60), undefined);
    assert.equal(likelyTotal({ meta: { total_pages: 7, total: 137 } }, "pages", 3), "meta.total_pages");
    assert.equal(likelyTotal({ total: "137" }, "records", 60), undefined);
  });
});

suite("where the list is", () => {
  const at = (body: Json): string | undefined => {
    const list = likelyList(body);
    return list && pathExpression(list.path);
  };
  test("the list itself, the one with objects, the highest, the usual name, the longest", () => {
    assert.equal(at([{ id: 1 }]), "$");
    assert.equal(at({ warnings: ["a", "b"], products: [{ id: 1 }] }), "products");
    assert.equal(at({ deep: { items: [{ id: 1 }, { id: 2 }] }, rows: [{ id: 1 }] }), "rows");
    assert.equal(at({ facets: [{ id: 1 }, { id: 2 }], results: [{ id: 1 }] }), "results");
    assert.equal(at({ ones: [{ id: 1 }], twos: [{ id: 1 }, { id: 2 }] }), "twos");
    assert.equal(at({ id: 1 }), undefined);
  });
  test("names that are no words stand in back-ticks, and lists within records are none", () => {
    assert.equal(
      at({ "d:results": { "my items": [{ id: 1, tags: [{ id: 2 }, { id: 3 }] }] } }),
      "`d:results`.`my items`",
    );
    assert.deepEqual(listsOf({ a: { b: { c: { d: [] } } } }), []);
    assert.equal(pathExpression(["and", "true", "plain"]), "`and`.`true`.plain");
  });
});

suite("paging in an address that was copied", () => {
  test("its parameters, of one family", () => {
    const { family, size, params } = askedPaging({ page: ["3"], per_page: ["50"], status: ["active"] });
    assert.deepEqual(
      { size, params, family: family?.size },
      { size: 50, params: ["page", "per_page"], family: "per_page" },
    );
    assert.deepEqual(askedPaging({ status: ["active"] }).params, []);
    assert.deepEqual(askedPaging({ page: ["home"] }).params, []);
  });
  test("from its beginning, whatever page it was of", () => {
    assert.deepEqual(fromTheBeginning({ page: ["3"], per_page: ["50"], q: ["a", "b"] }), {
      page: ["1"],
      per_page: ["50"],
      q: ["a", "b"],
    });
    assert.deepEqual(fromTheBeginning({ offset: ["40"], limit: ["20"] }), { offset: ["0"], limit: ["20"] });
    assert.deepEqual(fromTheBeginning({ page: ["0"], size: ["20"] }), { page: ["0"], size: ["20"] });
  });
  test("a family's paginations: pages are counted from 1, and then from 0", () => {
    const family = SIZE_FAMILIES.find(({ size }) => size === "per_page");
    assert.ok(family);
    const size = { param: "per_page", value: 5 };
    assert.deepEqual(paginationsOf(family, 5), [
      { type: "page", param: "page", size },
      { type: "page", param: "page", size, first: 0 },
    ]);
  });
});
