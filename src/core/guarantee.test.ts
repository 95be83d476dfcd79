import assert from "node:assert/strict";
import { test } from "node:test";
import { guaranteeOf } from "./guarantee.ts";
import type { Paging } from "./source.ts";
import type { Sync } from "./sync.ts";

const traits = { addressing: "own", lateWriteMs: 120_000, readBack: true };

/** What is said against a sync whose source is read so. */
const weaknesses = (paging: Partial<Paging>): readonly string[] => {
  const source = { paging: { shifts: false, resumes: true, size: undefined, ...paging } };
  const sync = { source, destination: { traits }, cursor: undefined, deletes: { mode: "never" } };
  return guaranteeOf(sync as unknown as Sync).weaknesses;
};

test("P5: where one page is taken for all there is, that is said", () => {
  const unpaged = /Without `pagination`, one page is taken for all there is/;
  assert.match(weaknesses({ type: "none" }).join(), unpaged);
  assert.match(weaknesses({ type: "cursor", isUnpaged: true }).join(), unpaged);
  assert.doesNotMatch(weaknesses({ type: "cursor" }).join(), unpaged);
});
