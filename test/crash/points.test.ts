import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { MOMENTS } from "../../src/simulation/faults.ts";
import { seededChance } from "../../src/testing/seeded-chance.ts";
import {
  cursorPage,
  ending,
  json,
  SOURCE,
  startApi,
  Workplace,
  type Api,
  type Ran,
  type Running,
} from "../e2e/harness.ts";
import { builtCommand } from "./built.ts";
import { losingProxy } from "./proxy.ts";

const RECORDS = 200;
const records = Array.from({ length: RECORDS }, (_, index) => ({ id: index + 1, name: `record ${index + 1}` }));

const command = builtCommand();
const HOOK = ["--import", new URL("point-hook.ts", import.meta.url).href];

/** Steps that every run comes to. */
const STEPS = ["beginRun", "saveCheckpoint", "journal", "settle", "abandonLeftovers", "endRun"];

/** A shop that gives ids and honours keys. */
function shopOf(delayMs: number): {
  readonly start: () => Promise<Api>;
  readonly held: () => readonly { ref: number }[];
} {
  const answered = new Map<string, string>();
  const customers: { ref: number }[] = [];
  return {
    held: () => customers,
    start: () =>
      startApi(async (request, body, response) => {
        const key = String(request.headers["idempotency-key"]);
        if (!answered.has(key)) answered.set(key, String(customers.push(JSON.parse(body) as { ref: number })));
        await sleep(delayMs);
        json(response, 201, { id: answered.get(key) });
      }),
  };
}

const config = (store: Api, shop: string): string => `
connections:
  store: { baseUrl: "${store.url}" }
  shop: { baseUrl: "${shop}", lateWrite: 1s, limits: { concurrency: 8 }, retry: { base: 20ms } }
syncs:
  records:${SOURCE}
    mapping: { ref: id, name: name }
    destination:
      connection: shop
      create: { request: POST /customers, id: id, idempotencyKey: {} }
      update: "PATCH /customers/{$id}"
`;

const startStore = (): Promise<Api> =>
  startApi((request, _body, response) => cursorPage(records, request, response, 100));

const refs = (held: readonly { ref: number }[]): readonly number[] =>
  held.map(({ ref }) => ref).toSorted((a, b) => a - b);
const ALL = records.map(({ id }) => id);

// Each of them waits most of the time.
suite(
  "T6: the built command is killed at named points, while a proxy loses one answer in ten",
  { concurrency: 3 },
  () => {
    for (const step of STEPS)
      for (const moment of MOMENTS)
        test(`${moment} ${step}`, async () => {
          const [store, shop] = [await startStore(), shopOf(1)];
          const api = await shop.start();
          const proxy = await losingProxy(api.url, seededChance(`${moment} ${step}`), 0.1);
          const place = new Workplace({}, [command]);
          place.write(config(store, proxy.url));
          try {
            const point = { EVENKEEL_TEST_POINT: `${moment} ${step} 1` };
            const killed = await place.startUnder([process.execPath, ...HOOK], point, "run", "--json").ended;
            assert.equal(killed.signal, "SIGKILL", killed.stderr);
            const resumed = await place.run("run", "--json");
            assert.equal(resumed.exitCode, 0, resumed.stderr);
            assert.deepEqual(refs(shop.held()), ALL, "every record, once");
            const sent = api.requests.length;
            assert.equal(ending(await place.run("run", "--json")).status, "level");
            assert.equal(api.requests.length, sent, "nothing is left to send");
            assert.ok(proxy.lost() > 0, "answers were lost");
          } finally {
            place.remove();
            await Promise.all([proxy.stop(), api.stop(), store.stop()]);
          }
        });
  },
);

