import assert from "node:assert/strict";
import { test } from "node:test";
import { cursorPage, ending, json, SOURCE, startApi, Workplace, type Api } from "./harness.ts";

interface Record {
  readonly id: number;
  name: string;
}

/** A source whose records can be changed between runs, and a destination that `answer` makes of each request. */
async function between(
  records: Record[],
  answer: Parameters<typeof startApi>[0],
  destination: string,
  check: (place: Workplace, shop: Api) => Promise<void>,
  retry = "{}",
): Promise<void> {
  const store = await startApi((request, _body, response) => cursorPage(records, request, response));
  const shop = await startApi(answer);
  const place = new Workplace();
  place.write(`
connections:
  store: { baseUrl: "${store.url}" }
  shop: { baseUrl: "${shop.url}", retry: ${retry} }
syncs:
  records:${SOURCE}
    destination: ${destination}
`);
  try {
    await check(place, shop);
  } finally {
    place.remove();
    await Promise.all([store.stop(), shop.stop()]);
  }
}

const writesOf = ({ requests }: Api): readonly string[] =>
  requests.filter(({ method }) => method !== "GET").map(({ method, path }) => `${method} ${path}`);

test("P11: what was rejected is tried again when the record has changed, and not before", async () => {
  const records = [1, 2, 3].map((id) => ({ id, name: id === 2 ? "" : "n" }));
  const answer: Parameters<typeof startApi>[0] = (_request, body, response) =>
    (JSON.parse(body) as Record).name === ""
      ? json(response, 422, { message: "name must not be empty" })
      : json(response, 200, {});
  await between(records, answer, `{ connection: shop, upsert: "PUT /items/{id}" }`, async (place, shop) => {
    const first = await place.run("run", "--json");
    assert.equal(first.exitCode, 1);
    assert.deepEqual([ending(first).counts.created, ending(first).counts.rejected], [2, 1]);
    const second = await place.run("run", "--json");
    assert.equal(second.exitCode, 1, "it is still not level");
    assert.equal(ending(second).counts.stillRejected, 1);
    assert.equal(writesOf(shop).length, 3, "nothing was sent again");
    (records[1] as Record).name = "now it has one";
    const third = await place.run("run", "--json");
    assert.deepEqual([third.exitCode, ending(third).counts.created], [0, 1]);
    assert.deepEqual(writesOf(shop).slice(3), ["PUT /items/2"]);
    assert.equal((await place.run("rejects", "list", "--json")).stdout, "");
  });
});

test("P11: `rejects retry` sends one again although nothing has changed", async () => {
  let isStrict = true;
  const answer: Parameters<typeof startApi>[0] = (_request, _body, response) =>
    isStrict ? json(response, 422, { message: "closed today" }) : json(response, 200, {});
  await between(
    [{ id: 1, name: "n" }],
    answer,
    `{ connection: shop, upsert: "PUT /items/{id}" }`,
    async (place, shop) => {
      assert.equal((await place.run("run")).exitCode, 1);
      isStrict = false;
      assert.equal((await place.run("rejects", "retry", "records", "--all")).exitCode, 0);
      assert.deepEqual(writesOf(shop), ["PUT /items/1", "PUT /items/1"]);
      assert.equal((await place.run("run")).exitCode, 0);
      assert.equal(writesOf(shop).length, 2);
    },
  );
});

/** Holds items by their id; GET reads one. */
function itemStore(there: ReadonlyMap<string, object>): {
  held: Map<string, object>;
  answer: Parameters<typeof startApi>[0];
} {
  const held = new Map(there);
  return {
    held,
    answer: (request, body, response) => {
      const id = request.url?.split("/").at(-1) ?? "";
      if (request.method === "PUT") held.set(id, JSON.parse(body) as object);
      const item = held.get(id);
      if (item === undefined) return json(response, 404, {});
      return json(response, 200, item);
    },
  };
}

test("createOnly: what exists is left alone, what is new is created, and a change is not sent", async () => {
  const records = [1, 2].map((id) => ({ id, name: "n" }));
  const { held, answer } = itemStore(new Map([["1", { id: 1, name: "theirs" }]]));
  const destination = `{ connection: shop, upsert: "PUT /items/{id}", read: { request: "GET /items/{id}" } }\n    writes: createOnly`;
  await between(records, answer, destination, async (place, shop) => {
    const ran = await place.run("run", "--json");
    assert.deepEqual([ran.exitCode, ran.stderr], [0, ""]);
    assert.deepEqual([ending(ran).counts.created, ending(ran).counts.skipped], [1, 1]);
    for (const record of records) record.name = "changed";
    assert.equal((await place.run("run")).exitCode, 0);
    assert.deepEqual(writesOf(shop), ["PUT /items/2"]);
    assert.deepEqual(held.get("1"), { id: 1, name: "theirs" });
  });
});

test("updateOnly: what is there is brought level, what is not is left out", async () => {
  const records = [1, 2].map((id) => ({ id, name: "n" }));
  const { held, answer } = itemStore(new Map([["1", { id: 1, name: "theirs" }]]));
  const destination = `{ connection: shop, upsert: "PUT /items/{id}", read: { request: "GET /items/{id}" } }\n    writes: updateOnly`;
  await between(records, answer, destination, async (place, shop) => {
    const ran = await place.run("run", "--json");
    assert.deepEqual([ran.exitCode, ending(ran).counts.updated, ending(ran).counts.skipped], [0, 1, 1]);
    assert.deepEqual(writesOf(shop), ["PUT /items/1"]);
    assert.deepEqual(held.get("1"), { id: 1, name: "n" });
    assert.equal(held.has("2"), false);
  });
});

