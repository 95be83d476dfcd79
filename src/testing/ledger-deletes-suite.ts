import assert from "node:assert/strict";
import { test } from "node:test";
import type { SyncLedger } from "../core/ledger.ts";
import { FRESH } from "../core/operation.ts";
import { GONE } from "../core/record.ts";
import { applied, entryOf, HELD, intentOf, journal, lineOf, settle, type WithSync } from "./ledger-samples.ts";

const put = async (ledger: SyncLedger, run: number, ...keys: readonly string[]): Promise<void> => {
  const numbers = await journal(ledger, run, ...keys.map((key) => intentOf(key)));
  await settle(ledger, run, ...keys.map((key, index) => applied(numbers[index] as number, entryOf(key))));
};

const waits = (key: string) =>
  intentOf(key, { kind: "delete", state: "waiting", hash: GONE, held: HELD, dropsWaiting: true });
const sent = (key: string) => intentOf(key, { kind: "delete", hash: GONE, held: HELD, dropsWaiting: true });

/** What every ledger keeps to of deletes. */
export function deletesTests(sync: WithSync): void {
  test(
    "D2: a read that meets keys leaves the others, in order and in parts, and begins anew",
    sync(async (ledger, run, all) => {
      await put(ledger, run, "a", "b", "c", "d");
      await ledger.beginMeeting();
      await ledger.meet(["c", "x"]);
      await ledger.meet(["c"]);
      const unmet = async (after: string, limit: number) => (await ledger.unmet(after, limit)).map(({ key }) => key);
      assert.deepEqual([await unmet("", 2), await unmet("b", 2), await ledger.countUnmet()], [["a", "b"], ["d"], 3]);
      const other = await all.of("others");
      await other.beginRun(1_000);
      await other.beginMeeting();
      assert.equal(await ledger.countUnmet(), 3, "each sync has its own");
      await ledger.beginMeeting();
      assert.equal(await ledger.countUnmet(), 4);
    }),
  );

  test(
    "D2: which read missed a key first stays, until it is found or written",
    sync(async (ledger, run) => {
      await put(ledger, run, "a", "b", "c");
      const missed = async () => Promise.all(["a", "b", "c"].map(async (key) => (await ledger.entry(key))?.missed));
      await ledger.miss(5, ["a", "b"]);
      await ledger.miss(6, ["a", "c"]);
      assert.deepEqual(await missed(), [5, 5, 6]);
      await ledger.journal({ run, intents: [], rejects: [], clearRejects: [], found: ["b"] });
      const [c = 0] = await journal(ledger, run, intentOf("c", { kind: "update" }));
      await settle(ledger, run, applied(c, entryOf("c")));
      assert.deepEqual(await missed(), [5, undefined, undefined]);
    }),
  );

  test(
    "D3: a delete waits, goes when it is allowed, and waits again when it was not applied",
    sync(async (ledger, run) => {
      await put(ledger, run, "a");
      await journal(ledger, run, waits("a"));
      assert.deepEqual([(await ledger.counts()).withheld, (await ledger.counts()).unresolved.waiting], [1, 0]);
      assert.equal((await ledger.lookup(["a"])).get("a")?.waiting?.run, run);
      const [number = 0] = await journal(ledger, run, sent("a"));
      assert.deepEqual([(await ledger.counts()).withheld, await ledger.deletedSince(0)], [0, 1], "it is on its way");
      await settle(ledger, run, { kind: "withheld", number, key: "a" });
      const [waiting] = await ledger.withheld(0, 9);
      assert.deepEqual([waiting?.key, waiting?.kind, waiting?.state, waiting?.held], ["a", "delete", "waiting", true]);
      assert.equal(await ledger.deletedSince(0), 0);
    }),
  );

  test(
    "D3: a delete that was not applied makes way for a newer version that waits",
    sync(async (ledger, run) => {
      await put(ledger, run, "a");
      const [number = 0] = await journal(ledger, run, sent("a"));
      await journal(ledger, run, intentOf("a", { state: "waiting", hash: "newer", held: HELD, dropsWaiting: true }));
      await settle(ledger, run, { kind: "withheld", number, key: "a" });
      const { active, waiting } = await ledger.operation("a");
      assert.deepEqual([active, waiting?.hash], [undefined, "newer"]);
    }),
  );

  test(
    "U3: a delete that waits again leaves behind it that an older write may land",
    sync(async (ledger, run) => {
      await put(ledger, run, "a");
      const progress = { ...FRESH, staleUntilMs: 9_000 };
      const [number = 0] = await journal(ledger, run, { ...sent("a"), progress });
      await settle(ledger, run, { kind: "withheld", number, key: "a" });
      const { active, waiting } = await ledger.operation("a");
      assert.deepEqual([active?.state, active?.progress.staleUntilMs, active?.held], ["verifying", 9_000, false]);
      assert.deepEqual([waiting?.kind, waiting?.progress.staleUntilMs], ["delete", 9_000]);
    }),
  );

  test(
    "what is deleted has no entry any more, is counted, and keeps its history",
    sync(async (ledger, run) => {
      const [a = 0] = await journal(ledger, run, intentOf("a"));
      await settle(ledger, run, applied(a, entryOf("a"), { line: lineOf("a", "create") }));
      const [number = 0] = await journal(ledger, run, sent("a"));
      const gone = {
        kind: "deleted",
        number,
        key: "a",
        sourceVersion: undefined,
        atMs: 7_000,
        verify: undefined,
      } as const;
      await settle(ledger, run, { ...gone, line: lineOf("a", "delete") });
      assert.equal(await ledger.entry("a"), undefined);
      assert.deepEqual([await ledger.deletedSince(7_000), await ledger.deletedSince(7_001)], [1, 0]);
      const events = (await ledger.history("a")).map(({ event }) => event);
      assert.deepEqual(events, ["create", "delete"]);
    }),
  );

  test(
    "D1: at which version a record was deleted is known until it is there again",
    sync(async (ledger, run) => {
      const remove = async (key: string, sourceVersion: string | undefined): Promise<void> => {
        const [number = 0] = await journal(ledger, run, sent(key));
        await settle(ledger, run, { kind: "deleted", number, key, sourceVersion, atMs: 7_000, verify: undefined });
      };
      for (const key of ["a", "b"]) await put(ledger, run, key);
      const written = (await ledger.entry("b"))?.sourceVersion;
      await remove("a", "2026-03-01");
      await remove("b", undefined);
      const known = await ledger.lookup(["a", "b", "c"]);
      assert.deepEqual(
        ["a", "b", "c"].map((key) => known.get(key)?.deletedVersion),
        ["2026-03-01", written, undefined],
      );
      await put(ledger, run, "a");
      assert.equal((await ledger.lookup(["a"])).get("a")?.deletedVersion, undefined);
      await remove("a", "2026-04-01");
      assert.equal((await ledger.lookup(["a"])).get("a")?.deletedVersion, "2026-04-01");
    }),
  );

  test(
    "U3: a delete that an older write may undo stays, with what is needed to repeat it",
    sync(async (ledger, run) => {
      await put(ledger, run, "a");
      const [number = 0] = await journal(ledger, run, sent("a"));
      const verify = { atMs: 9_000, held: HELD };
      await settle(ledger, run, { kind: "deleted", number, key: "a", sourceVersion: undefined, atMs: 7_000, verify });
      const { active } = await ledger.operation("a");
      assert.deepEqual(
        [active?.kind, active?.state, active?.progress.staleUntilMs, active?.held],
        ["delete", "verifying", 9_000, true],
      );
      assert.equal(await ledger.deletedSince(0), 1, "counted once");
    }),
  );

  test(
    "U10: what takes the place of a write that may be there leaves an entry, though it is never sent",
    sync(async (ledger, run) => {
      await journal(ledger, run, intentOf("a"), intentOf("b"));
      const next = await ledger.beginRun(2_000);
      const again = async (key: string, mayBeThere: boolean): Promise<void> => {
        const replaces = (await ledger.operation(key)).active?.number;
        const [number = 0] = await journal(ledger, next, intentOf(key, { replaces, mayBeThere }));
        await settle(ledger, next, { kind: "released", number });
      };
      await again("a", true);
      await again("b", false);
      const entry = await ledger.entry("a");
      assert.deepEqual([entry?.address, entry?.hash, await ledger.entry("b")], ["/items/a", undefined, undefined]);
    }),
  );

  test(
    "U10: where what has gone is deleted, a left-over write that nobody met has an entry, and may still land",
    sync(async (ledger, run) => {
      await journal(ledger, run, intentOf("a"), intentOf("b", { held: HELD }));
      const next = await ledger.beginRun(2_000);
      assert.equal(await ledger.abandonLeftovers(next, 8_000), 1);
      const entry = await ledger.entry("a");
      assert.deepEqual([entry?.address, entry?.hash], ["/items/a", undefined]);
      const { active } = await ledger.operation("a");
      assert.deepEqual([active?.state, active?.progress.staleUntilMs, active?.held], ["verifying", 8_000, false]);
      assert.equal((await ledger.operation("b")).active?.state, "sent");
      assert.deepEqual({ ...FRESH, ...active?.progress }, { ...FRESH, staleUntilMs: 8_000 });
    }),
  );
}
