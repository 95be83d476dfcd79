import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { test } from "node:test";
import { ending, json, startApi, Workplace, type Api, type Ran } from "./harness.ts";

interface Row {
  readonly id: number;
  readonly at: number;
  readonly kind: string;
}

interface Sides {
  readonly rows: Row[];
  readonly items: Map<string, unknown>;
  readonly store: Api;
  readonly place: Workplace;
  run(...args: string[]): Promise<Ran>;
}

type Answer = (sides: Pick<Sides, "rows">, request: IncomingMessage, body: string, response: ServerResponse) => void;

/** A source that answers in a way of its own. */
async function between(
  source: string,
  answer: Answer,
  check: (sides: Sides) => Promise<void>,
  sync = "",
): Promise<void> {
  const rows: Row[] = Array.from({ length: 25 }, (_, index) => ({
    id: index + 1,
    at: index + 1,
    kind: index % 5 === 0 ? "draft" : "live",
  }));
  const items = new Map<string, unknown>();
  const store = await startApi((request, body, response) => answer({ rows }, request, body, response));
  const shop = await startApi((request, body, response) => {
    if (request.method === "DELETE") return json(response, items.delete(request.url ?? "") ? 204 : 404, undefined);
    items.set(request.url ?? "", JSON.parse(body));
    return json(response, 200, {});
  });
  const place = new Workplace();
  place.write(`
connections:
  store: { baseUrl: "${store.url}", retry: { attempts: 1 } }
  shop: { baseUrl: "${shop.url}", lateWrite: 0s }
syncs:
  records:
    source:
      connection: store
      key: id
      ${source}
    destination: { connection: shop, upsert: "PUT /items/{id}", delete: "DELETE /items/{id}" }
    ${sync}
`);
  try {
    await check({ rows, items, store, place, run: (...args) => place.run("run", "--json", ...args) });
  } finally {
    place.remove();
    await Promise.all([store.stop(), shop.stop()]);
  }
}

const GRAPHQL = `request: POST /graphql
      body:
        query: "query($after: String, $since: Int, $first: Int) { records(after: $after, since: $since, first: $first) { nodes { id at kind } pageInfo { hasNextPage endCursor } } }"
        variables: { locale: en }
      records: data.records.nodes
      pagination: { type: cursor, next: data.records.pageInfo.endCursor, more: data.records.pageInfo.hasNextPage, param: variables.after, size: { param: variables.first, value: 10 } }
      cursor: { field: at, type: integer, param: variables.since, lookback: 0 }`;

interface Query {
  readonly variables: {
    readonly after?: string;
    readonly since?: number;
    readonly first: number;
    readonly locale: string;
  };
}

const graphql: Answer = ({ rows }, _request, body, response) => {
  const { after, since = 0, first } = (JSON.parse(body) as Query).variables;
  const rest = rows.filter(({ id, at }) => id > Number(after ?? 0) && at >= since);
  const nodes = rest.slice(0, first);
  const pageInfo = { hasNextPage: rest.length > first, endCursor: String(nodes.at(-1)?.id) };
  json(response, 200, { data: { records: { nodes, pageInfo } } });
};

test("GraphQL: the query as it is written, variables for page, size and cursor, of their own types", () =>
  between(GRAPHQL, graphql, async ({ run, items, store, rows }) => {
    const first = await run();
    assert.deepEqual([first.exitCode, items.size], [0, 25]);
    const asked = store.requests.map(
      ({ method, path, body }) => [method, path, (JSON.parse(body) as Query).variables] as const,
    );
    assert.deepEqual(asked, [
      ["POST", "/graphql", { locale: "en", first: 10 }],
      ["POST", "/graphql", { locale: "en", after: "10", first: 10 }],
      ["POST", "/graphql", { locale: "en", after: "20", first: 10 }],
    ]);
    assert.equal(store.requests[0]?.headers["content-type"], "application/json");
    rows[3] = { id: 4, at: 99, kind: "changed" };
    const second = await run();
    assert.equal(ending(second).counts.updated, 1);
    assert.deepEqual((JSON.parse(store.requests[3]?.body ?? "") as Query).variables, {
      locale: "en",
      since: 10,
      first: 10,
    });
  }));

