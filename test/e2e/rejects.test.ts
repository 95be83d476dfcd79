import assert from "node:assert/strict";
import { test } from "node:test";
import { cursorPage, json, SOURCE, startApi, Workplace, type Ran } from "./harness.ts";

test("what calls no API needs no secret", async () => {
  const store = await startApi((request, _body, response) => cursorPage([{ id: 1 }], request, response));
  const shop = await startApi((_request, _body, response) => json(response, 422, { error: "no" }));
  const place = new Workplace({});
  place.write(`
connections:
  store: { baseUrl: "${store.url}" }
  shop: { baseUrl: "${shop.url}", auth: { type: bearer, token: "\${SHOP_TOKEN}" } }
syncs:
  records:${SOURCE}
    destination: { connection: shop, upsert: "PUT /items/{id}" }
`);
  const under = (environment: Readonly<Record<string, string>>, ...args: string[]): Promise<Ran> =>
    place.startUnder([process.execPath], environment, ...args).ended;
  try {
    assert.equal((await under({ SHOP_TOKEN: "secret-of-the-shop" }, "run")).exitCode, 1);
    for (const command of [
      "status",
      "explain records 1",
      "rejects list",
      "rejects show records 1",
      "state show",
      "state export records",
      "state unblock",
      "rejects discard records 1",
      "state reset records --yes",
    ]) {
      const { exitCode, stdout, stderr } = await place.run(...command.split(" "));
      assert.equal(exitCode, 0, `${command}: ${stdout}${stderr}`);
    }
    for (const command of ["run", "plan", "check", "rejects retry records --all"]) {
      const { exitCode, stderr } = await place.run(...command.split(" "));
      assert.equal(exitCode, 2, command);
      assert.match(stderr, /`SHOP_TOKEN`, which is not set/, command);
    }
  } finally {
    place.remove();
    await Promise.all([store.stop(), shop.stop()]);
  }
});

test("a ledger that is a folder is refused", async () => {
  const place = new Workplace();
  place.write(`
connections: { api: { baseUrl: "http://127.0.0.1:1" } }
syncs:
  records:${SOURCE.replace("store", "api")}
    destination: { connection: api, upsert: "PUT /items/{id}" }
`);
  for (const command of ["status", "run"]) {
    const ran = await place.run(command, "--state", place.folder);
    assert.equal(ran.exitCode, 2);
    assert.match(ran.stderr.replaceAll(/\s+/g, " "), /^USAGE: the ledger \S+ is a folder next: Name a file/);
  }
  place.remove();
});

test("P11: rejects that there are not are refused, after those that there are were tried or discarded", async () => {
  const records = [1, 2, 3].map((id) => ({ id }));
  let isMended = false;
  const store = await startApi((request, _body, response) => cursorPage(records, request, response));
  const shop = await startApi((_request, _body, response) => json(response, isMended ? 200 : 422, {}));
  const place = new Workplace();
  place.write(`
connections:
  store: { baseUrl: "${store.url}" }
  shop: { baseUrl: "${shop.url}" }
syncs:
  records:${SOURCE}
    destination: { connection: shop, upsert: "PUT /items/{id}" }
`);
  try {
    assert.equal((await place.run("run")).exitCode, 1);
    isMended = true;
    const sent = shop.requests.length;
    const none = await place.run("rejects", "retry", "records", "7");
    assert.deepEqual([none.exitCode, none.stdout, shop.requests.length], [2, "", sent]);
    const some = await place.run("rejects", "retry", "records", "7", "1", "8");
    assert.equal(some.exitCode, 2);
    assert.match(some.stdout, /created +1/);
    assert.match(some.stderr, /^USAGE: records has no rejects 7, 8\nnext: `evenkeel rejects list records`/m);
    const discarded = await place.run("rejects", "discard", "records", "1", "2");
    assert.equal(discarded.exitCode, 2);
    assert.match(discarded.stdout, /^1 reject discarded$/m);
    assert.match(discarded.stderr, /USAGE: records has no reject 1\n/);
    assert.equal((await place.run("rejects", "discard", "records", "3", "3")).exitCode, 0);
  } finally {
    place.remove();
    await Promise.all([store.stop(), shop.stop()]);
  }
});

