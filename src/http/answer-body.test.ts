import assert from "node:assert/strict";
import { test } from "node:test";
import { CompleteAnswer } from "./answer.ts";
import { bodyOf } from "./answer-body.ts";

const LINES = '{"id":1}\n{"id":2}\n';
const LONG = { "content-length": "18" };

const answer = (headers: Readonly<Record<string, string>>, text = LINES): CompleteAnswer =>
  new CompleteAnswer(200, headers, Buffer.from(text));

test("P5: lines that could not be unpacked are an error, and no empty list", () => {
  for (const code of ["API_NOT_JSON", "API_BODY_TOO_LARGE"] as const) {
    const headers = { "content-type": "application/x-ndjson", "content-encoding": "gzip", ...LONG };
    const packed = new CompleteAnswer(200, headers, Buffer.alloc(0), { code, message: "its end is missing" });
    for (const format of ["json", "ndjson"] as const) {
      const read = bodyOf(packed, format);
      assert.ok(!read.ok);
      assert.deepEqual([read.error.code, read.error.message], [code, "the answer cannot be read: its end is missing"]);
    }
  }
});

test("P5: lines without a length may lack their end; what calls itself JSON may be declared wrongly", () => {
  assert.ok(bodyOf(answer(LONG), "ndjson").ok);
  for (const [type, next] of [
    ["application/x-ndjson", /Ask for JSON instead of lines/],
    ["application/json; charset=utf-8", /calls itself application\/json, .* leave `format: ndjson` out/],
  ] as const) {
    const read = bodyOf(answer({ "content-type": type }), "ndjson");
    assert.ok(!read.ok);
    assert.equal(read.error.code, "API_BODY_CUT");
    assert.match(read.error.message, /so its end may be missing/);
    assert.match(read.error.next ?? "", next);
  }
});
