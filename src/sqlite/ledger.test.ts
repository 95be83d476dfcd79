import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { after, suite, test } from "node:test";
import type { EvenkeelError } from "../core/errors.ts";
import { applied, entryOf, intentOf, journal, rejectOf, settle } from "../testing/ledger-samples.ts";
import { ledgerSuite } from "../testing/ledger-suite.ts";
import { takeLock } from "./lease.ts";
import { openLedger } from "./ledger.ts";
import { STEPS } from "./migrations.ts";
import { stepInside } from "./transaction-point.ts";

const folder = mkdtempSync(join(tmpdir(), "evenkeel-ledger-"));
after(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const newFile = (): string => join(folder, `${(files += 1)}.db`);
const HOLDER = { pid: process.pid, host: "here", startedMs: 0, purpose: "a test" };

ledgerSuite(
  "the ledger in SQLite",
  () => openLedger({ file: newFile(), bodies: true }),
  (ledger, error) => {
    stepInside(ledger, () => {
      stepInside(ledger, () => undefined);
      throw error;
    });
  },
);

suite("what can be wrong with the file", () => {
  test("S6: it is its owner's alone, whatever the umask, and one that others could read no longer is", async () => {
    const file = newFile();
    const ledger = await openLedger({ file, bodies: true });
    await ledger.acquire(HOLDER);
    await (await ledger.of("a")).beginRun(0);
    for (const suffix of ["", "-wal", "-shm", "-lock"])
      if (existsSync(file + suffix)) assert.equal(statSync(file + suffix).mode & 0o077, 0, suffix);
    await ledger.close();
    chmodSync(file, 0o644);
    await (await openLedger({ file, bodies: true })).close();
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  test("a full disk is told, and the ledger is as it was", async () => {
    const ledger = await openLedger({ file: newFile(), bodies: true });
    await ledger.acquire(HOLDER);
    const sync = await ledger.of("a");
    const run = await sync.beginRun(0);
    const [number = 0] = await sync.journal({ run, intents: [intentOf("a")], rejects: [], clearRejects: [] });
    stepInside(sync, () => {
      // SQLITE_FULL, as node:sqlite gives it.
      throw Object.assign(new Error("database or disk is full"), { code: "ERR_SQLITE_ERROR", errcode: 13 });
    });
    const settlement = {
      run,
      resolutions: [{ kind: "applied", number, entry: entryOf("a"), mapped: undefined, verify: undefined }] as const,
      checkpoint: undefined,
    };
    await assert.rejects(sync.settle(settlement), { code: "LEDGER_FULL", next: /Free some space and run again/ });
    stepInside(sync, () => undefined);
    assert.equal(await sync.entry("a"), undefined);
    await sync.settle(settlement);
    assert.ok(await sync.entry("a"));
    await ledger.close();
  });

  test(
    "a disk that is full for the operating system is told too",
    { skip: process.platform === "win32" && "no ulimit" },
    async () => {
      const file = newFile();
      // Beyond a limit on the size of files, writes fail as they do on a full disk; the signal for it is ignored.
      const script = `
      import { openLedger } from ${JSON.stringify(new URL("ledger.ts", import.meta.url).href)};
      import { intentOf } from ${JSON.stringify(new URL("../testing/ledger-samples.ts", import.meta.url).href)};
      process.on("SIGXFSZ", () => undefined);
      const ledger = await openLedger({ file: ${JSON.stringify(file)}, bodies: true });
      await ledger.acquire({ pid: 1, host: "x", startedMs: 0, purpose: "x" });
      const sync = await ledger.of("a");
      const run = await sync.beginRun(0);
      for (let page = 0; ; page++) {
        const intents = Array.from({ length: 500 }, (_, n) => intentOf(page + "-" + n));
        try {
          await sync.journal({ run, intents, rejects: [], clearRejects: [] });
        } catch (error) {
          console.log(JSON.stringify({ code: error.code, page }));
          process.exit();
        }
      }`;
      const child = spawn("/bin/sh", [
        "-c",
        'ulimit -f 1000; exec "$0" --input-type=module -e "$1"',
        process.execPath,
        script,
      ]);
      let output = "";
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
      await new Promise((done) => child.on("close", done));
      const { code, page } = JSON.parse(output) as { code: string; page: number };
      assert.equal(code, "LEDGER_FULL");
      const ledger = await openLedger({ file, bodies: true });
      assert.equal((await (await ledger.of("a")).counts()).unresolved.sent, page * 500, "the pages before are whole");
      await ledger.close();
    },
  );

  test(
    "a folder that cannot be written",
    { skip: process.getuid?.() === 0 && "root may write everywhere" },
    async () => {
      const closed = mkdtempSync(join(folder, "closed-"));
      chmodSync(closed, 0o500);
      await assert.rejects(openLedger({ file: join(closed, "state.db"), bodies: true }), {
        code: "LEDGER_READ_ONLY",
        next: /--state FILE/,
      });
    },
  );

  test("a lock file that cannot be made is called so", () => {
    const file = newFile();
    writeFileSync(file, "");
    assert.throws(
      () => takeLock(join(file, "state.db")),
      (error: EvenkeelError) => error.code === "LEDGER_READ_ONLY" && error.message.startsWith("the lock file "),
    );
  });

  test("a folder that is a file", async () => {
    const file = newFile();
    writeFileSync(file, "");
    await assert.rejects(openLedger({ file: join(file, "state.db"), bodies: true }), { code: "LEDGER_READ_ONLY" });
  });

  test("a file of something else, a damaged one, and one of another program are left as they are", async () => {
    const text = newFile();
    writeFileSync(text, "not a database, but a letter to my aunt\n".repeat(100));
    const damaged = newFile();
    await (await openLedger({ file: damaged, bodies: true })).close();
    writeFileSync(damaged, readFileSync(damaged).fill(0x55, 100, 4_000));
    const foreign = newFile();
    const db = new DatabaseSync(foreign);
    db.exec("CREATE TABLE letters (text)");
    db.close();
    for (const file of [text, damaged, foreign]) {
      const before = readFileSync(file);
      await assert.rejects(openLedger({ file, bodies: true }), { code: "LEDGER_CORRUPT" }, file);
      assert.deepEqual(readFileSync(file), before);
    }
  });

  test("one that a newer version wrote is refused, with both versions", async () => {
    const file = newFile();
    await (await openLedger({ file, bodies: true })).close();
    const db = new DatabaseSync(file);
    db.exec("PRAGMA user_version = 99");
    db.close();
    const newer = { code: "LEDGER_NEWER", message: /schema 99, and this version knows 8/ };
    await assert.rejects(openLedger({ file, bodies: true }), newer);
    await assert.rejects(openLedger({ file, bodies: true, readOnly: true }), newer);
  });

  test("one of the first schema is brought up to date with all that it knows", async () => {
    const file = newFile();
    const db = new DatabaseSync(file);
    db.exec(STEPS[0] as string);
    db.exec(`
      PRAGMA application_id = ${0x4576656e};
      PRAGMA user_version = 1;
      INSERT INTO syncs (id, name) VALUES (1, 'a'), (2, 'b');
      INSERT INTO entries (sync, key, key_kind, address, hash, operation, read)
        VALUES (1, 'k', 't', '/items/k', 'h', 3, 7), (1, 'bare', 't', NULL, 'h', 4, 7), (2, 'k', 't', '/items/k', 'h', 5, 7);
      INSERT INTO bodies (sync, key, body) VALUES (1, 'k', '{"n":"1"}'), (2, 'k', '{"n":"2"}');
      INSERT INTO operations (sync, run, key, key_kind, kind, state, hash, address, progress)
        VALUES (1, 1, 'o', 't', 'create', 'sent', 'h', '/items/o', '{"attempts":2}');
      INSERT INTO history (sync, key, nth, run, at_ms, event, operation, detail)
        VALUES (1, 'k', 1, 1, 10, 'create', 3, 'first'), (1, 'k', 2, 1, 10, 'update', 3, 'second');
    `);
    db.close();
    const ledger = await openLedger({ file, bodies: true });
    const [a, b] = [await ledger.of("a"), await ledger.of("b")];
    assert.deepEqual(
      [(await a.bodies(["k", "bare"])).get("k"), (await b.bodies(["k"])).get("k")],
      [{ n: "1" }, { n: "2" }],
    );
    assert.deepEqual(
      (await a.history("k")).map(({ detail }) => detail),
      ["first", "second"],
    );
    assert.equal((await a.operation("o")).active?.progress.attempts, 2);
    const owners = await a.addressOwners([
      { address: "/items/k", otherKey: undefined },
      { address: "/items/o", otherKey: undefined },
    ]);
    assert.deepEqual([owners.get("/items/k"), owners.get("/items/o")], ["k", "o"]);
    await ledger.acquire(HOLDER);
    const run = await a.beginRun(0);
    const [number = 0] = await journal(a, run, intentOf("k", { kind: "update" }));
    await settle(a, run, applied(number, entryOf("k", { hash: "new" })));
    assert.deepEqual((await a.bodies(["k"])).get("k"), { ref: "k" });
    assert.deepEqual((await b.bodies(["k"])).get("k"), { n: "2" });
    await ledger.close();
  });

  test("looking makes no file, and what is looked at cannot be written", async () => {
    const file = newFile();
    const nothing = await openLedger({ file, bodies: true, readOnly: true });
    assert.deepEqual(await nothing.syncs(), []);
    await nothing.close();
    assert.equal(existsSync(file), false);
    await (await openLedger({ file, bodies: true })).close();
    const looking = await openLedger({ file, bodies: true, readOnly: true });
    await assert.rejects(looking.acquire(HOLDER), { code: "INVARIANT" });
    await looking.close();
  });
});

suite("U7: one process at a time", () => {
  /** A process that holds the lease of this file until it dies. */
  const holderOf = async (file: string) => {
    const script = `
      import { openLedger } from ${JSON.stringify(new URL("ledger.ts", import.meta.url).href)};
      const ledger = await openLedger({ file: ${JSON.stringify(file)}, bodies: true });
      const { fence } = await ledger.acquire({ pid: process.pid, host: "there", startedMs: 0, purpose: "run all" });
      console.log(fence);
      setInterval(() => undefined, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const fence = await new Promise<number>((done) => child.stdout.once("data", (text) => done(Number(text))));
    return { child, fence };
  };

  test("a running or stopped process keeps the ledger, and its death frees it, however it dies", async () => {
    const file = newFile();
    const { child, fence } = await holderOf(file);
    const ledger = await openLedger({ file, bodies: true });
    const isHeld = { code: "LEDGER_HELD", message: new RegExp(`process ${child.pid} on there \\(run all, since 1970`) };
    await assert.rejects(ledger.acquire(HOLDER), isHeld);
    if (process.platform !== "win32") {
      child.kill("SIGSTOP");
      await assert.rejects(ledger.acquire(HOLDER), isHeld);
    }
    const gone = new Promise((done) => child.on("close", done));
    child.kill("SIGKILL");
    await gone;
    assert.equal((await ledger.acquire(HOLDER)).fence, fence + 1);
    await ledger.close();
  });

  test("what another process stored between two leases of this one counts", async () => {
    const file = newFile();
    const [one, other] = [await openLedger({ file, bodies: true }), await openLedger({ file, bodies: true })];
    const [here, there] = [await one.of("a"), await other.of("a")];
    const put = async (sync: typeof here, key: string, isRefused: boolean): Promise<void> => {
      const run = await sync.beginRun(0);
      const [number = 0] = await journal(sync, run, intentOf(key));
      await settle(
        sync,
        run,
        isRefused ? { kind: "rejected", number, reject: rejectOf(key) } : applied(number, entryOf(key)),
      );
    };
    const first = await one.acquire(HOLDER);
    await put(here, "level", false);
    await first.release();
    const second = await other.acquire(HOLDER);
    await put(there, "b", true);
    await second.release();
    await one.acquire(HOLDER);
    assert.ok(await here.rejectOf("b"));
    await put(here, "b", false);
    assert.equal(await here.rejectOf("b"), undefined, "it is level now");
    await one.close();
    await other.close();
  });

  test(
    "whoever lost its lock file writes nothing more",
    { skip: process.platform === "win32" && "an open file stays" },
    async () => {
      const file = newFile();
      const first = await openLedger({ file, bodies: true });
      await first.acquire(HOLDER);
      const sync = await first.of("a");
      const run = await sync.beginRun(0);
      rmSync(`${file}-lock`);
      const second = await openLedger({ file, bodies: true });
      await second.acquire(HOLDER);
      const page = { run, intents: [intentOf("a")], rejects: [], clearRejects: [] };
      await assert.rejects(sync.journal(page), { code: "LEDGER_FENCED" });
      assert.equal((await (await second.of("a")).lookup(["a"])).size, 0);
      await second.close();
      await first.close();
    },
  );
});
