/** What goes wrong before anything has ever gone right: wrong tokens, dead ports, paths that are corrected, and a destination that has some of the records. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { json, startApi, Workplace, type Api, type Ran } from "./harness.ts";

const rows = Array.from({ length: 30 }, (_, index) => ({ id: `t${index + 1}` }));
const ALL = rows.map(({ id }) => id).toSorted();

const FIND = `find: { request: GET /copies, query: { ref: "{$key}" }, record: "$[0]", id: id }`;
const KEYED = ", idempotencyKey: {}";
/** Nobody listens there. */
const DEAD = "http://127.0.0.1:9";

interface Destination {
  readonly url?: string;
  readonly path?: string;
  /** More of `create`. */
  readonly create?: string;
  readonly more?: string;
}

interface Sides {
  readonly shop: Api;
  readonly place: Workplace;
  /** What the shop has, by `ref`, as often as it has it. */
  readonly held: string[];
  /** What the shop answers to everything; `silent`: nothing. */
  readonly answers: {
    with: number | "silent" | undefined;
    /** Somebody else has changed what is there. */ edited?: boolean;
  };
  configure(destination?: Destination): void;
  run(...args: string[]): Promise<Ran>;
}

async function between(check: (sides: Sides) => Promise<void>): Promise<void> {
  const store = await startApi((_request, _body, response) => json(response, 200, rows));
  const held: string[] = [];
  const answers: Sides["answers"] = { with: undefined };
  const shop = await startApi((request, body, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://shop");
    if (answers.with === "silent") return;
    if (answers.with !== undefined) return json(response, answers.with, {});
    if (/^\/copies\/i\d+$/.test(pathname)) return json(response, 200, {});
    if (pathname !== "/copies") return json(response, 404, {});
    if (request.method === "POST") {
      const { ref } = JSON.parse(body) as { readonly ref: string };
      return json(response, 201, { id: `i${held.push(ref)}` });
    }
    const index = held.indexOf(searchParams.get("ref") ?? "");
    return json(
      response,
      200,
      index < 0 ? [] : [{ id: `i${index + 1}`, ref: answers.edited === true ? "edited" : held[index] }],
    );
  });
  const place = new Workplace();
  const configure: Sides["configure"] = ({ url = shop.url, path = "/copies", create = "", more = "" } = {}) =>
    place.write(`
connections:
  store: { baseUrl: "${store.url}" }
  shop: { baseUrl: "${url}", lateWrite: 1s, retry: { attempts: 3, base: 20ms, cap: 50ms } }
syncs:
  things:
    source: { connection: store, request: GET /things, records: $, key: id }
    mapping: { ref: id }
    destination:
      connection: shop
      create: { request: POST ${path}, id: id${create} }
      ${more}
`);
  try {
    await check({ shop, place, held, answers, configure, run: (...args) => place.run("run", "--json", ...args) });
  } finally {
    place.remove();
    await Promise.all([store.stop(), shop.stop()]);
  }
}

/** Kills a run while the shop leaves what it was asked unanswered. */
async function killWhileSilent({ shop, place, answers }: Sides): Promise<void> {
  answers.with = "silent";
  const running = place.start("run", "--json");
  while (shop.unanswered() === 0) await sleep(1);
  running.kill("SIGKILL");
  assert.equal((await running.ended).signal, "SIGKILL");
  answers.with = undefined;
}

