import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Destination, Write } from "../core/destination.ts";
import { noCounts } from "../core/events.ts";
import type { StoredOperation } from "../core/ledger.ts";
import { FRESH, type Operation } from "../core/operation.ts";
import type { Attempt } from "../core/outcome.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import type { RunContext } from "./context.ts";
import { Flow } from "./flow.ts";
import type { Journal } from "./journal.ts";
import { Settler } from "./settle.ts";
import type { Stage, WaitingPlan } from "./stage.ts";

const PUT: Write = { method: "PUT", url: "http://shop/items/k", headers: {}, body: "{}", repeatable: true };
const record = {
  key: "k",
  keyKind: "t",
  cursor: undefined,
  body: {},
  mapped: {},
  hash: "h",
  address: "/items/k",
  addressKey: "k",
};
const operationOf = (number: number): Operation => ({
  number,
  kind: "update",
  state: "sent",
  record,
  destinationId: undefined,
  write: PUT,
  idempotencyKey: undefined,
  progress: FRESH,
});
const delivery = (number: number) => ({ operation: operationOf(number), lookFirst: false, held: true });
const evidence = { request: { method: "PUT", url: "", headers: {} }, durationMs: 0 };
const applied: Attempt = { outcome: { kind: "applied", status: 200 }, evidence };

/** A flow over a destination that applies everything, and a ledger in which a version of the key waits while `waiting` is set. */
function world() {
  const clock = new VirtualClock();
  const state = { waiting: true, sends: 0, commits: 0, promotions: 0 };
  const destination = {
    connection: "shop",
    traits: { addressing: "own", lateWriteMs: 0 },
    send: async () => {
      state.sends += 1;
      return applied;
    },
  } as unknown as Destination;
  const retry = { attempts: 4, baseMs: 10, throttledBaseMs: 10, capMs: 100, deadlineMs: 60_000 };
  const ledger = {
    settle: async () => void (state.commits += 1),
    operation: async () => ({
      active: undefined,
      waiting: state.waiting
        ? ({
            ...operationOf(2),
            key: "k",
            keyKind: "t",
            hash: "h",
            addressFollowsKey: true,
          } as unknown as StoredOperation)
        : undefined,
    }),
  };
  const context = {
    sync: { destination, retry: { source: retry, destination: retry } },
    ports: { clock, chance: { random: () => 0.5 }, ledger },
    run: 1,
    read: { number: 1, kind: "full" },
    counts: noCounts(),
    stop: new AbortController().signal,
    kill: new AbortController().signal,
    partial: false,
    fail: (error: Error) => assert.fail(error),
    say: () => undefined,
    sent: () => undefined,
  } as unknown as RunContext;
  const journal = {
    promote: async () => {
      state.promotions += 1;
      state.waiting = false;
      return delivery(1 + state.promotions);
    },
  } as unknown as Journal;
  const stage = { planWaiting: async (): Promise<WaitingPlan> => ({ kind: "send", planned: undefined as never }) };
  const flow = new Flow(context, journal, new Settler(context), stage as unknown as Stage);
  return { clock, state, flow };
}

suite("U2: a version that waits", () => {
  test("takes its turn when the one before it is settled", async () => {
    const { state, flow } = world();
    flow.start(delivery(1), undefined);
    flow.expect("k");
    await flow.idle();
    assert.deepEqual([state.sends, state.promotions], [2, 1]);
  });

  test("takes its turn although the one before it was settled between its planning and its journalling", async () => {
    const { state, flow } = world();
    flow.start(delivery(1), undefined);
    await flow.idle();
    flow.expect("k");
    await flow.idle();
    assert.deepEqual([state.sends, state.promotions], [2, 1]);
  });

  test("is promoted once, however often it is expected", async () => {
    const { state, flow } = world();
    flow.expect("k");
    flow.expect("k");
    await flow.idle();
    assert.deepEqual([state.sends, state.promotions], [1, 1]);
  });
});

test("what is all that was on its way is committed at once: a short run does not wait for the group's timer", async () => {
  const { clock, state, flow } = world();
  flow.start(delivery(1), undefined);
  await flow.idle();
  assert.deepEqual([state.commits, clock.monotonicMs()], [1, 0]);
});
