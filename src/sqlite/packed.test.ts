import assert from "node:assert/strict";
import { test } from "node:test";
import { pack, packBriefly, unpack } from "./packed.ts";

const of = (characters: number) => ({ text: "x".repeat(characters) });

test("what is kept is deflated from a thousand characters on, and what is soon removed from many more", () => {
  for (const [characters, kept, brief] of [
    [100, "string", "string"],
    [2_000, "object", "string"],
    [20_000, "object", "object"],
  ] as const) {
    const value = of(characters);
    assert.equal(typeof pack(value), kept);
    assert.equal(typeof packBriefly(value), brief);
    for (const stored of [pack(value), packBriefly(value)]) assert.deepEqual(unpack(stored), value);
  }
});
