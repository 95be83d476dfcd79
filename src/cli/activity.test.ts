import assert from "node:assert/strict";
import { test } from "node:test";
import { noCounts } from "../core/events.ts";
import type { ReadingProgress } from "../evenkeel.ts";
import { VirtualClock } from "../testing/index.ts";
import { showActivity } from "./activity.ts";
import type { CommonOptions } from "./command-line.ts";
import type { Context } from "./context.ts";
import { createPrinter } from "./printer.ts";
import type { Terminal } from "./terminal.ts";

/** What stderr gets of twelve seconds of reading. */
async function said(isTTY: boolean, common: CommonOptions = {}): Promise<readonly string[]> {
  const clock = new VirtualClock();
  const lines: string[] = [];
  const stream = { isTTY, columns: 200, colors: false, write: (text: string) => void lines.push(text.trimEnd()) };
  const terminal = { stdout: stream, stderr: stream } as unknown as Terminal;
  const context = { printer: createPrinter(terminal, common), host: { clock } } as unknown as Context;
  const now: { progress?: ReadingProgress } = {};
  const activity = showActivity({ what: "reading", progress: () => now.progress, found: () => "" }, context);
  await clock.advance(6_000);
  now.progress = {
    sync: "rows",
    counts: { ...noCounts(), read: 1, requests: 2 },
    waitingFor: "the answer of http://store to GET /rows, for 4 s",
  };
  await clock.advance(6_000);
  activity.end();
  await clock.advance(60_000);
  return lines;
}

test("what only reads says every few seconds how far it is and what it waits for, where nobody watches", async () => {
  assert.deepEqual(await said(false), [
    "reading, 5 s",
    "reading, 10 s, rows: 1 record read, 2 requests, waiting: the answer of http://store to GET /rows, for 4 s",
  ]);
});

test("on a terminal it is one line that changes in place", async () => {
  const lines = await said(true);
  assert.ok(lines.length > 100);
  assert.ok(lines.some((line) => /reading · 12 s · rows: 1 record read, 2 requests · waiting: the answer/.test(line)));
});

test("with --quiet and --json nothing is said", async () => {
  assert.deepEqual([await said(false, { quiet: true }), await said(true, { json: true })], [[], []]);
});
