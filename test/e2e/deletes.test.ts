import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import type { RunEvent } from "../../src/core/events.ts";
import { open, type Evenkeel, type Run, type RunOptions } from "../../src/index.ts";
import { json, startApi, Workplace, type Api } from "./harness.ts";

interface Ran {
  readonly exitCode: number;
  readonly events: readonly RunEvent[];
}

interface Row {
  readonly id: number;
  name: string;
  deleted?: boolean;
  at?: number;
}

/** Parts of the config. */
interface Declared {
  readonly sync: string;
  readonly source?: string;
  readonly remove?: string;
  readonly upsert?: string;
  readonly read?: boolean;
  readonly pagination?: "cursor" | "page";
}

/** A source in pages of 10 and a destination that holds what it is sent, as HTTP servers. */
class Sides {
  rows: Row[] = [];
  readonly items = new Map<string, unknown>();
  /** Answers a page in the place of the source. */
  page: ((after: number, response: ServerResponse) => boolean) | undefined;
  /** Answer a write, or a look-up, in the place of the destination. */
  write: ((path: string, response: ServerResponse) => boolean) | undefined;
  look: ((path: string, response: ServerResponse) => boolean) | undefined;
  /** Answers a delete in the place of the destination. */
  remove: ((path: string, response: ServerResponse) => boolean) | undefined;
  source!: Api;
  destination!: Api;
  readonly place = new Workplace();

  async start(declared: Declared): Promise<this> {
    const { sync, source = "", remove = '"DELETE /items/{id}"', upsert = '"PUT /items/{id}"' } = declared;
    const pagination =
      declared.pagination === "page" ? "type: page, param: page" : "type: cursor, next: next, param: cursor";
    const read = declared.read === true ? ', read: "GET /items/{id}"' : "";
    this.source = await startApi((request, _body, response) => {
      const url = new URL(request.url ?? "/", "http://x");
      const one = /^\/records\/(\d+)$/.exec(url.pathname)?.[1];
      if (one !== undefined) {
        const row = this.rows.find(({ id }) => String(id) === one);
        return row === undefined ? json(response, 404, {}) : json(response, 200, row);
      }
      const after = Number(url.searchParams.get("cursor") ?? 0);
      if (this.page?.(after, response) === true) return undefined;
      const since = Number(url.searchParams.get("since") ?? 0);
      const rest = this.rows.filter(({ id, at = 0 }) => id > after && at >= since);
      const data = rest.slice(0, 10);
      return json(response, 200, { data, next: rest.length > 10 ? String(data.at(-1)?.id) : null });
    });
    this.destination = await startApi((request, body, response) => {
      const path = request.url ?? "";
      if (request.method === "DELETE") {
        if (this.remove?.(path, response) === true) return undefined;
        return json(response, this.items.delete(path) ? 204 : 404, undefined);
      }
      if (request.method === "GET") {
        if (this.look?.(path, response) === true) return undefined;
        const item = this.items.get(path);
        return item === undefined ? json(response, 404, {}) : json(response, 200, item);
      }
      if (this.write?.(path, response) === true) return undefined;
      this.items.set(path, JSON.parse(body));
      return json(response, 200, {});
    });
    this.place.write(`
connections:
  store: { baseUrl: "${this.source.url}", retry: { attempts: 2, base: 1ms } }
  shop: { baseUrl: "${this.destination.url}", lateWrite: 0s, retry: { attempts: 2, base: 1ms } }
syncs:
  records:
    source:
      connection: store
      request: GET /records
      records: data
      key: id
      pagination: { ${pagination} }
      ${source}
    mapping: { id: id, name: name }
    destination: { connection: shop, upsert: ${upsert}, delete: ${remove}${read} }
    ${sync}
`);
    return this;
  }

  fill(count: number): void {
    this.rows = Array.from({ length: count }, (_, index) => ({ id: index + 1, name: "n" }));
  }