const codesOf = ({ stdout }: Ran): readonly string[] =>
  [...stdout.matchAll(/^\{"type":"error".*"code":"([A-Z_]+)"/gm)].map(([, code = ""]) => code);

for (const status of [503, 401])
  test(`K5: what could not be looked for (${status}) is looked for by the next run, before it is created`, () =>
    between(async ({ held, answers, configure, run }) => {
      configure({ more: FIND });
      held.push("t1", "t2");
      answers.with = status;
      assert.notEqual((await run()).exitCode, 0);
      answers.with = undefined;
      const ran = await run();
      assert.equal(ran.exitCode, 0, ran.stdout);
      assert.deepEqual(held.toSorted(), ALL, "every record, once");
    }));

for (const create of ["", KEYED])
  test(`K4, K5: what was killed before it was looked for is looked for${create === "" ? "" : ", also under a key"}`, () =>
    between(async (sides) => {
      const { held, configure, run } = sides;
      configure({ create, more: FIND });
      held.push("t1", "t2");
      await killWhileSilent(sides);
      const ran = await run();
      assert.equal(ran.exitCode, 0, ran.stdout);
      assert.deepEqual(held.toSorted(), ALL, "every record, once");
    }));

test("credentials that look-ups are refused with end the run, as those of writes do", () =>
  between(async ({ shop, answers, configure, run }) => {
    configure({ more: FIND });
    answers.with = 401;
    const ran = await run();
    assert.equal(ran.exitCode, 3, ran.stdout);
    assert.deepEqual(codesOf(ran), ["API_CREDENTIALS_REFUSED"]);
    assert.ok(shop.requests.length < rows.length, "it does not ask for each of them");
  }));

for (const more of ["", FIND])
  test(`a port where nobody listens is said so, and put right${more === "" ? "" : ", also where look-ups go first"}`, () =>
    between(async ({ place, held, configure, run }) => {
      configure({ url: DEAD, more });
      const dead = await run();
      assert.equal(dead.exitCode, 3, dead.stdout);
      assert.deepEqual(codesOf(dead), ["API_UNREACHABLE"]);
      const plan = await place.run("plan", "--exit-code");
      assert.equal(plan.exitCode, 4, "a plan does not call it level");
      // What the run had come to before it knew: written down and put off, or not yet.
      const said = plan.stdout.replaceAll(/\s+/g, " ");
      assert.match(said, /30 to create, .*0 unchanged|0 unchanged, \d+ writes? of an earlier run to be done first/);
      configure({ more });
      const ran = await run();
      assert.equal(ran.exitCode, 0, ran.stdout);
      assert.deepEqual(held.toSorted(), ALL, "what was put off for nobody goes to somebody");
    }));

test("whoever only looks says of a dead port, and of refused credentials, what a run says of it", () =>
  between(async ({ place, answers, configure }) => {
    for (const [url, status, code] of [
      [DEAD, undefined, "API_UNREACHABLE"],
      [undefined, 401, "API_CREDENTIALS_REFUSED"],
    ] as const) {
      configure({ ...(url === undefined ? {} : { url }), more: FIND });
      answers.with = status;
      for (const args of [["probe"], ["check", "--sample", "3"]]) {
        const ran = await place.run(...args, "--json");
        assert.deepEqual([ran.exitCode, codesOf(ran)], [3, [code]], args.join(" "));
      }
    }
  }));

test("P10: once the destination is put right a careful first try does not stand in the way of the whole run", () =>
  between(async ({ held, configure, run }) => {
    configure({ path: "/nowhere" });
    assert.equal((await run()).exitCode, 1);
    configure();
    assert.equal((await run("--limit", "2")).exitCode, 0);
    const ran = await run();
    assert.equal(ran.exitCode, 0, ran.stdout);
    assert.deepEqual(held.toSorted(), ALL, "every record, once");
  }));

test("P10: what was refused by a destination that was put right can be tried again", () =>
  between(async ({ place, held, configure, run }) => {
    configure({ path: "/nowhere" });
    assert.equal((await run()).exitCode, 1);
    configure();
    const retried = await place.run("rejects", "retry", "things", "--all", "--json");
    assert.equal(retried.exitCode, 0, retried.stdout);
    assert.deepEqual(held.toSorted(), ALL, "every record, once");
    assert.equal((await run()).exitCode, 0);
    assert.equal(held.length, ALL.length);
  }));

test("P10: whoever writes first says of which destination the ledger is, also where it writes some records only", () =>
  between(async ({ held, configure, run }) => {
    configure();
    assert.equal((await run("--limit", "4")).exitCode, 0);
    configure({ path: "/elsewhere" });
    const ran = await run();
    assert.deepEqual([ran.exitCode, codesOf(ran), held.length], [2, ["RUN_CHANGED_IDENTITY"], 4]);
  }));

for (const create of ["", KEYED])
  test(`createOnly: what others have made is left as it is, also where a create was killed${create === "" ? "" : " under a key"}`, () =>
    between(async (sides) => {
      const { shop, held, answers, configure, run } = sides;
      configure({ create, more: `update: "PATCH /copies/{$id}"\n      ${FIND}\n    writes: createOnly` });
      held.push("t1", "t2");
      await killWhileSilent(sides);
      answers.edited = true;
      const ran = await run();
      assert.equal(ran.exitCode, 0, ran.stdout);
      assert.deepEqual(held.toSorted(), ALL, "every record, once");
      assert.ok(!shop.requests.some(({ method }) => method === "PATCH"), "nothing is changed");
    }));

test("R2: what is found to be different is updated once, also by a POST, and no look-up runs wild", () =>
  between(async (sides) => {
    const { shop, held, answers, configure, run } = sides;
    configure({ create: KEYED, more: `update: "POST /copies/{$id}"\n      ${FIND}` });
    held.push("t1", "t2");
    await killWhileSilent(sides);
    answers.edited = true;
    const ran = await run();
    assert.equal(ran.exitCode, 0, ran.stdout);
    assert.deepEqual(held.toSorted(), ALL, "every record, once");
    assert.equal(shop.requests.filter(({ path }) => path.startsWith("/copies/")).length, 2);
    assert.ok(shop.requests.length < 5 * ALL.length, `${shop.requests.length} requests`);
  }));

test("P10: whoever writes to another destination says what is forgotten of the old one", () =>
  between(async ({ configure, run }) => {
    configure({ path: "/nowhere" });
    assert.equal((await run()).exitCode, 1);
    configure();
    const again = await run();
    assert.equal(again.exitCode, 0, again.stdout);
    const [started] = again.events.filter((event) => event.type === "run-started");
    assert.match(started?.reason ?? "", /has changed, and what was left under the old one is forgotten: 30 rejects$/);
  }));

test("P11: a run of some records that are still refused does not call itself level", () =>
  between(async ({ configure, run }) => {
    configure({ path: "/nowhere" });
    for (let time = 0; time < 2; time++) assert.equal((await run("--limit", "1")).exitCode, 1);
  }));
