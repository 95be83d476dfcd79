import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { cursorPage, ending, json, SOURCE, startApi, Workplace, type Api, type Ran } from "./harness.ts";

interface Item {
  version: number;
  body: Record<string, unknown>;
}

interface Sides {
  readonly rows: { id: number; name: string }[];
  readonly items: Map<string, Item>;
  readonly place: Workplace;
  readonly shop: Api;
  run(...args: string[]): Promise<Ran>;
  /** Requests since it was asked last, as `PUT /items/1 "v1"`. */
  asked(): readonly string[];
  /** Answers a write in the place of the destination, which `apply` has take effect first. */
  answer: ((response: ServerResponse, apply: () => void) => boolean) | undefined;
  /** ETags come with the answers of writes. */
  tellsVersion: boolean;
}

const ETAG = "precondition: etag";
const VERSION = "precondition: { version: version, send: { body: version } }";

/** A destination that takes no write without the current version: by ETag (428, 412), or by a member of the body (409). */
async function between(declared: string, check: (sides: Sides) => Promise<void>, more = ""): Promise<void> {
  const byTag = declared === ETAG;
  const rows = [1, 2, 3].map((id) => ({ id, name: `n${id}` }));
  const items = new Map<string, Item>();
  const store = await startApi((request, _body, response) => cursorPage(rows, request, response, 10));
  const sides: Pick<Sides, "answer" | "tellsVersion"> = { answer: undefined, tellsVersion: true };
  const shop = await startApi((request, body, response) => {
    const url = new URL(request.url ?? "/", "http://x");
    const item = items.get(url.pathname);
    const show = (status: number, found: Item): void =>
      json(
        response,
        status,
        byTag ? found.body : { ...found.body, version: found.version },
        byTag ? { etag: `"v${found.version}"` } : {},
      );
    if (request.method === "GET") return item === undefined ? json(response, 404, {}) : show(200, item);
    const { version: member, ...given } =
      body === "" ? ({} as Record<string, unknown>) : (JSON.parse(body) as Record<string, unknown>);
    // A DELETE has no body to carry it.
    const parameter = url.searchParams.get("version");
    const version = parameter === null ? member : Number(parameter);
    const match = request.headers["if-match"];
    const base = byTag ? match : typeof version === "number" ? `"v${version}"` : undefined;
    if (item === undefined && base !== undefined) return json(response, 412, {});
    if (item !== undefined && request.headers["if-none-match"] === "*")
      return json(response, 412, { message: "it exists" });
    const isUnconditional = base === undefined && request.headers["if-none-match"] === undefined;
    if (isUnconditional && (item !== undefined || (byTag && request.method === "PUT")))
      return json(response, byTag ? 428 : 409, { message: "version required" });
    if (item !== undefined && base !== `"v${item.version}"`)
      return json(response, byTag ? 412 : 409, { message: "stale" });
    const next = { version: (item?.version ?? 0) + 1, body: given };
    const apply = (): void => {
      if (request.method === "DELETE") items.delete(url.pathname);
      else items.set(url.pathname, next);
    };
    if (sides.answer?.(response, apply) === true) return undefined;
    apply();
    if (request.method === "DELETE") return json(response, 204, undefined);
    return sides.tellsVersion ? show(item === undefined ? 201 : 200, next) : json(response, 204, undefined);
  });
  const place = new Workplace();
  place.write(`
connections:
  store: { baseUrl: "${store.url}" }
  shop: { baseUrl: "${shop.url}", lateWrite: 0s, retry: { attempts: 3, base: 1ms } }
syncs:
  records:${SOURCE}
    mapping: { id: id, name: name }
    destination:
      connection: shop
      upsert: "PUT /items/{id}"
      read: "GET /items/{id}"
      delete: "DELETE /items/{id}"
      ${declared}
      ${more}
    deletes: { mode: mirror }
`);
  let seen = 0;
  const asked = (): readonly string[] => {
    const fresh = shop.requests.slice(seen);
    seen = shop.requests.length;
    return fresh.map(({ method, path, headers, body }) => {
      const version = byTag ? headers["if-match"] : /"version":(\d+)/.exec(body)?.[1];
      return [method, path, version].filter((part) => part !== undefined).join(" ");
    });
  };
  try {
    const run = (...args: string[]): Promise<Ran> => place.run("run", "--json", ...args);
    await check(Object.assign(sides, { rows, items, place, shop, run, asked }));
  } finally {
    place.remove();
    await Promise.all([store.stop(), shop.stop()]);
  }
}

const edit = (sides: Sides, path: string): void => {
  const item = sides.items.get(path) as Item;
  sides.items.set(path, { version: item.version + 1, body: { ...item.body, name: "edited" } });
};

