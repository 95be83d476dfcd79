/** `init --from`: what is found out of APIs of many manners, that the file runs as it is, and what is said where nothing can be found. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { suite, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { parse } from "yaml";
import { json, startApi, Workplace, type Api, type Ran } from "./harness.ts";

const COUNT = 130;

const rows = Array.from({ length: COUNT }, (_, index) => ({
  id: index + 1,
  name: `row ${index + 1}`,
  updated_at: new Date(Date.UTC(2024, 0, 1) + index * 1_000).toISOString(),
}));

type Row = (typeof rows)[number];
type Answer = (url: URL, response: ServerResponse, store: () => string) => void;

interface Drafted {
  readonly ran: Ran;
  readonly text: string;
  readonly store: Api;
  readonly place: Workplace;
}

async function drafting(
  path: string,
  answer: Answer,
  check: (drafted: Drafted) => Promise<void>,
  ...flags: string[]
): Promise<void> {
  const store: Api = await startApi((request, _body, response) =>
    answer(new URL(request.url ?? "/", "http://store"), response, () => store.url),
  );
  const place = new Workplace();
  try {
    const ran = await place.run("init", "--from", store.url + path, ...flags);
    const file = join(place.folder, "evenkeel.yaml");
    await check({ ran, store, place, text: existsSync(file) ? readFileSync(file, "utf8") : "" });
  } finally {
    place.remove();
    await store.stop();
  }
}

const number = (url: URL, name: string, otherwise: number): number => Number(url.searchParams.get(name) ?? otherwise);

/** What has changed since, where a parameter asks for it. */
const since = (url: URL, name: string): readonly Row[] =>
  rows.filter((row) => row.updated_at >= (url.searchParams.get(name) ?? ""));

interface Manner {
  readonly what: string;
  readonly path?: string;
  readonly answer: Answer;
  readonly source: Readonly<Record<string, unknown>>;
  readonly requestsMax: number;
}