test("GraphQL: an error inside a 200 is one, and a page that comes again is no end (P4)", async () => {
  const failing: Answer = (_sides, _request, _body, response) =>
    json(response, 200, { errors: [{ message: "no such field" }] });
  await between(GRAPHQL, failing, async ({ run, items }) => {
    const ran = await run();
    assert.deepEqual([ran.exitCode, items.size], [1, 0]);
    assert.match(ran.stdout, /API_REFUSED.*no such field/);
  });
  const looping: Answer = (sides, request, body, response) =>
    graphql(
      sides,
      request,
      JSON.stringify({ variables: { ...(JSON.parse(body) as Query).variables, after: "0" } }),
      response,
    );
  await between(GRAPHQL, looping, async ({ run }) => {
    const ran = await run();
    assert.equal(ran.exitCode, 1);
    assert.match(ran.stdout, /READ_NO_PROGRESS/);
  });
  const circling: Answer = ({ rows }, _request, body, response) => {
    const nodes = rows.slice(Number((JSON.parse(body) as Query).variables.after ?? 0), 15);
    json(response, 200, { data: { records: { nodes, pageInfo: { hasNextPage: true, endCursor: "10" } } } });
  };
  await between(GRAPHQL, circling, async ({ run }) => {
    assert.match((await run()).stdout, /READ_PAGE_REPEATED.*read before \(variables\.after=10\)/);
  });
});

test("the next page's token in a header of the answer", () => {
  const byHeader: Answer = ({ rows }, request, _body, response) => {
    const after = Number(new URL(request.url ?? "", "http://x").searchParams.get("token") ?? 0);
    const page = rows.slice(after, after + 10);
    const more = after + 10 < rows.length;
    json(response, 200, page, more ? { "x-continuation": String(after + 10) } : {});
  };
  const source = `request: GET /records
      pagination: { type: cursor, next: "$headers.\`x-continuation\`", param: token }`;
  return between(source, byHeader, async ({ run, items, store }) => {
    const ran = await run();
    assert.deepEqual([ran.exitCode, items.size], [0, 25]);
    assert.deepEqual(
      store.requests.map(({ path }) => path),
      ["/records", "/records?token=10", "/records?token=20"],
    );
  });
});

test("NDJSON, by its media type or as declared; a line that is cut off is no end", async () => {
  const lines =
    (type: string, cut: number): Answer =>
    ({ rows }, _request, _body, response) => {
      const text = rows.map((row) => JSON.stringify(row)).join("\n");
      response.writeHead(200, { "content-type": type });
      response.end(text.slice(0, text.length - cut));
    };
  for (const [type, format] of [
    ["application/x-ndjson", ""],
    ["text/plain", "format: ndjson"],
  ] as const)
    await between(`request: GET /records\n      ${format}`, lines(type, 0), async ({ run, items, store }) => {
      const ran = await run();
      assert.deepEqual([ran.exitCode, items.size], [0, 25]);
      const accept = store.requests[0]?.headers.accept ?? "";
      assert.match(accept, format === "" ? /^application\/json$/ : /^application\/x-ndjson, .*json;q=0\.5$/);
    });
  await between("request: GET /records", lines("application/x-ndjson", 4), async ({ run, items }) => {
    const ran = await run();
    assert.deepEqual([ran.exitCode, items.size], [1, 0]);
    assert.match(ran.stdout, /line 25 of the answer is no JSON/);
  });
});

test("lines that end with the connection alone are no whole answer", () => {
  const endless: Answer = (_state, _request, _body, response) => {
    response.socket?.end(
      'HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\nconnection: close\r\n\r\n{"id":1}\n',
    );
  };
  return between("request: GET /records", endless, async ({ run, items }) => {
    const ran = await run();
    assert.deepEqual([ran.exitCode, items.size], [1, 0]);
    assert.match(ran.stdout, /API_BODY_CUT.*says nowhere how long it is/);
  });
});

const byOffset =
  (onPage: (rows: Row[], offset: number) => void, total = false): Answer =>
  ({ rows }, request, _body, response) => {
    const offset = Number(new URL(request.url ?? "/", "http://x").searchParams.get("offset"));
    onPage(rows, offset);
    return json(response, 200, { data: rows.slice(offset, offset + 10), ...(total ? { total: rows.length } : {}) });
  };

const OFFSET =
  "records: data\n      request: GET /records\n      pagination: { type: offset, param: offset, overlap: 2";
const MIRROR = "deletes: { mode: mirror, guard: { count: 5 } }";

