import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, suite, test } from "node:test";
import type { Ledger, SyncLedger } from "../core/ledger.ts";
import { FRESH } from "../core/operation.ts";
import { applied, entryOf, HELD, intentOf, journal, rejectOf, settle } from "../testing/ledger-samples.ts";
import { openLedger } from "./ledger.ts";

const folder = mkdtempSync(join(tmpdir(), "evenkeel-pages-"));
after(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const newFile = (): string => join(folder, `${(files += 1)}.db`);

async function opened(file: string): Promise<{ all: Ledger; ledger: SyncLedger; run: number }> {
  const all = await openLedger({ file, bodies: true });
  await all.acquire({ pid: 1, host: "here", startedMs: 0, purpose: "a test" });
  const ledger = await all.of("records");
  return { all, ledger, run: await ledger.beginRun(0) };
}

const stateOf = async (ledger: SyncLedger): Promise<string[]> =>
  (await ledger.unresolved(0, 100)).map(({ key, state, hash, ours }) => `${key} ${state} ${hash} ${ours}`);

const rowsIn = (file: string): unknown => {
  const db = new DatabaseSync(file, { readOnly: true });
  const count = db.prepare("SELECT (SELECT count(*) FROM pages) + (SELECT count(*) FROM operations) AS n").get()?.["n"];
  db.close();
  return count;
};

suite("U1: writes that need no row of their own", () => {
  test("what a crash leaves of a page is what was not resolved; what was refused or released may come again", async () => {
    const file = newFile();
    const before = await opened(file);
    const keys = ["applied", "rejected", "unknown", "released", "verifying", "sent"];
    const numbers = await journal(before.ledger, before.run, ...keys.map((key) => intentOf(key)));
    const [a = 0, b = 0, c = 0, d = 0, e = 0] = numbers;
    await journal(before.ledger, before.run, intentOf("sent", { state: "waiting", held: HELD, hash: "newer" }));
    await settle(
      before.ledger,
      before.run,
      applied(a, entryOf("applied")),
      { kind: "rejected", number: b, reject: rejectOf("rejected") },
      { kind: "held", number: c, state: "unknown", progress: { ...FRESH, everUnknown: true }, held: HELD },
      { kind: "released", number: d },
      applied(e, entryOf("verifying"), { verify: { atMs: 9, held: undefined } }),
    );
    assert.deepEqual(await stateOf(before.ledger), [
      "unknown unknown hash of unknown true",
      "verifying verifying hash of verifying true",
      "sent sent hash of sent true",
      "sent waiting newer true",
    ]);
    await before.all.close();

    const { all, ledger, run } = await opened(file);
    assert.deepEqual(await stateOf(ledger), [
      "rejected sent hash of rejected false",
      "unknown unknown hash of unknown false",
      "released sent hash of released false",
      "verifying verifying hash of verifying false",
      "sent sent hash of sent false",
      "sent waiting newer false",
    ]);
    assert.equal((await ledger.counts()).unresolved.sent, 3);
    const again = await journal(
      ledger,
      run,
      ...["rejected", "released", "sent"].map((key, index) =>
        intentOf(key, { hash: "again", replaces: [b, d, numbers[5]][index], dropsWaiting: true }),
      ),
    );
    assert.ok(
      again.every((number) => number > Math.max(...numbers)),
      "no number is given twice",
    );
    assert.deepEqual((await stateOf(ledger)).slice(2), [
      "rejected sent again true",
      "released sent again true",
      "sent sent again true",
    ]);
    await settle(
      ledger,
      run,
      ...[...again, c, e].map((number, index) =>
        applied(number, entryOf(`${["rejected", "released", "sent", "unknown", "verifying"][index]}`)),
      ),
    );
    assert.deepEqual(await stateOf(ledger), []);
    await all.close();
    assert.equal(rowsIn(file), 0, "the page went with the last of it");
    const later = await opened(file);
    const [next = 0] = await journal(later.ledger, later.run, intentOf("new"));
    assert.ok(next > Math.max(...again), "not even when nothing is left of it");
    await later.all.close();
  });

  test("a page whose records are all written by a later one is gone", async () => {
    const file = newFile();
    const first = await opened(file);
    const [a, b] = await journal(first.ledger, first.run, intentOf("a"), intentOf("b"));
    await first.all.close();
    const second = await opened(file);
    const again = [intentOf("a", { replaces: a, hash: "2" }), intentOf("b", { replaces: b, hash: "2" })];
    await journal(second.ledger, second.run, ...again);
    await second.all.close();
    const third = await opened(file);
    assert.deepEqual(await stateOf(third.ledger), ["a sent 2 false", "b sent 2 false"]);
    await third.all.close();
    assert.equal(rowsIn(file), 1);
  });

  test("another process that looks sees what is under way now", async () => {
    const file = newFile();
    const { all, ledger, run } = await opened(file);
    const looking = await openLedger({ file, bodies: true, readOnly: true });
    const there = await looking.of("records");
    assert.deepEqual(await stateOf(there), []);
    const [a = 0] = await journal(ledger, run, intentOf("a"));
    assert.deepEqual(await stateOf(there), ["a sent hash of a false"]);
    await settle(ledger, run, applied(a, entryOf("a")));
    assert.deepEqual(await stateOf(there), []);
    await looking.close();
    await all.close();
  });

  test("U2: a key is under way once, with a row or without", async () => {
    const { all, ledger, run } = await opened(newFile());
    const keyed = { idempotencyKey: "k", held: HELD };
    await journal(ledger, run, intentOf("row", keyed), intentOf("plain"));
    const page = (key: string, changes: object) =>
      ledger.journal({ run, intents: [intentOf(key, changes)], rejects: [], clearRejects: [] });
    await assert.rejects(page("row", {}), { code: "INVARIANT", message: /row has an operation already/ });
    await assert.rejects(page("plain", keyed), { code: "INVARIANT", message: /plain has an operation already/ });
    assert.equal((await stateOf(ledger)).length, 2);
    await all.close();
  });
});
