import assert from "node:assert/strict";
import { test } from "node:test";
import { FRESH, type Operation, type Progress } from "../core/operation.ts";
import { afterConflict } from "./after-search.ts";
import type { RunContext } from "./context.ts";

const context = (conflict: "destination" | "reject") =>
  ({
    sync: { destination: { traits: { precondition: { conflict }, addressing: "own" } } },
    say: () => undefined,
  }) as unknown as RunContext;

/** What becomes of an update on version 1 where the destination holds something else, of version 2. */
function met(conflict: "destination" | "reject", progress: Partial<Progress>) {
  const operation = {
    kind: "update",
    record: { key: "1", mapped: { name: "new" } },
    etag: '"1"',
    progress: { ...FRESH, ...progress },
  } as unknown as Operation;
  const found = { kind: "different", destinationId: undefined, etag: '"2"', record: { name: "other" } } as const;
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
