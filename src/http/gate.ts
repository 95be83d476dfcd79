import type { Clock, Timer } from "../core/clock.ts";
import { Lane, type LaneLimits, type LaneReport, type LaneWait } from "../core/lane.ts";
import { LaneTimes, type LaneState, type LaneStats } from "../core/lane-times.ts";
import type { LaneMemory } from "../core/ledger.ts";
import { Queue } from "../core/queue.ts";
import { rateText, REASONS, secondsOf, type Standstill } from "./waiting-words.ts";

export type Entry =
  /** The caller's turn; it must `leave` with this number, whatever happens. */
  | { readonly kind: "go"; readonly ticket: number; readonly startedMs: number }
  /** The lane is closed for longer than the caller would wait. */
  | { readonly kind: "blocked"; readonly forMs: number; readonly why: Standstill }
  | { readonly kind: "stopped" }
  /** Its turn came too late. */
  | { readonly kind: "late" };

export interface EnterOptions {
  /** Both leave the queue; the difference matters only once a request is under way. */
  readonly signal: AbortSignal;
  readonly stop?: AbortSignal | undefined;
  readonly patienceMs: number;
  /** Its turn must come by this moment of the monotonic clock, however the lane moves. */
  readonly leavesByMs?: number | undefined;
}

interface Waiter {
  readonly options: EnterOptions;
  readonly queuedMs: number;
  readonly settle: (entry: Entry) => void;
}

interface Wait {
  readonly untilMs: number;
  readonly why: LaneWait;
}

/** L7: a pause that the API asked for is told at once; where it is shorter than this, it is over before another process is there. */
const TELL_FROM_MS = 500;
/** What was learned besides is told no more often than this. */
const TELL_EVERY_MS = 10_000;

const STOPPED: Entry = { kind: "stopped" };
const LATE: Entry = { kind: "late" };
const NEVER = Number.POSITIVE_INFINITY;

const isLate = ({ leavesByMs = NEVER }: EnterOptions, nowMs: number): boolean => nowMs > leavesByMs;

/**
 * The thin loop around a lane: lets requests in, first come, first served, when the lane says so. A request that need not wait costs no timer
 * and no promise.
 */
export class Gate {
  readonly #lane: Lane;
  readonly #clock: Clock;
  readonly #tell: () => void;
  #toldUntilMs = Number.NEGATIVE_INFINITY;
  #toldMs = Number.NEGATIVE_INFINITY;
  #told: string | undefined;
  /** In order of arrival. */
  readonly #waiters = new Queue<Waiter>();
  readonly #watched = new WeakSet<AbortSignal>();
  /** When somebody was let in last: patience is for a lane that does not move. */
  #movedMs = Number.NEGATIVE_INFINITY;
  /** No waiter gives up before this moment: so that not all of them are looked at each time. */
  #patientUntilMs = NEVER;
  #timer: Timer | undefined;
  #timerAtMs = NEVER;
  #wait: Wait | undefined;
  #isAboutToPump = false;
  readonly #times: LaneTimes;
  readonly #requests = { read: 0, write: 0 };
  readonly #answersMs = { read: 0, write: 0 };

  /** @param tell called when there is something that the next process should know (L7): time to read `memory` */
  constructor(limits: LaneLimits, clock: Clock, tell: () => void = () => undefined) {
    this.#lane = new Lane(limits);
    this.#clock = clock;
    this.#tell = tell;
    this.#told = this.#lane.learned(clock.monotonicMs());
    this.#times = new LaneTimes(clock.monotonicMs());
  }

  /** Resolves when it is the caller's turn, or says that it will not be; at once and without a promise where nothing has to be waited for. */
  enter(options: EnterOptions): Entry | Promise<Entry> {
    if (options.signal.aborted || options.stop?.aborted === true) return STOPPED;
    const nowMs = this.#clock.monotonicMs();
    if (isLate(options, nowMs)) return LATE;
    if (this.#waiters.size === 0) {
      const admission = this.#lane.admit(nowMs);
      if (admission.kind === "go") {
        this.#note(nowMs);
        return { kind: "go", ticket: admission.ticket, startedMs: nowMs };
      }
    }
    return this.#queue(options, nowMs);
  }