  run(options: RunOptions = {}): Promise<Ran> {
    return this.begin((evenkeel) => evenkeel.run(options));
  }

  /** In this process, as the command would. */
  async begin(start: (evenkeel: Evenkeel) => Run): Promise<Ran> {
    const evenkeel = await open({ configFile: join(this.place.folder, "evenkeel.yaml") });
    try {
      const run = start(evenkeel);
      const events: RunEvent[] = [];
      for await (const event of run) events.push(event);
      const { exitCode } = await run.result;
      return { exitCode, events };
    } finally {
      await evenkeel.close();
    }
  }

  get deletes(): readonly string[] {
    return this.destination.requests.filter(({ method }) => method === "DELETE").map(({ path }) => path);
  }

  async stop(): Promise<void> {
    this.place.remove();
    await Promise.all([this.source.stop(), this.destination.stop()]);
  }
}

async function between(declared: Declared, check: (sides: Sides) => Promise<void>): Promise<void> {
  const sides = await new Sides().start(declared);
  try {
    await check(sides);
  } finally {
    await sides.stop();
  }
}

const ending = (ran: Ran): Extract<RunEvent, { type: "run-ended" }> => eventsOf(ran, "run-ended")[0] as never;

const eventsOf = <Type extends RunEvent["type"]>({ events }: Ran, type: Type): Extract<RunEvent, { type: Type }>[] =>
  events.filter((event): event is Extract<RunEvent, { type: Type }> => event.type === type);

const TOMBSTONE = `tombstone: deleted = true
      cursor: { field: at, type: integer, param: since, lookback: 0 }`;
/** As one line, wherever it was wrapped. */
const inOneLine = (text: string): string => text.replaceAll(/\s+/g, " ");

const MIRROR = "deletes: { mode: mirror }";

test("D2: a mirror deletes what two complete reads in a row have missed, and creates it again when it comes back", () =>
  between({ sync: MIRROR }, async (sides) => {
    sides.fill(30);
    assert.equal((await sides.run()).exitCode, 0);
    const [gone] = sides.rows.splice(4, 1) as [Row];
    const first = await sides.run();
    assert.deepEqual([first.exitCode, ending(first).counts.missed, sides.deletes], [0, 1, []], "one miss is no proof");
    sides.rows.splice(4, 0, gone);
    await sides.run();
    sides.rows.splice(4, 1);
    assert.equal(ending(await sides.run()).counts.missed, 1, "it was met between them, so this is a first miss again");
    const second = await sides.run();
    assert.deepEqual([second.exitCode, ending(second).counts.deleted, sides.deletes], [0, 1, ["/items/5"]]);
    assert.equal(sides.items.has("/items/5"), false);
    const third = await sides.run();
    assert.deepEqual([third.exitCode, sides.deletes.length], [0, 1], "nothing is left to do");
    sides.rows.splice(4, 0, gone);
    assert.equal(ending(await sides.run()).counts.created, 1);
    assert.equal(sides.items.has("/items/5"), true);
    const told = (await sides.place.run("explain", "records", "5")).stdout;
    assert.match(told, /delete\s+DELETE .*\/items\/5:\s+applied \(204\)/);
    assert.equal(told.match(/PUT .*\/items\/5:\s+applied/g)?.length, 2, "what was before its deletion is told too");
  }));