test("R1: a page of HTML is no answer to a write: the record counts as written only when an API says so", async () => {
  const { held, answer } = itemStore(new Map());
  let signsIn = true;
  const portal: Parameters<typeof startApi>[0] = (request, body, response) => {
    if (!signsIn) return answer(request, body, response);
    response.setHeader("content-type", "text/html");
    response.end("<!DOCTYPE html><html><title>Sign in</title></html>");
    return undefined;
  };
  const records = [1, 2, 3].map((id) => ({ id, name: "n" }));
  const check = async (place: Workplace): Promise<void> => {
    const ran = await place.run("run", "--json");
    assert.deepEqual([ran.exitCode, ending(ran).counts.created, ending(ran).counts.unknown], [1, 0, 3]);
    assert.match(ran.stdout, /an HTML page, which may be that of a sign-in or a proxy/);
    signsIn = false;
    assert.equal((await place.run("run")).exitCode, 0);
    assert.equal(held.size, 3);
  };
  const destination = `{ connection: shop, upsert: "PUT /items/{id}" }`;
  await between(records, portal, destination, check, "{ attempts: 2, base: 1ms }");
});

test("R7: a destination that cannot be reached ends the run soon, whatever waits, and the next one goes on", async () => {
  const { held, answer } = itemStore(new Map());
  const records = Array.from({ length: 300 }, (_, index) => ({ id: index + 1, name: "n" }));
  const check = async (place: Workplace, shop: Api): Promise<void> => {
    await shop.stop();
    const ran = await place.run("run", "--json");
    const { error, counts, durationMs } = ending(ran);
    assert.deepEqual([ran.exitCode, error?.code, counts.rejected], [3, "API_UNREACHABLE", 0]);
    assert.ok(durationMs < 30_000, `it took ${durationMs} ms`);
    const again = await startApi(answer, Number(new URL(shop.url).port));
    try {
      assert.equal((await place.run("run")).exitCode, 0);
    } finally {
      await again.stop();
    }
    assert.equal(held.size, 300);
  };
  const destination = `{ connection: shop, upsert: "PUT /items/{id}" }`;
  await between(records, answer, destination, check, "{ attempts: 4, base: 500ms }");
});

test("K4: of a bare create whose answer was lost, everything says that only a person can decide", async () => {
  const records = [1, 2].map((id) => ({ id, name: "n" }));
  const answer: Parameters<typeof startApi>[0] = (_request, _body, response) => void response.destroy();
  await between(records, answer, "{ connection: shop, create: { request: POST /items, id: id } }", async (place) => {
    const flat = async (...args: string[]): Promise<string> => {
      const { stdout, stderr } = await place.run(...args);
      return (stdout + stderr).replaceAll(/\s+/g, " ");
    };
    assert.equal((await place.run("run")).exitCode, 1);
    const status = await flat("status");
    assert.match(
      status,
      /records: 2 writes of unknown outcome that only you can decide: .* `evenkeel state unblock records 1 --applied`/,
    );
    assert.doesNotMatch(status, /the next run looks into/);
    const explained = await flat("explain", "records", "1");
    assert.match(
      explained,
      /No run can find out\. Look into the destination, then say `evenkeel state unblock records 1 --applied` if it was, or `evenkeel state unblock records 1 --resend` if it was not\./,
    );
    const undecided = await place.run("state", "unblock", "records", "1");
    assert.equal(undecided.exitCode, 2);
    assert.match(undecided.stderr.replaceAll(/\s+/g, " "), /say `--applied` if it was, or `--resend` if it was not/);
    assert.equal((await place.run("state", "unblock", "records", "1", "--applied")).exitCode, 0);
    assert.match(await flat("status"), /records: 1 write of unknown outcome that only you can decide/);
  });
});

test("a run of some records is done, and does not say that the sync is level", async () => {
  const records = [1, 2, 3].map((id) => ({ id, name: "n" }));
  const answer: Parameters<typeof startApi>[0] = (_request, _body, response) => json(response, 200, {});
  await between(records, answer, `{ connection: shop, upsert: "PUT /items/{id}" }`, async (place) => {
    const one = await place.run("run", "--limit", "1");
    assert.equal(one.exitCode, 0);
    assert.match(one.stdout, /^records: done: the 1 record that was asked for in /);
    assert.match((await place.run("status")).stdout, /^records +done in part +/m);
    const all = await place.run("run");
    assert.match(all.stderr, /^records: full refresh \(no run has read everything yet\)$/m);
    assert.match(all.stdout, /^records: level in /);
    assert.match((await place.run("run", "--key", "2")).stdout, /^records: done: the 1 record that was asked for/);
    assert.match((await place.run("status")).stdout, /^records +level +/m);
    assert.equal(
      ending(await place.run("run", "--limit", "1", "--json")).status,
      "level",
      "a program reads what it did",
    );
  });
});

test("`plan --quiet` says nothing where nothing is to do, and what is to do otherwise", async () => {
  const records = [1].map((id) => ({ id, name: "n" }));
  const answer: Parameters<typeof startApi>[0] = (_request, _body, response) => json(response, 200, {});
  await between(records, answer, `{ connection: shop, upsert: "PUT /items/{id}" }`, async (place) => {
    assert.match((await place.run("plan", "--quiet")).stdout, /^records: 1 to create/);
    assert.equal((await place.run("run", "--quiet")).exitCode, 0);
    const level = await place.run("plan", "--quiet", "--exit-code");
    assert.deepEqual([level.exitCode, level.stdout, level.stderr], [0, "", ""]);
  });
});
