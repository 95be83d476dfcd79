import assert from "node:assert/strict";
import { test } from "node:test";
import { compileExpression } from "../../config/expression.ts";
import { nextPageOf } from "../../config/next-page.ts";
import type { Json } from "../../core/json.ts";
import { cursorTokens, keysets, links, nextUrls } from "./followed.ts";
import { offsets, pageNumbers } from "./numbered.ts";
import type { PageAnswer, Pagination } from "./pagination.ts";

const answer = (parts: Partial<PageAnswer>): PageAnswer => ({
  body: {},
  headers: {},
  records: [1 as Json],
  url: "http://api/list?x=1",
  position: undefined,
  size: undefined,
  ...parts,
});
const kind = async (pagination: Pagination, parts: Partial<PageAnswer>): Promise<string> =>
  (await pagination.follow(answer(parts))).kind;

test("P5: a cursor read ends on an absent, null, empty or false token, and nowhere else", async () => {
  const pagination = cursorTokens({ ...nextPageOf("meta.next"), param: "cursor", size: undefined });
  for (const next of [null, "", false, undefined])
    assert.equal(await kind(pagination, { body: { meta: next === undefined ? {} : { next } } }), "end");
  assert.equal(await kind(pagination, { body: { meta: { next: 0 } } }), "next");
  assert.equal(await kind(pagination, { body: {} }), "broken", "without `meta`, nothing is known");
  const hal = cursorTokens({ ...nextPageOf("_links.next.href"), param: "cursor", size: undefined });
  assert.equal(await kind(hal, { body: { _links: { self: {} } } }), "end", "HAL leaves `next` out on the last page");
  assert.equal(await kind(pagination, { body: { meta: { next: { a: 1 } } } }), "broken");
});

/** What follows a page with this body. */
const after = async (next: string, more: string | undefined, body: Json): Promise<string> => {
  const pagination = cursorTokens({ ...nextPageOf(next, more), param: "cursor", size: undefined });
  return kind(pagination, { body, headers: { "x-more": "True" } });
};

test("P5: where `more` is declared, it alone is the end, and has to be there, be true or false, and be right", async () => {
  const page = (pageInfo: Json): Json => ({ data: { list: { pageInfo } } });
  const relay = (pageInfo: Json): Promise<string> =>
    after("data.list.pageInfo.endCursor", "data.list.pageInfo.hasNextPage", page(pageInfo));
  assert.equal(await relay({ hasNextPage: true, endCursor: "a" }), "next");
  assert.equal(await relay({ hasNextPage: false, endCursor: "a" }), "end");
  assert.equal(await relay({ hasNextPage: false, endCursor: null }), "end");
  for (const odd of [
    null,
    {},
    { endCursor: "a" },
    { hasNextPage: null, endCursor: "a" },
    { hasNextPage: "yes", endCursor: "a" },
    { hasNextPage: 1, endCursor: "a" },
    { hasNextPage: true, endCursor: null },
    { hasNextPage: true },
    { hasNextPage: true, endCursor: "" },
  ] as Json[])
    assert.equal(await relay(odd), "broken", JSON.stringify(odd));
  assert.equal(await after("next", "$headers.`x-more`", { next: "a" }), "next", "a header has it as a text");
});

test("P5: a last page that leaves out what holds the next one: its absence is the end where that is declared, and nowhere else", async () => {
  for (const next of ["paging.next.after", "$string(paging.next.after)", "$split(paging.next.after, '=')[0]"]) {
    assert.equal(await after(next, "$exists(paging)", { paging: { next: { after: "a" } } }), "next");
    assert.equal(await after(next, "$exists(paging)", {}), "end");
    assert.equal(await after(next, "$exists(paging)", { paging: {} }), "broken");
    assert.equal(await after(next, undefined, {}), "broken");
  }
  const pagination = cursorTokens({ ...nextPageOf("paging.next.after"), param: "after", size: undefined });
  const follows = await pagination.follow(answer({}));
  assert.ok(follows.kind === "broken");
  assert.match(follows.next ?? "", /declare `pagination\.more: \$exists\(paging\)`/);
});

