/** P5: whatever the end of a list looks like, a mirror deletes nothing because an answer did not say all. */
import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { ending, json, startApi, Workplace, type Ran } from "./harness.ts";

type Answer = (request: IncomingMessage, body: string, response: ServerResponse) => void;

interface Sides {
  readonly held: ReadonlySet<string>;
  run(): Promise<Ran>;
  /** From now on the source answers like this. */
  answers(answer: Answer): void;
}

const IDS = Array.from({ length: 12 }, (_, index) => index + 1);

/** A mirror, after a first run in which the source answered well. */
async function mirror(
  { source, answers = "" }: { readonly source: string; readonly answers?: string },
  well: Answer,
  check: (sides: Sides) => Promise<void>,
): Promise<void> {
  let answer = well;
  const held = new Set<string>();
  const store = await startApi((request, body, response) => answer(request, body, response));
  const shop = await startApi((request, _body, response) => {
    if (request.method === "DELETE") held.delete(request.url ?? "");
    else held.add(request.url ?? "");
    return json(response, 200, {});
  });
  const place = new Workplace();
  place.write(`
connections:
  store: { baseUrl: "${store.url}", retry: { attempts: 1 }${answers} }
  shop: { baseUrl: "${shop.url}", lateWrite: 0s }
syncs:
  records:
    source:
      connection: store
      key: id
      ${source}
    destination: { connection: shop, upsert: "PUT /items/{id}", delete: "DELETE /items/{id}" }
    deletes: { mode: mirror, guard: { count: 100, percent: 100 } }
`);
  const run = (): Promise<Ran> => place.run("run", "--json");
  try {
    const first = await run();
    assert.deepEqual([first.exitCode, held.size], [0, IDS.length], first.stdout);
    await check({ held, run, answers: (next) => (answer = next) });
  } finally {
    place.remove();
    await Promise.all([store.stop(), shop.stop()]);
  }
}

/** D2: what two complete reads miss is deleted. So it is run twice: an error with this code and text, and everything is still there. */
async function refuses({ run, held }: Sides, code: string, text: RegExp): Promise<void> {
  for (const _ of [1, 2]) {
    const ran = await run();
    const { error, counts } = ending(ran);
    assert.deepEqual([ran.exitCode, error?.code, counts.deleted, held.size], [1, code, 0, IDS.length], ran.stdout);
    assert.match(`${error?.message} -> ${error?.next}`, text);
  }
}

interface Part {
  readonly pageInfo?: unknown;
  readonly nodes?: unknown;
  readonly errors?: readonly { readonly message: string }[];
  /** In the place of everything. */
  readonly data?: unknown;
}

/** Three pages of four; `second` is what is odd about the second one. */
const graphql =
  (second: Part = {}): Answer =>
  (_request, body, response) => {
    const { after } = (JSON.parse(body) as { variables?: { after?: string } }).variables ?? {};
    const from = Number(after ?? 0);
    const nodes = IDS.slice(from, from + 4).map((id) => ({ id }));
    const pageInfo = { hasNextPage: from + 4 < IDS.length, endCursor: String(from + 4) };
    const { errors, data, ...odd } = from === 4 ? second : {};
    json(response, 200, {
      data: data === undefined ? { products: { nodes, pageInfo, ...odd } } : data,
      ...(errors === undefined ? {} : { errors }),
    });
  };

const products = (pagination: string): string => `request: POST /graphql
      body: { query: "query($after: String) { products(after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }" }
      records: data.products.nodes
      pagination: { type: cursor, ${pagination}, param: variables.after }`;

const INFO = "data.products.pageInfo";
const errors = [{ message: "pageInfo timed out" }];

for (const [how, pagination] of [
  ["`more`", `next: ${INFO}.endCursor, more: ${INFO}.hasNextPage`],
  ["the condition of `next`", `next: "${INFO}.hasNextPage ? ${INFO}.endCursor"`],
] as const)
  test(`P5: GraphQL with ${how}: a pageInfo that is null, or has no token, is no end`, () =>
    mirror({ source: products(pagination) }, graphql(), async (sides) => {
      sides.answers(graphql({ pageInfo: null }));
      await refuses(sides, "READ_NEXT_INVALID", /`data\.products\.pageInfo\.hasNextPage`.* is absent.*run again/);
      sides.answers(graphql({ pageInfo: { hasNextPage: true, endCursor: null } }));
      await refuses(sides, "READ_NEXT_INVALID", /says that there is a next page, and `.*endCursor` gives none/);
      sides.answers(graphql());
      assert.equal((await sides.run()).exitCode, 0);
    }));

