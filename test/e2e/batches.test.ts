import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { cursorPage, ending, json, SOURCE, startApi, Workplace, type Api, type Ran } from "./harness.ts";

interface Row {
  readonly id: number;
  name: string;
}

/** A batch as it came in. */
interface Batch {
  readonly path: string;
  readonly items: readonly Row[];
}

interface Sides {
  readonly rows: Row[];
  readonly items: Map<number, Row>;
  readonly batches: Batch[];
  readonly alone: string[];
  readonly place: Workplace;
  readonly shop: Api;
  run(...args: string[]): Promise<Ran>;
  /** Answers a batch in the place of the destination; false leaves it to that. */
  answer: ((batch: Batch, response: ServerResponse, apply: () => void) => boolean) | undefined;
}

const RESULTS = `results: { each: results, key: id, ok: "status < 300", error: message }`;
const UPSERT_MANY = `upsertMany: { request: POST /items/bulk, size: 10, body: "{ 'items': $ }", ${RESULTS} }`;

interface Declared {
  readonly rows?: number;
  readonly destination?: string;
  readonly sync?: string;
}

async function between(
  { rows: size = 25, destination = UPSERT_MANY, sync = "" }: Declared,
  check: (sides: Sides) => Promise<void>,
): Promise<void> {
  const rows: Row[] = Array.from({ length: size }, (_, index) => ({ id: index + 1, name: `n${index + 1}` }));
  const items = new Map<number, Row>();
  const batches: Batch[] = [];
  const alone: string[] = [];
  const store = await startApi((request, _body, response) => cursorPage(rows, request, response, 100));
  const shown: { answer: Sides["answer"] } = { answer: undefined };
  const shop = await startApi((request, body, response) => {
    const url = new URL(request.url ?? "/", "http://x");
    const path = url.pathname;
    if (path.endsWith("/bulk") || path.endsWith("/bulk-delete")) {
      const given = JSON.parse(body) as { readonly items: readonly Row[] };
      const batch = { path, items: given.items };
      batches.push(batch);
      const isDelete = path.endsWith("/bulk-delete");
      const apply = (): void => {
        for (const item of batch.items)
          if (isDelete) items.delete(item.id ?? item);
          else if (item.name !== "bad") items.set(item.id, item);
      };
      if (shown.answer?.(batch, response, apply) === true) return undefined;
      const results = batch.items.map((item) => {
        if (isDelete) return { id: item.id, status: items.delete(item.id) ? 204 : 404 };
        if (item.name === "bad") return { id: item.id, status: 422, message: `no such name for ${item.id}` };
        items.set(item.id, item);
        return { id: item.id, status: 200, assigned: `i${item.id}` };
      });
      return json(response, 207, { results });
    }
    alone.push(`${request.method} ${path}`);
    const id = Number(path.split("/")[2]);
    if (request.method === "GET" && url.searchParams.has("id")) {
      const found = items.get(Number(url.searchParams.get("id")));
      return json(response, 200, { data: found === undefined ? [] : [{ ...found, assigned: `i${found.id}` }] });
    }
    if (request.method === "GET") return items.has(id) ? json(response, 200, items.get(id)) : json(response, 404, {});
    if (request.method === "DELETE") return json(response, items.delete(id) ? 204 : 404, undefined);
    const item = JSON.parse(body) as Row;
    items.set(item.id, item);
    return json(response, 200, { assigned: `i${item.id}` });
  });
  const place = new Workplace();
  place.write(`
connections:
  store: { baseUrl: "${store.url}" }
  shop: { baseUrl: "${shop.url}", lateWrite: 0s, limits: { concurrency: 1 }, retry: { attempts: 3, base: 1ms } }
syncs:
  records:${SOURCE}
    mapping: { id: id, name: name }
    destination:
      connection: shop
      ${destination}
    ${sync}
`);
  try {
    const run = (...args: string[]): Promise<Ran> => place.run("run", "--json", ...args);
    await check(Object.assign(shown, { rows, items, batches, alone, place, shop, run }));
  } finally {
    place.remove();
    await Promise.all([store.stop(), shop.stop()]);
  }
}

