import assert from "node:assert/strict";
import { test } from "node:test";
import { corrected } from "../core/correction.ts";
import { ADOPTED, type Known } from "../core/ledger.ts";
import {
  applied,
  CHECKPOINT,
  entryOf,
  HELD,
  intentOf,
  journal,
  lineOf,
  rejectOf,
  settle,
  type withSync,
} from "./ledger-samples.ts";

/** The part of `ledgerSuite` that is about what is kept of records whose writes are resolved. */
export function contentTests(sync: ReturnType<typeof withSync>): void {
  test(
    "P11: a refusal that comes after a write was planned stands when that write is applied",
    sync(async (ledger, run) => {
      const [a = 0] = await journal(ledger, run, intentOf("a"));
      const later = rejectOf("a", { kind: "invalid", code: "MAPPING_FAILED", sourceHash: "a newer version" });
      await ledger.journal({ run, intents: [], rejects: [later], clearRejects: [] });
      await settle(ledger, run, applied(a, entryOf("a")));
      assert.equal((await ledger.rejectOf("a"))?.sourceHash, "a newer version");
      const [again = 0] = await journal(ledger, run, intentOf("c"));
      const [other = 0] = await ledger
        .journal({ run, intents: [], rejects: [{ ...later, key: "c" }], clearRejects: [] })
        .then(() =>
          ledger.journal({
            run,
            intents: [intentOf("c", { replaces: again })],
            rejects: [],
            clearRejects: [],
            sameRecords: true,
          }),
        );
      await settle(ledger, run, applied(other, entryOf("c")));
      assert.equal((await ledger.rejectOf("c"))?.sourceHash, "a newer version", "another write of the same record");
      const [b = 0] = await journal(ledger, run, intentOf("a", { kind: "update" }));
      await settle(ledger, run, applied(b, entryOf("a")));
      assert.equal(await ledger.rejectOf("a"), undefined, "what is planned after it clears it");
    }),
  );

  test(
    "P11: what is found to need nothing clears what was refused of an older version",
    sync(async (ledger, run) => {
      await ledger.journal({ run, intents: [], rejects: [rejectOf("a")], clearRejects: [] });
      const [a = 0] = await journal(ledger, run, intentOf("a", { kind: "update" }));
      await settle(ledger, run, { kind: "needless", number: a, key: "a" });
      assert.equal(await ledger.rejectOf("a"), undefined);
      assert.equal((await ledger.lookup(["a"])).get("a")?.operation, undefined);
    }),
  );

  test(
    "P11: what was refused of a record that has gone from the destination falls; of one that was never there it stands",
    sync(async (ledger, run) => {
      const [a = 0] = await journal(ledger, run, intentOf("a"));
      await settle(ledger, run, applied(a, entryOf("a")));
      const rejects = [rejectOf("a"), rejectOf("b")];
      await ledger.journal({ run, intents: [], rejects, clearRejects: [] });
      const corrections = ["a", "b"].map((key) => ({ key, isGone: true }));
      const known = await ledger.lookup(["a", "b"]);
      await ledger.journal({ run, intents: [], rejects: [], clearRejects: [], corrections });
      const after = await ledger.lookup(["a", "b"]);
      for (const correction of corrections) {
        const { entry, rejected } = corrected(known.get(correction.key) as Known, correction);
        assert.deepEqual([entry, rejected], [after.get(correction.key)?.entry, after.get(correction.key)?.rejected]);
      }
      assert.equal(await ledger.rejectOf("a"), undefined);
      assert.equal((await ledger.rejectOf("b"))?.key, "b");
    }),
  );

  test(
    "P11: the refusal of an older write neither hides that of a newer version nor outlives a newer version that waited",
    sync(async (ledger, run) => {
      const [a = 0, b = 0] = await journal(ledger, run, intentOf("a"), intentOf("b"));
      const later = rejectOf("a", { kind: "invalid", code: "MAPPING_FAILED", sourceHash: "a newer version" });
      await ledger.journal({ run, intents: [], rejects: [later], clearRejects: [] });
      const [waiting = 0] = await journal(
        ledger,
        run,
        intentOf("b", { state: "waiting", held: HELD, dropsWaiting: true }),
      );
      await settle(
        ledger,
        run,
        { kind: "rejected", number: a, reject: rejectOf("a") },
        { kind: "rejected", number: b, reject: rejectOf("b") },
      );
      assert.equal((await ledger.rejectOf("a"))?.sourceHash, "a newer version");
      assert.notEqual(await ledger.rejectOf("b"), undefined);
      const promoted = await ledger.promote(waiting, run, intentOf("b"));
      await settle(ledger, run, applied(promoted, entryOf("b")));
      assert.equal(await ledger.rejectOf("b"), undefined);
    }),
  );

  test(
    "a version that waited and is level already overcomes what the destination refused before it, and not what was read after it",
    sync(async (ledger, run) => {
      for (const key of ["a", "b", "c"]) {
        const [before = 0] = await journal(ledger, run, intentOf(key));
        const waits = intentOf(key, { state: "waiting", held: HELD, dropsWaiting: true });
        const [waiting = 0] = await journal(ledger, run, waits);
        if (key === "b") {
          const reject = rejectOf(key, { kind: "invalid", code: "MAPPING_FAILED", sourceHash: "read later" });
          await ledger.journal({ run, intents: [], rejects: [reject], clearRejects: [] });
        }
        await settle(ledger, run, { kind: "rejected", number: before, reject: rejectOf(key) });
        const reject = rejectOf(key, { kind: "invalid", code: "ADDRESS_UNUSABLE" });
        await ledger.dropWaiting(waiting, key === "c" ? { kind: "refused", run, reject } : { kind: "level", key });
        assert.equal((await ledger.operation(key)).waiting, undefined);
      }
      assert.equal(await ledger.rejectOf("a"), undefined);
      assert.equal((await ledger.rejectOf("b"))?.code, "MAPPING_FAILED");
      assert.equal((await ledger.rejectOf("c"))?.code, "ADDRESS_UNUSABLE");
    }),
  );

  test(
    "rejects: one a record, counted, cleared by what is applied; those without a key are told apart by their content",
    sync(async (ledger, run) => {
      for (const atMs of [1_000, 2_000]) {
        const [a = 0] = await journal(ledger, run, intentOf("a"));
        await settle(ledger, run, { kind: "rejected", number: a, reject: rejectOf("a", { atMs }) });
      }
      const invalid = { kind: "invalid", code: "KEY_MISSING" } as const;
      const nameless = [1, 2].map((n) => rejectOf(undefined, { ...invalid, sourceHash: `h${n}` }));
      await ledger.journal({ run, intents: [], rejects: [...nameless, ...nameless], clearRejects: [] });
      const all = await ledger.rejects(0, 10);
      assert.deepEqual(
        all.map(({ key, times, atMs }) => [key, times, atMs]),
        [
          ["a", 2, 2_000],
          [undefined, 2, 1_000],
          [undefined, 2, 1_000],
        ],
      );
      assert.deepEqual((await ledger.lookup(["a"])).get("a")?.rejected, {
        kind: "rejected",
        code: "REFUSED",
        sourceHash: "source of a",
        mapping: "m1",
      });
      assert.deepEqual(await ledger.reject(all[0]?.id ?? 0), await ledger.rejectOf("a"));
      const [a = 0] = await journal(ledger, run, intentOf("a"));
      await settle(ledger, run, applied(a, entryOf("a")));
      assert.equal(await ledger.rejectOf("a"), undefined);
      assert.equal(await ledger.discardRejects((await ledger.rejects(0, 10)).map(({ id }) => id)), 2);
      assert.deepEqual([(await ledger.counts()).rejected, (await ledger.counts()).invalid], [0, 0]);
    }),
  );

  test(
    "adopted: an entry of which nothing is known but where it is, with a line of history; an older refusal of it falls",
    sync(async (ledger) => {
      const undecided = rejectOf("b", { kind: "invalid", code: "ADOPTION_AMBIGUOUS" });
      await ledger.adopt({ entries: [], rejects: [rejectOf("a"), undecided], absent: [], detail: "", atMs: 1_000 });
      const { entries: _, ...open } = await ledger.counts();
      assert.deepEqual(await ledger.openCounts(), open);
      assert.deepEqual([open.invalid, open.rejected, open.ambiguous], [1, 1, 1]);
      const entry = entryOf("a", { hash: undefined, operation: ADOPTED, read: 0, destinationId: "i1" });
      await ledger.adopt({ entries: [entry], rejects: [], absent: [], detail: "the list has it", atMs: 2_000 });
      assert.deepEqual(await ledger.entry("a"), { ...entry, missed: undefined });
      assert.deepEqual(
        [await ledger.rejectOf("a"), (await ledger.rejectOf("b"))?.code],
        [undefined, "ADOPTION_AMBIGUOUS"],
      );
      const [line] = await ledger.history("a");
      assert.deepEqual([line?.event, line?.detail], ["adopted", "the list has it"]);
    }),
  );

  test(
    "history: all lines of a key in their order, whatever they tell of; old ones go first",
    sync(async (ledger, run) => {
      for (const hash of ["1", "2"]) {
        const [a = 0] = await journal(ledger, run, intentOf("a"));
        await settle(ledger, run, applied(a, entryOf("a", { hash }), { line: lineOf("a", `applied ${hash}`) }));
        const [again = 0] = await journal(ledger, run, intentOf("a", { kind: "update" }));
        await settle(ledger, run, {
          kind: "rejected",
          number: again,
          reject: rejectOf("a"),
          line: lineOf("a", "rejected"),
        });
      }
      const [b = 0] = await journal(ledger, run, intentOf("b"));
      await settle(ledger, run, applied(b, entryOf("b"), { line: lineOf("b", "applied") }));
      const events = async (key: string) => (await ledger.history(key)).map(({ event }) => event);
      assert.deepEqual(await events("a"), ["applied 1", "rejected", "applied 2", "rejected"]);
      assert.deepEqual(await events("b"), ["applied"]);
      await ledger.trimHistory(0, 2);
      assert.deepEqual([await events("a"), await events("b")], [["rejected"], ["applied"]]);
      await ledger.trimHistory(6, 2);
      assert.deepEqual([await events("a"), await events("b")], [[], []]);
    }),
  );

  test(
    "a body takes the place of the one before it, and goes when what the destination holds is not known",
    sync(async (ledger, run) => {
      const put = async (mapped: object | undefined): Promise<void> => {
        const [a = 0] = await journal(ledger, run, intentOf("a", { kind: "update" }));
        await settle(ledger, run, applied(a, entryOf("a"), { mapped }));
      };
      const body = async () => (await ledger.bodies(["a"])).get("a");
      await put({ n: "1" });
      const long = { text: "long ".repeat(1_000) };
      await put(long);
      assert.deepEqual(await body(), long);
      await put(undefined);
      assert.equal(await body(), undefined);
      await put({ n: "2" });
      const [gone = 0] = await journal(ledger, run, intentOf("a", { kind: "delete" }));
      await settle(ledger, run, {
        kind: "deleted",
        number: gone,
        key: "a",
        sourceVersion: undefined,
        atMs: 5,
        verify: undefined,
      });
      assert.deepEqual([await body(), await ledger.entry("a")], [undefined, undefined]);
    }),
  );

  test(
    "a large group keeps each content and each line with its own key, whichever are there before or missing",
    sync(async (ledger, run) => {
      const keys = Array.from({ length: 100 }, (_, index) => `k${index}`);
      const version = async (name: string, has: (index: number) => boolean): Promise<void> => {
        const numbers = await journal(ledger, run, ...keys.map((key) => intentOf(key, { kind: "update" })));
        const resolutions = keys.map((key, index) =>
          applied(numbers[index] as number, entryOf(key), {
            mapped: has(index) ? { [name]: key } : undefined,
            line: has(index + 1) ? lineOf(key, name) : undefined,
          }),
        );
        await settle(ledger, run, ...resolutions);
      };
      await version("one", (index) => index % 2 === 0);
      await version("two", (index) => index % 3 === 0);
      const bodies = await ledger.bodies(keys);
      for (const [index, key] of keys.entries()) {
        assert.deepEqual(bodies.get(key), index % 3 === 0 ? { two: key } : undefined, key);
        const events = (await ledger.history(key)).map(({ event }) => event);
        assert.deepEqual(events, [...(index % 2 === 1 ? ["one"] : []), ...(index % 3 === 2 ? ["two"] : [])], key);
      }
    }),
  );

  test(
    "a reset forgets what it says, of one sync alone",
    sync(async (ledger, run, all) => {
      const other = await all.of("others");
      for (const each of [ledger, other]) {
        const [a = 0] = await journal(each, run, intentOf("a"), intentOf("b"));
        await each.settle({ run, resolutions: [applied(a, entryOf("a"))], checkpoint: CHECKPOINT });
      }
      await ledger.reset({ checkpoint: true, entries: false });
      assert.deepEqual([await ledger.checkpoint(), (await ledger.counts()).entries], [undefined, 1]);
      await ledger.reset({ checkpoint: false, entries: true });
      assert.deepEqual([(await ledger.counts()).entries, (await ledger.unresolved(0, 9)).length], [0, 0]);
      assert.deepEqual([(await other.counts()).entries, (await other.unresolved(0, 9)).length], [1, 1]);
      assert.deepEqual(await other.bodies(["a"]), new Map([["a", { ref: "a" }]]));
      assert.ok(await other.checkpoint());
    }),
  );

  test(
    "entries stream in the order of their keys, however many",
    sync(async (ledger, run) => {
      const keys = Array.from({ length: 2_500 }, (_, nth) => String(nth));
      const numbers = await journal(ledger, run, ...keys.map((key) => intentOf(key)));
      await settle(ledger, run, ...keys.map((key, nth) => applied(numbers[nth] as number, entryOf(key))));
      const seen: string[] = [];
      for await (const { key } of ledger.entries()) seen.push(key);
      assert.deepEqual(seen, keys.toSorted());
    }),
  );

  test(
    "U7: nothing is written without the lease",
    sync(async (ledger, run, all) => {
      await all.saveLane({ lane: "x", blockedUntilMs: 5, learned: "{}" });
      assert.deepEqual(await all.lanes(), [{ lane: "x", blockedUntilMs: 5, learned: "{}" }]);
      assert.equal(await all.unblockLanes("y"), 0);
      assert.equal(await all.unblockLanes(undefined), 1);
      await all.close();
      await assert.rejects(journal(ledger, run, intentOf("a")));
    }),
  );
}
