import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { DestinationTraits } from "./destination.ts";
import { ADOPTED, type Entry, type Known, type KnownOperation } from "./ledger.ts";
import { FRESH } from "./operation.ts";
import { planRecord, type PlanContext } from "./plan.ts";
import { GONE, goneRecord, type DesiredRecord } from "./record.ts";

const own: DestinationTraits = {
  addressing: "own",
  upsert: { method: "PUT", isRepeatable: true },
  updates: true,
  together: undefined,
  precondition: undefined,
  delete: undefined,
  idempotencyKey: undefined,
  find: undefined,
  readBack: false,
  lateWriteMs: 120_000,
};
const assigned: DestinationTraits = { ...own, addressing: "assigned", idempotencyKey: { retentionMs: 86_400_000 } };
const context: PlanContext = {
  traits: own,
  writes: "both",
  deletes: true,
  run: 1,
  mapping: "m1",
  sourceHash: () => "s1",
  compare: (a, b) => (a < b ? -1 : a > b ? 1 : 0),
  read: { kind: "incremental", number: 7 },
  inFlight: () => false,
  retryRejected: false,
  nowMs: 1_000_000,
};
const record: DesiredRecord = {
  key: "k",
  keyKind: "t",
  cursor: "05",
  body: {},
  mapped: {},
  hash: "A",
  address: "/items/k",
  addressKey: "k",
};
const entry: Entry = {
  key: "k",
  keyKind: "t",
  destinationId: undefined,
  address: "/items/k",
  addressFollowsKey: true,
  hash: "A",
  sourceVersion: "04",
  etag: undefined,
  operation: 3,
  read: 6,
};
const operation: KnownOperation = {
  number: 9,
  kind: "update",
  state: "sent",
  hash: "B",
  sourceVersion: "04",
  ours: false,
  held: false,
  progress: FRESH,
  address: "/items/k",
  addressFollowsKey: true,
  destinationId: undefined,
};
const known = (parts: Partial<Known>): Known => ({
  entry: undefined,
  operation: undefined,
  waiting: undefined,
  rejected: undefined,
  ...parts,
});

test("a record that is not known is created, one with the same content is unchanged, one with other content is updated", () => {
  assert.equal(planRecord(record, undefined, context).kind, "create");
  assert.equal(planRecord(record, known({ entry }), context).kind, "unchanged");
  assert.equal(planRecord({ ...record, hash: "B" }, known({ entry }), context).kind, "update");
});

test("an entry of unknown content is written again, whatever the record holds", () => {
  assert.equal(planRecord(record, known({ entry: { ...entry, hash: undefined } }), context).kind, "update");
});

test("U1: with an operation left over from a crash, a record is never planned as unchanged (A, B, A)", () => {
  const decision = planRecord(record, known({ entry, operation }), context);
  assert.deepEqual(decision, {
    kind: "update",
    destinationId: undefined,
    lookFirst: false,
    etag: undefined,
    replaces: 9,
    staleUntilMs: 1_120_000,
  });
});

test("U3: the same content as the left-over write needs no verification, other content does", () => {
  const same = planRecord({ ...record, hash: "B" }, known({ entry, operation }), context);
  assert.ok(same.kind === "update" && same.staleUntilMs === undefined);
  assert.equal(same.twinUntilMs, 1_120_000, "a newer version that overtakes it knows of it");
  const putOff = { ...operation, state: "parked", progress: { ...FRESH, twinUntilMs: 1_120_000 } } as const;
  const newer = planRecord({ ...record, hash: "C" }, known({ entry, operation: putOff }), context);
  assert.ok(newer.kind === "update" && newer.staleUntilMs === 1_120_000, "also where the repetition was put off");
});

test("U2: a newer version waits behind an operation that is under way, and A, B, A ends as A", () => {
  const ours = { ...operation, ours: true, sourceVersion: "05" };
  assert.equal(planRecord({ ...record, hash: "B" }, known({ entry, operation: ours }), context).kind, "unchanged");
  assert.equal(planRecord(record, known({ entry, operation: ours }), context).kind, "wait");
  const waiting = { number: 10, run: 1, hash: "A", sourceVersion: "05" };
  assert.equal(
    planRecord({ ...record, hash: "B", cursor: "06" }, known({ entry, operation: ours, waiting }), context).kind,
    "wait",
  );
});

test("U2: a newer version waits behind an unknown operation and replaces one that was certainly not sent", () => {
  assert.equal(
    planRecord(record, known({ entry, operation: { ...operation, state: "unknown", held: true } }), context).kind,
    "wait",
  );
  const parked = planRecord(
    record,
    known({ entry, operation: { ...operation, state: "parked", held: true } }),
    context,
  );
  assert.ok(parked.kind === "update" && parked.replaces === 9);
});