const sizes = (batches: readonly Batch[]): readonly number[] => batches.map(({ items }) => items.length);

test("records go many at a time; one bad record is rejected with its own words, and the others are delivered", () =>
  between({}, async ({ rows, run, items, batches, alone, place }) => {
    (rows[6] as Row).name = "bad";
    const first = await run();
    assert.deepEqual([first.exitCode, items.size, sizes(batches), alone], [1, 24, [10, 10, 5], []]);
    const { counts } = ending(first);
    assert.deepEqual([counts.created, counts.rejected, counts.requests], [24, 1, 4], "a batch is one request");
    const [reject] = (await place.run("rejects", "list", "--json")).stdout.split("\n");
    const { key, reason } = JSON.parse(reject ?? "{}") as { key: string; reason: string };
    assert.deepEqual([key, reason], ["7", "no such name for 7"]);
    (rows[6] as Row).name = "good";
    (rows[7] as Row).name = "changed";
    const second = await run();
    assert.deepEqual([second.exitCode, sizes(batches).slice(3), items.get(8)?.name], [0, [2], "changed"]);
    await run();
    assert.equal(batches.length, 4, "what is level is not sent");
  }));

test("an all-or-nothing batch is halved until the bad record stands alone, and the other 99 are delivered", () =>
  between(
    { rows: 100, destination: UPSERT_MANY.replace("size: 10", "size: 100").replace(`, ${RESULTS}`, "") },
    async (sides) => {
      const { rows, run, items, batches } = sides;
      (rows[41] as Row).name = "bad";
      sides.answer = (batch, response, apply) => {
        const isBad = batch.items.some(({ name }) => name === "bad");
        if (!isBad) apply();
        json(response, isBad ? 422 : 200, isBad ? { message: "one of them is bad" } : {});
        return true;
      };
      const ran = await run();
      assert.deepEqual([ran.exitCode, items.size, ending(ran).counts.rejected], [1, 99, 1]);
      assert.ok(batches.length <= 15, `${batches.length} requests`);
      const seen = new Map<number, number>();
      for (const { items: sent } of batches) for (const { id } of sent) seen.set(id, (seen.get(id) ?? 0) + 1);
      assert.ok(Math.max(...seen.values()) <= 8);
    },
  ));

test("a batch that is too large is halved, and later ones are no larger", () =>
  between({ rows: 40, destination: UPSERT_MANY.replace("size: 10", "size: 20") }, async (sides) => {
    sides.answer = ({ items: sent }, response) => {
      if (sent.length > 5) json(response, 413, {});
      return sent.length > 5;
    };
    const ran = await sides.run();
    assert.deepEqual([ran.exitCode, sides.items.size], [0, 40]);
    assert.equal(sizes(sides.batches).filter((size) => size <= 5).length, 8);
  }));

test("bytes limit a batch too", () =>
  between(
    { destination: UPSERT_MANY.replace("size: 10", "size: 100, bytes: 200B") },
    async ({ run, batches, shop }) => {
      assert.equal((await run()).exitCode, 0);
      assert.ok(batches.length > 3);
      const written = shop.requests.filter(({ method }) => method === "POST");
      assert.ok(Math.max(...written.map(({ body }) => body.length)) < 300);
    },
  ));

test("U1: after a lost answer each record is resolved on its own, and never sent in the company of others again", () =>
  between({ destination: `${UPSERT_MANY}\n      upsert: "PUT /items/{id}"` }, async (sides) => {
    const { run, items, batches, alone } = sides;
    let lost = 0;
    sides.answer = (_batch, response, apply) => {
      if (lost > 0) return false;
      lost += 1;
      apply();
      response.destroy();
      return true;
    };
    const ran = await run();
    assert.deepEqual([ran.exitCode, items.size], [0, 25]);
    assert.deepEqual([sizes(batches), alone.length], [[10, 10, 5], 10]);
    assert.ok(alone.every((request) => request.startsWith("PUT /items/")));
  }));

