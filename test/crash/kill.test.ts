import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { seededChance } from "../../src/testing/seeded-chance.ts";
import { cursorPage, ending, json, SOURCE, startApi, Workplace, type Api } from "../e2e/harness.ts";
import { builtCommand } from "./built.ts";

/** Kills for each kind of destination: 5 in every test run, 50 with EVENKEEL_KILLS=50 (`npm run test:kill`). */
const KILLS = Number(process.env["EVENKEEL_KILLS"] ?? 5);
const RECORDS = 2_000;
const SEED = 4711;

const command = builtCommand();

const records = Array.from({ length: RECORDS }, (_, index) => ({ id: index + 1, name: `record ${index + 1}` }));

const config = (store: Api, shop: Api, destination: string): string => `
connections:
  store: { baseUrl: "${store.url}" }
  shop: { baseUrl: "${shop.url}", limits: { concurrency: 16 }, lateWrite: 1s }
syncs:
  records:${SOURCE}
    mapping: { ref: id, name: name }
    destination:
      connection: shop
${destination}
`;

/** Kills a run at a random moment at which the destination holds an unanswered write; counts only such kills. */
async function killOnce(place: Workplace, shop: Api, delayMs: number): Promise<boolean> {
  const before = shop.requests.length;
  const running = place.start("run", "--json");
  const ended = running.ended.then(() => true);
  while (shop.requests.length === before) if (await Promise.race([ended, sleep(2, false)])) return false;
  await sleep(delayMs);
  while (shop.unanswered() === 0) if (await Promise.race([ended, sleep(0, false)])) return false;
  running.kill("SIGKILL");
  const ran = await running.ended;
  return ran.signal === "SIGKILL";
}

async function killAndResume(
  destination: string,
  shop: Api,
  held: () => readonly { readonly ref: number; readonly name: string }[],
  forget: () => void,
): Promise<void> {
  const chance = seededChance(SEED);
  const store = await startApi((request, _body, response) => cursorPage(records, request, response));
  try {
    let kills = 0;
    for (let tries = 0; kills < KILLS && tries < KILLS * 4;) {
      const place = new Workplace({}, [command]);
      forget();
      place.write(config(store, shop, destination));
      // Several kills of one sync in a row, then it must come to its end.
      for (let round = 0; round < 5 && kills < KILLS; round++, tries++) {
        if (!(await killOnce(place, shop, chance.random() * 250))) break;
        kills += 1;
        const now = held();
        assert.equal(
          new Set(now.map(({ ref }) => ref)).size,
          now.length,
          `a record is there twice after kill ${kills}`,
        );
      }
      const resumed = await place.run("run", "--json");
      assert.equal(resumed.exitCode, 0, resumed.stderr + resumed.stdout.slice(-2_000));
      const end = held().toSorted((a, b) => a.ref - b.ref);
      assert.deepEqual(
        end,
        records.map(({ id, name }) => ({ ref: id, name })),
        "level, and no record twice",
      );
      const writes = shop.requests.length;
      const again = await place.run("run", "--json");
      assert.equal(ending(again).status, "level");
      assert.equal(shop.requests.length, writes, "no checkpoint is behind, none is ahead: nothing is left to write");
      place.remove();
    }
    assert.equal(kills, KILLS, `only ${kills} kills met an unanswered write`);
  } finally {
    await store.stop();
    await shop.stop();
  }
}

test(`T6, P2, U1: ${KILLS} times kill -9 in a run of ${RECORDS} PUTs: every resumed run ends level`, async () => {
  const items = new Map<string, { ref: number; name: string }>();
  const shop = await startApi(async (request, body, response) => {
    items.set(request.url ?? "", JSON.parse(body) as { ref: number; name: string });
    await sleep(5);
    json(response, 200, {});
  });
  await killAndResume(
    "      upsert: PUT /items/{ref}",
    shop,
    () => [...items.values()],
    () => items.clear(),
  );
});

test(`T6, K1, K3: ${KILLS} times kill -9 in a run of ${RECORDS} creates with keys: no record is there twice`, async () => {
  const customers = new Map<string, { ref: number; name: string }>();
  const answered = new Map<string, string>();
  const shop = await startApi(async (request, body, response) => {
    const key = String(request.headers["idempotency-key"]);
    let id = answered.get(key);
    if (id === undefined) {
      id = String(customers.size + 1);
      answered.set(key, id);
      customers.set(id, JSON.parse(body) as { ref: number; name: string });
    }
    await sleep(5);
    json(response, 201, { id });
  });
  const destination =
    "      create: { request: POST /customers, id: id, idempotencyKey: { header: Idempotency-Key, retention: 24h } }\n      update: PATCH /customers/{$id}";
  await killAndResume(
    destination,
    shop,
    () => [...customers.values()],
    () => (customers.clear(), answered.clear()),
  );
});
