import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { cursorPage, ending, json, SOURCE, startApi, Workplace, type Api } from "./harness.ts";

const records = (count: number): readonly unknown[] =>
  Array.from({ length: count }, (_, index) => ({ id: index + 1, name: "n" }));

const config = (store: Api, shop: Api): string => `
connections:
  store: { baseUrl: "${store.url}" }
  shop: { baseUrl: "${shop.url}", retry: { base: 50ms } }
syncs:
  records:${SOURCE}
    destination: { connection: shop, upsert: "PUT /items/{id}" }
`;

/** A destination that answers its tenth request with 429 and this Retry-After. */
async function throttledOnce(
  retryAfter: () => string,
  check: (place: Workplace, shop: Api) => Promise<void>,
): Promise<void> {
  const shop = await startApi((_request, _body, response) => {
    if (shop.requests.length === 10)
      return json(response, 429, { message: "slow down" }, { "retry-after": retryAfter() });
    json(response, 200, {});
  });
  const store = await startApi((request, _body, response) => cursorPage(records(60), request, response));
  const place = new Workplace();
  place.write(config(store, shop));
  await check(place, shop);
  place.remove();
  await Promise.all([store.stop(), shop.stop()]);
}

/** The longest pause between two requests after the refusal, ms. */
function pauseAfterRefusal({ requests }: Api): number {
  const later = requests.slice(9).map(({ atMs }) => atMs);
  return Math.max(...later.slice(1).map((at, index) => at - (later[index] as number)));
}

test("R4, L3: a Retry-After of 2 s pauses the lane for 2 s, and everything arrives", () =>
  throttledOnce(
    () => "2",
    async (place, shop) => {
      const ran = await place.run("run", "--json");
      assert.equal(ran.exitCode, 0);
      assert.ok(pauseAfterRefusal(shop) >= 1_950, String(pauseAfterRefusal(shop)));
    },
  ));

test("R4, L7: a Retry-After is kept by the next process, though this one is killed while it waits", () =>
  throttledOnce(
    () => "4",
    async (place, shop) => {
      const running = place.start("run", "--json");
      while (shop.requests.length < 10) await sleep(5);
      await sleep(300);
      running.kill("SIGKILL");
      assert.equal((await running.ended).signal, "SIGKILL");
      const refusedMs = shop.requests[9]?.atMs as number;
      const sent = shop.requests.length;
      assert.equal((await place.run("run", "--json")).exitCode, 0);
      const silentMs = (shop.requests[sent]?.atMs as number) - refusedMs;
      assert.ok(silentMs >= 3_950, `a request ${silentMs} ms after it`);
      assert.equal(new Set(shop.requests.map(({ path }) => path)).size, 60);
    },
  ));

test("R5: a Retry-After that is a date is a floor as well", () =>
  throttledOnce(
    () => new Date(Date.now() + 2_500).toUTCString(),
    async (place, shop) => {
      assert.equal((await place.run("run", "--json")).exitCode, 0);
      assert.ok(pauseAfterRefusal(shop) >= 900, String(pauseAfterRefusal(shop)));
    },
  ));

test("R5: a Retry-After of nonsense is ignored", () =>
  throttledOnce(
    () => "soon",
    async (place, shop) => {
      assert.equal((await place.run("run", "--json")).exitCode, 0);
      assert.ok(pauseAfterRefusal(shop) < 1_500);
    },
  ));

test("R4, L7: a Retry-After of 9999999999 is parked and told, kept by the next run, and cleared by `state unblock`", () =>
  throttledOnce(
    () => "9999999999",
    async (place, shop) => {
      const first = await place.run("run", "--json");
      assert.equal(first.exitCode, 1);
      assert.equal(ending(first).error?.code, "API_THROTTLED");
      const sent = shop.requests.length;
      const second = await place.run("run", "--json");
      assert.equal(second.exitCode, 1);
      assert.equal(shop.requests.length, sent, "nothing is sent while the API's word stands");
      assert.equal((await place.run("state", "unblock")).exitCode, 0);
      const third = await place.run("run", "--json");
      assert.equal(third.exitCode, 0, third.stdout.slice(-1_000));
      assert.equal(new Set(shop.requests.map(({ path }) => path)).size, 60);
    },
  ));

test("R4: what is put off is said with its time, by the run that puts it off and by each later one", async () => {
  const shop = await startApi((_request, _body, response) =>
    json(response, 429, { message: "slow down" }, { "retry-after": "3600" }),
  );
  const store = await startApi((request, _body, response) => cursorPage(records(1), request, response));
  const place = new Workplace();
  place.write(config(store, shop));
  const first = await place.run("run");
  assert.match(first.stdout, /shop asks to wait until \S+: 429 Too Many\s+Requests/);
  assert.match(first.stdout, /^ +evenkeel run records\s+goes on where this one stopped, from 2\d\d\d-/m, first.stdout);
  const second = await place.run("run");
  assert.match(second.stdout, /^ +evenkeel run records\s+tries them again, from 2\d\d\d-/m, second.stdout);
  place.remove();
  await Promise.all([store.stop(), shop.stop()]);
});

