import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { systemClock } from "../runtime/clock.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { takeLock } from "./lease.ts";
import { fileTokenStore } from "./token-files.ts";

const place = mkdtempSync(join(tmpdir(), "evenkeel-tokens-"));
after(() => rmSync(place, { recursive: true, force: true }));
let folders = 0;
const newFolder = (): string => join(place, `${(folders += 1)}`, "state.db.tokens");

const urlOf = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);

/** A process that has `store`, the tokens of this folder. */
const processOf = (folder: string, script: string): ChildProcess =>
  spawn(
    process.execPath,
    [
      "--input-type=module",
      "-e",
      `import { fileTokenStore } from ${urlOf("token-files.ts")};
      import { systemClock } from ${urlOf("../runtime/clock.ts")};
      const store = fileTokenStore(${JSON.stringify(folder)}, systemClock);
      ${script}`,
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );

const ended = (child: ChildProcess): Promise<number | null> => new Promise((done) => child.once("close", done));

const read = (folder: string, name: string): Promise<string | undefined> =>
  fileTokenStore(folder, systemClock).hold(name, (kept) => kept.read());

test("of two processes and two holders in each, every one takes the token that the one before it kept", async () => {
  const folder = newFolder();
  const script = `
    const next = () => store.hold("one", async ({ read, write }) => write(String(Number((await read()) ?? 0) + 1)));
    for (let n = 0; n < 10; n++) await Promise.all([next(), next()]);`;
  const codes = await Promise.all([processOf(folder, script), processOf(folder, script)].map(ended));
  assert.deepEqual(codes, [0, 0]);
  assert.equal(await read(folder, "one"), "40");
});

test("two processes keep tokens of different names, and none is lost", async () => {
  const folder = newFolder();
  const script = (name: string): string =>
    `for (let n = 0; n < 20; n++) await store.hold("${name}" + n, ({ write }) => write("${name}"));`;
  await Promise.all(["a", "b"].map((name) => ended(processOf(folder, script(name)))));
  for (const name of ["a", "b"]) for (let n = 0; n < 20; n++) assert.equal(await read(folder, `${name}${n}`), name);
});

test("a holder that is killed holds it no more, and what it kept is kept", async () => {
  const folder = newFolder();
  const holder = processOf(
    folder,
    `await store.hold("one", async ({ write }) => {
      await write("kept");
      console.log("held");
      await new Promise((done) => setTimeout(done, 1_000_000));
    });`,
  );
  await new Promise((done) => holder.stdout?.once("data", done));
  let isFree = false;
  const waiting = read(folder, "one").finally(() => (isFree = true));
  await systemClock.sleep(200);
  assert.equal(isFree, false);
  holder.kill("SIGKILL");
  assert.equal(await waiting, "kept");
});

test("one that is never given up is told, and another name does not wait for it", async () => {
  const folder = newFolder();
  await fileTokenStore(folder, systemClock).hold("one", async () => undefined);
  const lock = takeLock(join(folder, "one"));
  const clock = new VirtualClock();
  const store = fileTokenStore(folder, clock);
  const held = assert.rejects(
    store.hold("one", async () => undefined),
    { code: "LEDGER_HELD", message: /refresh token .*one/ },
  );
  assert.equal(await store.hold("two", async () => "at once"), "at once");
  await clock.drive(held);
  lock?.free();
});

test(
  "S6: the folder and what is in it are their owner's alone",
  { skip: process.platform === "win32" && "no rights" },
  async () => {
    const folder = newFolder();
    await fileTokenStore(folder, systemClock).hold("one", ({ write }) => write("t"));
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    const files = readdirSync(folder);
    assert.deepEqual(files.toSorted(), ["one", "one-lock"]);
    for (const file of files) assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600);
  },
);