test("a record that is missing from the results is unknown, and goes alone; so does one whose result is a 5xx", () =>
  between(
    {
      destination: `${UPSERT_MANY.replace("error: message", "error: message, status: status")}\n      upsert: "PUT /items/{id}"`,
    },
    async (sides) => {
      const { run, items, alone } = sides;
      sides.answer = (batch, response, apply) => {
        if (!batch.items.some(({ id }) => id === 3)) return false;
        apply();
        const results = batch.items
          .filter(({ id }) => id !== 3)
          .map(({ id }) => ({ id, status: id === 4 ? 503 : 200 }));
        json(response, 200, { results: results.toReversed() });
        return true;
      };
      const ran = await run();
      assert.deepEqual([ran.exitCode, items.size, alone.toSorted()], [0, 25, ["PUT /items/3", "PUT /items/4"]]);
    },
  ));

test("what was not written since another one of its batch was refused goes again without that one", () =>
  between({ destination: UPSERT_MANY.replace('ok: "status < 300"', "status: status") }, async (sides) => {
    const { rows, run, items, batches, alone } = sides;
    (rows[3] as Row).name = "bad";
    // All or nothing: of what was right it is said that it depends on what was wrong (RFC 4918, 11.4).
    sides.answer = (batch, response, apply) => {
      if (batch.items.every(({ name }) => name !== "bad")) return false;
      const results = batch.items.map(({ id, name }) => ({ id, status: name === "bad" ? 422 : 424, message: name }));
      if (batch.items.length === 1) apply();
      json(response, 207, { results });
      return true;
    };
    const ran = await run();
    assert.deepEqual([ending(ran).counts.rejected, items.size, alone], [1, 24, []]);
    // Which of the last two goes first is a matter of what comes first: the rest of the list, or the answer.
    assert.deepEqual(new Set(sizes(batches)), new Set([10, 9, 5]));
    assert.equal(batches.length, 4);
    sides.answer = (batch, response) => {
      json(response, 207, { results: batch.items.map(({ id }) => ({ id, status: 424, message: "never" })) });
      return true;
    };
    for (const row of rows) row.name = "changed";
    const never = await run();
    assert.deepEqual([never.exitCode, ending(never).counts.rejected], [1, 25], "it comes to an end");
  }));

test("results by position count only when there is one for each", () =>
  between(
    { destination: `${UPSERT_MANY.replace("key: id, ", "")}\n      upsert: "PUT /items/{id}"` },
    async (sides) => {
      const { rows, run, items, alone } = sides;
      (rows[1] as Row).name = "bad";
      const first = await run();
      assert.deepEqual([ending(first).counts.rejected, items.size, alone], [1, 24, []]);
      for (const row of rows) row.name = "all change";
      sides.answer = (batch, response, apply) => {
        apply();
        json(response, 200, { results: batch.items.slice(1).map(({ id }) => ({ id, status: 200 })) });
        return true;
      };
      const second = await run();
      assert.deepEqual([second.exitCode, alone.length], [0, 25], "none of them is taken for another");
    },
  ));

test("a throttled batch goes again as one; credentials that are refused stop the run and reject nothing", () =>
  between({}, async (sides) => {
    let refusals = 0;
    sides.answer = (_batch, response) => {
      if ((refusals += 1) > 2) return false;
      json(response, 429, {}, { "retry-after": "0" });
      return true;
    };
    const ran = await sides.run();
    assert.deepEqual([ran.exitCode, sides.items.size, sides.alone], [0, 25, []]);
    sides.rows[0] = { id: 1, name: "changed" };
    sides.answer = (_batch, response) => (json(response, 401, {}), true);
    const denied = await sides.run();
    assert.deepEqual([denied.exitCode, ending(denied).counts.rejected], [3, 0]);
  }));

