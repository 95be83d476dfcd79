import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { noCounts, type RunEvent } from "../core/events.ts";
import { VirtualClock } from "../testing/index.ts";
import { createPrinter } from "./printer.ts";
import { createProgress } from "./progress.ts";
import type { Terminal } from "./terminal.ts";

type ProgressEvent = Extract<RunEvent, { readonly type: "progress" }>;

/** What is said elsewhere than on a terminal, at the times at which it is said. */
async function said(
  ...steps: readonly (Partial<Omit<ProgressEvent, "counts">> & { counts?: object })[]
): Promise<string[]> {
  const clock = new VirtualClock();
  const lines: string[] = [];
  const stream = { isTTY: false, columns: 80, colors: false, write: (text: string) => void lines.push(text.trimEnd()) };
  const terminal = { stdout: stream, stderr: stream } as unknown as Terminal;
  const progress = createProgress(createPrinter(terminal, {}), clock);
  progress.see({ type: "run-started", sync: "s", atMs: 0 } as RunEvent);
  for (const { counts, ...step } of steps) {
    const fields = { total: undefined, expected: undefined, inFlight: 0, waitingFor: undefined, ...step };
    progress.see({ type: "progress", sync: "s", atMs: 0, counts: { ...noCounts(), ...counts }, ...fields });
    await clock.advance(5_000);
  }
  progress.end();
  return lines;
}

suite("what is said of a run that is under way", () => {
  test("with an announced total: how much of it, how fast, and the time left", async () => {
    assert.deepEqual(await said({ counts: { read: 400, created: 200, rejected: 1, invalid: 2 }, total: 1_000 }), [
      "s: 400 of 1,000 read, 200 written, 1 rejected, 2 invalid, 41/s, 20 s left",
    ]);
  });

  test("with what the last full refresh had", async () => {
    assert.deepEqual(await said({ counts: { read: 400, unchanged: 400 }, expected: 1_200 }), [
      "s: 400 of about 1,200 read, 0 written, 400 unchanged, 80/s, 10 s left",
    ]);
  });

  test("when everything is read, the rest is known", async () => {
    assert.deepEqual(await said({ counts: { read: 400, created: 100 }, total: 400 }), [
      "s: 400 read, 100 written, 20/s, 15 s left",
    ]);
  });

  test("without anything to go by, or past what was expected, no time is given", async () => {
    assert.deepEqual(
      await said({ counts: { read: 400, created: 100 } }, { counts: { read: 900, created: 900 }, expected: 800 }),
      ["s: 400 read, 100 written, 20/s", "s: 900 read, 900 written, 90/s"],
    );
  });

  test("what it waits for", async () => {
    assert.deepEqual(await said({ counts: { read: 1 }, waitingFor: "the limit of 2/s of shop" }), [
      "s: 1 read, 0 written, waiting: the limit of 2/s of shop",
    ]);
  });
});