test("P5: the condition of `next` tells whether there is a next page, and so has to be there", async () => {
  const [flag, token] = ["info.has_more", "info.token"];
  const cases: readonly (readonly [next: string, body: Json, kind: string])[] = [
    [`${flag} ? ${token}`, { info: { has_more: true, token: "a" } }, "next"],
    [`${flag} ? ${token}`, { info: { has_more: false, token: "a" } }, "end"],
    [`${flag} ? ${token}`, { info: { has_more: true, token: null } }, "broken"],
    [`${flag} ? ${token}`, { info: null }, "broken"],
    [`${flag} ? ${token}`, { info: { has_more: null, token: "a" } }, "broken"],
    [`${flag} ? ${token} : null`, { info: {} }, "broken"],
    [`${flag} ? ${token} : ''`, { info: { has_more: false } }, "end"],
    [`(${flag} ? ${token})`, { info: {} }, "broken"],
    [`($i := info; $i.has_more ? $i.token)`, { info: { token: "a" } }, "broken"],
    [`($i := info; $i.has_more ? $i.token)`, { info: { has_more: true, token: "a" } }, "next"],
    [`($i := info; $i.has_more ? $i.token)`, { info: { has_more: false, token: "a" } }, "end"],
    ["info.is_last ? null : info.token", { info: { is_last: true, token: "a" } }, "end"],
    ["info.is_last ? null : info.token", { info: { is_last: false, token: "a" } }, "next"],
    ["info.is_last ? null : info.token", { info: { is_last: false } }, "broken"],
    ["info.is_last ? null : info.token", { info: {} }, "broken"],
    ["info.page < info.pages ? info.page + 1", { info: { page: 1, pages: 2 } }, "next"],
    ["info.page < info.pages ? info.page + 1", { info: { page: 2, pages: 2 } }, "end"],
    ["info.page < info.pages ? info.page + 1", { info: { page: 2 } }, "broken"],
    ["$exists(info) ? info.token", {}, "end"],
    ["$exists(info) ? info.token", { info: {} }, "broken"],
    ["$count(data) > 0 ? next", { data: [], next: "a" }, "end"],
    ["$count(data) > 0 ? next", { data: [1], next: "a" }, "next"],
    ["$count(data) ? next", { data: [1, 2], next: "a" }, "next"],
    ["tags ? next", { tags: [false], next: "a" }, "end"],
    ["tags ? next", { tags: { a: 1 }, next: "a" }, "next"],
    // Either side may give a token here, or none: no side of them is the end.
    ["kind = 'a' ? info.a : info.b", { kind: "a", info: {} }, "end"],
    ["kind = 'a' ? info.a : info.b", { kind: "a" }, "broken"],
    ["info ? info.has_more ? info.token", { info: { has_more: false } }, "end"],
    ["info.token ?? null", { info: {} }, "end"],
    ["info.token ?: null", {}, "broken"],
    ["`is it?`.token", { "is it?": {} }, "end"],
  ];
  for (const [next, body, expected] of cases)
    assert.equal(await after(next, undefined, body), expected, `${next} of ${JSON.stringify(body)}`);
});

test("P5: numbered pages end on the declared total or an empty page, never on a short one", async () => {
  const pages = pageNumbers({ param: "page", size: { param: "per_page", value: 2 }, first: 1, total: undefined });
  assert.equal(await kind(pages, { records: [1] }), "next");
  assert.equal(await kind(pages, { records: [] }), "end");
  const totals = pageNumbers({ param: "page", size: undefined, first: 1, total: compileExpression("pages") });
  assert.equal(await kind(totals, { body: { pages: 2 } }), "next");
  assert.equal(await kind(totals, { body: { pages: 1 } }), "end");
  for (const pages of ["", null, "many", -1, 1.5])
    assert.equal(await kind(totals, { body: { pages } as Json }), "broken", String(pages));
});

test("P5: offsets advance by the records that came, so a size capped in silence skips nothing", async () => {
  const pagination = offsets({
    param: "offset",
    size: { param: "limit", value: 100 },
    first: 0,
    total: undefined,
    overlap: 0,
  });
  const follows = await pagination.follow(answer({ records: Array.from({ length: 30 }, () => 1) }));
  assert.ok(follows.kind === "next");
  assert.deepEqual(pagination.address(follows.position, undefined), {
    kind: "query",
    params: [
      ["offset", 30],
      ["limit", 100],
    ],
  });
});

test("RFC 8288 links and next addresses, relative or absolute; a Link that cannot be understood is no end", async () => {
  const byLink = links({ size: undefined });
  const next = await byLink.follow(
    answer({ headers: { link: '</list?page=2>; rel="next", </list?page=9>; rel="last"' } }),
  );
  assert.ok(next.kind === "next");
  assert.deepEqual(byLink.address(next.position, undefined), { kind: "url", url: "http://api/list?page=2" });
  assert.equal(await kind(byLink, { headers: { link: '</list?page=1>; rel="prev"' } }), "end");
  assert.equal(await kind(byLink, { headers: { link: "" } }), "end");
  assert.notEqual(await kind(byLink, { headers: { link: '</list?page=2>; crossorigin; rel="next"' } }), "end");
  const byUrl = nextUrls({ ...nextPageOf("next"), size: undefined });
  assert.equal(await kind(byUrl, { body: { next: "?page=2" } }), "next");
  assert.equal(await kind(byUrl, { body: { next: null } }), "end");
});

test("a keyset goes on from the last record, and ends on an empty page", async () => {
  const pagination = keysets({ param: "after", from: compileExpression("id"), size: undefined });
  assert.equal(await kind(pagination, { records: [{ id: 7 }] }), "next");
  assert.equal(await kind(pagination, { records: [] }), "end");
  assert.equal(await kind(pagination, { records: [{}] }), "broken");
});