test("P9: offsets that overlap: a list that stays as it is is read whole, with a total or without, and a mirror may delete", async () => {
  for (const [total, offsets] of [
    [false, [0, 8, 16, 23]],
    [true, [0, 8, 16]],
  ] as const) {
    const source = `${OFFSET}${total ? ", total: total" : ""} }`;
    await between(
      source,
      byOffset(() => undefined, total),
      async ({ run, items, rows, store }) => {
        assert.equal((await run()).exitCode, 0);
        assert.equal(items.size, 25);
        assert.deepEqual(
          store.requests.map(({ path }) => Number(path.split("=")[1] ?? 0)),
          offsets,
        );
        rows.splice(3, 1);
        assert.equal((await run()).exitCode, 0);
        assert.equal((await run()).exitCode, 0);
        assert.deepEqual([items.size, items.has("/items/4")], [24, false]);
      },
      MIRROR,
    );
  }
});

test("P9: a record that is deleted while the list is read moves others over the border of two pages: the read is not complete, and nothing counts as gone", () => {
  let isOnce = true;
  const moving = byOffset((rows, offset) => {
    if (offset === 8 && isOnce) rows.shift();
    if (offset === 8) isOnce = false;
  });
  return between(
    `${OFFSET} }`,
    moving,
    async ({ run, items }) => {
      const shifted = await run();
      assert.equal(shifted.exitCode, 1);
      assert.equal(ending(shifted).error?.code, "READ_PAGES_SHIFTED");
      assert.equal(items.size, 25, "what was met is written: it overlaps by more than it moved");
      assert.equal((await run()).exitCode, 0);
      assert.equal(items.size, 25);
      for (const _ of [1, 2]) assert.equal((await run()).exitCode, 0);
      assert.deepEqual([items.size, items.has("/items/1")], [24, false], "two complete reads have missed it");
    },
    MIRROR,
  );
});

test("P9: an incremental read does not pass over what may lie between its pages", () => {
  let isMoving = false;
  const source = `${OFFSET} }\n      cursor: { field: at, type: integer, param: since, lookback: 0, sorted: true }`;
  const sorted: Answer = ({ rows }, request, _body, response) => {
    const asked = new URL(request.url ?? "/", "http://x").searchParams;
    const offset = Number(asked.get("offset"));
    const due = rows.filter(({ at }) => at >= Number(asked.get("since") ?? 0)).toSorted((a, b) => a.at - b.at);
    // Four records of the first page change before the second one is asked for, and come again at the end.
    if (isMoving && offset === 8) for (const row of due.slice(0, 4)) Object.assign(row, { at: row.at + 1_000 });
    if (offset === 8) isMoving = false;
    const list = rows.filter(({ at }) => at >= Number(asked.get("since") ?? 0)).toSorted((a, b) => a.at - b.at);
    return json(response, 200, { data: list.slice(offset, offset + 10) });
  };
  return between(source, sorted, async ({ run, rows, items }) => {
    assert.equal((await run()).exitCode, 0);
    for (const row of rows) Object.assign(row, { at: row.at + 100, kind: "changed" });
    isMoving = true;
    const shifted = await run();
    assert.deepEqual([shifted.exitCode, ending(shifted).error?.code], [1, "READ_PAGES_SHIFTED"]);
    assert.equal((await run()).exitCode, 0);
    const kinds = new Set([...items.values()].map((item) => (item as Row).kind));
    assert.deepEqual([...kinds], ["changed"]);
  });
});

test("P9: pages that hold no more than the overlap still overlap by half, so that what moves is noticed", () => {
  let isMoving = false;
  const capped: Answer = ({ rows }, request, _body, response) => {
    const offset = Number(new URL(request.url ?? "/", "http://x").searchParams.get("offset"));
    json(response, 200, { data: rows.slice(offset, offset + 2) });
    if (isMoving && offset === 4) rows.shift();
  };
  return between(
    OFFSET.replace("overlap: 2", "overlap: 10 }"),
    capped,
    async ({ run, items }) => {
      assert.equal((await run()).exitCode, 0);
      isMoving = true;
      for (const _ of [2, 3]) assert.equal(ending(await run()).error?.code, "READ_PAGES_SHIFTED");
      assert.equal(items.size, 25);
    },
    MIRROR,
  );
});

test("P9: where pages are so small that they cannot overlap, the read proves nothing; a list of one record is complete", () => {
  const single: Answer = ({ rows }, request, _body, response) => {
    const offset = Number(new URL(request.url ?? "/", "http://x").searchParams.get("offset"));
    json(response, 200, { data: rows.slice(offset, offset + 1) });
  };
  return between(`${OFFSET} }`, single, async ({ run, rows, items }) => {
    assert.equal(ending(await run()).error?.code, "READ_PAGES_SHIFTED");
    assert.equal(items.size, 25);
    rows.splice(1);
    assert.equal((await run()).exitCode, 0);
  });
});

