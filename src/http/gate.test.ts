import assert from "node:assert/strict";
import { test } from "node:test";
import type { LaneLimits, LaneReport } from "../core/lane.ts";
import type { LaneMemory } from "../core/ledger.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { Gate, type Entry } from "./gate.ts";
import { blockedBy } from "./waiting-words.ts";
import { Lanes } from "./lanes.ts";

const FREE: LaneLimits = { ratePerMs: undefined, concurrency: undefined };
const NEVER = new AbortController().signal;
const PATIENT = { signal: NEVER, patienceMs: 1e9 };

function leave(gate: Gate, entry: Entry, clock: VirtualClock, parts: Partial<LaneReport> = {}): void {
  assert.equal(entry.kind, "go");
  if (entry.kind !== "go") return;
  const { ticket, startedMs } = entry;
  const times = { startedMs, endedMs: clock.monotonicMs() };
  gate.leave({ ticket, kind: "write", result: "ok", ...times, retryAfterMs: undefined, quotas: [], ...parts });
}

/** A gate that has let a first request through. */
function warm(limits: LaneLimits = FREE): { gate: Gate; clock: VirtualClock } {
  const clock = new VirtualClock();
  const gate = new Gate(limits, clock);
  leave(gate, gate.enter(PATIENT) as Entry, clock);
  return { gate, clock };
}

test("whoever need not wait gets in at once, without a promise or a timer", () => {
  const { gate, clock } = warm();
  for (let count = 0; count < 8; count++) assert.ok(!(gate.enter(PATIENT) instanceof Promise));
  assert.equal(clock.pending, 0);
  assert.equal(gate.waitingFor("shop"), undefined);
});

test("first come, first served", async () => {
  const { gate, clock } = warm({ ratePerMs: undefined, concurrency: 1 });
  const first = gate.enter(PATIENT) as Entry;
  const order: number[] = [];
  const inside: Entry[] = [];
  for (let number = 0; number < 5; number++)
    void Promise.resolve(gate.enter(PATIENT)).then((entry) => {
      order.push(number);
      inside.push(entry);
    });
  leave(gate, first, clock);
  for (let number = 0; number < 5; number++) {
    await clock.advance(1);
    leave(gate, inside[number] as Entry, clock);
  }
  await clock.advance(1);
  assert.deepEqual(order, [0, 1, 2, 3, 4]);
});

test("those that wait go together, when all that have ended by then are counted", async () => {
  const { gate, clock } = warm({ ratePerMs: undefined, concurrency: 3 });
  const inside = [1, 2, 3].map(() => gate.enter(PATIENT) as Entry);
  let goes = 0;
  for (let number = 0; number < 5; number++) void Promise.resolve(gate.enter(PATIENT)).then(() => (goes += 1));
  for (const entry of inside) leave(gate, entry, clock);
  assert.equal(goes, 0);
  await clock.advance(0);
  assert.equal(goes, 3);
});

test("K4: whose turn comes too late is told so, and takes nobody's", async () => {
  const { gate, clock } = warm({ ratePerMs: 0.001, concurrency: 10 });
  const entries: string[] = [];
  for (const leavesByMs of [undefined, clock.monotonicMs() + 1_500, clock.monotonicMs() + 5_000])
    void Promise.resolve(gate.enter({ ...PATIENT, leavesByMs })).then(({ kind }) => entries.push(kind));
  await clock.advance(2_100);
  assert.deepEqual(entries, ["go", "late", "go"]);
  await clock.advance(60_000);
  const again = { ...PATIENT, leavesByMs: clock.monotonicMs() - 1 };
  assert.deepEqual(gate.enter(again), { kind: "late" }, "also where it need not wait, as after new credentials");
});

test("L4: a rate is kept by waiting, and the progress line says for what", async () => {
  const { gate, clock } = warm({ ratePerMs: 0.02, concurrency: 10 });
  const entered: number[] = [];
  for (let count = 0; count < 20; count++)
    void Promise.resolve(gate.enter(PATIENT)).then((entry) => {
      entered.push(clock.monotonicMs());
      leave(gate, entry, clock);
    });
  await clock.advance(10);
  assert.equal(gate.waitingFor("shop"), "the limit of 20/s of shop");
  await clock.advance(2_000);
  assert.deepEqual(
    entered,
    Array.from({ length: 20 }, (_, index) => (index + 1) * 50),
  );
  assert.equal(clock.pending, 0);
});