const manners: readonly Manner[] = [
  {
    what: "a Link header",
    answer: (url, response, store) => {
      const page = number(url, "page", 1);
      const link = page * 50 < COUNT ? { link: `<${store()}/rows?page=${page + 1}>; rel="next"` } : {};
      json(response, 200, rows.slice((page - 1) * 50, page * 50), link);
    },
    source: { records: "$", key: "id", pagination: { type: "link" } },
    requestsMax: 8,
  },
  {
    what: "an address in the body, with a cursor",
    answer: (url, response) => {
      const list = since(url, "modified_since");
      const from = number(url, "from", 0);
      const rest = url.searchParams.get("modified_since");
      const next =
        from + 40 < list.length ? `/rows?from=${from + 40}${rest === null ? "" : `&modified_since=${rest}`}` : null;
      json(response, 200, { results: list.slice(from, from + 40), links: { next } });
    },
    source: {
      records: "results",
      key: "id",
      pagination: { type: "nextUrl", next: "links.next" },
      cursor: { field: "updated_at", type: "timestamp", param: "modified_since" },
    },
    requestsMax: 14,
  },
  {
    what: "a token, for a parameter with another name than its own",
    answer: (url, response) => {
      const from = number(url, "after", 0);
      const next = from + 40 < COUNT ? String(from + 40) : null;
      json(response, 200, { data: rows.slice(from, from + 40), meta: { next } });
    },
    source: { records: "data", key: "id", pagination: { type: "cursor", next: "meta.next", param: "after" } },
    requestsMax: 20,
  },
  {
    what: "a token in a member that the last page leaves out",
    answer: (url, response) => {
      const from = number(url, "after", 0);
      const paging = from + 50 < COUNT ? { paging: { next: { after: String(from + 50) } } } : {};
      json(response, 200, { results: rows.slice(from, from + 50), ...paging });
    },
    source: {
      records: "results",
      key: "id",
      pagination: { type: "cursor", next: "paging.next.after", param: "after", more: "$exists(paging)" },
    },
    requestsMax: 20,
  },
  {
    what: "a token that is there on the last page too, and a flag",
    answer: (url, response) => {
      const from = number(url, "after", 0);
      const nodes = rows.slice(from, from + 50);
      json(response, 200, { nodes, pageInfo: { hasNextPage: from + 50 < COUNT, endCursor: String(nodes.at(-1)?.id) } });
    },
    source: {
      records: "nodes",
      key: "id",
      pagination: { type: "cursor", next: "pageInfo.endCursor", more: "pageInfo.hasNextPage", param: "after" },
    },
    requestsMax: 20,
  },
  {
    what: "page numbers from 0, and the number of pages",
    answer: (url, response) => {
      const [page, size] = [number(url, "page", 0), Math.min(50, number(url, "size", 20))];
      const content = rows.slice(page * size, (page + 1) * size);
      json(response, 200, { content, number: page, size, totalPages: Math.ceil(COUNT / size), totalElements: COUNT });
    },
    source: {
      records: "content",
      key: "id",
      pagination: { type: "page", param: "page", first: 0, size: { param: "size", value: 50 }, total: "totalPages" },
    },
    requestsMax: 12,
  },
  {
    what: "the last record's key, and no more than has_more",
    answer: (url, response) => {
      const from = number(url, "starting_after", 0);
      json(response, 200, { object: "list", data: rows.slice(from, from + 40), has_more: from + 40 < COUNT });
    },
    source: { records: "data", key: "id", pagination: { type: "keyset", param: "starting_after", from: "id" } },
    requestsMax: 10,
  },
  {
    what: "parameters that no answer gives away, counted from 0",
    answer: (url, response) => {
      const [page, size] = [number(url, "page", 0), number(url, "per_page", 30)];
      json(response, 200, { rows: rows.slice(page * size, (page + 1) * size) });
    },
    source: {
      records: "rows",
      key: "id",
      pagination: { type: "page", param: "page", size: { param: "per_page", value: 100 }, first: 0 },
    },
    requestsMax: 20,
  },
  {
    what: "an API that refuses what it does not know",
    answer: (url, response) => {
      if ([...url.searchParams.keys()].some((name) => !["page", "page_size"].includes(name)))
        return json(response, 400, { error: "unknown parameter" });
      const [page, size] = [number(url, "page", 1), number(url, "page_size", 30)];
      if (size > 50) return json(response, 422, { error: "at most 50" });
      json(response, 200, { items: rows.slice((page - 1) * size, page * size) });
    },
    source: {
      records: "items",
      key: "id",
      pagination: { type: "page", param: "page", size: { param: "page_size", value: 30 } },
    },
    requestsMax: 20,
  },
  {
    what: "a list that moves into an object when pages are asked for, and repeats its last page for ever",
    answer: (url, response) => {
      const pages = Math.ceil(COUNT / number(url, "_per_page", 10));
      if (!url.searchParams.has("_page"))
        return json(
          response,
          200,
          url.searchParams.has("_per_page") ? { data: rows.slice(0, number(url, "_per_page", 10)), pages } : rows,
        );
      const [page, size] = [Math.min(pages, number(url, "_page", 1)), number(url, "_per_page", 10)];
      json(response, 200, { data: rows.slice((page - 1) * size, page * size), pages });
    },
    source: {
      records: "data",
      key: "id",
      pagination: { type: "page", param: "_page", size: { param: "_per_page", value: 100 }, total: "pages" },
    },
    requestsMax: 30,
  },
  {
    what: "pages of a size that cannot be asked for",
    answer: (url, response) =>
      json(response, 200, rows.slice((number(url, "page", 1) - 1) * 50, number(url, "page", 1) * 50)),
    source: { records: "$", key: "id", pagination: { type: "page", param: "page" } },
    requestsMax: 12,
  },
  {
    what: "all in one answer",
    answer: (_url, response) => json(response, 200, rows),
    source: { records: "$", key: "id" },
    requestsMax: 14,
  },
  {
    what: "an address of a later page, with a filter",
    path: "/rows?offset=40&limit=20&kind=a%7Bb%7D",
    answer: (url, response) => {
      const [offset, limit] = [number(url, "offset", 0), number(url, "limit", 20)];
      json(response, 200, { rows: url.searchParams.get("kind") === "a{b}" ? rows.slice(offset, offset + limit) : [] });
    },
    source: {
      query: { kind: "a{{b}}" },
      records: "rows",
      key: "id",
      pagination: { type: "offset", param: "offset", size: { param: "limit", value: 20 } },
    },
    requestsMax: 12,
  },
];

suite("what is found out, and that it runs as it is", () => {
  for (const { what, path = "/rows", answer, source, requestsMax } of manners)
    test(what, () =>
      drafting(path, answer, async ({ ran, text, store, place }) => {
        assert.equal(ran.exitCode, 0, ran.stderr);
        const { request, connection, ...found } = (
          parse(text) as { syncs: { rows: { source: Record<string, unknown> } } }
        ).syncs.rows.source;
        assert.deepEqual([request, connection], ["GET /rows", "source"]);
        assert.deepEqual(found, source, text);
        assert.ok(store.requests.every(({ method }) => method === "GET"));
        assert.ok(store.requests.length <= requestsMax, `${store.requests.length} requests`);

        const items = new Map<string, Row>();
        const shop = await startApi((sent, body, response) => {
          items.set(sent.url ?? "", JSON.parse(body) as Row);
          json(response, 200, {});
        });
        writeFileSync(
          join(place.folder, "evenkeel.yaml"),
          text.replace("https://api.destination.example/v1", shop.url),
        );
        writeFileSync(join(place.folder, ".env"), "DESTINATION_TOKEN=another-secret\n");
        const run = await place.run("run");
        await shop.stop();
        assert.equal(run.exitCode, 0, run.stderr);
        const arrived = [...items.values()].toSorted((a, b) => a.id - b.id);
        assert.ok(isDeepStrictEqual(arrived, rows), `${arrived.length} records arrived`);
      }),
    );
});