  /** Every request that was let in leaves once, and says how it ended. */
  leave(report: LaneReport): void {
    this.#lane.leave(report);
    this.#requests[report.kind] += 1;
    this.#answersMs[report.kind] += report.endedMs - report.startedMs;
    this.#tellNews(report.endedMs);
    if (this.#waiters.size === 0) return this.#note(report.endedMs);
    // Requests that go one after the other, without other work between them, find the network and the API awake.
    if (this.#isAboutToPump) return;
    this.#isAboutToPump = true;
    this.#clock.soon(this.#pumpNow);
  }

  readonly #pumpNow = (): void => {
    this.#isAboutToPump = false;
    this.#pump();
  };

  #tellNews(nowMs: number): void {
    const untilMs = this.#lane.pausedUntil(nowMs);
    const isPaused = untilMs !== undefined && untilMs >= nowMs + TELL_FROM_MS && untilMs >= this.#toldUntilMs + 1;
    if (!isPaused && nowMs < this.#toldMs + TELL_EVERY_MS) return;
    const learned = this.#lane.learned(nowMs);
    if (!isPaused && learned === this.#told) return;
    this.#told = learned;
    this.#toldMs = nowMs;
    this.#toldUntilMs = untilMs ?? this.#toldUntilMs;
    this.#tell();
  }

  /** What it did so far. */
  stats(origin: string): LaneStats {
    return {
      origin,
      ms: this.#times.until(this.#clock.monotonicMs()),
      requests: { ...this.#requests },
      answersMs: { ...this.#answersMs },
      perSecond: this.#lane.perSecond,
      concurrency: this.#lane.concurrency,
    };
  }

  #note(nowMs: number): void {
    const waiting: LaneState = this.#wait?.why ?? "full";
    this.#times.enter(this.#waiters.size > 0 ? waiting : this.#lane.inFlight > 0 ? "answers" : "idle", nowMs);
  }

  /** What the lane waits for just now, in words that follow "waiting for"; undefined when nobody waits or only for answers. */
  waitingFor(name: string): string | undefined {
    if (this.#waiters.size === 0 || this.#wait === undefined) return undefined;
    const { untilMs, why } = this.#wait;
    if (why === "pace") return `the limit of ${rateText(this.#lane.perSecond)} of ${name}`;
    return `${name}, which ${REASONS[why]}; ${secondsOf(untilMs - this.#clock.monotonicMs())} more`;
  }

  /** The lowest known limit in requests a second. */
  get perSecond(): number | undefined {
    return this.#lane.perSecond;
  }

  /** Another connection shares the lane: the lower limit of each kind counts. */
  tighten(limits: LaneLimits): void {
    this.#lane.tighten(limits);
  }

  /** For the next process (L7): until when the API asked to wait, and what was learned of its limits. */
  get memory(): Omit<LaneMemory, "lane"> {
    const nowMs = this.#clock.monotonicMs();
    const untilMs = this.#lane.pausedUntil(nowMs);
    const blockedUntilMs = untilMs === undefined ? undefined : Math.ceil(this.#clock.wallMs() + untilMs - nowMs);
    return { blockedUntilMs, learned: this.#lane.learned(nowMs) };
  }

  /** Takes up what an earlier process remembered (L7). Only here does the wall clock count (R6). */
  resume({ blockedUntilMs, learned }: Omit<LaneMemory, "lane">): void {
    const nowMs = this.#clock.monotonicMs();
    const blockedForMs = blockedUntilMs === undefined ? undefined : blockedUntilMs - this.#clock.wallMs();
    this.#lane.resume(learned ?? "", nowMs, blockedForMs);
    this.#told = this.#lane.learned(nowMs);
    this.#toldUntilMs = this.#lane.pausedUntil(nowMs) ?? this.#toldUntilMs;
  }

  #queue(options: EnterOptions, nowMs: number): Promise<Entry> {
    this.#leaveOn(options.signal);
    if (options.stop !== undefined) this.#leaveOn(options.stop);
    return new Promise((settle) => {
      const waiter = { options, queuedMs: nowMs, settle };
      this.#waiters.push(waiter);
      this.#patientUntilMs = Math.min(this.#patientUntilMs, this.#givesUpMs(waiter));
      // While the one before it waits for its turn, this one cannot have it.
      if (this.#waiters.size === 1 || nowMs >= this.#patientUntilMs) this.#pump();
    });
  }

  /** Listens to each signal once, not once a waiter: thousands of listeners on one signal cost more than the requests. */
  #leaveOn(signal: AbortSignal): void {
    if (this.#watched.has(signal)) return;
    this.#watched.add(signal);
    signal.addEventListener("abort", () => this.#sendStoppedAway(), { once: true });
  }

  #sendStoppedAway(): void {
    this.#waiters.keep((waiter) => {
      if (!waiter.options.signal.aborted && waiter.options.stop?.aborted !== true) return true;
      waiter.settle(STOPPED);
      return false;
    });
    this.#pump();
  }

  /** Lets in whoever may go, and sees to it that it is called again when the next one may. */
  #pump(): void {
    this.#wait = undefined;
    for (let waiter = this.#waiters.first; waiter !== undefined; waiter = this.#waiters.first) {
      const nowMs = this.#clock.monotonicMs();
      if (isLate(waiter.options, nowMs)) {
        this.#waiters.shift();
        waiter.settle(LATE);
        continue;
      }
      const admission = this.#lane.admit(nowMs);
      if (admission.kind === "go") {
        this.#waiters.shift();
        this.#movedMs = nowMs;
        waiter.settle({ kind: "go", ticket: admission.ticket, startedMs: nowMs });
        continue;
      }
      if (admission.kind === "wait") this.#wait = admission;
      return this.#sleep(nowMs);
    }
    this.#patientUntilMs = NEVER;
    this.#wakeAt(NEVER, 0);
    this.#note(this.#clock.monotonicMs());
  }

  /** Until the lane may have changed. Where it is full, whoever leaves it wakes the queue: each of them does, within its time limits (R9). */
  #sleep(nowMs: number): void {
    const wakeMs = this.#wait?.untilMs ?? NEVER;
    this.#note(nowMs);
    // R4: whoever would have to wait for longer than it is willing to is told at once, so that it can be parked; but not for a turn that comes.
    const why = this.#wait?.why;
    if (why !== undefined && why !== "pace" && this.#patientUntilMs < wakeMs) this.#sendAway(wakeMs, why, nowMs);
    this.#wakeAt(this.#waiters.size === 0 ? NEVER : wakeMs, nowMs);
  }

  #givesUpMs({ options, queuedMs }: Waiter): number {
    return Math.max(queuedMs, this.#movedMs) + options.patienceMs;
  }

  /** A timer that wakes too early only looks again, so it is left alone: most of them never come. */
  #wakeAt(untilMs: number, nowMs: number): void {
    if (this.#timer !== undefined && this.#timerAtMs <= untilMs && untilMs < NEVER) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (untilMs === NEVER) return;
    this.#timerAtMs = untilMs;
    this.#timer = this.#clock.after(untilMs - nowMs, this.#wake);
  }

  readonly #wake = (): void => {
    this.#timer = undefined;
    this.#pump();
  };

  #sendAway(untilMs: number, why: Standstill, nowMs: number): void {
    let patientUntilMs = NEVER;
    this.#waiters.keep((waiter) => {
      const giveUpMs = this.#givesUpMs(waiter);
      if (giveUpMs >= untilMs) {
        patientUntilMs = Math.min(patientUntilMs, giveUpMs);
        return true;
      }
      waiter.settle({ kind: "blocked", forMs: untilMs - nowMs, why });
      return false;
    });
    this.#patientUntilMs = patientUntilMs;
  }
}