for (const [name, declared, tag] of [
  ["ETags", ETAG, (version: number) => `"v${version}"`],
  ["a version in the body", VERSION, String],
] as const)
  test(`U4: ${name}: writes bear the version that the last answer gave, and one that is not known is read first`, () =>
    between(declared, async (sides) => {
      const { rows, run, asked } = sides;
      assert.equal((await run()).exitCode, 0);
      assert.deepEqual(asked().toSorted(), ["PUT /items/1", "PUT /items/2", "PUT /items/3"]);
      rows[0] = { id: 1, name: "changed" };
      sides.tellsVersion = false;
      await run();
      assert.deepEqual(asked(), [`PUT /items/1 ${tag(1)}`]);
      rows[0] = { id: 1, name: "changed again" };
      assert.equal((await run()).exitCode, 0);
      assert.deepEqual(asked(), ["GET /items/1", `PUT /items/1 ${tag(2)}`], "the last answer had none");
      assert.equal(sides.items.get("/items/1")?.body["name"], "changed again");
      rows.splice(1, 1);
      await run();
      assert.equal((await run()).exitCode, 0);
      const deletes = asked().filter((request) => !request.startsWith("PUT"));
      assert.deepEqual(deletes, declared === ETAG ? ['DELETE /items/2 "v1"'] : ["DELETE /items/2?version=1"]);
      assert.equal(sides.items.has("/items/2"), false);
      rows.splice(1, 1);
      sides.items.delete("/items/3");
      await run();
      const { counts, status } = ending(await run("--allow-deletes", "1"));
      assert.deepEqual(
        [status, counts.deleted, counts.unchanged],
        ["level", 1, 1],
        "what has gone is deleted, not unchanged",
      );
    }));

test("U4: what somebody else has changed is overwritten by the source, with the version that it has now", () =>
  between(ETAG, async (sides) => {
    await sides.run();
    edit(sides, "/items/2");
    sides.rows[1] = { id: 2, name: "changed" };
    sides.asked();
    const ran = await sides.run();
    assert.equal(ran.exitCode, 0);
    assert.deepEqual(sides.asked(), ['PUT /items/2 "v1"', "GET /items/2", 'PUT /items/2 "v2"']);
    assert.deepEqual([sides.items.get("/items/2")?.body["name"], ending(ran).counts.updated], ["changed", 1]);
  }));

test("U4: `conflict: destination` keeps what somebody else has changed, until the source changes again", () =>
  between(
    ETAG,
    async (sides) => {
      await sides.run();
      edit(sides, "/items/2");
      sides.rows[1] = { id: 2, name: "changed" };
      const ran = await sides.run();
      assert.deepEqual([ran.exitCode, ending(ran).counts.skipped], [0, 1]);
      assert.equal(sides.items.get("/items/2")?.body["name"], "edited");
      assert.ok(ran.events.some((event) => event.type === "warning" && event.code === "CONFLICT_KEPT"));
      sides.asked();
      await sides.run();
      assert.deepEqual(sides.asked(), []);
      sides.rows[1] = { id: 2, name: "changed again" };
      await sides.run();
      assert.equal(sides.items.get("/items/2")?.body["name"], "changed again");
    },
    "conflict: destination",
  ));

test("U4: where the answers to writes have no version, another policy than `source` is said not to hold", async () => {
  const told = (ran: Ran) =>
    ran.events.flatMap((event) =>
      event.type === "warning" && event.code === "VERSION_MISSING" ? [event.message] : [],
    );
  for (const [policy, said] of [
    ["conflict: reject", 1],
    ["conflict: source", 0],
  ] as const)
    await between(
      ETAG,
      async (sides) => {
        sides.tellsVersion = false;
        const [message, ...more] = told(await sides.run());
        assert.deepEqual([message === undefined ? 0 : 1, more], [said, []]);
        if (message !== undefined)
          assert.match(message, /^3 records were written.*\(1, 2 and 3\).*`conflict` is `reject`$/);
        assert.deepEqual(told(await sides.run()), [], "nothing was written");
      },
      policy,
    );
  await between(ETAG, async ({ run }) => assert.deepEqual(told(await run()), []), "conflict: reject");
});

test("U4: `conflict: reject` writes nothing, and names the fields", () =>
  between(
    ETAG,
    async (sides) => {
      await sides.run();
      edit(sides, "/items/2");
      sides.rows[1] = { id: 2, name: "changed" };
      const ran = await sides.run();
      assert.deepEqual([ran.exitCode, ending(ran).counts.rejected], [1, 1]);
      const { stdout } = await sides.place.run("rejects", "list");
      assert.match(stdout.replaceAll(/\s+/g, " "), /somebody else has changed it in the destination \(name\)/);
      assert.equal(sides.items.get("/items/2")?.body["name"], "edited");
    },
    "conflict: reject",
  ));

