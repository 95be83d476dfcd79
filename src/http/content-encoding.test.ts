import assert from "node:assert/strict";
import { test } from "node:test";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { decode } from "./content-encoding.ts";

const MAX = 32 * 1_048_576;

test("S4: gzip, br and deflate are unpacked, small ones at once and large ones on another thread", async () => {
  for (const length of [100, 400_000]) {
    // Text that packs badly enough to be large when packed.
    const text = Buffer.from(Array.from({ length }, (_, index) => ((index * 7919) ** 2 % 9_973).toString(36)).join());
    for (const [name, pack] of [
      ["gzip", gzipSync],
      ["X-GZIP", gzipSync],
      [" br ", brotliCompressSync],
      ["deflate", deflateSync],
    ] as const) {
      const decoded = await decode(pack(text), name, MAX);
      assert.ok(decoded.ok && decoded.body.equals(text), `${name} ${length}`);
    }
  }
});

test("S4: a body that unpacks to far more than it is, or to more than is allowed, is refused with little memory", async () => {
  const bomb = gzipSync(Buffer.alloc(64 * 1_048_576));
  assert.ok(bomb.length < 70_000);
  const before = process.memoryUsage().arrayBuffers;
  const refused = await decode(bomb, "gzip", 1_000 * 1_048_576);
  assert.ok(!refused.ok && refused.problem === "too large", JSON.stringify(refused));
  assert.ok(process.memoryUsage().arrayBuffers - before < 32 * 1_048_576);
  const overLimit = await decode(gzipSync(Buffer.alloc(2_000)), "gzip", 1_000);
  assert.ok(!overLimit.ok && overLimit.problem === "too large");
  assert.ok(
    (await decode(gzipSync(Buffer.alloc(1_000_000)), "gzip", MAX)).ok,
    "small bodies may pack as well as they like",
  );
});

test("S4: what cannot be unpacked says why", async () => {
  for (const [body, encoding] of [
    ["not gzip", "gzip"],
    ["x", "zstd"],
    ["x", "gzip, br"],
  ] as const) {
    const decoded = await decode(Buffer.from(body), encoding, MAX);
    assert.ok(!decoded.ok && decoded.problem === "unreadable", encoding);
  }
  const cut = await decode(gzipSync("hello world").subarray(0, -4), "gzip", MAX);
  assert.ok(!cut.ok && cut.problem === "unreadable");
});

test("nothing and identity stay as they are", async () => {
  for (const encoding of [undefined, "identity", ""])
    assert.deepEqual(await decode(Buffer.from("x"), encoding, MAX), { ok: true, body: Buffer.from("x") });
  assert.deepEqual(await decode(Buffer.alloc(0), "gzip", MAX), { ok: true, body: Buffer.alloc(0) });
});