test("U2: with a version about to take its turn and nothing before it, a newer one waits in its place", () => {
  const waiting = { number: 10, run: 1, hash: "B", sourceVersion: "04" };
  assert.equal(planRecord(record, known({ entry, waiting }), context).kind, "wait");
  assert.equal(planRecord({ ...record, hash: "B" }, known({ entry, waiting }), context).kind, "unchanged");
});

test("U2: nothing takes the place of a parked operation that is being delivered just now", () => {
  const decision = planRecord(record, known({ entry, operation: { ...operation, state: "parked", held: true } }), {
    ...context,
    inFlight: (number) => number === 9,
  });
  assert.equal(decision.kind, "wait");
});

test("U3: a version that overtakes one under verification inherits the time in which an older write may land", () => {
  const verifying: KnownOperation = {
    ...operation,
    state: "verifying",
    held: true,
    progress: { ...FRESH, staleUntilMs: 1_050_000 },
  };
  const decision = planRecord({ ...record, hash: "C" }, known({ entry, operation: verifying }), context);
  assert.ok(decision.kind === "update" && decision.staleUntilMs === 1_050_000 && decision.replaces === 9);
});

test("U10: a changed address is withheld, since the old record would stay behind", () => {
  const decision = planRecord({ ...record, address: "/items/other" }, known({ entry }), context);
  assert.ok(decision.kind === "invalid" && decision.code === "ADDRESS_CHANGED");
});

test("U11: an older version of the same read never overwrites a newer one, and in incremental reads of any read", () => {
  const older = { ...record, cursor: "03", hash: "B" };
  assert.equal(planRecord(older, known({ entry }), context).kind, "superseded");
  const full = { ...context, read: { kind: "full", number: 7 } as const };
  assert.equal(
    planRecord(older, known({ entry }), full).kind,
    "update",
    "in a full refresh a source that went back is the truth",
  );
  assert.equal(planRecord(older, known({ entry: { ...entry, read: 7 } }), full).kind, "superseded");
});

test("U11: a row changed again at the same instant is not dropped", () => {
  assert.equal(planRecord({ ...record, cursor: "04", hash: "B" }, known({ entry }), context).kind, "update");
});

test('U11: 0 and "0" in one read are two records with one key, and neither overwrites the other', () => {
  const decision = planRecord({ ...record, keyKind: "n" }, known({ entry: { ...entry, read: 7 } }), context);
  assert.ok(decision.kind === "invalid" && decision.code === "KEY_AMBIGUOUS");
});

test("P11: a rejected record is tried again when it or the mapping changed, or when the user says so", () => {
  const rejected = { kind: "rejected", code: "REFUSED", sourceHash: "s1", mapping: "m1" } as const;
  assert.equal(planRecord(record, known({ rejected }), context).kind, "stillRejected");
  assert.equal(planRecord(record, known({ rejected: { ...rejected, sourceHash: "s0" } }), context).kind, "create");
  assert.equal(planRecord(record, known({ rejected: { ...rejected, mapping: "m0" } }), context).kind, "create");
  assert.equal(planRecord(record, known({ rejected }), { ...context, retryRejected: true }).kind, "create");
});

test("what a person must choose waits for that, whatever else changes", () => {
  const rejected = { kind: "invalid", code: "ADOPTION_AMBIGUOUS", sourceHash: "s0", mapping: "m0" } as const;
  assert.equal(planRecord(record, known({ rejected }), context).kind, "stillRejected");
  assert.equal(planRecord(record, known({ rejected }), { ...context, retryRejected: true }).kind, "create");
});

test("what was adopted is looked at before it is written, where that is possible", () => {
  const adopted = { ...entry, hash: undefined, operation: ADOPTED };
  const looks = (traits: Partial<DestinationTraits>) => {
    const decision = planRecord(record, known({ entry: adopted }), {
      ...context,
      traits: { ...context.traits, ...traits },
    });
    return decision.kind === "update" ? decision.lookFirst : decision.kind;
  };
  assert.deepEqual([looks({ readBack: true }), looks({ readBack: false })], [true, false]);
});