test("R4: a pause longer than the caller's patience is said at once; whoever is patient waits", async () => {
  const { gate, clock } = warm();
  leave(gate, gate.enter(PATIENT) as Entry, clock, { result: "throttled", retryAfterMs: 60_000 });
  const hasty = await gate.enter({ signal: NEVER, patienceMs: 59_000 });
  assert.deepEqual(hasty, { kind: "blocked", forMs: 60_000, why: "asked" });
  assert.equal(blockedBy("shop", hasty as Extract<Entry, { kind: "blocked" }>), "shop asked to wait; 60 s more");
  const patient = gate.enter({ signal: NEVER, patienceMs: 61_000 });
  assert.equal(gate.waitingFor("shop"), "shop, which asked to wait; 60 s more");
  assert.equal((await clock.drive(Promise.resolve(patient))).kind, "go");
  assert.equal(clock.monotonicMs(), 60_000);
});

test("R4: a pause that begins while others wait sends the hasty ones away", async () => {
  const { gate, clock } = warm({ ratePerMs: undefined, concurrency: 1 });
  const inside = gate.enter(PATIENT) as Entry;
  const hasty = gate.enter({ signal: NEVER, patienceMs: 1_000 });
  const patient = gate.enter(PATIENT);
  leave(gate, inside, clock, { result: "throttled", retryAfterMs: 5_000 });
  assert.deepEqual(await hasty, { kind: "blocked", forMs: 5_000, why: "asked" });
  assert.equal((await clock.drive(Promise.resolve(patient))).kind, "go");
});

test("R9: a turn that comes is waited for, however little patience is left", async () => {
  const { gate, clock } = warm({ ratePerMs: undefined, concurrency: 1 });
  const inside = gate.enter(PATIENT) as Entry;
  const [first, second] = [1, 0].map((patienceMs) => gate.enter({ signal: NEVER, patienceMs }));
  await clock.advance(60_000);
  leave(gate, inside, clock);
  const entry = await clock.drive(Promise.resolve(first as Promise<Entry>));
  assert.equal(entry.kind, "go");
  leave(gate, entry, clock);
  assert.equal((await clock.drive(Promise.resolve(second as Promise<Entry>))).kind, "go");
});

test("an abort, gentle or not, leaves the queue at once and lets the others pass", async () => {
  const { gate, clock } = warm({ ratePerMs: 0.001, concurrency: 5 });
  const [stop, kill] = [new AbortController(), new AbortController()];
  const stopped = gate.enter({ signal: NEVER, stop: stop.signal, patienceMs: 1e6 });
  const killed = gate.enter({ signal: kill.signal, patienceMs: 1e6 });
  const patient = gate.enter(PATIENT);
  stop.abort();
  kill.abort();
  assert.deepEqual([await stopped, await killed], [{ kind: "stopped" }, { kind: "stopped" }]);
  assert.equal((await clock.drive(Promise.resolve(patient))).kind, "go");
  assert.deepEqual(await gate.enter({ signal: kill.signal, patienceMs: 1 }), { kind: "stopped" });
  assert.equal(clock.pending, 0);
});

test("an empty queue leaves no timer behind", async () => {
  const { gate, clock } = warm({ ratePerMs: 0.001, concurrency: 5 });
  const stop = new AbortController();
  const waiting = gate.enter({ signal: NEVER, stop: stop.signal, patienceMs: 1e6 });
  assert.equal(clock.pending, 1);
  stop.abort();
  await waiting;
  assert.equal(clock.pending, 0);
});

test("a thousand waiters listen to their signal once", async () => {
  const { gate } = warm({ ratePerMs: 1e-6, concurrency: 1 });
  const stop = new AbortController();
  let listeners = 0;
  const add = stop.signal.addEventListener.bind(stop.signal);
  stop.signal.addEventListener = ((...args: Parameters<typeof add>) => {
    listeners += 1;
    add(...args);
  }) as typeof add;
  const waiting = Array.from({ length: 1_000 }, () =>
    gate.enter({ signal: NEVER, stop: stop.signal, patienceMs: 1e9 }),
  );
  stop.abort();
  assert.ok(
    (await Promise.all(waiting.map((entry) => Promise.resolve(entry)))).every(({ kind }) => kind === "stopped"),
  );
  assert.equal(listeners, 1);
});

