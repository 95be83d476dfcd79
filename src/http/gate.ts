import type { Clock, Timer } from "../core/clock.ts";
import { Lane, type LaneLimits, type LaneReport, type LaneWait } from "../core/lane.ts";
import type { LaneMemory } from "../core/ledger.ts";
import { sha256 } from "../core/fingerprint.ts";

export type Entry =
  | { readonly kind: "go"; readonly startedMs: number }
  /** The lane is closed for longer than the caller would wait. */
  | { readonly kind: "blocked"; readonly forMs: number }
  | { readonly kind: "stopped" };

export interface EnterOptions {
  readonly signal: AbortSignal;
  readonly stop?: AbortSignal | undefined;
  readonly patienceMs: number;
}

interface Waiter {
  readonly options: EnterOptions;
  readonly giveUpMs: number;
  readonly settle: (entry: Entry) => void;
}

/** The thin loop around a lane: lets requests in, in their order, when the lane says so. */
export class Gate {
  readonly name: string;
  readonly #lane: Lane;
  readonly #clock: Clock;
  readonly #waiters = new Set<Waiter>();
  readonly #watched = new WeakSet<AbortSignal>();
  #timer: Timer | undefined;
  #wait: { readonly untilMs: number; readonly why: LaneWait } | undefined;

  constructor(name: string, limits: LaneLimits, clock: Clock) {
    this.name = name;
    this.#lane = new Lane(limits);
    this.#clock = clock;
  }

  enter(options: EnterOptions): Entry | Promise<Entry> {
    const nowMs = this.#clock.monotonicMs();
    if (options.signal.aborted || options.stop?.aborted === true) return { kind: "stopped" };
    if (this.#waiters.size === 0 && this.#lane.admit(nowMs).kind === "go") return { kind: "go", startedMs: nowMs };
    return new Promise((done) => {
      const waiter: Waiter = { options, giveUpMs: nowMs + options.patienceMs, settle: done };
      this.#waiters.add(waiter);
      this.#leaveOn(options.signal);
      if (options.stop !== undefined) this.#leaveOn(options.stop);
      this.#pump();
    });
  }

  /** Listens to each signal once, not once a waiter: thousands of listeners on one signal cost more than the requests. */
  #leaveOn(signal: AbortSignal): void {
    if (this.#watched.has(signal)) return;
    this.#watched.add(signal);
    signal.addEventListener("abort", () => this.#sendStoppedAway(), { once: true });
  }

  #sendStoppedAway(): void {
    for (const waiter of this.#waiters) {
      if (!waiter.options.signal.aborted && waiter.options.stop?.aborted !== true) continue;
      this.#waiters.delete(waiter);
      waiter.settle({ kind: "stopped" });
    }
  }

  leave(report: LaneReport): void {
    this.#lane.leave(report);
    if (this.#waiters.size > 0) this.#pump();
  }

  /** What the lane waits for just now, in words. */
  waitingFor(): string | undefined {
    if (this.#waiters.size === 0 || this.#wait === undefined) return undefined;
    const seconds = Math.ceil((this.#wait.untilMs - this.#clock.monotonicMs()) / 1_000);
    switch (this.#wait.why) {
      case "pace":
        return `the rate limit of ${this.name}`;
      case "throttled":
        return `${this.name} asked to wait, ${seconds} s more`;
      case "quota":
        return `${this.name}'s quota to be renewed, ${seconds} s more`;
      case "circuit":
        return `${this.name} to come back, next try in ${seconds} s`;
    }
  }

  /** The pause that the API asked for, for the next process (L7); undefined when there is none. */
  blockedUntilMs(): number | undefined {
    const untilMs = this.#lane.pausedUntil(this.#clock.monotonicMs());
    return untilMs === undefined ? undefined : Math.ceil(this.#clock.wallMs() + untilMs - this.#clock.monotonicMs());
  }

  block(untilWallMs: number): void {
    this.#lane.pause(this.#clock.monotonicMs() + untilWallMs - this.#clock.wallMs());
  }

  #pump(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#wait = undefined;
    for (const waiter of this.#waiters) {
      const nowMs = this.#clock.monotonicMs();
      const admission = this.#lane.admit(nowMs);
      if (admission.kind === "full") return;
      if (admission.kind === "go") {
        this.#waiters.delete(waiter);
        waiter.settle({ kind: "go", startedMs: nowMs });
        continue;
      }
      this.#wait = admission;
      this.#sendAway(admission.untilMs, nowMs);
      if (this.#waiters.size > 0) this.#timer = this.#clock.after(admission.untilMs - nowMs, () => this.#pump());
      return;
    }
  }

  /** Whoever would have to wait for longer than it is willing to is told at once. */
  #sendAway(untilMs: number, nowMs: number): void {
    for (const waiter of this.#waiters) {
      if (waiter.giveUpMs >= untilMs) continue;
      this.#waiters.delete(waiter);
      waiter.settle({ kind: "blocked", forMs: untilMs - nowMs });
    }
  }
}

/** All lanes of a process: one for each origin and credential, whichever syncs and sides share it (L1). */
export class Lanes {
  readonly #clock: Clock;
  readonly #gates = new Map<string, Gate>();
  readonly #memories: readonly LaneMemory[];

  /** @param memories what earlier processes were told (L7) */
  constructor(clock: Clock, memories: readonly LaneMemory[]) {
    this.#clock = clock;
    this.#memories = memories;
  }

  /** The gate of this origin and credential; limits are those of the connection that asks first. */
  of(origin: string, identity: string, name: string, limits: LaneLimits): Gate {
    const id = `${origin} ${sha256(identity).slice(0, 12)}`;
    let gate = this.#gates.get(id);
    if (gate === undefined) {
      gate = new Gate(name, limits, this.#clock);
      const blockedUntilMs = this.#memories.find(({ lane }) => lane === id)?.blockedUntilMs;
      if (blockedUntilMs !== undefined) gate.block(blockedUntilMs);
      this.#gates.set(id, gate);
    }
    return gate;
  }

  /** What the next process should know. */
  memories(): readonly LaneMemory[] {
    return [...this.#gates].map(([lane, gate]) => ({
      lane,
      blockedUntilMs: gate.blockedUntilMs(),
      learned: undefined,
    }));
  }
}
