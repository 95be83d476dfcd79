/** A disk on which nothing fits any more, as a limit of the size of files and `/dev/full` play it. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import process from "node:process";
import { after, before, suite, test } from "node:test";
import { cursorPage, json, SOURCE, startApi, Workplace, type Api, type Ran } from "./harness.ts";

/** Files of this process can hold nothing. */
const FULL = ["sh", "-c", `trap '' XFSZ; ulimit -f 0; exec "$0" "$@"`, process.execPath];
/** What it writes to stdout does not fit. */
const MUTE = ["sh", "-c", `exec "$0" "$@" >/dev/full`, process.execPath];

suite("a full disk", { skip: !existsSync("/dev/full") }, () => {
  const place = new Workplace();
  let store: Api;
  let shop: Api;
  const visible = (): readonly string[] => readdirSync(place.folder).filter((name) => !name.startsWith("."));
  const under = (how: readonly string[], ...args: string[]): Promise<Ran> =>
    place.startUnder(how, { NODE_DISABLE_COMPILE_CACHE: "1" }, ...args).ended;

  before(async () => {
    store = await startApi((request, _body, response) => cursorPage([{ id: 1 }], request, response, 5));
    shop = await startApi((_request, _body, response) => json(response, 200, {}));
  });
  after(async () => {
    place.remove();
    await Promise.all([store.stop(), shop.stop()]);
  });

  test("leaves no empty config, which would keep the next `init` from writing one", async () => {
    const ran = await under(FULL, "init");
    assert.equal(ran.exitCode, 1);
    assert.match(ran.stderr, /^OUTPUT_FAILED: evenkeel\.yaml cannot be written: EFBIG/);
    assert.deepEqual(visible(), []);
    assert.equal((await place.run("init")).exitCode, 0);
  });

  test("leaves no plan, and is no wrong use", async () => {
    place.write(`
connections:
  store: { baseUrl: "${store.url}" }
  shop: { baseUrl: "${shop.url}" }
syncs:
  records:${SOURCE}
    destination: { connection: shop, upsert: "PUT /items/{id}" }
`);
    const ran = await under(FULL, "plan", "--out", "plan.jsonl");
    assert.equal(ran.exitCode, 1, ran.stdout);
    assert.match(ran.stderr, /^OUTPUT_FAILED: the plan cannot be written: EFBIG/m);
    assert.deepEqual(visible(), ["evenkeel.yaml"]);
  });

  for (const args of [["run"], ["run", "--json"], ["status"], ["--help"], ["rum", "--json"]])
    test(`under stdout is said by \`${args.join(" ")}\`, and no stop is`, async () => {
      const ran = await under(MUTE, ...args);
      assert.equal(ran.exitCode, 1);
      assert.match(ran.stderr, /^OUTPUT_FAILED: the output cannot be written: ENOSPC/m);
      assert.doesNotMatch(ran.stderr, /Ctrl-C/);
    });
});
