import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import type { Observed, Probed } from "../../src/evenkeel.ts";
import { json, startApi, Workplace, type Api } from "./harness.ts";

interface Row {
  readonly id: number;
  readonly at: string;
}

const rows: readonly Row[] = Array.from({ length: 60 }, (_, index) => ({
  id: index + 1,
  at: new Date(Date.UTC(2024, 0, 1) + Math.floor(index / 4) * 1_000).toISOString(),
}));

type Answer = (url: URL, response: ServerResponse, request: IncomingMessage) => void;

interface Seen {
  readonly exitCode: number | null;
  readonly observed: readonly Observed[];
  readonly probed: Probed | undefined;
  readonly stdout: string;
  readonly store: Api;
  readonly shop: Api;
  readonly hasLedger: boolean;
}

/** Probes a source that answers in a way of its own, and a destination whose records have weak ETags. */
async function probe(
  source: string,
  answer: Answer,
  destination = 'upsert: "PUT /items/{id}"',
  request = "GET /rows",
  ...flags: string[]
): Promise<Seen> {
  const store = await startApi((request, _body, response) =>
    answer(new URL(request.url ?? "/", "http://store"), response, request),
  );
  const shop = await startApi((request, _body, response) =>
    request.url === "/items" ? json(response, 200, [{ id: 1 }]) : json(response, 200, { id: 1 }, { etag: 'W/"1"' }),
  );
  const place = new Workplace();
  place.write(`
connections:
  store: { baseUrl: "${store.url}", auth: { type: bearer, token: "\${TOKEN}" }, retry: { attempts: 1 } }
  shop: { baseUrl: "${shop.url}", retry: { attempts: 1 } }
syncs:
  rows:
    source: { connection: store, request: "${request}", ${source} }
    destination: { connection: shop, ${destination} }
`);
  try {
    const { exitCode, stdout } = await place.run("probe", ...(flags.length > 0 ? flags : ["--json"]));
    const lines =
      flags.length > 0
        ? []
        : stdout
            .trim()
            .split("\n")
            .map((line) => JSON.parse(line) as { readonly type: string });
    assert.ok(!stdout.includes("secret-token-4711"), "S6: no secret");
    return {
      exitCode,
      stdout,
      store,
      shop,
      observed: lines.filter(({ type }) => type === "observation") as unknown as readonly Observed[],
      probed: lines.find(({ type }) => type === "probe") as unknown as Probed | undefined,
      hasLedger: existsSync(join(place.folder, ".evenkeel")),
    };
  } finally {
    place.remove();
    await Promise.all([store.stop(), shop.stop()]);
  }
}

/** What is seen of a kind, with its weight. */
const said = ({ observed }: Seen, about: Observed["about"], weight?: Observed["weight"]): string =>
  observed
    .filter((each) => each.about === about && (weight === undefined || each.weight === weight))
    .map(({ text, change = "" }) => `${text} -> ${change}`)
    .join("\n");

/** Pages by number, of at most 10. */
const paged: Answer = (url, response) => {
  const since = url.searchParams.get("since") ?? "";
  const list = rows.filter(({ at }) => at >= since);
  const size = Math.min(10, Number(url.searchParams.get("size") ?? 10));
  const page = Number(url.searchParams.get("page") ?? 1);
  const one = /^\/rows\/(\d+)$/.exec(url.pathname)?.[1];
  if (one !== undefined) return json(response, 200, rows[Number(one) - 1], { etag: '"v1"' });
  json(
    response,
    200,
    { data: list.slice((page - 1) * size, page * size), pages: Math.ceil(list.length / size) },
    { ratelimit: '"all";r=990;t=30', "ratelimit-policy": '"all";q=1000;w=60' },
  );
};

const PAGED = "records: data, key: id, pagination: { type: page, param: page, size: { param: size, value: 25 } }";
const CURSOR = "cursor: { field: at, type: timestamp, param: since, sorted: true }";

