import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Ledger, SyncLedger } from "../core/ledger.ts";
import { FRESH } from "../core/operation.ts";
import { FOREIGN } from "../core/record.ts";
import { contentTests } from "./ledger-content-suite.ts";
import { deletesTests } from "./ledger-deletes-suite.ts";
import { applied, CHECKPOINT, entryOf, HELD, intentOf, journal, rejectOf, settle, withSync } from "./ledger-samples.ts";

/**
 * What every ledger keeps to, whatever it is made of. `open` gives an empty one that nothing else uses; `crash` acts on the next writing
 * transaction of a sync: the work is done, and the process dies before it is durable.
 */
export function ledgerSuite(
  name: string,
  open: () => Promise<Ledger>,
  crash: (ledger: SyncLedger, error: Error) => void,
): void {
  const sync = withSync(open);
  suite(name, () => {
    test(
      "U6: fields are kept with the page that writes them first, until everything is forgotten",
      sync(async (ledger, run) => {
        assert.equal(await ledger.fields(), undefined);
        const fields = { mapping: "m", names: '{"name":{}}' };
        await ledger.journal({ run, intents: [intentOf("a")], rejects: [], clearRejects: [], fields });
        assert.deepEqual(await ledger.fields(), fields);
        await ledger.journal({ run, intents: [intentOf("b")], rejects: [], clearRejects: [] });
        await ledger.reset({ checkpoint: true, entries: false });
        assert.deepEqual(await ledger.fields(), fields);
        await ledger.reset({ checkpoint: true, entries: true });
        assert.equal(await ledger.fields(), undefined);
      }),
    );

    test(
      "U1: an intent is known until it is resolved, and then its entry is",
      sync(async (ledger, run) => {
        const [a, b] = await journal(ledger, run, intentOf("a"), intentOf("b"));
        assert.ok(a !== undefined && b !== undefined && b > a, "numbers grow");
        const { operation, entry } = (await ledger.lookup(["a", "b", "c"])).get("a") ?? {};
        assert.deepEqual(
          [operation?.number, operation?.state, operation?.ours, operation?.held],
          [a, "sent", true, false],
        );
        assert.equal(entry, undefined);
        await settle(ledger, run, applied(a, entryOf("a")), { kind: "released", number: b });
        const known = await ledger.lookup(["a", "b"]);
        assert.deepEqual(known.get("a")?.entry, { ...entryOf("a"), operation: a, missed: undefined });
        assert.equal(known.get("a")?.operation, undefined);
        assert.equal(known.has("b"), false);
        assert.deepEqual(await ledger.bodies(["a", "b"]), new Map([["a", { ref: "a" }]]));
      }),
    );

    test(
      "U1: what is resolved without an intent, or twice, breaks the invariant and stores nothing",
      sync(async (ledger, run) => {
        await assert.rejects(settle(ledger, run, applied(99, entryOf("a"))), { code: "INVARIANT" });
        const [a = 0] = await journal(ledger, run, intentOf("a"));
        await settle(ledger, run, applied(a, entryOf("a")));
        await assert.rejects(settle(ledger, run, applied(a, entryOf("a", { hash: "other" }))), { code: "INVARIANT" });
        assert.equal((await ledger.entry("a"))?.hash, "hash of a");
      }),
    );

    test(
      "U2: one operation of a key is under way, and one waits; a second of either is refused",
      sync(async (ledger, run) => {
        const [first = 0] = await journal(ledger, run, intentOf("a"));
        await assert.rejects(journal(ledger, run, intentOf("a")), { code: "INVARIANT" });
        const waits = { state: "waiting", held: HELD, dropsWaiting: true } as const;
        await journal(ledger, run, intentOf("a", { ...waits, hash: "second" }));
        const [third = 0] = await journal(ledger, run, intentOf("a", { ...waits, hash: "third" }));
        assert.equal((await ledger.lookup(["a"])).get("a")?.waiting?.hash, "third", "the newest waits");
        await settle(ledger, run, applied(first, entryOf("a")));
        const promoted = await ledger.promote(third, run, intentOf("a", { kind: "update", hash: "third", held: HELD }));
        const { active, waiting } = await ledger.operation("a");
        assert.deepEqual([active?.number, active?.hash, waiting], [promoted, "third", undefined]);
      }),
    );

    test(
      "P2: outcomes and checkpoint are one transaction: a crash before it is durable leaves neither",
      sync(async (ledger, run) => {
        const [a = 0] = await journal(ledger, run, intentOf("a"));
        crash(ledger, new Error("killed"));
        await assert.rejects(
          ledger.settle({ run, resolutions: [applied(a, entryOf("a"))], checkpoint: CHECKPOINT }),
          /killed/,
        );
        assert.equal(await ledger.checkpoint(), undefined);
        assert.equal(await ledger.entry("a"), undefined);
        assert.equal((await ledger.operation("a")).active?.number, a);
        await ledger.settle({ run, resolutions: [applied(a, entryOf("a"))], checkpoint: CHECKPOINT });
        assert.deepEqual(await ledger.checkpoint(), JSON.parse(JSON.stringify(CHECKPOINT)));
      }),
    );

    test(
      "K1: a page's intents are journalled all or none",
      sync(async (ledger, run) => {
        await assert.rejects(journal(ledger, run, intentOf("a"), intentOf("b"), intentOf("a")), { code: "INVARIANT" });
        assert.equal((await ledger.lookup(["a", "b"])).size, 0);
      }),
    );

    test(
      "R3a: what is held keeps its bytes with exact numbers, and `unblock` clears its time",
      sync(async (ledger, run) => {
        const [a = 0] = await journal(ledger, run, intentOf("a", { idempotencyKey: "k1" }));
        const write = {
          method: "POST",
          url: "https://x/a",
          headers: { a: "b" },
          body: '{"n":1.10}',
          repeatable: false,
        };
        const progress = { ...FRESH, attempts: 3, everUnknown: true, notBeforeMs: 9_000, lastMessage: "503" };
        await settle(ledger, run, { kind: "held", number: a, state: "parked", progress, held: { ...HELD, write } });
        const { active } = await ledger.operation("a");
        assert.deepEqual(active?.stored, JSON.parse(JSON.stringify({ ...HELD, write })));
        assert.deepEqual(active?.progress, progress);
        assert.equal(active?.idempotencyKey, "k1");
        assert.deepEqual((await ledger.counts()).unresolved, {
          sent: 0,
          unknown: 0,
          parked: 1,
          waiting: 0,
          verifying: 0,
        });
        assert.equal(await ledger.unblock("b"), 0);
        assert.equal(await ledger.unblock(undefined), 1);
        assert.equal((await ledger.operation("a")).active?.progress.notBeforeMs, undefined);
      }),
    );

    test(
      "U1: left-overs that a complete read did not meet go, and their entries' content is no longer known",
      sync(async (ledger, run) => {
        const [a = 0] = await journal(ledger, run, intentOf("a"));
        await settle(ledger, run, applied(a, entryOf("a")));
        await journal(ledger, run, intentOf("a", { kind: "update" }), intentOf("b", { held: HELD }), intentOf("c"));
        const next = await ledger.beginRun(2_000);
        await journal(ledger, next, intentOf("d"));
        assert.equal(await ledger.abandonLeftovers(next, undefined), 2, "a and c; b has its bytes, d is of this run");
        assert.equal((await ledger.entry("a"))?.hash, undefined);
        const keys: string[] = [];
        for (const { key } of await ledger.unresolved(0, 10)) keys.push(key);
        assert.deepEqual(keys, ["b", "d"]);
      }),
    );

    test(
      "K1: what was parked or unknown is an intent again once it is taken up",
      sync(async (ledger, run) => {
        const [a = 0, b = 0] = await journal(ledger, run, intentOf("a"), intentOf("b"));
        const held = { kind: "held", progress: { ...FRESH, attempts: 2 }, held: HELD } as const;
        await settle(ledger, run, { ...held, number: a, state: "parked" }, { ...held, number: b, state: "unknown" });
        await ledger.takeUp([a, b]);
        const found = (await ledger.unresolved(0, 9)).map(({ state, held: isHeld, progress }) => [
          state,
          isHeld,
          progress.attempts,
        ]);
        assert.deepEqual(found, [
          ["sent", true, 2],
          ["sent", true, 2],
        ]);
      }),
    );

    test(
      "U1: what took the place of a write that may have been sent leaves the content in doubt, unless it is applied",
      sync(async (ledger, run) => {
        const hashOf = async (key: string) => (await ledger.entry(key))?.hash;
        for (const key of ["a", "b"]) {
          const [first = 0] = await journal(ledger, run, intentOf(key));
          await settle(ledger, run, applied(first, entryOf(key)));
          await journal(ledger, run, intentOf(key, { kind: "update", hash: "other" }));
        }
        const next = await ledger.beginRun(2_000);
        const again = async (key: string) => {
          const replaces = (await ledger.operation(key)).active?.number;
          const [number = 0] = await journal(ledger, next, intentOf(key, { kind: "update", replaces }));
          return number;
        };
        await settle(ledger, next, { kind: "released", number: await again("a") });
        assert.equal(await hashOf("a"), undefined, "the destination may hold the other version (A, B, A)");
        await settle(ledger, next, applied(await again("b"), entryOf("b")));
        assert.equal(await hashOf("b"), "hash of b");
      }),
    );

    test(
      "U10: an address has one owner: by its key where it follows from it, by a claim otherwise, under way or applied",
      sync(async (ledger, run) => {
        const odd = { address: "/items/b", addressFollowsKey: false };
        const owner = async (address: string, otherKey: string | undefined) =>
          (await ledger.addressOwners([{ address, otherKey }])).get(address);
        const [a = 0] = await journal(ledger, run, intentOf("a", odd), intentOf("c"));
        assert.equal(await owner("/items/b", undefined), "a", "whoever comes to it by its own key meets the claim");
        assert.equal(await owner("/items/c", "c"), "c", "whoever comes to it otherwise meets the key");
        assert.equal(await owner("/items/c", undefined), undefined, "its own key is nobody else");
        await settle(ledger, run, applied(a, entryOf("a", odd)));
        assert.equal(await owner("/items/b", undefined), "a");
        assert.equal((await ledger.entry("a"))?.addressFollowsKey, false);
      }),
    );

    test(
      "D2: where a record is, or may be, is owned: applied, under way in a row or a page of them, but not a delete of somebody else's",
      sync(async (ledger, run) => {
        const foreign = intentOf(`${FOREIGN}d`, { kind: "delete", held: HELD, address: "/items/d" });
        const inRow = intentOf("b", { kind: "update", held: HELD, destinationId: "i2" });
        const [a = 0] = await journal(
          ledger,
          run,
          intentOf("a"),
          inRow,
          intentOf("c", { destinationId: "i3" }),
          foreign,
        );
        await settle(ledger, run, applied(a, entryOf("a", { destinationId: "i1" })));
        const addresses = ["a", "b", "c", "d", "e"].map((key) => `/items/${key}`);
        assert.deepEqual([...(await ledger.owned({ addresses })).keys()].toSorted(), [
          "/items/a",
          "/items/b",
          "/items/c",
        ]);
        assert.deepEqual([...(await ledger.owned({ ids: ["i1", "i2", "i3", "i4"] })).keys()].toSorted(), [
          "i1",
          "i2",
          "i3",
        ]);
      }),
    );

    test(
      "U3: an applied write that an older one may overtake stays, with what is needed to repair it",
      sync(async (ledger, run) => {
        const [a = 0] = await journal(ledger, run, intentOf("a"));
        await settle(ledger, run, applied(a, entryOf("a"), { verify: { atMs: 5_000, held: HELD } }));
        const { active } = await ledger.operation("a");
        assert.deepEqual([active?.state, active?.progress.staleUntilMs, active?.held], ["verifying", 5_000, true]);
        assert.equal((await ledger.entry("a"))?.hash, "hash of a");
        await settle(ledger, run, { kind: "verified", number: a });
        assert.equal((await ledger.operation("a")).active, undefined);
        assert.equal((await ledger.entry("a"))?.hash, "hash of a");
      }),
    );

    test(
      "U3: what remembers that an older write may land is not forgotten with a newer one that was refused or never sent",
      sync(async (ledger, run) => {
        const landing = { mayLandUntilMs: 5_000 };
        const [a = 0, b = 0] = await journal(ledger, run, intentOf("a", { held: HELD }), intentOf("b", { held: HELD }));
        await settle(ledger, run, { kind: "released", number: a, ...landing });
        await settle(ledger, run, { kind: "rejected", number: b, reject: rejectOf("b"), ...landing });
        for (const key of ["a", "b"]) {
          const { active } = await ledger.operation(key);
          assert.deepEqual([active?.state, active?.progress.staleUntilMs, active?.held], ["verifying", 5_000, false]);
        }
        assert.equal((await ledger.rejectOf("b"))?.reason, "422");
      }),
    );

    test(
      "U1: a record that was found overwritten is in doubt until its repair is applied, whatever becomes of that",
      sync(async (ledger, run) => {
        const [a = 0] = await journal(ledger, run, intentOf("a"));
        await settle(ledger, run, applied(a, entryOf("a"), { verify: { atMs: 5_000, held: HELD } }));
        await ledger.takeUp([a]);
        assert.equal((await ledger.operation("a")).active?.state, "sent");
        assert.equal((await ledger.entry("a"))?.hash, undefined);
        await settle(ledger, run, applied(a, entryOf("a")));
        assert.equal((await ledger.entry("a"))?.hash, "hash of a");
      }),
    );

    contentTests(sync);
    deletesTests(sync);
  });
}
