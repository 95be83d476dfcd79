import assert from "node:assert/strict";
import { test } from "node:test";
import type { DestinationTraits } from "../core/destination.ts";
import { FRESH, type OperationKind } from "../core/operation.ts";
import type { Sync } from "../core/sync.ts";
import type { SearchReason } from "./after-search.ts";
import { isToBeWritten } from "./left-over.ts";

interface Case {
  readonly kind?: OperationKind;
  readonly isRepeatable?: boolean;
  readonly isInDoubt?: boolean;
  /** The version that it is based on. */
  readonly basis?: string;
  /** Writes bear it. */
  readonly isFenced?: boolean;
  readonly reason?: SearchReason;
  /** That of the record found. */
  readonly etag?: string;
  readonly writes?: Sync["writes"];
  readonly addressing?: DestinationTraits["addressing"];
  readonly updates?: boolean;
}

function judged(given: Case): boolean {
  const { kind = "update", isRepeatable = true, isInDoubt = true, basis, reason = "unknown", etag } = given;
  const { writes = "both", addressing = "own", updates = true, isFenced = true } = given;
  const precondition = isFenced ? ({ conflict: "source" } as const) : undefined;
  const write = { method: "POST", url: "", headers: {}, body: "{}", repeatable: isRepeatable };
  const operation = { kind, write, progress: { ...FRESH, everUnknown: isInDoubt }, etag: basis };
  return isToBeWritten(operation, reason, etag, {
    writes,
    destination: { traits: { addressing, updates, precondition } },
  } as Sync);
}

const CASES: readonly (readonly [what: string, given: Case, isWritten: boolean])[] = [
  [
    "what is not in doubt has been written by nobody here",
    { isInDoubt: false, isRepeatable: false, reason: "before" },
    true,
  ],
  ["so has what exists already", { kind: "create", isInDoubt: false, isRepeatable: false, reason: "exists" }, true],
  ["twice is the same as once", {}, true],
  ["twice may be more than once", { isRepeatable: false }, false],
  ["a create to the record's own address is the same request again", { kind: "create", isRepeatable: false }, false],
  [
    "what a create has made gets its first update",
    { kind: "create", isRepeatable: false, addressing: "assigned" },
    true,
  ],
  ["there is no update", { kind: "create", addressing: "assigned", updates: false }, false],
  [
    "there is none of what is there already",
    { kind: "create", isInDoubt: false, reason: "before", updates: false },
    false,
  ],
  ["it is only created", { kind: "create", writes: "createOnly" }, false],
  ["it was refused, and may not have been applied before that", { reason: "refused" }, true],
  ["it was refused, and is there already", { reason: "refused", isInDoubt: false }, false],
  ["its version has not changed since", { isRepeatable: false, basis: "1", etag: "1" }, true],
  [
    "its ETag has not changed, and writes bear none",
    { isRepeatable: false, basis: "1", etag: "1", isFenced: false },
    false,
  ],
  ["its version has changed, and the write may have done that", { isRepeatable: false, basis: "1", etag: "2" }, false],
  ["its version has changed, and to write it again does no harm", { basis: "1", etag: "2" }, true],
  ["no version was found", { isRepeatable: false, basis: "1" }, false],
];

for (const [what, given, isWritten] of CASES)
  test(`R2, U6: what is left over ${isWritten ? "counts" : "is looked past"}: ${what}`, () =>
    assert.equal(judged(given), isWritten));
