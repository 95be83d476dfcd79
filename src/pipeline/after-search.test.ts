import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../core/json.ts";
import { OwnedFields } from "../core/owned-fields.ts";
import { FRESH, type Operation, type Progress } from "../core/operation.ts";
import { afterConflict } from "./after-search.ts";
import type { RunContext } from "./context.ts";

const context = (conflict: "destination" | "reject") =>
  ({
    sync: {
      destination: { traits: { precondition: { conflict }, addressing: "own" } },
      omitted: "cleared",
      mapping: { owned: { fields: new OwnedFields("a mapping", { name: null, note: null }).fields } },
    },
    say: () => undefined,
  }) as unknown as RunContext;

/** What becomes of an update on version 1 where the destination holds something else, of version 2. */
function met(conflict: "destination" | "reject", progress: Partial<Progress>, leftOver?: JsonObject) {
  const operation = {
    kind: "update",
    record: { key: "1", mapped: { name: "new" } },
    etag: '"1"',
    progress: { ...FRESH, ...progress },
  } as unknown as Operation;
  const what =
    leftOver === undefined ? { record: { name: "other" } } : { record: { name: "new", ...leftOver }, isLeftOver: true };
  const found = { kind: "different", destinationId: undefined, etag: '"2"', ...what } as const;
  const step = afterConflict(found, operation, "412", context(conflict));
  return step?.kind === "send" ? step.operation.etag : step?.ending.kind;
}

test("U4: what has changed meanwhile is somebody else's, unless an older write of the ledger's own may have landed", () => {
  assert.equal(met("destination", {}), "overruled");
  assert.equal(met("reject", {}), "rejected");
  for (const conflict of ["destination", "reject"] as const) {
    assert.equal(met(conflict, { staleUntilMs: 5 }), '"2"');
    assert.equal(met(conflict, { twinUntilMs: 5 }), '"2"');
  }
});

test("U4: a write whose answer was lost has made the version that holds all of it, whatever nobody has mapped is there besides", () => {
  for (const conflict of ["destination", "reject"] as const) {
    assert.equal(met(conflict, { everUnknown: true }, { version: 2 }), "applied");
    assert.notEqual(met(conflict, { everUnknown: true }, { note: "somebody's" }), "applied");
  }
});
