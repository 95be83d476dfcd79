import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { intentOf, journal } from "../testing/ledger-samples.ts";
import { diskOf, type Flush } from "./disk.ts";
import { openLedger } from "./ledger.ts";

const folder = mkdtempSync(join(tmpdir(), "evenkeel-disk-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A disk whose flushes end when the test says so. */
function slowDisk(name: string) {
  const ends: ((error: Error | null) => void)[] = [];
  const flush: Flush = (_fd, done) => void ends.push(done);
  const file = join(folder, name);
  writeFileSync(`${file}-wal`, "");
  return { disk: diskOf(file, flush), ends };
}

/** Tells when a promise has ended, and how. */
function watched(promise: Promise<void>): { how: string } {
  const state = { how: "waits" };
  promise.then(
    () => (state.how = "flushed"),
    (error: { code?: string }) => (state.how = `failed: ${error.code}`),
  );
  return state;
}

suite("K1: what is committed is on the disk before anything follows from it", () => {
  test("one flush is for all that was committed before it began, and the next for the rest", async () => {
    const { disk, ends } = slowDisk("coalesced");
    const first = watched(disk.flushed());
    const [second, third] = [watched(disk.flushed()), watched(disk.flushed())];
    ends[0]?.(null);
    await turn();
    assert.deepEqual([first.how, second.how, third.how], ["flushed", "waits", "waits"]);
    assert.equal(ends.length, 2, "both wait for the same one, which began after them");
    ends[1]?.(null);
    await turn();
    assert.deepEqual([second.how, third.how], ["flushed", "flushed"]);
    disk.close();
  });

  test("after a flush that failed nothing counts as flushed any more", async () => {
    const { disk, ends } = slowDisk("failing");
    const [first, second] = [watched(disk.flushed()), watched(disk.flushed())];
    ends[0]?.(Object.assign(new Error("no space"), { code: "ENOSPC" }));
    await turn();
    const third = watched(disk.flushed());
    await turn();
    assert.deepEqual([first.how, second.how, third.how], Array(3).fill("failed: LEDGER_FULL"));
    assert.equal(ends.length, 1);
    disk.close();
  });

  test("an operation has no number for its sender before its intent is flushed", async () => {
    const ends: (() => void)[] = [];
    let isSlow = false;
    const flush: Flush = (_fd, done) => (isSlow ? void ends.push(() => done(null)) : done(null));
    const ledger = await openLedger({ file: join(folder, "ledger.db"), bodies: true, flush });
    await ledger.acquire({ pid: 1, host: "here", startedMs: 0, purpose: "test" });
    const sync = await ledger.of("a");
    const run = await sync.beginRun(0);
    isSlow = true;
    const given: number[] = [];
    const journalled = journal(sync, run, intentOf("a")).then((numbers) => given.push(...numbers));
    await turn();
    assert.equal(given.length, 0);
    ends[0]?.();
    await journalled;
    assert.equal(given.length, 1);
    isSlow = false;
    await ledger.close();
  });
});