for (const conflict of ["destination", "reject"])
  test(`U4: what is there before the first create is somebody else's, and not overwritten (${conflict})`, () =>
    between(
      ETAG,
      async (sides) => {
        const theirs = { version: 7, body: { id: 3, name: "from somewhere else" } };
        sides.items.set("/items/3", theirs);
        const ran = await sides.run();
        assert.equal(ran.exitCode, conflict === "reject" ? 1 : 0);
        assert.deepEqual(sides.items.get("/items/3"), theirs);
      },
      `conflict: ${conflict}`,
    ));

test("U4: what was rejected for a conflict is written over what is there once a person has it tried again", () =>
  between(
    ETAG,
    async (sides) => {
      sides.items.set("/items/3", { version: 7, body: { id: 3, name: "from somewhere else" } });
      await sides.run();
      edit(sides, "/items/1");
      edit(sides, "/items/2");
      sides.rows[0] = { id: 1, name: "changed" };
      sides.rows.splice(1, 1);
      await sides.run();
      const again = await sides.run();
      assert.deepEqual([again.exitCode, sides.items.get("/items/2")?.body["name"]], [1, "edited"]);
      sides.asked();
      assert.equal((await sides.place.run("rejects", "retry", "records", "--all")).exitCode, 0);
      assert.deepEqual(sides.asked().toSorted(), [
        'DELETE /items/2 "v2"',
        "GET /items/1",
        "GET /items/2",
        "GET /items/3",
        'PUT /items/1 "v2"',
        'PUT /items/3 "v7"',
      ]);
      assert.equal((await sides.run()).exitCode, 0);
    },
    "conflict: reject",
  ));

test("U4: `conflict: destination` keeps what somebody else has changed, though it has gone from the source", () =>
  between(
    ETAG,
    async (sides) => {
      await sides.run();
      edit(sides, "/items/2");
      sides.rows.splice(1, 1);
      await sides.run();
      const ran = await sides.run();
      assert.ok(ran.events.some((event) => event.type === "warning" && event.code === "CONFLICT_KEPT"));
      assert.deepEqual([ran.exitCode, ending(ran).counts.skipped], [0, 1]);
      sides.asked();
      assert.equal((await sides.run()).exitCode, 0);
      assert.deepEqual([sides.asked(), sides.items.get("/items/2")?.body["name"]], [[], "edited"]);
    },
    "conflict: destination",
  ));

for (const conflict of ["source", "destination", "reject"])
  test(`U4: after a lost answer the record is looked at: what it finds is its own write, and no conflict (${conflict})`, () =>
    between(
      ETAG,
      async (sides) => {
        await sides.run();
        sides.rows[0] = { id: 1, name: "changed" };
        let lost = 0;
        sides.answer = (response, apply) => {
          if ((lost += 1) > 1) return false;
          apply();
          response.destroy();
          return true;
        };
        sides.asked();
        const ran = await sides.run();
        assert.equal(ran.exitCode, 0);
        assert.deepEqual(sides.asked(), ['PUT /items/1 "v1"', "GET /items/1"]);
        assert.deepEqual(sides.items.get("/items/1"), { version: 2, body: { id: 1, name: "changed" } });
      },
      `conflict: ${conflict}`,
    ));

test("U4: a record that is there already is learned, not created blindly; one that has gone is created again", () =>
  between(ETAG, async (sides) => {
    sides.items.set("/items/3", { version: 7, body: { id: 3, name: "from somewhere else" } });
    const first = await sides.run();
    assert.deepEqual([first.exitCode, sides.items.get("/items/3")], [0, { version: 8, body: { id: 3, name: "n3" } }]);
    sides.items.delete("/items/1");
    sides.rows[0] = { id: 1, name: "changed" };
    const second = await sides.run();
    assert.deepEqual([second.exitCode, sides.items.get("/items/1")?.version], [0, 1]);
  }));

test("a precondition needs a way to learn a version, and says what it promises", async () => {
  for (const [declared, says] of [
    ["precondition: etagg", /precondition/],
    ["precondition: { version: version }", /needs `version` and `send`/],
    ["precondition: { version: version, send: { body: a, query: b } }", /takes one of `body`, `query` and `header`/],
    [`precondition: etag\n      deleteMany: { request: POST /items }`, /a batch bears no version/],
  ] as const)
    await between(declared, async ({ place }) => {
      const refused = await place.run("validate");
      assert.equal(refused.exitCode, 2);
      assert.match(refused.stderr.replaceAll(/\s+/g, " "), says);
    });
  await between(ETAG, async ({ place }) => {
    assert.match(
      (await place.run("validate")).stdout.replaceAll(/\s+/g, " "),
      /late writes: refused by the destination/,
    );
  });
});