test("P11: a reject whose record has gone from the source is not tried, and that is said", async () => {
  const records = [{ id: 1 }, { id: 2 }];
  const store = await startApi((request, _body, response) => {
    const id = /^\/records\/(\d+)$/.exec(request.url ?? "")?.[1];
    if (id === undefined) return cursorPage(records, request, response);
    const record = records.find((each) => each.id === Number(id));
    return json(response, record === undefined ? 404 : 200, record ?? {});
  });
  const shop = await startApi((_request, _body, response) => json(response, 422, { error: "no" }));
  const place = new Workplace();
  place.write(`
connections:
  store: { baseUrl: "${store.url}" }
  shop: { baseUrl: "${shop.url}" }
syncs:
  records:${SOURCE}
      read: "GET /records/{$key}"
    destination: { connection: shop, upsert: "PUT /items/{id}" }
`);
  try {
    assert.equal((await place.run("run")).exitCode, 1);
    records.pop();
    const sent = shop.requests.length;
    const retried = await place.run("rejects", "retry", "records", "--all");
    assert.match(retried.stderr, /the reject of record 2 stays as it is: the source does not show the record any more/);
    assert.deepEqual([retried.exitCode, shop.requests.length - sent], [1, 1], "the other one is tried");
  } finally {
    place.remove();
    await Promise.all([store.stop(), shop.stop()]);
  }
});

test("a key that is nowhere is named with the fields that there are; 20 such rejects are listed, and all with --all", async () => {
  const records = Array.from({ length: 23 }, (_, index) => ({ id: index + 1, title: "t", price: 1 }));
  const store = await startApi((request, _body, response) => cursorPage(records, request, response));
  const shop = await startApi((_request, _body, response) => json(response, 200, {}));
  const place = new Workplace();
  place.write(`
connections:
  store: { baseUrl: "${store.url}" }
  shop: { baseUrl: "${shop.url}" }
syncs:
  records:${SOURCE.replace("key: id", "key: uid")}
    destination: { connection: shop, upsert: "PUT /items/{id}" }
`);
  try {
    assert.equal((await place.run("run")).exitCode, 1);
    const list = async (...flags: string[]): Promise<string> => (await place.run("rejects", "list", ...flags)).stdout;
    const listed = await list();
    assert.match(
      listed.replaceAll(/\s+/g, " "),
      /KEY_MISSING: its key is missing \(`uid`\); the record has `id`, `title` and `price`/,
    );
    assert.match(listed, /^… and 3 more of records: KEY_MISSING \(`--all` lists them\)$/m);
    const lines = (text: string): number => text.match(/its key is missing/g)?.length ?? 0;
    assert.deepEqual([lines(listed), lines(await list("--all")), lines(await list("--json"))], [20, 23, 23]);
  } finally {
    place.remove();
    await Promise.all([store.stop(), shop.stop()]);
  }
});

test("without `source.read` a reject is tried as it was refused: nothing counts as read, and the summary says what helps", async () => {
  const records: { id: number; price: number | string }[] = [{ id: 1, price: "abc" }];
  const store = await startApi((request, _body, response) => cursorPage(records, request, response));
  const shop = await startApi((_request, _body, response) => json(response, 200, {}));
  const place = new Workplace();
  place.write(`
connections:
  store: { baseUrl: "${store.url}" }
  shop: { baseUrl: "${shop.url}" }
syncs:
  records:${SOURCE}
    mapping: { id: id, price: "price * 2" }
    destination: { connection: shop, upsert: "PUT /items/{id}" }
`);
  try {
    const first = await place.run("run");
    assert.equal(first.exitCode, 1);
    const asked = store.requests.length;
    Object.assign(records[0] as object, { price: 3 });
    const retried = await place.run("rejects", "retry", "records", "--all");
    assert.deepEqual([retried.exitCode, store.requests.length], [1, asked]);
    assert.doesNotMatch(retried.stdout, /\bread\b.*page/);
    for (const { stdout } of [first, retried]) {
      assert.match(stdout, /^ +evenkeel run records +after mending a record at the source$/m);
      assert.match(stdout, /^ +evenkeel rejects retry records --all +after mending config or destination$/m);
    }
    assert.equal((await place.run("run")).exitCode, 0);
  } finally {
    place.remove();
    await Promise.all([store.stop(), shop.stop()]);
  }
});