test("P5: a last page that was not seen may leave out what holds the token: the file says what to add then", () =>
  drafting(
    "/rows",
    (url, response) => {
      const from = number(url, "after", 0);
      const paging = from + 20 < COUNT ? { paging: { next: { after: String(from + 20) } } } : {};
      json(response, 200, { results: rows.slice(from, from + 20), ...paging });
    },
    async ({ ran, text }) => {
      assert.equal(ran.exitCode, 0, ran.stderr);
      assert.match(text, /# Not seen: the last page\. If that leaves `paging` out.*add `more: \$exists\(paging\)`/);
      assert.match(text, /^ +pagination: \{ type: cursor, next: paging\.next\.after, param: after \}$/m);
    },
  ));

suite("what is said where nothing can be found, and nothing is written", () => {
  const cases: readonly (readonly [what: string, exitCode: number, code: string, next: RegExp, answer: Answer])[] = [
    [
      "HTML",
      1,
      "API_NOT_JSON",
      /look for the API's own address/,
      (_url, response) =>
        void response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>Shop</title>"),
    ],
    [
      "an empty list",
      1,
      "READ_LIST_EMPTY",
      /whose list has records/,
      (_url, response) => json(response, 200, { items: [] }),
    ],
    [
      "one object",
      1,
      "READ_RECORDS_MISSING",
      /address of a list/,
      (_url, response) => json(response, 200, { id: 1, name: "one" }),
    ],
    [
      "a list of texts",
      1,
      "READ_RECORDS_MISSING",
      /address of a list/,
      (_url, response) => json(response, 200, ["a", "b"]),
    ],
    [
      "no key",
      1,
      "READ_KEY_UNKNOWN",
      /field that identifies a record/,
      (_url, response) => json(response, 200, [{ a: 1 }, { a: 1 }]),
    ],
    [
      "a redirect to another origin",
      1,
      "API_REFUSED",
      /address that it leads to/,
      (_url, response) => void response.writeHead(302, { location: "https://elsewhere.example/rows" }).end(),
    ],
    [
      "a body without end",
      1,
      "API_BODY_TOO_LARGE",
      /\?limit=100/,
      (_url, response) =>
        void response.writeHead(200, { "content-type": "application/json" }).end(`["${"x".repeat(33 * 1024 * 1024)}"]`),
    ],
    [
      "credentials that are wanted",
      3,
      "API_CREDENTIALS_REFUSED",
      /--auth bearer:API_TOKEN/,
      (_url, response) => json(response, 401, {}),
    ],
    [
      "credentials that are wanted as Basic",
      3,
      "API_CREDENTIALS_REFUSED",
      /--auth basic:API_USER:API_PASSWORD/,
      (_url, response) => json(response, 401, {}, { "www-authenticate": 'Basic realm="x"' }),
    ],
    [
      "a refusal that may be one of credentials",
      1,
      "API_REFUSED",
      /--auth bearer:API_TOKEN/,
      (_url, response) => json(response, 403, {}),
    ],
    ["nothing there", 1, "API_REFUSED", /nothing at this address/, (_url, response) => json(response, 404, {})],
  ];
  for (const [what, exitCode, code, next, answer] of cases)
    test(what, () =>
      drafting("/rows", answer, async ({ ran, text }) => {
        assert.equal(ran.exitCode, exitCode, ran.stderr);
        assert.match(ran.stderr, new RegExp(`^${code}: `, "m"));
        assert.match(ran.stderr.replaceAll(/\s+/g, " "), next);
        assert.equal(text, "");
      }),
    );

  test("a dead port", async () => {
    const { url, stop } = await startApi(() => undefined);
    await stop();
    const place = new Workplace();
    const ran = await place.run("init", "--from", `${url}/rows`);
    place.remove();
    assert.equal(ran.exitCode, 3);
    assert.match(ran.stderr, /API_UNREACHABLE: .*\n?[^]*next: Check the address/);
  });
});

suite("what is kept out of the file", () => {
  test("credentials: a name goes in, and the secret is read from the environment and never shown", () =>
    drafting(
      "/rows",
      (_url, response) => json(response, 401, {}),
      async ({ place, store }) => {
        const refused = await place.run("init", "--from", `${store.url}/rows?api_key=secret-in-address`);
        assert.equal(refused.exitCode, 2);
        assert.match(
          refused.stderr.replaceAll(/\s+/g, " "),
          /no secret belongs into a config.*--auth query:api_key:VARIABLE/,
        );
        const inAddress = await place.run("init", "--from", store.url.replace("//", "//me:secret-in-address@"));
        assert.equal(inAddress.exitCode, 2);
        const literal = await place.run("init", "--from", `${store.url}/rows`, "--auth", "bearer:not-a-name");
        assert.equal(literal.exitCode, 2);
        const unset = await place.run("init", "--from", `${store.url}/rows`, "--auth", "bearer:NOT_SET");
        assert.equal(unset.exitCode, 2);
        assert.match(
          unset.stderr.replaceAll(/\s+/g, " "),
          /CONFIG_SECRET_MISSING: `--auth` names `NOT_SET`, which is not set: neither in the environment nor in a file \.env in this folder next: Say `export NOT_SET/,
        );
        assert.doesNotMatch(unset.stderr, /connections/);
        const wrong = await place.run("init", "--from", `${store.url}/rows`, "--auth", "bearer:TOKEN");
        assert.equal(wrong.exitCode, 3);
        assert.match(
          wrong.stderr.replaceAll(/\s+/g, " "),
          /What `TOKEN` holds was sent and refused: look at it, and at the kind of credentials/,
        );
        const bare = await place.run("init", `${store.url}/rows`);
        assert.equal(bare.exitCode, 2);
        assert.match(bare.stderr, /Did you mean `--from URL`\?/);
        for (const { stderr, stdout } of [refused, inAddress])
          assert.ok(!(stderr + stdout).includes("secret-in-address"));
        assert.equal(store.requests.length, 2, "only what was refused by the API was sent");
      },
    ));

  for (const [how, auth] of [
    ["bearer:TOKEN", { type: "bearer", token: "${TOKEN}" }],
    ["header:X-Api-Key:TOKEN", { type: "header", name: "X-Api-Key", value: "${TOKEN}" }],
    ["query:api_key:TOKEN", { type: "query", name: "api_key", value: "${TOKEN}" }],
    ["basic:TOKEN:TOKEN", { type: "basic", username: "${TOKEN}", password: "${TOKEN}" }],
  ] as const)
    test(how, () =>
      drafting(
        "/rows",
        (_url, response) => json(response, 200, rows.slice(0, 1)),
        async ({ ran, text, store }) => {
          assert.equal(ran.exitCode, 0, ran.stderr);
          const { connections } = parse(text) as { connections: { source: { auth: unknown } } };
          assert.deepEqual(connections.source.auth, auth);
          const sent = JSON.stringify(store.requests.map(({ path, headers }) => [path, headers]));
          assert.ok(
            sent.includes("secret-token-4711") ||
              sent.includes(Buffer.from("secret-token-4711:secret-token-4711").toString("base64")),
          );
          assert.ok(!(text + ran.stdout + ran.stderr).includes("secret-token-4711"), "S6: no secret");
        },
        "--auth",
        how,
      ),
    );

  test("a file that exists is left as it is, and the API is not asked", async () => {
    const store = await startApi((_request, _body, response) => json(response, 200, rows));
    const place = new Workplace();
    place.write("mine");
    const ran = await place.run("init", "--from", `${store.url}/rows`);
    assert.equal(ran.exitCode, 2);
    assert.match(ran.stderr, /exists, and is left as it is/);
    assert.equal(readFileSync(join(place.folder, "evenkeel.yaml"), "utf8"), "mine");
    assert.equal(store.requests.length, 0);
    place.remove();
    await store.stop();
  });

  test("names that an API chooses stay names: in YAML, in comments, on the terminal", () =>
    drafting(
      "/rows",
      (_url, response) =>
        json(response, 200, { "d:\n- evil\u001b[2J": [{ "@id": 1, "x: y\nsyncs:": 2 }, { "@id": 2 }] }),
      async ({ ran, text }) => {
        assert.equal(ran.exitCode, 0, ran.stderr);
        const { syncs } = parse(text) as { syncs: { rows: { source: { records: string; key: string } } } };
        assert.deepEqual(Object.keys(syncs), ["rows"]);
        assert.equal(syncs.rows.source.key, "`@id`");
        assert.doesNotMatch(ran.stdout + text, /[^\P{Cc}\n]/u);
      },
    ));
});