test("creates go together where the destination assigns ids, which the results give; a lost answer is searched for", () =>
  between(
    {
      destination: `create: { request: POST /items, id: assigned }
      createMany: { request: POST /items/bulk, size: 10, body: "{ 'items': $ }", ${RESULTS} }
      update: "PUT /items/{$id}"
      find: { request: GET /items, query: { id: "{id}" }, record: "data[0]", id: assigned }`,
    },
    async (sides) => {
      const { run, items, batches, alone, place } = sides;
      let lost = 0;
      sides.answer = (_batch, response, apply) => {
        if ((lost += 1) !== 2) return false;
        apply();
        response.destroy();
        return true;
      };
      const ran = await run();
      assert.equal(ran.exitCode, 0);
      assert.equal(items.size, 25);
      assert.ok(sizes(batches).reduce((sum, size) => sum + size, 0) === 25, "none is created twice");
      assert.ok(alone.every((request) => request === "GET /items"));
      const { stdout } = await place.run("state", "export", "records");
      assert.deepEqual(JSON.parse(stdout.split("\n")[0] ?? ""), { key: "1", id: "i1" });
    },
  ));

test("U1: a create that was in doubt goes alone, also once it is known that it is not there", () =>
  between(
    {
      destination: `create: { request: POST /items, id: assigned }
      createMany: { request: POST /items/bulk, size: 10, body: "{ 'items': $ }", ${RESULTS} }
      update: "PUT /items/{$id}"
      find: { request: GET /items, query: { id: "{id}" }, record: "data[0]", id: assigned, visibilityLag: 0s }`,
    },
    async (sides) => {
      const { run, items, batches, alone } = sides;
      sides.answer = (_batch, response) => {
        if (batches.length !== 2) return false;
        response.destroy();
        return true;
      };
      assert.equal((await run()).exitCode, 0);
      const together = batches.flatMap((batch) => batch.items.map(({ id }) => id));
      assert.deepEqual([items.size, together.length], [25, new Set(together).size], "none went with others twice");
      assert.equal(alone.filter((request) => request === "POST /items").length, batches[1]?.items.length);
    },
  ));

test("a lost batch of creates that nothing can find is for a person: every run says so, and none is said to find out", () =>
  between(
    {
      rows: 3,
      destination: `create: { request: POST /items, id: assigned }
      createMany: { request: POST /items/bulk, size: 10, body: "{ 'items': $ }", ${RESULTS} }`,
    },
    async (sides) => {
      sides.answer = (_batch, response) => (response.destroy(), true);
      for (let run = 0; run < 2; run++) {
        const { exitCode, stdout, stderr } = await sides.place.run("run");
        const said = stdout.replaceAll(/\s+/g, " ");
        assert.equal(exitCode, 1);
        assert.match(stderr, /unknown outcome of record 1/);
        assert.match(
          said,
          /evenkeel state unblock records \d --applied no run can find out: look, and say that it is there/,
        );
        assert.doesNotMatch(said, /finds out what became/);
      }
      assert.equal(sides.batches.length, 1);
    },
  ));

test("beside an error only the beginning of a batch's body is shown", () =>
  between({ rows: 100, destination: UPSERT_MANY.replace("size: 10", "size: 100") }, async (sides) => {
    sides.answer = (_batch, response) => (json(response, 401, { message: "no" }), true);
    const { exitCode, stdout } = await sides.place.run("run");
    assert.equal(exitCode, 3);
    assert.match(stdout, /API_CREDENTIALS_REFUSED[\s\S]*> POST [\s\S]*… \d+ more lines/);
    assert.ok(stdout.split("\n").length < 60, stdout);
  }));