test("L1: one lane for an origin and credential, whichever connections share it; the lower limits count", async () => {
  const clock = new VirtualClock();
  const lanes = new Lanes(clock, []);
  const gate = lanes.of("https://a.example", "secret", { ratePerMs: 1, concurrency: 10 });
  assert.equal(lanes.of("https://a.example", "secret", { ratePerMs: 0.01, concurrency: 2 }), gate);
  assert.notEqual(lanes.of("https://a.example", "another", FREE), gate);
  assert.notEqual(lanes.of("https://b.example", "secret", FREE), gate);
  leave(gate, gate.enter(PATIENT) as Entry, clock);
  void gate.enter(PATIENT);
  assert.equal(gate.waitingFor("a"), "the limit of 10/s of a");
});

test("L7: a pause and what was learned outlive the process, and the wall clock carries them over", async () => {
  const clock = new VirtualClock(1_000_000);
  const lanes = new Lanes(clock, []);
  const gate = lanes.of("https://a.example", "secret", FREE);
  const quota = { name: "", limit: 60, remaining: 59, windowMs: 60_000, resetMs: 60_000, coarseMs: 0 };
  leave(gate, gate.enter(PATIENT) as Entry, clock, { result: "throttled", retryAfterMs: 90_000, quotas: [quota] });
  const memories = lanes.memories();
  assert.deepEqual(
    memories.map(({ blockedUntilMs }) => blockedUntilMs),
    [1_090_000],
  );

  const later = new VirtualClock(1_030_000);
  const next = new Lanes(later, memories).of("https://a.example", "secret", FREE);
  assert.deepEqual(await next.enter({ signal: NEVER, patienceMs: 59_000 }), {
    kind: "blocked",
    forMs: 60_000,
    why: "asked",
  });
  await later.advance(60_000);
  leave(next, next.enter(PATIENT) as Entry, later);
  void next.enter(PATIENT);
  assert.equal(next.waitingFor("a"), "the limit of 1/s of a");
});

test("L7: a pause is told as soon as it is asked for, and what was learned now and then", async () => {
  const clock = new VirtualClock(1_000_000);
  const told: LaneMemory[] = [];
  const gate = new Lanes(clock, [], (memory) => told.push(memory)).of("https://a.example", "secret", FREE);
  const pass = (parts: Partial<LaneReport> = {}): void => leave(gate, gate.enter(PATIENT) as Entry, clock, parts);
  pass();
  assert.equal(told.length, 0, "nothing is known yet");
  pass({ result: "throttled", retryAfterMs: 60_000 });
  assert.deepEqual(
    told.map(({ blockedUntilMs }) => blockedUntilMs),
    [1_060_000],
  );
  await clock.advance(60_000);
  for (let count = 0; count < 30; count++) {
    pass();
    await clock.advance(1_000);
  }
  assert.ok(told.length >= 2 && told.length <= 4, `${told.length} times in half a minute`);
  assert.match(told.at(-1)?.learned ?? "", /"perMs":0\.0/);
});

test("L7: a pause that another answer makes a little longer is told again", async () => {
  const clock = new VirtualClock(1_000_000);
  const told: (number | undefined)[] = [];
  const gate = new Lanes(clock, [], ({ blockedUntilMs }) => told.push(blockedUntilMs)).of(
    "https://a.example",
    "",
    FREE,
  );
  leave(gate, gate.enter(PATIENT) as Entry, clock);
  const [first, second] = [gate.enter(PATIENT) as Entry, gate.enter(PATIENT) as Entry];
  leave(gate, first, clock, { result: "throttled", retryAfterMs: 3_000 });
  await clock.advance(20);
  leave(gate, second, clock, { result: "throttled", retryAfterMs: 3_000 });
  assert.deepEqual(told, [1_003_000, 1_003_020]);
});

test("R6: a wall clock that is set back makes no pause longer than it was when it was written down", async () => {
  const clock = new VirtualClock(1_000_000_000);
  const lanes = new Lanes(clock, []);
  const gate = lanes.of("https://a.example", "secret", FREE);
  leave(gate, gate.enter(PATIENT) as Entry, clock, { result: "throttled", retryAfterMs: 90_000 });
  const later = new VirtualClock(1_000_000_000 - 86_400_000);
  const next = new Lanes(later, lanes.memories()).of("https://a.example", "secret", FREE);
  assert.deepEqual(await next.enter({ signal: NEVER, patienceMs: 1_000 }), {
    kind: "blocked",
    forMs: 90_000,
    why: "asked",
  });
});

test("S6: the name under which a lane is remembered cannot be used to guess its credential", () => {
  const lanes = new Lanes(new VirtualClock(), []);
  lanes.of("https://a.example", "hunter2", FREE);
  const [memory] = lanes.memories();
  assert.match(memory?.lane ?? "", /^https:\/\/a\.example .{4}$/);
});
