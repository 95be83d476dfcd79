import assert from "node:assert/strict";
import { test } from "node:test";
import { compileExpression } from "../../config/expression.ts";
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
  const pagination = cursorTokens({ next: compileExpression("meta.next"), param: "cursor", size: undefined });
  for (const next of [null, "", false, undefined])
    assert.equal(await kind(pagination, { body: { meta: next === undefined ? {} : { next } } }), "end");
  assert.equal(await kind(pagination, { body: { meta: { next: 0 } } }), "next");
  assert.equal(await kind(pagination, { body: {} }), "broken", "without `meta`, nothing is known");
  const hal = cursorTokens({ next: compileExpression("_links.next.href"), param: "cursor", size: undefined });
  assert.equal(await kind(hal, { body: { _links: { self: {} } } }), "end", "HAL leaves `next` out on the last page");
  assert.equal(await kind(pagination, { body: { meta: { next: { a: 1 } } } }), "broken");
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
  const byUrl = nextUrls({ next: compileExpression("next"), size: undefined });
  assert.equal(await kind(byUrl, { body: { next: "?page=2" } }), "next");
  assert.equal(await kind(byUrl, { body: { next: null } }), "end");
});

test("a keyset goes on from the last record, and ends on an empty page", async () => {
  const pagination = keysets({ param: "after", from: compileExpression("id"), size: undefined });
  assert.equal(await kind(pagination, { records: [{ id: 7 }] }), "next");
  assert.equal(await kind(pagination, { records: [] }), "end");
  assert.equal(await kind(pagination, { records: [{}] }), "broken");
});