test("a create whose answer has no id is said at once where nothing can find its record, once for all of them", async () => {
  const create = `create: { request: POST /items, id: assigned }
      update: "PUT /items/{$id}"`;
  const createMany = `${create}
      createMany: { request: POST /items/bulk, size: 10, body: "{ 'items': $ }", ${RESULTS} }`;
  const warnings = (ran: Ran) =>
    ran.events.flatMap((event) => (event.type === "warning" ? [[event.code, event.message, event.next]] : []));
  await between({ destination: createMany }, async (sides) => {
    sides.answer = ({ items }, response, apply) => {
      apply();
      const assigned = (id: number): object => (id % 5 === 0 ? {} : { assigned: `i${id}` });
      json(response, 207, { results: items.map(({ id }) => ({ id, status: 201, ...assigned(id) })) });
      return true;
    };
    const ran = await sides.run();
    assert.equal(ran.exitCode, 0);
    const [[code, message, next] = [], ...more] = warnings(ran);
    assert.deepEqual([code, more], ["ID_MISSING", []]);
    assert.match(
      String(message),
      /^5 records were created, and the answers had no id of them \(5, 10, 15 and 2 more\)/,
    );
    assert.match(String(next), /`createMany.results.id`.* declare `find`.* `evenkeel state import records FILE`/);
    assert.deepEqual(warnings(await sides.run()), [], "it is said by the run that created them");
    writeFileSync(join(sides.place.folder, "ids.jsonl"), '{"key":5,"id":"i5"}\n');
    assert.equal((await sides.place.run("state", "import", "records", "ids.jsonl")).exitCode, 0);
    (sides.rows[4] as Row).name = "changed";
    assert.equal((await sides.run()).exitCode, 0);
    assert.ok(sides.alone.includes("PUT /items/i5"));
  });
  await between({ rows: 1, destination: create.replace("id: assigned", "id: data.id") }, async ({ run }) => {
    const [[, message, next] = []] = warnings(await run());
    assert.match(String(message), /^1 record was created, and the answer had no id of it \(1\): neither/);
    assert.match(String(next), /^Compare `create.id` with an answer/);
  });
});

test("deletes go together, with what was last written of each; what is not there any more counts as deleted", () =>
  between(
    {
      destination: `upsert: "PUT /items/{id}"
      delete: "DELETE /items/{id}"
      deleteMany: { request: POST /items/bulk-delete, size: 2, body: "{ 'items': $ }", results: { each: results, key: id, ok: "status < 300", missing: status = 404 } }`,
      sync: "deletes: { mode: mirror }",
    },
    async ({ rows, run, items, batches, alone }) => {
      await run();
      rows.splice(3, 3);
      items.delete(5);
      await run();
      const before = alone.length;
      const gone = await run();
      assert.deepEqual([gone.exitCode, items.size, sizes(batches), alone.length], [0, 22, [2, 1], before]);
      assert.deepEqual(batches[0]?.items[0], { id: 4, name: "n4" });
    },
  ));

test("what a batch needs is said by name, and validate says what goes together", async () => {
  for (const [destination, says] of [
    ["createMany: { request: POST /items/bulk }", /createMany` needs `create`/],
    [
      "create: { request: POST /items, id: id }\n      createMany: { request: POST /items/bulk }",
      /createMany` needs `results`: which record was given which id/,
    ],
    [`${UPSERT_MANY}\n      find: { request: GET /items, id: id }`, /find` does not go with `upsertMany`/],
    [
      "create: { request: POST /items, id: id, idempotencyKey: {} }\n      createMany: { request: POST /items/bulk }",
      /idempotencyKey` does not go with `createMany`: a batch has no key of one record/,
    ],
    ["upsertMany: { request: POST /items/bulk, size: 0 }", /size/],
  ] as const)
    await between({ destination }, async ({ place }) => {
      const refused = await place.run("validate");
      assert.equal(refused.exitCode, 2);
      assert.match(refused.stderr.replaceAll(/\s+/g, " "), says);
    });
  await between({}, async ({ place }) => {
    const { stdout } = await place.run("validate");
    assert.match(stdout.replaceAll(/\s+/g, " "), /Up to 10 records go in one request/);
  });
});
