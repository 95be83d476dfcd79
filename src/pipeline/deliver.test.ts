import assert from "node:assert/strict";
import { test } from "node:test";
import type { Destination, Finding, Write } from "../core/destination.ts";
import type { EvenkeelError } from "../core/errors.ts";
import { noCounts } from "../core/events.ts";
import { FRESH, type Operation, type Progress } from "../core/operation.ts";
import type { Outcome } from "../core/outcome.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import type { RunContext } from "./context.ts";
import { deliver, type Delivery, type Ending } from "./deliver.ts";
import type { Journal } from "./journal.ts";

const HOUR = 3_600_000;
const POST: Write = { method: "POST", url: "http://shop/items", headers: {}, body: "{}", repeatable: false };
const record = {
  key: "k",
  keyKind: "t",
  cursor: undefined,
  body: {},
  mapped: { name: "a" },
  hash: "h",
  address: undefined,
  addressKey: undefined,
};
const lost: Outcome = { kind: "unknown", message: "the answer was lost" };
const created: Outcome = { kind: "applied", status: 201, body: { id: "7" } };
const exists: Outcome = { kind: "refused", status: 409, reason: "exists", message: "409: exists" };

interface World {
  readonly outcomes: readonly Outcome[];
  readonly findings?: readonly Finding["kind"][];
  readonly keyed?: boolean;
  readonly visibilityLagMs?: number;
  readonly progress?: Partial<Progress>;
  readonly delivery?: Partial<Delivery>;
  /** Stops the run when this many requests and look-ups were made. */
  readonly stopAfter?: number;
  readonly kind?: Operation["kind"];
  /** How long each request waits for its turn before it leaves. */
  readonly turnMs?: number;
}

interface Told {
  readonly ending: Ending;
  /** Idempotency key of each send. */
  readonly sends: readonly (string | undefined)[];
  readonly lookUps: number;
  /** From the beginning to the end. */
  readonly tookMs: number;
}

/** Delivers one create to a destination that answers in this order, and its last answer for ever. */
async function tell({
  outcomes,
  findings,
  keyed = true,
  visibilityLagMs = 0,
  progress = {},
  delivery = {},
  stopAfter,
  kind = "create",
  turnMs,
}: World): Promise<Told> {
  const clock = new VirtualClock();
  const stop = new AbortController();
  const sends: (string | undefined)[] = [];
  let lookUps = 0;
  const evidence = { request: { method: "POST", url: "", headers: {} }, durationMs: 0 };
  const step = (): void => {
    if (sends.length + lookUps === stopAfter) stop.abort();
  };
  const destination: Destination = {
    connection: "shop",
    traits: {
      addressing: "assigned",
      upsert: undefined,
      updates: true,
      together: undefined,
      precondition: undefined,
      delete: undefined,
      idempotencyKey: keyed ? { retentionMs: 24 * HOUR } : undefined,
      find: findings && { visibilityLagMs, unique: true },
      readBack: false,
      lateWriteMs: 1_000,
    },
    address: async () => ({ ok: true, address: undefined, addressKey: undefined }),
    render: async () => ({ ok: true, write: POST }),
    many: () => undefined,
    send: async (_write, { idempotencyKey, leavesByMs = Number.POSITIVE_INFINITY }) => {
      if (turnMs !== undefined && clock.monotonicMs() + turnMs > leavesByMs) {
        await clock.sleep(turnMs);
        return { outcome: { kind: "not-sent", message: "too late", retryAfterMs: 0 }, evidence };
      }
      sends.push(idempotencyKey);
      step();
      if (turnMs !== undefined) await clock.sleep(turnMs);
      return { outcome: outcomes[Math.min(sends.length, outcomes.length) - 1] as Outcome, evidence };
    },
    idOf: async () => "7",
    ...(findings === undefined
      ? {}
      : {
          lookUp: async (): Promise<Finding> => {
            lookUps += 1;
            step();
            const found = findings[Math.min(lookUps, findings.length) - 1];
            if (found === "found") return { kind: "found", destinationId: "7", record: { name: "a" } };
            return { kind: "absent" };
          },
        }),
  };
  const retry = { attempts: 4, baseMs: 10, throttledBaseMs: 10, capMs: 100, deadlineMs: HOUR };
  const context = {
    sync: { destination, retry: { source: retry, destination: retry }, writes: "both" },
    ports: { clock, chance: { random: () => 0.5, uuid: () => "fresh" } },
    counts: noCounts(),
    stop: stop.signal,
    kill: new AbortController().signal,
    fail: (error: EvenkeelError) => stop.abort(error),
    say: () => undefined,
    sent: () => undefined,
  } as unknown as RunContext;
  const journal = {
    withNewKey: async (operation: Operation) => ({
      ...operation,
      idempotencyKey: "second",
      progress: { ...operation.progress, firstSentMs: clock.wallMs() },
    }),
    turnIntoUpdate: async () => undefined,
  } as unknown as Journal;
  const operation: Operation = {
    number: 1,
    kind,
    state: "sent",
    record,
    destinationId: undefined,
    write: POST,
    idempotencyKey: keyed ? "first" : undefined,
    progress: { ...FRESH, firstSentMs: clock.wallMs(), ...progress },
  };
  const ending = await clock.drive(
    deliver({ operation, lookFirst: false, held: false, ...delivery }, context, journal),
  );
  return { ending, sends, lookUps, tookMs: clock.monotonicMs() };
}