test("narrowed writes: createOnly never updates, updateOnly never creates what it cannot look up", () => {
  assert.equal(
    planRecord({ ...record, hash: "B" }, known({ entry }), { ...context, writes: "createOnly" }).kind,
    "skipped",
  );
  const stub = { ...entry, hash: undefined, operation: 7, read: 0 };
  assert.equal(
    planRecord(record, known({ entry: stub }), { ...context, writes: "createOnly" }).kind,
    "create",
    "a write of it may only have been about to leave",
  );
  assert.equal(planRecord(record, undefined, { ...context, writes: "updateOnly" }).kind, "skipped");
  const looked = planRecord(record, undefined, {
    ...context,
    writes: "updateOnly",
    traits: { ...own, readBack: true },
  });
  assert.ok(looked.kind === "update" && looked.lookFirst);
});

test("with `find`, a create looks first; without an id, an update does", () => {
  const find = { visibilityLagMs: 0, unique: false };
  const create = planRecord(record, undefined, { ...context, traits: { ...assigned, find } });
  assert.ok(create.kind === "create" && create.lookFirst);
  const noAddress = { ...record, hash: "B", address: undefined };
  const update = planRecord(noAddress, known({ entry: { ...entry, address: undefined } }), {
    ...context,
    traits: { ...assigned, find },
  });
  assert.ok(update.kind === "update" && update.lookFirst);
  const lost = planRecord(noAddress, known({ entry: { ...entry, address: undefined } }), {
    ...context,
    traits: assigned,
  });
  assert.ok(lost.kind === "invalid" && lost.code === "ADDRESS_UNUSABLE");
});

suite("deletes", () => {
  const gone = goneRecord({ key: record.key, keyKind: "t", cursor: "06" });
  const waiting = { number: 10, run: 1, hash: GONE, sourceVersion: "06" };

  test("D2: what has gone is to be deleted where this ledger owns it, and nowhere else", () => {
    assert.deepEqual(planRecord(gone, known({ entry }), context), {
      kind: "gone",
      address: entry.address,
      addressFollowsKey: true,
      destinationId: undefined,
      staleUntilMs: undefined,
    });
    assert.equal(planRecord(gone, undefined, context).kind, "unchanged");
    assert.equal(planRecord(gone, known({ entry, waiting }), context).kind, "unchanged", "it waits already");
    assert.equal(planRecord(gone, known({ entry }), { ...context, deletes: false }).kind, "skipped");
  });

  test("D1: a mark that is older than what is known deletes nothing", () => {
    const newer = { ...entry, sourceVersion: "07" };
    assert.equal(planRecord(gone, known({ entry: newer }), context).kind, "superseded");
  });

  test("U10: a left-over write without an entry keeps its address, and may still land", () => {
    const decision = planRecord(gone, known({ operation }), context);
    assert.ok(decision.kind === "gone" && decision.address === operation.address);
    assert.equal(decision.staleUntilMs, context.nowMs + context.traits.lateWriteMs);
  });

  test("a record that comes back takes the place of its delete, unless it is older than the mark", () => {
    const back = { ...record, hash: entry.hash ?? "", cursor: "07" };
    assert.equal(planRecord(back, known({ entry, waiting }), context).kind, "wait");
    assert.equal(planRecord({ ...back, cursor: "05" }, known({ entry, waiting }), context).kind, "superseded");
    const full = { ...context, read: { kind: "full", number: 1 } } as const;
    assert.equal(planRecord({ ...back, cursor: "05" }, known({ entry, waiting }), full).kind, "superseded");
    const earlier = { ...waiting, run: 0 };
    assert.equal(planRecord({ ...back, cursor: "05" }, known({ entry, waiting: earlier }), full).kind, "wait");
  });

  test("D1: an incremental read does not bring back what was deleted at a later version; a full one does", () => {
    const deleted = known({ deletedVersion: "07" });
    const incremental = { ...context, read: { kind: "incremental", number: 1 } } as const;
    const full = { ...context, read: { kind: "full", number: 1 } } as const;
    assert.equal(planRecord({ ...record, cursor: "05" }, deleted, incremental).kind, "superseded");
    assert.equal(planRecord({ ...record, cursor: "07" }, deleted, incremental).kind, "create");
    assert.equal(planRecord({ ...record, cursor: "05" }, deleted, full).kind, "create");
  });

  test("P11: a delete that was refused is left until it is asked for", () => {
    const rejected = { kind: "rejected", code: "REFUSED", sourceHash: GONE, mapping: context.mapping } as const;
    const asks = { ...context, sourceHash: ({ hash }: DesiredRecord) => hash };
    assert.equal(planRecord(gone, known({ entry, rejected }), asks).kind, "stillRejected");
    assert.equal(planRecord(gone, known({ entry, rejected }), { ...asks, retryRejected: true }).kind, "gone");
  });
});
