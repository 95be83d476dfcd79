import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { createPrinter, type Printer } from "./printer.ts";
import type { Terminal } from "./terminal.ts";

/** A printer, and the lines that it has written to stderr. */
function printing(isTTY: boolean): { readonly printer: Printer; readonly lines: () => readonly string[] } {
  let written = "";
  const stream = { isTTY, columns: 60, color: false, write: (text: string) => void (written += text) };
  const printer = createPrinter({ stdout: stream, stderr: stream } as unknown as Terminal, {});
  return { printer, lines: () => written.split("\n").slice(0, -1) };
}

const SENTENCE =
  "records: put off record 4711: 429 Too Many Requests: slow down, please, there are others\n  next: wait, or say `evenkeel state unblock records 4711 --resend`.";

suite("what is said along the way", () => {
  test("is broken at spaces on a terminal, and never within a command", () => {
    const { printer, lines } = printing(true);
    printer.say(SENTENCE);
    assert.deepEqual(lines(), [
      "records: put off record 4711: 429 Too Many Requests: slow",
      "  down, please, there are others",
      "  next: wait, or say",
      "    `evenkeel state unblock records 4711 --resend`.",
    ]);
  });

  test("has a line each in a log", () => {
    const { printer, lines } = printing(false);
    printer.say(SENTENCE);
    assert.deepEqual(lines(), SENTENCE.split("\n"));
  });
});