suite("T6, U7: a run is stopped, and another begins", { skip: process.platform === "win32" && "no SIGSTOP" }, () => {
  /** Stops a run in the middle of its writes, does something, and lets it go on to its end. */
  const whileStopped = async (
    work: (place: Workplace, first: Running) => Promise<void>,
    then: (ran: Ran) => void,
  ): Promise<void> => {
    const [store, shop] = [await startStore(), shopOf(20)];
    const api = await shop.start();
    const place = new Workplace({}, [command]);
    place.write(config(store, api.url));
    const first = place.start("run", "--json");
    try {
      while (api.unanswered() === 0 || api.requests.length < 40) await sleep(1);
      first.kill("SIGSTOP");
      await work(place, first);
      first.kill("SIGCONT");
      then(await first.ended);
      assert.equal(ending(await place.run("run", "--json")).status, "level");
      assert.deepEqual(refs(shop.held()), ALL, "every record, once");
    } finally {
      first.kill("SIGKILL");
      place.remove();
      await Promise.all([api.stop(), store.stop()]);
    }
  };

  test("the other is turned away", () =>
    whileStopped(
      async (place) => {
        const second = await place.run("run", "--json");
        assert.equal(second.exitCode, 5, second.stderr);
      },
      (first) => assert.equal(first.exitCode, 0, first.stderr),
    ));

  test("where the lock file was taken away the other takes over, and the first ends and writes no more", () =>
    whileStopped(
      async (place, first) => {
        rmSync(join(place.folder, ".evenkeel", "state.db-lock"));
        let second = await place.run("run", "--json");
        // One that is stopped within a transaction keeps SQLite's own lock.
        for (let time = 0; second.exitCode === 5 && time < 5; time++) {
          first.kill("SIGCONT");
          await sleep(2);
          first.kill("SIGSTOP");
          second = await place.run("run", "--json");
        }
        assert.equal(second.exitCode, 0, second.stderr);
      },
      (first) => {
        assert.equal(first.exitCode, 5, first.stderr);
        assert.match(first.stdout, /LEDGER_FENCED/);
      },
    ));
});

test(
  "T6: a full disk ends the run, and the next one goes on",
  { skip: process.platform === "win32" && "no ulimit" },
  async () => {
    const [store, shop] = [await startStore(), shopOf(1)];
    const api = await shop.start();
    const place = new Workplace({}, [command]);
    place.write(config(store, api.url));
    try {
      // Beyond a limit on the size of files, writes fail as they do on a full disk.
      const limited = ["/bin/sh", "-c", 'trap "" XFSZ; ulimit -f 100; exec "$0" "$@"', process.execPath];
      const full = await place.startUnder(limited, {}, "run", "--json").ended;
      assert.equal(full.exitCode, 1, full.stderr);
      assert.match(full.stdout, /LEDGER_FULL/);
      const resumed = await place.run("run", "--json");
      assert.equal(resumed.exitCode, 0, resumed.stderr);
      assert.deepEqual(refs(shop.held()), ALL, "every record, once");
    } finally {
      place.remove();
      await Promise.all([api.stop(), store.stop()]);
    }
  },
);

suite("T6: a repair is killed, and the next one still mends what is missing", { concurrency: 2 }, () => {
  for (const moment of MOMENTS)
    test(`${moment} it stores what it is about to send`, async () => {
      const held = new Map<string, { readonly ref: number }>();
      let ids = 0;
      const api = await startApi((request, body, response) => {
        const [, , id = ""] = (request.url ?? "").split("/");
        if (request.method === "POST") {
          held.set(`c${(ids += 1)}`, JSON.parse(body) as { ref: number });
          return json(response, 201, { id: `c${ids}` });
        }
        if (id === "")
          return json(
            response,
            200,
            [...held].map(([each, record]) => ({ id: each, ...record })),
          );
        return held.has(id) ? json(response, 200, { id, ...held.get(id) }) : json(response, 404, {});
      });
      const store = await startStore();
      const place = new Workplace({}, [command]);
      place.write(
        config(store, api.url)
          .replace("idempotencyKey: {} }", "idempotencyKey: {} }\n      list: { request: GET /customers, key: id }")
          .replace("update:", 'read: "GET /customers/{$id}"\n      update:'),
      );
      try {
        assert.equal((await place.run("run", "--json")).exitCode, 0);
        held.delete("c7");
        const point = { EVENKEEL_TEST_POINT: `${moment} journal 1` };
        const repair = ["check", "--repair", "--json"];
        const killed = await place.startUnder([process.execPath, ...HOOK], point, ...repair).ended;
        assert.equal(killed.signal, "SIGKILL", killed.stderr);
        const again = await place.run(...repair);
        assert.equal(again.exitCode, 0, again.stdout);
        assert.deepEqual(refs([...held.values()]), ALL, "every record, once");
        assert.equal((await place.run("check", "--json")).exitCode, 0);
      } finally {
        place.remove();
        await Promise.all([api.stop(), store.stop()]);
      }
    });
});