test("what holds: pages, order, ties, the cursor's parameter, ETags, limits; with figures, with GETs, without a ledger", async () => {
  const seen = await probe(
    `${PAGED}, ${CURSOR}, read: "GET /rows/{$key}"`,
    paged,
    'upsert: "PUT /items/{id}", read: "GET /items/{id}", list: { request: GET /items, key: id }',
  );
  assert.equal(seen.exitCode, 0, seen.stdout);
  assert.match(said(seen, "paging"), /3 pages of 10 records each; and there is a next one/);
  assert.match(
    said(seen, "paging", "advice"),
    /25 were asked for and 10 came: the API caps its pages -> Declare `size: \{ value: 10 \}`/,
  );
  assert.match(said(seen, "paging", "advice"), /Declare `pagination.total: pages`/);
  assert.match(said(seen, "key"), /`id` is there in all 30 records, and different in each/);
  assert.match(said(seen, "cursor"), /in whole seconds, in 30 of 30 records/);
  assert.match(said(seen, "cursor"), /in ascending order of `at`, as declared/);
  assert.match(
    said(seen, "cursor"),
    /30 records share 8 values of `at`, at most 4 one value; 1 of 2 page borders lies within such a group/,
  );
  assert.match(
    said(seen, "cursor"),
    /asked from 2024-01-01T00:00:03.000Z on with `since`, a page of 10 records came: 4 with that value of `at`, 6 newer; none is older/,
  );
  assert.match(said(seen, "etag", "fact"), /one record of the source has a strong ETag: "v1"/);
  assert.match(
    said(seen, "etag", "advice"),
    /one record of the destination has a weak ETag.*W\/"1".* -> Declare `precondition: etag`/,
  );
  assert.match(
    said(seen, "limits"),
    /announced in the fields of the IETF draft: all: 1000 requests in 60 s, 990 left, more in 30 s/,
  );
  assert.match(said(seen, "answer"), /application\/json/);
  assert.deepEqual(
    seen.probed?.source?.fields.map(({ path, types }) => [path.join("."), ...types]),
    [
      ["id", "integer"],
      ["at", "timestamp"],
    ],
  );
  const asked = [...seen.store.requests, ...seen.shop.requests];
  assert.deepEqual([...new Set(asked.map(({ method }) => method))], ["GET"]);
  assert.equal(asked.length, seen.probed?.requests);
  assert.ok(asked.length <= 7, `${asked.length} requests`);
  assert.equal(seen.hasLedger, false);
});

const ignoring: Answer = (_url, response) => json(response, 200, { data: rows.slice(0, 10) });