const RELAY = products(`next: ${INFO}.endCursor, more: ${INFO}.hasNextPage`);

test("P5: errors in a 200 of GraphQL fail the read, in the API's own words, whatever came beside them", () =>
  mirror({ source: RELAY }, graphql(), async (sides) => {
    for (const odd of [{ pageInfo: null }, { data: null }]) {
      sides.answers(graphql({ ...odd, errors }));
      await refuses(sides, "API_REFUSED", /pageInfo timed out.*`answers\.failed`.*GraphQL's `errors`/);
    }
    sides.answers(graphql({ errors: [] }));
    assert.equal((await sides.run()).exitCode, 0, "no errors are none");
  }));

test("errors of GraphQL may be declared to be none; an answer without a list says what the API says, and what to declare", () =>
  mirror({ source: RELAY, answers: ', answers: { failed: "false" }' }, graphql(), async (sides) => {
    sides.answers(graphql({ errors }));
    assert.equal((await sides.run()).exitCode, 0);
    sides.answers(graphql({ data: null, errors }));
    await refuses(
      sides,
      "READ_RECORDS_MISSING",
      /the answer says: pageInfo timed out -> .*`answers: \{ failed: \$exists\(body\.errors\) \}`/,
    );
  }));

/** HubSpot: the last page leaves `paging` out. */
const hubspot =
  (odd: (paging: unknown, from: number) => unknown = (paging) => paging): Answer =>
  (request, _body, response) => {
    const from = Number(new URL(request.url ?? "", "http://x").searchParams.get("after") ?? 0);
    const paging = odd(from + 4 < IDS.length ? { next: { after: String(from + 4) } } : undefined, from);
    json(response, 200, { results: IDS.slice(from, from + 4).map((id) => ({ id })), paging });
  };

const contacts = (more: string): string => `request: GET /contacts
      records: results
      pagination: { type: cursor, next: paging.next.after, ${more}param: after }`;

test("P5: a last page that leaves out what holds the next one is the end where that is declared", () =>
  mirror({ source: contacts("more: $exists(paging), ") }, hubspot(), async (sides) => {
    sides.answers(hubspot((paging, from) => (from === 4 ? { next: null } : paging)));
    await refuses(sides, "READ_NEXT_INVALID", /`\$exists\(paging\)` says that there is a next page/);
  }));

test("where that is not declared, the error names the way out", async () => {
  const store = await startApi(hubspot());
  const place = new Workplace();
  place.write(`
connections: { store: { baseUrl: "${store.url}" } }
syncs:
  records:
    source:
      connection: store
      key: id
      ${contacts("")}
    destination: { connection: store, upsert: "PUT /items/{id}" }
`);
  try {
    const { error } = ending(await place.run("run", "--json"));
    assert.equal(error?.code, "READ_NEXT_INVALID");
    assert.match(
      error?.next ?? "",
      /If the last page leaves `paging` out, declare `pagination\.more: \$exists\(paging\)`/,
    );
  } finally {
    place.remove();
    await store.stop();
  }
});

test("P5: lines that cannot be unpacked are no empty page", () => {
  const packed = gzipSync(IDS.map((id) => JSON.stringify({ id })).join("\n"));
  const lines =
    (encoding: string, body: Buffer): Answer =>
    (_request, _body, response) => {
      response.writeHead(200, { "content-type": "application/x-ndjson", "content-encoding": encoding });
      response.end(body);
    };
  return mirror({ source: "request: GET /export" }, lines("gzip", packed), async (sides) => {
    sides.answers(lines("gzip", packed.subarray(0, packed.length - 12)));
    await refuses(sides, "API_NOT_JSON", /cannot be read/);
    sides.answers(lines("zstd-of-tomorrow", packed));
    await refuses(sides, "API_NOT_JSON", /cannot be read.*zstd-of-tomorrow/);
  });
});