test("P3: a record that changes before it is shown again by the next page is met as it is now", () => {
  let isChanging = true;
  const changing: Answer = ({ rows }, request, _body, response) => {
    const asked = new URL(request.url ?? "/", "http://x").searchParams;
    const offset = Number(asked.get("offset"));
    const due = rows.filter(({ at }) => at >= Number(asked.get("since") ?? 0)).toSorted((a, b) => a.at - b.at);
    json(response, 200, { data: due.slice(offset, offset + 10) });
    const last = rows.find(({ id }) => id === 10);
    if (isChanging && offset === 0 && last !== undefined) Object.assign(last, { at: 10.5, kind: "changed" });
    isChanging = false;
  };
  const source = `${OFFSET} }\n      cursor: { field: "at * 2", type: integer, param: since, lookback: 0, sorted: true }`;
  return between(source, changing, async ({ run, items }) => {
    assert.equal((await run()).exitCode, 0);
    assert.equal((items.get("/items/10") as Row).kind, "changed");
  });
});

test("P11: a filter or a mark of deletion that fails for one record is that record's trouble", async () => {
  const list: Answer = ({ rows }, _request, _body, response) =>
    json(response, 200, [
      { id: "odd", at: 1, kind: 7, on: 1, gone: "yes" },
      ...rows.map((row) => ({ ...row, on: true, gone: null })),
    ]);
  for (const [declared, code] of [
    ["filter: $contains(kind, 'live')", "FILTER_FAILED"],
    ["tombstone: $contains(kind, 'draft')", "TOMBSTONE_FAILED"],
    // Whoever leaves records out or deletes them says so with true or false.
    ["filter: on", "FILTER_FAILED"],
    ["tombstone: gone", "TOMBSTONE_FAILED"],
  ] as const)
    await between(`request: GET /records\n      ${declared}`, list, async ({ run, items, place }) => {
      const ran = await run();
      assert.deepEqual([ran.exitCode, ending(ran).counts.invalid], [1, 1]);
      assert.ok(items.size >= 20);
      assert.match((await place.run("rejects", "list", "records")).stdout, new RegExp(`odd[^]*${code}`));
      await place.run("rejects", "retry", "records", "--all");
      assert.ok(!items.has("/items/odd"));
    });
});

test("a filter does not make a read of all that the source announces look cut short, and its empty pages are no loop", () => {
  const paged: Answer = ({ rows }, request, _body, response) => {
    const page = Number(new URL(request.url ?? "/", "http://x").searchParams.get("page") ?? 1);
    return json(response, 200, { data: rows.slice((page - 1) * 5, page * 5), total: rows.length });
  };
  const source = `request: GET /records
      pagination: { type: page, param: page, total: total }
      records: data
      filter: id > 20`;
  return between(source, paged, async ({ run, items }) => {
    const ran = await run();
    assert.deepEqual([ran.exitCode, items.size], [0, 5]);
  });
});

test("a filter: what does not pass is as if the source did not have it, also for a mirror; another filter reads everything once (P10)", () => {
  const list: Answer = ({ rows }, request, _body, response) => {
    const one = /^\/records\/(\d+)$/.exec(request.url ?? "")?.[1];
    if (one === undefined) return json(response, 200, rows);
    const row = rows.find(({ id }) => String(id) === one);
    return row === undefined ? json(response, 404, {}) : json(response, 200, row);
  };
  const source = `request: GET /records
      read: GET /records/{$key}
      filter: kind = 'live'`;
  return between(
    source,
    list,
    async ({ run, items, rows, place }) => {
      assert.equal((await run()).exitCode, 0);
      assert.equal(items.size, 20);
      assert.ok(!items.has("/items/1"));
      rows[1] = { id: 2, at: 2, kind: "draft" };
      const gone = await run();
      assert.deepEqual([gone.exitCode, ending(gone).counts.deleted, items.has("/items/2")], [0, 1, false]);
      assert.equal((await place.run("check")).exitCode, 2, "no list is declared");
    },
    "deletes: { mode: mirror }",
  );
});

test("a body is for a POST", () =>
  between("request: GET /records\n      body: { a: 1 }", graphql, async ({ place }) => {
    const refused = await place.run("validate");
    assert.equal(refused.exitCode, 2);
    assert.match(refused.stderr.replaceAll(/\s+/g, " "), /source\.body` is for a POST/);
  }));