test("D2: with `read` the source is asked for what is missing; 404 is an absence, 403 is none", () =>
  between({ sync: MIRROR, source: `read: "GET /records/{$key}"` }, async (sides) => {
    sides.fill(30);
    await sides.run();
    const [hidden] = sides.rows.splice(6, 1) as [Row];
    const gone = await sides.run();
    assert.deepEqual([gone.exitCode, ending(gone).counts.deleted, sides.deletes], [0, 1, ["/items/7"]]);
    sides.rows.push(hidden);
    await sides.run();
    // The list leaves out what can be read all the same.
    sides.page = (after, response) => {
      if (after > 0) return false;
      json(response, 200, { data: sides.rows.filter(({ id }) => id !== 3), next: null });
      return true;
    };
    for (let run = 0; run < 3; run++) {
      const kept = await sides.run();
      assert.match(eventsOf(kept, "warning")[0]?.message ?? "", /record 3: not in the source's list, and kept/);
      assert.equal(sides.deletes.length, 1);
    }
  }));

test("D1: a read that fails on page 7 of 10, and one that was resumed, prove no absence", () =>
  between({ sync: MIRROR }, async (sides) => {
    sides.fill(100);
    await sides.run();
    sides.rows.splice(10, 1);
    let fails = true;
    sides.page = (after, response) => {
      if (!fails || after < 60) return false;
      json(response, 500, { message: "oh no" });
      return true;
    };
    const failed = await sides.run();
    assert.deepEqual([failed.exitCode, ending(failed).status], [1, "failed"]);
    assert.match(ending(failed).why ?? "", /^the read did not come to its end, so .* nothing of it was deleted$/);
    const shown = await sides.place.run("run");
    assert.match(inOneLine(shown.stdout), /why the read did not come to its end.* API_FAILED/);
    fails = false;
    const resumed = await sides.run();
    assert.deepEqual([resumed.exitCode, ending(resumed).counts.missed, sides.deletes], [0, 0, []]);
    const warned = eventsOf(resumed, "warning").map(({ code, message, next }) => [code, message, next]);
    const message = "the read was resumed, which proves no absence: nothing that it did not show was deleted";
    assert.deepEqual(warned, [["ABSENCE_RESUMED", message, undefined]]);
    assert.equal(ending(await sides.run()).counts.missed, 1);
    assert.equal(ending(await sides.run()).counts.deleted, 1);
  }));

test("D2: a mirror of which every read was resumed for longer than twice `fullRefresh` is not level, and says what to do", () =>
  between({ sync: "deletes: { mode: mirror, fullRefresh: 1ms }" }, async (sides) => {
    sides.fill(30);
    await sides.run();
    sides.rows.splice(10, 1);
    let fails = false;
    sides.page = (after, response) => {
      if (!fails || after < 20) return false;
      json(response, 500, { message: "oh no" });
      return true;
    };
    const resumed = async (): Promise<Ran> => {
      fails = true;
      await sides.run();
      fails = false;
      return sides.run();
    };
    assert.equal((await resumed()).exitCode, 0, "the first one is only said");
    const again = await resumed();
    assert.deepEqual([again.exitCode, ending(again).status, sides.deletes], [1, "incomplete", []]);
    assert.match(ending(again).why ?? "", /^every read since 2.*Z was resumed, so nothing that is missing .* deleted$/);
    assert.match(eventsOf(again, "warning")[0]?.next ?? "", /evenkeel run records --full-refresh/);
    assert.equal(ending(await sides.run({ fullRefresh: true })).counts.missed, 1);
    assert.equal(ending(await sides.run()).counts.deleted, 1);
    assert.equal((await resumed()).exitCode, 0, "it counts from the first of them since");
  }));

test("D3: an empty source stops the run, says why, and deletes nothing, however often it is read", () =>
  between({ sync: MIRROR }, async (sides) => {
    sides.fill(20);
    await sides.run();
    sides.rows = [];
    for (let run = 0; run < 3; run++) {
      const stopped = await sides.run();
      assert.equal(stopped.exitCode, 1);
      assert.equal(ending(stopped).error?.code, "RUN_SOURCE_EMPTY");
      assert.match(ending(stopped).error?.message ?? "", /lists nothing, and a mirror would delete all 20 records/);
      assert.match(ending(stopped).error?.next ?? "", /--allow-deletes 20/);
    }
    assert.deepEqual(sides.deletes, []);
    const allowed = await sides.run({ allowDeletes: 20 });
    assert.deepEqual([allowed.exitCode, ending(allowed).counts.deleted, sides.items.size], [0, 20, 0]);
  }));

test("D3: half a list is withheld by the guard, aloud, while creates and updates go on; the override lists first", () =>
  between({ sync: MIRROR }, async (sides) => {
    sides.fill(100);
    await sides.run();
    sides.rows = sides.rows.slice(0, 49);
    (sides.rows[0] as Row).name = "changed";
    sides.rows.push({ id: 200, name: "new" });
    await sides.run();
    (sides.rows[1] as Row).name = "changed too";
    const withheld = await sides.run();
    assert.deepEqual([withheld.exitCode, ending(withheld).status, sides.deletes], [1, "incomplete", []]);
    assert.deepEqual([ending(withheld).counts.updated, ending(withheld).counts.withheld], [1, 51]);
    const [event] = eventsOf(withheld, "withheld");
    assert.match(event?.reason ?? "", /51 deletes are 50\.5 % of 101 records, more than 50 % \(`guard\.percentMax`\)/);
    const text = await sides.place.run("run");
    assert.match(text.stderr, /withheld 51 deletes: 51 deletes are/);
    assert.match(text.stdout, /evenkeel run records --allow-deletes 51/);
    const tooFew = await sides.run({ allowDeletes: 50 });
    assert.deepEqual([tooFew.exitCode, sides.deletes], [1, []]);
    const allowed = await sides.run({ allowDeletes: 51 });
    assert.deepEqual([allowed.exitCode, ending(allowed).counts.deleted, sides.items.size], [0, 51, 50]);
    const listed = allowed.events.findIndex(({ type }) => type === "deleting");
    assert.ok(listed >= 0);
    assert.equal(eventsOf(allowed, "deleting").flatMap(({ keys }) => keys).length, 51);
    const again = await sides.run();
    assert.deepEqual([again.exitCode, ending(again).counts.withheld], [0, 0], "the override is for one run");
  }));

test("D3: withheld records that the source shows again count as what becomes of them", () =>
  between({ sync: MIRROR }, async (sides) => {
    sides.fill(60);
    await sides.run();
    const hidden = sides.rows.splice(30);
    await sides.run();
    assert.equal(ending(await sides.run()).counts.withheld, 30);
    (hidden[0] as Row).name = "changed";
    sides.rows.push(...hidden);
    const { counts, status } = ending(await sides.run());
    assert.deepEqual([status, counts.read, counts.unchanged, counts.updated], ["level", 60, 59, 1]);
  }));

test("D3: of what the guard has withheld, what is left when some of it is back is deleted by no run that does not read everything", () =>
  between({ sync: MIRROR, source: "cursor: { field: at, type: integer, param: since }" }, async (sides) => {
    sides.fill(60);
    for (const row of sides.rows) row.at = 1;
    await sides.run();
    const hidden = sides.rows.splice(20);
    await sides.run({ fullRefresh: true });
    assert.equal(ending(await sides.run({ fullRefresh: true })).counts.withheld, 40);
    // All but five are met again, because they have changed.
    sides.rows.push(...hidden.slice(5).map((row) => ({ ...row, at: 2 })));
    const plan = await sides.place.run("plan");
    assert.match(
      inOneLine(plan.stdout),
      /nothing would be deleted: they were missing before, and only a run that reads/,
    );
    const withheld = await sides.run();
    assert.deepEqual([ending(withheld).status, ending(withheld).counts.withheld, sides.deletes], ["incomplete", 5, []]);
    assert.match(
      eventsOf(withheld, "withheld")[0]?.reason ?? "",
      /only a run that reads everything can miss them again/,
    );
    sides.write = (path, response) => {
      if (path === "/items/1") json(response, 422, {});
      return path === "/items/1";
    };
    Object.assign(sides.rows[0] as Row, { name: "refused", at: 3 });
    await sides.run();
    sides.write = undefined;
    const retried = await sides.begin((evenkeel) => evenkeel.retryRejects("records"));
    assert.deepEqual([ending(retried).counts.updated, sides.deletes], [1, []]);
    const back = hidden[0] as Row;
    sides.rows = [...sides.rows, back].toSorted((a, b) => a.id - b.id);
    const missed = await sides.run({ fullRefresh: true });
    assert.deepEqual([missed.exitCode, ending(missed).counts.deleted], [0, 4]);
    assert.ok(sides.items.has(`/items/${back.id}`));
  }));

test("D3: what the source marks as deleted does not wait for a complete read, though what was missing before does", () =>
  between({ sync: MIRROR, source: TOMBSTONE }, async (sides) => {
    sides.fill(60);
    for (const row of sides.rows) row.at = 1;
    await sides.run();
    Object.assign(sides.rows[0] as Row, { deleted: true, at: 2 });
    const marked = await sides.run();
    assert.deepEqual([marked.exitCode, sides.deletes], [0, ["/items/1"]]);
    assert.equal(eventsOf(marked, "run-started")[0]?.mode, "incremental");
    const hidden = sides.rows.splice(20);
    await sides.run({ fullRefresh: true });
    assert.equal(ending(await sides.run({ fullRefresh: true })).counts.withheld, 40);
    sides.rows.push(...hidden.slice(5).map((row) => ({ ...row, at: 3 })));
    Object.assign(sides.rows[1] as Row, { deleted: true, at: 4 });
    const plan = inOneLine((await sides.place.run("plan")).stdout);
    assert.match(plan, /1 to delete, 5 deletes withheld/);
    assert.match(plan, /not all would be deleted: they were missing before/);
    const both = await sides.run();
    assert.deepEqual([both.exitCode, ending(both).counts.deleted, ending(both).counts.withheld], [1, 1, 5]);
    assert.deepEqual(sides.deletes, ["/items/1", "/items/2"]);
    Object.assign(sides.rows[2] as Row, { deleted: true, at: 5 });
    const few = await sides.run({ allowDeletes: 5 });
    assert.deepEqual([few.exitCode, sides.deletes.length], [1, 3], "one that was marked, and none of the five");
    const all = await sides.run({ allowDeletes: 5 });
    assert.deepEqual([all.exitCode, ending(all).counts.deleted, sides.deletes.length], [0, 5, 8]);
  }));

test("D3: deletes of the last 24 hours count together", () =>
  between({ sync: MIRROR }, async (sides) => {
    sides.fill(60);
    await sides.run();
    sides.rows.splice(0, 6);
    await sides.run();
    assert.equal(ending(await sides.run()).counts.deleted, 6);
    sides.rows.splice(0, 6);
    await sides.run();
    const withheld = await sides.run();
    assert.match(
      eventsOf(withheld, "withheld")[0]?.reason ?? "",
      /6 deletes, with 6 of the last 24 hours, are more than 10/,
    );
    assert.equal(sides.deletes.length, 6);
  }));

test("D1: what the source marks as deleted is deleted at the end of the read, and never written", () =>
  between({ sync: "deletes: { mode: tombstone }", source: TOMBSTONE }, async (sides) => {
    sides.fill(30);
    for (const row of sides.rows) row.at = 1;
    sides.rows.push({ id: 31, name: "never there", deleted: true, at: 1 });
    assert.equal((await sides.run()).exitCode, 0);
    assert.equal(sides.items.size, 30);
    Object.assign(sides.rows[3] as Row, { deleted: true, at: 5 });
    const deleted = await sides.run();
    assert.deepEqual([deleted.exitCode, ending(deleted).counts.deleted, sides.deletes], [0, 1, ["/items/4"]]);
    // A replica that lags shows it once more as it was.
    Object.assign(sides.rows[3] as Row, { deleted: false, at: 4 });
    assert.deepEqual([ending(await sides.run()).counts.created, sides.items.has("/items/4")], [0, false]);
    Object.assign(sides.rows[3] as Row, { deleted: false, at: 6 });
    assert.equal(ending(await sides.run()).counts.created, 1);
    assert.equal(sides.items.has("/items/4"), true);
    sides.rows.splice(7, 1);
    await sides.run({ fullRefresh: true });
    await sides.run({ fullRefresh: true });
    assert.equal(sides.deletes.length, 1, "an absence is no tombstone");
  }));

test("D4: a delete that is refused fails the run, is kept with its answer, and is tried again when asked", () =>
  between({ sync: MIRROR }, async (sides) => {
    sides.fill(30);
    await sides.run();
    sides.rows.splice(4, 1);
    let refuses = true;
    sides.remove = (_path, response) => {
      if (refuses) json(response, 422, { message: "it has orders" });
      return refuses;
    };
    await sides.run();
    const refused = await sides.run();
    assert.deepEqual([refused.exitCode, ending(refused).counts.rejected], [1, 1]);
    const [listed] = (await sides.place.run("rejects", "list", "--json")).stdout.split("\n");
    assert.match(JSON.parse(listed ?? "{}").reason, /its delete: 422 .*it has orders/);
    const left = await sides.run();
    assert.deepEqual([left.exitCode, sides.deletes.length], [1, 1], "P11: not by itself");
    refuses = false;
    const retried = await sides.begin((evenkeel) => evenkeel.retryRejects("records"));
    assert.deepEqual([retried.exitCode, sides.deletes.length, sides.items.size], [0, 2, 29]);
    const done = await sides.run();
    assert.equal(done.exitCode, 0);
  }));

test("U5: what is deleted already counts as deleted; a delete that is put off waits for the next run", () =>
  between({ sync: MIRROR }, async (sides) => {
    sides.fill(30);
    await sides.run();
    sides.rows.splice(4, 2);
    sides.items.delete("/items/5");
    await sides.run();
    sides.remove = (path, response) => {
      if (path === "/items/6") json(response, 503, {}, { "retry-after": "7200" });
      return path === "/items/6";
    };
    const putOff = await sides.run();
    assert.equal(putOff.exitCode, 1);
    assert.deepEqual([ending(putOff).counts.deleted, ending(putOff).counts.withheld], [1, 1]);
    sides.remove = undefined;
    await sides.place.run("state", "unblock");
    const done = await sides.run();
    assert.deepEqual([done.exitCode, ending(done).counts.deleted, sides.items.size], [0, 1, 28]);
  }));

test("a soft delete is an update of the same address, and needs nothing of the source record", () =>
  between(
    { sync: MIRROR, remove: `{ request: "PUT /items/{id}", body: "$merge([$, { 'active': false }])" }` },
    async (sides) => {
      sides.fill(12);
      await sides.run();
      sides.rows.splice(4, 1);
      await sides.run();
      const done = await sides.run();
      assert.deepEqual([done.exitCode, ending(done).counts.deleted], [0, 1]);
      assert.deepEqual(sides.items.get("/items/5"), { id: 5, name: "n", active: false });
    },
  ));

test("plan shows what would be deleted and what is only missing, asks the guard, and changes nothing", () =>
  between({ sync: MIRROR }, async (sides) => {
    sides.fill(30);
    await sides.run();
    sides.rows.splice(4, 1);
    const first = await sides.place.run("plan");
    assert.match(first.stdout, /1 missing for the first time/);
    await sides.run();
    const [, , third] = sides.rows;
    (third as Row).name = "changed";
    const second = await sides.place.run("plan", "--exit-code");
    assert.equal(second.exitCode, 4);
    assert.match(second.stdout, /- 5  \/items\/5/);
    assert.match(second.stdout, /0 to create, 1 to update, 1 to delete, 28 unchanged/);
    assert.deepEqual(sides.deletes, []);
    sides.rows.splice(0, 12);
    await sides.run();
    const many = await sides.place.run("plan");
    assert.match(
      inOneLine(many.stdout),
      /withheld +nothing would be deleted: 12 deletes, with 1 of the last 24 hours, are more than/,
    );
    assert.match(many.stdout, /^records: 0 to create, 0 to update, 12 deletes withheld, 17 unchanged$/m);
    assert.match(many.stdout, /^ +forecast +2 requests/m);
    assert.match(many.stdout, /^ +next +evenkeel run records --allow-deletes 12 /m);
    assert.equal(many.exitCode, 1, "as the run would end");
    sides.rows = [];
    const none = await sides.place.run("plan");
    assert.equal(none.exitCode, 1);
    assert.match(none.stdout, /RUN_SOURCE_EMPTY/);
  }));

test("D4: a delete waits until a write of the same key, whose outcome is not known, is resolved", () => {
  const upsert = `"POST /items/{id}"`;
  return between({ sync: "deletes: { mode: tombstone }", source: TOMBSTONE, upsert, read: true }, async (sides) => {
    sides.fill(12);
    for (const row of sides.rows) row.at = 1;
    let isDown = true;
    sides.write = (path, response) => {
      if (isDown && path === "/items/5") json(response, 500, {});
      return isDown && path === "/items/5";
    };
    sides.look = (_path, response) => {
      if (isDown) json(response, 500, {});
      return isDown;
    };
    assert.equal((await sides.run()).exitCode, 1);
    Object.assign(sides.rows[4] as Row, { deleted: true, at: 5 });
    const waits = await sides.run();
    assert.deepEqual([waits.exitCode, sides.deletes, ending(waits).counts.withheld], [1, [], 1]);
    isDown = false;
    // It had landed.
    sides.items.set("/items/5", { id: 5, name: "n" });
    const done = await sides.run();
    assert.deepEqual([done.exitCode, sides.deletes, sides.items.has("/items/5")], [0, ["/items/5"], false]);
  });
});

test("a delete that takes fields of the record is not made up of nothing", () => {
  const remove = `{ request: "PUT /items/{id}", body: "{ 'id': id, 'active': false }" }`;
  return between({ sync: `${MIRROR}\nstate: { bodies: false }`, remove }, async (sides) => {
    const refused = await sides.place.run("validate");
    assert.equal(refused.exitCode, 2);
    assert.match(
      inOneLine(refused.stderr),
      /takes fields of the mapped record, which are not kept, since `state\.bodies` is `false`/,
    );
  });
});

test("a delete that was refused is tried again with what the source's mark showed, though nothing else is known of it", () => {
  const remove = `{ request: "PUT /items/{id}", body: "{ 'id': id, 'active': false }" }`;
  return between({ sync: "deletes: { mode: tombstone }", source: TOMBSTONE, remove }, async (sides) => {
    sides.rows = [{ id: 1, name: "n", at: 1 }];
    const dying = sides.place.start("run");
    sides.write = (path) => {
      // It takes effect, and its answer is never seen.
      sides.items.set(path, { id: 1, name: "n" });
      dying.kill("SIGKILL");
      return true;
    };
    await dying.ended;
    sides.rows[0] = { id: 1, name: "n", at: 5, deleted: true };
    sides.write = (_path, response) => (json(response, 422, { message: "it has orders" }), true);
    assert.equal(ending(await sides.run()).counts.rejected, 1);
    // No read shows it from now on.
    sides.rows = [{ id: 2, name: "n", at: 9 }];
    sides.write = undefined;
    await sides.run();
    const retried = await sides.begin((evenkeel) => evenkeel.retryRejects("records"));
    assert.equal(retried.exitCode, 0);
    assert.deepEqual(sides.items.get("/items/1"), { id: 1, active: false });
  });
});

for (const [what, sync, source, says] of [
  [
    "mirror over numbered pages without `read`",
    MIRROR,
    "page",
    /deletes\.mode` is `mirror`, and records can move between/,
  ],
  ["tombstone without a mark", "deletes: { mode: tombstone }", "cursor", /declares no `tombstone`/],
  ["createOnly", `${MIRROR}\n    writes: createOnly`, "cursor", /does not go with `deletes`/],
] as const)
  test(`deletes: ${what} is refused by name`, () =>
    between({ sync, pagination: source }, async (sides) => {
      const refused = await sides.place.run("validate");
      assert.equal(refused.exitCode, 2);
      assert.match(inOneLine(refused.stderr), says);
      assert.match(refused.stderr, /evenkeel\.yaml:\d+:\d+/);
    }));

test("a record that is shown again, though nothing can be made of it, is not deleted for what was believed before", () =>
  between({ sync: MIRROR }, async (sides) => {
    sides.fill(100);
    await sides.run();
    const hidden = sides.rows.splice(0, 12);
    await sides.run();
    assert.equal(ending(await sides.run()).counts.withheld, 12);
    // They come back, one of them with a key that is none.
    sides.rows.unshift(...hidden);
    sides.rows[4] = { id: [5] as never, name: "n" };
    await sides.run();
    sides.rows[4] = { ...(sides.rows[4] as Row), id: 5, name: "n" };
    const back = await sides.run();
    assert.deepEqual([back.exitCode, ending(back).counts.withheld, sides.deletes], [0, 0, []]);
  }));

test("D2: what the source gives when it is asked is kept, also when its delete has waited", () =>
  between({ sync: MIRROR, source: `read: "GET /records/{$key}"` }, async (sides) => {
    sides.fill(30);
    await sides.run();
    const [row] = sides.rows.splice(6, 1) as [Row];
    sides.remove = (_path, response) => {
      json(response, 503, {}, { "retry-after": "7200" });
      return true;
    };
    assert.equal(ending(await sides.run()).counts.withheld, 1);
    sides.remove = undefined;
    await sides.place.run("state", "unblock");
    sides.rows.push(row);
    sides.page = (after, response) => {
      if (after > 0) return false;
      json(response, 200, { data: sides.rows.filter(({ id }) => id !== 7), next: null });
      return true;
    };
    const before = sides.deletes.length;
    const kept = await sides.run();
    assert.match(eventsOf(kept, "warning")[0]?.message ?? "", /kept all the same/);
    assert.equal(sides.deletes.length, before);
    assert.equal(sides.items.has("/items/7"), true);
  }));

test("D3: too many to be asked for are found again by the next run, and the override is for what it says", () =>
  between(
    {
      sync: MIRROR,
      source: `read: "GET /records/{$key}"\n      cursor: { field: at, type: integer, param: since, lookback: 0 }`,
    },
    async (sides) => {
      sides.fill(100);
      for (const row of sides.rows) row.at = 1;
      await sides.run();
      sides.rows.splice(0, 51);
      for (let run = 0; run < 2; run++) {
        const withheld = await sides.run(run === 0 ? { fullRefresh: true } : {});
        assert.deepEqual([withheld.exitCode, ending(withheld).counts.withheld, sides.deletes], [1, 51, []]);
      }
      const allowed = await sides.run({ allowDeletes: 51 });
      assert.deepEqual([allowed.exitCode, ending(allowed).counts.deleted, sides.items.size], [0, 51, 49]);
    },
  ));

test("D1: a record that the source still gives by its key, marked as deleted, has gone", () =>
  between({ sync: MIRROR, source: `read: "GET /records/{$key}"\n      tombstone: deleted = true` }, async (sides) => {
    sides.fill(30);
    await sides.run();
    Object.assign(sides.rows[6] as Row, { deleted: true });
    sides.page = (after, response) => {
      if (after > 0) return false;
      json(response, 200, { data: sides.rows.filter(({ id }) => id !== 7), next: null });
      return true;
    };
    const gone = await sides.run();
    assert.deepEqual([gone.exitCode, sides.deletes], [0, ["/items/7"]]);
  }));