test("what does not hold is trouble, and ends with 1", async () => {
  const loop = await probe(PAGED, ignoring);
  assert.equal(loop.exitCode, 1);
  assert.match(
    said(loop, "paging", "trouble"),
    /a run would end here: page 2 has the very records of the page before it \(READ_NO_PROGRESS\)/,
  );

  const unsortedLoop = await probe(`${PAGED}, ${CURSOR.replace("sorted: true", "sorted: false")}`, ignoring);
  assert.doesNotMatch(said(unsortedLoop, "cursor", "fact"), /in no order/);

  const shuffled: Answer = (url, response) =>
    json(response, 200, {
      data: url.searchParams.has("since") ? rows.slice(0, 30) : [...rows.slice(20, 30), ...rows.slice(0, 20)],
    });
  const unsorted = await probe(`records: data, key: id, ${CURSOR}`, shuffled);
  assert.equal(unsorted.exitCode, 1);
  assert.match(
    said(unsorted, "cursor", "trouble"),
    /`sorted: true` is declared, and records come in no order of `at` \(1 out of 29 steps/,
  );
  assert.match(
    said(unsorted, "cursor", "trouble"),
    /30 records are older: the API does not take the parameter -> Check `cursor.param`/,
  );

  const exclusive: Answer = (url, response) =>
    json(response, 200, { data: rows.filter(({ at }) => at > (url.searchParams.get("since") ?? "")) });
  const left = await probe(`records: data, key: id, ${CURSOR.replace("sorted", "lookback: 0s, sorted")}`, exclusive);
  assert.match(said(left, "cursor", "trouble"), /the value itself is left out -> Set `cursor.lookback`/);

  const first = await probe("records: data, key: id", (_url, response) =>
    json(response, 200, { data: rows.slice(0, 10), links: { next: "/rows?page=2" } }),
  );
  assert.equal(first.exitCode, 1);
  assert.match(
    said(first, "paging", "trouble"),
    /only the first page would be read -> Declare `pagination: \{ type: nextUrl, next: links.next \}`/,
  );

  const misspelt = await probe("records: items, key: id", ignoring);
  assert.equal(misspelt.exitCode, 1);
  assert.match(said(misspelt, "paging", "trouble"), /READ_RECORDS_MISSING/);
  assert.match(said(misspelt, "records", "advice"), /Declare `records: data`/);

  const doubled = await probe("records: data, key: at", ignoring);
  assert.match(said(doubled, "key", "trouble"), /7 records have the `at` of another one -> Declare `key: id`/);
});

test("P5: what three pages cannot tell is said: how the list ends, and a `next` that is never absent", async () => {
  const counting: Answer = (url, response) => {
    const page = Number(url.searchParams.get("page") ?? 1);
    const left = url.pathname === "/few" ? rows.slice(0, 20) : rows;
    json(response, 200, { data: left.slice((page - 1) * 10, page * 10), next: String(page + 1) });
  };
  const source = "records: data, key: id, pagination: { type: cursor, next: next, param: page }";
  const many = await probe(source, counting);
  assert.deepEqual([many.exitCode, many.probed?.source?.isWhole], [0, false]);
  assert.match(said(many, "paging", "fact"), /the end was not seen/);
  const text = await probe(source, counting, undefined, undefined, "--no-color");
  assert.match(text.stdout, /can be read as declared as far as 3 pages can show/);
  const few = await probe(source, counting, undefined, "GET /few");
  assert.match(
    said(few, "paging", "advice"),
    /an empty page names a next one.* -> .*`pagination\.more: \$count\(data\) > 0`/,
  );
  const whole = await probe(
    source.replace("param: page", 'more: "$count(data) > 0", param: page'),
    counting,
    undefined,
    "GET /few",
  );
  assert.deepEqual([whole.exitCode, whole.probed?.source?.isWhole], [0, true]);
  assert.doesNotMatch(said(whole, "paging"), /end was not seen|empty page/);
});

test("lists of parents: three of them, and nothing asked for ahead", async () => {
  const nested: Answer = (url, response) => {
    const parent = /^\/orders\/(\d+)\/rows$/.exec(url.pathname)?.[1];
    if (parent !== undefined) return json(response, 200, [{ no: 1 }, { no: 2 }]);
    const since = url.searchParams.get("since") ?? "";
    return json(response, 200, { data: rows.slice(0, 10).filter(({ at }) => at >= since) });
  };
  const parents =
    'parents: { request: GET /orders, records: data, key: id }, key: [parent.id, "no"], cursor: { of: parents, field: at, type: timestamp, param: since }';
  const seen = await probe(parents, nested, undefined, "GET /orders/{parent.id}/rows");
  assert.equal(seen.exitCode, 0, seen.stdout);
  assert.match(said(seen, "paging"), /3 pages of 2 records each; and there is a next one/);
  assert.match(said(seen, "key"), /`\[parent.id, no\]` is there in all 6 records/);
  assert.match(said(seen, "cursor"), /asked from .* on with `since`, a page of 2 records came: 2 with that value/);
  assert.equal(seen.store.requests.length, 6);
  assert.equal(seen.probed?.requests, 6);
});

test("an API that cannot be read ends with 3, and the other one is looked at all the same", async () => {
  const seen = await probe(
    PAGED,
    (_url, response) => json(response, 401, {}),
    'upsert: "PUT /items/{id}", list: { request: GET /items, key: id }',
  );
  assert.equal(seen.exitCode, 3);
  assert.match(seen.stdout, /"code":"API_CREDENTIALS_REFUSED"/);
  assert.equal(seen.probed?.destination?.records, 1);
});

test("--quiet says only what needs somebody", async () => {
  const seen = await probe("records: $.data, key: id", paged, undefined, undefined, "--quiet");
  assert.doesNotMatch(seen.stdout, /different in each|nothing written/);
  const calm = await probe(
    "records: data, key: id, pagination: { type: page, param: page, total: pages }",
    (_url, response) => json(response, 200, { data: rows.slice(0, 7).map(({ id }) => ({ id })), pages: 1 }),
    undefined,
    undefined,
    "--quiet",
  );
  assert.deepEqual([calm.exitCode, calm.stdout], [0, ""]);
});