const longAgo = { everUnknown: true, firstSentMs: Date.UTC(2025, 11, 20), lastSentMs: Date.UTC(2025, 11, 20) };

test("R9: time in the lane's queue is not taken from an operation's deadline", async () => {
  const { ending, tookMs } = await tell({
    outcomes: [{ kind: "throttled", status: 429, message: "" }, created],
    turnMs: 2 * HOUR,
  });
  assert.equal(ending.kind, "applied");
  assert.ok(tookMs >= 4 * HOUR);
});

test("K1, K2: a create whose answer is lost is sent again under the same key", async () => {
  const { ending, sends } = await tell({ outcomes: [lost, created] });
  assert.equal(ending.kind, "applied");
  assert.deepEqual(sends, ["first", "first"]);
});

test("K4: an unknown create whose key has run out is not sent; without a look-up it is kept for a person", async () => {
  const { ending, sends } = await tell({ outcomes: [created], progress: longAgo, delivery: { held: true } });
  assert.deepEqual(
    { kind: ending.kind, state: ending.kind === "held" ? ending.state : "" },
    { kind: "held", state: "unknown" },
  );
  assert.deepEqual(sends, []);
});

test("K4: it does not leave where its turn comes after its key has run out", async () => {
  const turnMs = 15 * HOUR;
  const kept = await tell({ outcomes: [lost, created], turnMs });
  assert.ok(kept.ending.kind === "held" && kept.ending.state === "unknown", kept.ending.kind);
  assert.deepEqual(kept.sends, ["first"]);
  const absent = await tell({ outcomes: [lost, created], turnMs, findings: ["absent"] });
  assert.deepEqual([absent.ending.kind, absent.sends], ["applied", ["first", "second"]]);
  const fresh = await tell({ outcomes: [created], turnMs: 30 * HOUR });
  assert.equal(fresh.ending.kind, "applied", "what was never sent may wait for as long as that takes");
});

test("K4, K5: with a look-up it is found, or sent under a new key once it is certainly absent", async () => {
  const found = await tell({ outcomes: [created], findings: ["found"], progress: longAgo, delivery: { held: true } });
  assert.deepEqual([found.ending.kind, found.sends], ["applied", []]);
  const absent = await tell({ outcomes: [created], findings: ["absent"], progress: longAgo, delivery: { held: true } });
  assert.deepEqual([absent.ending.kind, absent.sends], ["applied", ["second"]]);
});

test("R2: a bare create of unknown outcome is sent once, and kept", async () => {
  const { ending, sends } = await tell({ outcomes: [lost, created], keyed: false });
  assert.ok(ending.kind === "held" && ending.state === "unknown");
  assert.equal(sends.length, 1);
});

test("U3, U6: without a key, one miss is no absence: it is looked for until the lost request can no longer land", async () => {
  const late = await tell({ outcomes: [lost, created], keyed: false, findings: ["absent", "found"] });
  assert.deepEqual([late.ending.kind, late.sends.length], ["applied", 1]);
  const never = await tell({ outcomes: [lost, created], keyed: false, findings: ["absent"] });
  assert.deepEqual([never.ending.kind, never.sends.length], ["applied", 2]);
  assert.ok(never.lookUps >= 2, String(never.lookUps));
});

test("U6: what lands at the last moment is shown as late again: both times are waited for", async () => {
  const world = { outcomes: [lost, created], keyed: false, findings: ["absent"], visibilityLagMs: 5_000 } as const;
  const { ending, sends, tookMs } = await tell(world);
  assert.deepEqual([ending.kind, sends.length], ["applied", 2]);
  assert.ok(tookMs >= 6_000, `${tookMs} ms, with lateWrite of 1 s and visibilityLag of 5 s`);
});

test("U5, U6: after `exists` the record is looked for until the search must show it", async () => {
  const findings = ["absent", "absent", "found"] as const;
  const { ending, sends, lookUps } = await tell({ outcomes: [exists], keyed: false, findings, visibilityLagMs: 5_000 });
  assert.deepEqual([ending.kind, sends.length, lookUps], ["applied", 1, 3]);
});

test("U5: an API that says `exists` for ever and shows nothing is given up", async () => {
  const { ending, sends } = await tell({ outcomes: [exists], findings: ["absent"] });
  assert.equal(ending.kind, "rejected");
  assert.equal(sends.length, 4);
});

test("P2: a stop during a look-up releases only what a read meets again; what only the ledger has is kept with its bytes", async () => {
  const world = { outcomes: [created], findings: ["absent"], stopAfter: 1 } as const;
  const progress = { lastSentMs: Date.UTC(2026, 0, 1) };
  const held = await tell({ ...world, progress, delivery: { lookFirst: true, held: true } });
  assert.deepEqual({ kind: held.ending.kind, sends: held.sends }, { kind: "held", sends: [] });
  const fromPage = await tell({ ...world, progress, delivery: { lookFirst: true, held: false } });
  assert.deepEqual({ kind: fromPage.ending.kind, sends: fromPage.sends }, { kind: "released", sends: [] });
});

test("an update of a record that was created under an id nobody knows, and is not found, is kept and not called skipped", async () => {
  const { ending } = await tell({
    outcomes: [created],
    findings: ["absent"],
    kind: "update",
    delivery: { lookFirst: true },
  });
  assert.ok(ending.kind === "held" && ending.state === "parked");
});