/** `fromMs`: when the rate begins to count. A Date that is old makes the window look twice as long until two renewals were seen. */
const DATES = [
  { name: "from the first request on", ageMs: 0, fromMs: 0 },
  { name: "within 3 s where the Date is 500 ms old", ageMs: 500, fromMs: 3_000 },
];

for (const { name, ageMs, fromMs } of DATES)
  test(`L4: an announced limit of 20 a second is used to 90 %, with at most 1 % refusals, ${name}`, async () => {
    let window = 0;
    let used = 0;
    let refused = 0;
    const shop = await startApi((_request, _body, response) => {
      const now = Math.floor(Date.now() / 1_000);
      if (now !== window) [window, used] = [now, 0];
      const headers = {
        "x-ratelimit-limit": "20",
        "x-ratelimit-remaining": String(Math.max(0, 20 - used - 1)),
        "x-ratelimit-reset": String(now + 1),
        // Servers write the Date once a second, and proxies have clocks of their own.
        ...(ageMs === 0 ? {} : { date: new Date(Date.now() - ageMs).toUTCString() }),
      };
      if (used >= 20) {
        refused += 1;
        return json(response, 429, {}, { ...headers, "retry-after": "1" });
      }
      used += 1;
      json(response, 200, {}, headers);
    });
    const store = await startApi((request, _body, response) => cursorPage(records(240), request, response));
    const place = new Workplace();
    place.write(config(store, shop));
    const ran = await place.run("run", "--json");
    assert.equal(ran.exitCode, 0);
    const all = shop.requests.map(({ atMs }) => atMs);
    const times = all.filter((at) => at >= (all[0] as number) + fromMs);
    const rate = (times.length - 1) / (((times.at(-1) as number) - (times[0] as number)) / 1_000);
    assert.ok(refused <= 2, `${refused} refused`);
    assert.ok(rate >= 18, `${rate.toFixed(1)} a second`);
    place.remove();
    await Promise.all([store.stop(), shop.stop()]);
  });

test("--stats says where the time went, and what would make it faster", async () => {
  const shop = await startApi((_request, _body, response) => json(response, 200, {}));
  const store = await startApi((request, _body, response) => cursorPage(records(40), request, response));
  const place = new Workplace();
  place.write(config(store, shop).replace("retry: {", "limits: { rate: 20/s }, retry: {"));
  try {
    const { stdout } = await place.run("run", "--stats");
    assert.match(stdout, /where the time went\nall in all +\d/);
    assert.ok(stdout.includes(`${shop.url}: 40 writes of`), stdout);
    assert.match(stdout, /: 1 read of \d/);
    assert.match(stdout, /waiting for the ledger's disk, beside the rest +\d/);
    assert.match(stdout, / waiting for its limit +(?:1\.\d|2\.0) s +(?:\d\d|100) %/);
    assert.match(
      stdout.replaceAll(/\s+/g, " "),
      /The limit of 20\/s of \S+ is the bottleneck; (9\d|100) % of it is used/,
    );
    place.write(config(store, shop).replace("PUT /items", "PUT /things"));
    const told = (await place.run("run", "--stats", "--json")).stdout.trim().split("\n").at(-1) ?? "";
    const { type, wallMs, lanes } = JSON.parse(told) as { type: string; wallMs: number; lanes: { ms: object }[] };
    assert.deepEqual([type, lanes.length], ["stats", 2]);
    assert.ok(wallMs > 0);
  } finally {
    place.remove();
    await Promise.all([store.stop(), shop.stop()]);
  }
});

test("what a source is waited for is told while it is read, by a run and by a plan", async () => {
  const asked = new Set<string>();
  const store = await startApi((request, _body, response) => {
    const who = request.headers["x-who"] as string;
    if (asked.has(who)) return cursorPage(records(1), request, response);
    asked.add(who);
    if (who === "plan") return json(response, 503, {}, { "retry-after": "6" });
    json(response, 429, {}, { "retry-after": "6" });
  });
  const shop = await startApi((_request, _body, response) => json(response, 200, {}));
  const told = async (command: string): Promise<string> => {
    const place = new Workplace();
    place.write(config(store, shop).replace(`"${store.url}"`, `"${store.url}", headers: { X-Who: ${command} }`));
    const { stderr, exitCode } = await place.start(command).ended;
    assert.equal(exitCode, 0, stderr);
    place.remove();
    return stderr;
  };
  const [run, plan] = await Promise.all([told("run"), told("plan")]);
  assert.match(run, /^records: 0 read, 0 written, waiting: store, which asked to wait; \d s more$/m);
  assert.match(plan, /, waiting: store, which asked to wait; \d s more$/m);
  await Promise.all([store.stop(), shop.stop()]);
});
