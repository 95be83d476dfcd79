import assert from "node:assert/strict";
import { test } from "node:test";
import { guaranteeOf } from "./guarantee.ts";
import type { Paging } from "./source.ts";
import type { Sync } from "./sync.ts";

const PUT = { method: "PUT", isRepeatable: true };
const traits = { addressing: "own", upsert: PUT, lateWriteMs: 120_000, readBack: true };

/** What is said against a sync whose source is read so. */
const weaknesses = (paging: Partial<Paging>): readonly string[] => {
  const source = { paging: { shifts: false, resumes: true, size: undefined, ...paging } };
  const sync = { source, destination: { traits }, cursor: undefined, deletes: { mode: "never" } };
  return guaranteeOf(sync as unknown as Sync).weaknesses;
};

test("R2: what has its own address is repeated only where twice is as good as once", () => {
  const post = { method: "POST", isRepeatable: false };
  const source = { paging: { type: "cursor", shifts: false, resumes: true, size: undefined } };
  const of = (own: object) => {
    const destination = { traits: { ...traits, readBack: false, ...own } };
    return guaranteeOf({ source, destination, cursor: undefined, deletes: { mode: "never" } } as unknown as Sync);
  };
  const ground = (own: object): string => of(own).summary.split(";")[0] ?? "";
  assert.equal(ground({}), "effectively once (PUT to the record's own address)");
  assert.equal(
    ground({ upsert: { ...post, isRepeatable: true } }),
    "effectively once (POST to the record's own address)",
  );
  assert.equal(ground({ upsert: post, readBack: true }), "effectively once (POST, looked up before it is sent again)");
  assert.equal(
    ground({ upsert: post, idempotencyKey: { retentionMs: 86_400_000 } }),
    "effectively once (idempotency key, kept 24 h)",
  );
  assert.equal(ground({ upsert: post }), "at least once (POST, not declared `idempotent`)");
  assert.match(of({ upsert: post }).weaknesses.join(), /declare `idempotent: true` if sending it twice does no harm/);
});

test("P5: where one page is taken for all there is, that is said", () => {
  const unpaged = /Without `pagination`, one page is taken for all there is/;
  assert.match(weaknesses({ type: "none" }).join(), unpaged);
  assert.match(weaknesses({ type: "cursor", isUnpaged: true }).join(), unpaged);
  assert.doesNotMatch(weaknesses({ type: "cursor" }).join(), unpaged);
});
