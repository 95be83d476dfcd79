import { test } from "node:test";
import assert from "node:assert/strict";
import { parseBytes } from "./bytes.ts";

test("sizes are read as bytes", () => {
  for (const [text, bytes] of [
    ["32MiB", 33_554_432],
    ["1MB", 1_000_000],
    ["1.5 KiB", 1_536],
    ["2GB", 2_000_000_000],
    ["10B", 10],
    ["4kb", 4_000],
  ] as const)
    assert.deepEqual(parseBytes(text), { ok: true, value: bytes }, text);
});

test("a size without a unit is refused with a proposal", () => {
  const reading = parseBytes("32");
  assert.ok(!reading.ok);
  assert.match(reading.reason, /`32MiB`/);
});

test("what is no size is refused", () => {
  for (const text of ["", "MiB", "-1MB", "1TBX", "1 valueOf", "big"]) assert.ok(!parseBytes(text).ok, text);
});
