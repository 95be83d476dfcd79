import assert from "node:assert/strict";
import { test } from "node:test";
import type { Checkpoint } from "../core/checkpoint.ts";
import type { Sync } from "../core/sync.ts";
import { openRead, type ReadChoice } from "./opening.ts";

const ALL: ReadChoice = { fullRefresh: false, limit: undefined, key: undefined, rejects: undefined };
const stored: Checkpoint = {
  read: 5,
  kind: "incremental",
  cursor: "2026-03-01T12:00:00Z",
  complete: true,
  position: undefined,
  since: undefined,
  pendingCursor: undefined,
  highest: undefined,
  startedMs: 0,
  completeMs: 0,
  fullMs: 0,
  fullRecords: 3,
  mapping: "r1",
  readMapping: "r1",
  identity: "i1",
  pageSize: undefined,
};

async function open(
  checkpoint: Checkpoint | undefined,
  sync: object = {},
  choice: Partial<ReadChoice> = {},
  entries = 3,
  inDoubt = 0,
) {
  const cursor = { field: "updated_at", type: "timestamp", lookback: 120_000, sorted: true, safetyLagMs: 0 };
  const base = {
    name: "s",
    reading: "r1",
    identity: "i1",
    cursor,
    deletes: { mode: "never" },
    source: { paging: { type: "cursor", shifts: false, resumes: true, size: undefined } },
  };
  const ledger = {
    checkpoint: async () => checkpoint,
    fields: async () => undefined,
    counts: async () => ({ entries, unresolved: { sent: inDoubt, unknown: 0, verifying: 0 } }),
  };
  const ports = { ledger, clock: { wallMs: () => 1_000 } };
  return openRead({ ...base, ...sync } as unknown as Sync, ports as never, { ...ALL, ...choice });
}

test("P3: an incremental read asks from the stored cursor less the look-back", async () => {
  const { start } = await open(stored);
  assert.deepEqual([start.kind, start.since], ["incremental", "2026-03-01T11:58:00Z"]);
});

test("P10: another mapping, filter or cursor field reads everything once, and forgets the position in the old order", async () => {
  const { start } = await open(stored, { reading: "r2" });
  assert.deepEqual([start.kind, start.since, start.cursor, start.readMapping], ["full", undefined, undefined, "r2"]);
  const begun = { ...stored, complete: false, kind: "full", readMapping: "r2", position: '"p"' } as const;
  assert.equal((await open(begun, { reading: "r3" })).resumed, false, "a change in the middle begins anew");
  const { start: resumed } = await open(begun, { reading: "r2", cursor: undefined });
  assert.equal(resumed.position, '"p"', "an interrupted read under the new one goes on");
});

test("P10: another key or destination is refused until the user decides, unless nothing is known yet", async () => {
  await assert.rejects(open(stored, { identity: "i2" }), { code: "RUN_CHANGED_IDENTITY" });
  assert.equal((await open(stored, { identity: "i2" }, {}, 0)).partial, false);
  await assert.rejects(open(stored, { identity: "i2" }, {}, 0, 1), /knows 1 write in doubt under the old ones/);
});

test("P9: an unfinished read of numbered pages begins anew; sorted input goes on from its cursor", async () => {
  const unfinished = {
    ...stored,
    kind: "full",
    complete: false,
    position: '{"at":7}',
    pendingCursor: "2026-02-01T00:00:00Z",
  } as const;
  const numbered = { source: { paging: { type: "page", shifts: true, resumes: false, size: 100 } } };
  const anew = await open(unfinished, { ...numbered, cursor: undefined });
  assert.equal(anew.start.position, undefined);
  assert.equal((await open(unfinished, numbered)).start.since, "2026-01-31T23:58:00Z");
});

test("runs over a part of the records are partial: they prove nothing about the rest", async () => {
  for (const choice of [{ limit: 5 }, { key: "k" }, { rejects: [1] }])
    assert.equal((await open(stored, {}, choice)).partial, true);
});

test("D2: a mirror with a cursor reads everything when the last read that could tell what has gone is too old", async () => {
  const deletes = { mode: "mirror", fullRefreshMs: 500 };
  assert.equal((await open({ ...stored, mirrorMs: 600 }, { deletes })).start.kind, "incremental");
  assert.equal((await open({ ...stored, mirrorMs: 400 }, { deletes })).start.kind, "full");
  const { start } = await open(stored, { deletes });
  assert.equal(start.kind, "full", "there was none yet");
  assert.equal((await open({ ...stored, mirrorMs: 400 }, { deletes }, { limit: 3 })).start.kind, "incremental");
});

test("D1: what an earlier read missed counts as long as the reads cover the same records", async () => {
  const first = (await open(undefined)).start;
  assert.equal(first.scopeRead, first.read);
  assert.equal((await open({ ...stored, scopeRead: 3 })).start.scopeRead, 3);
  const { start } = await open({ ...stored, scopeRead: 3 }, { reading: "r2" });
  assert.equal(start.scopeRead, start.read, "another filter shows other records");
});
