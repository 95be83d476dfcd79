import { copyFileSync, existsSync, rmSync } from "node:fs";
import type { Dispatcher } from "undici";
import type { Clock } from "../core/clock.ts";
import { EvenkeelError } from "../core/errors.ts";
import type { Ledger, SyncLedger } from "../core/ledger.ts";
import { openLedger, type LedgerOptions } from "../sqlite/ledger.ts";
import { stepInside } from "../sqlite/transaction-point.ts";
import type { VirtualClock } from "../testing/virtual-clock.ts";
import { DEATH_AT_SOME_TIME, deathAt, STEPS, type Crash, type Death, type Step } from "./faults.ts";

/** What a process sees of the world, until it dies: then no call returns, no timer fires and nothing leaves any more. */
export interface MortalProcess {
  readonly clock: Clock;
  readonly network: Pick<Dispatcher, "dispatch" | "close">;
  readonly ledgers: (options: LedgerOptions) => Promise<Ledger>;
  /** Resolves with where it died. */
  readonly death: Promise<string>;
  /** How often each durable step has happened so far. */
  readonly steps: ReadonlyMap<Step, number>;
  /** It has met a full disk. */
  readonly isFull: boolean;
  /** It ended by itself, and does not die any more. */
  end(): void;
  /** The files of what it left are as they would be after its death. */
  bury(): Promise<void>;
}

interface Options {
  readonly clock: VirtualClock;
  readonly network: Pick<Dispatcher, "dispatch">;
  readonly stateFile: string;
  readonly crash: Crash | undefined;
  /** The disk is full from its so-manieth durable step on. */
  readonly fullFrom: number | undefined;
  readonly note: (text: string) => void;
  /** Called after each flush: what is on the disk now is durable. */
  readonly onFlush: () => void;
}

const never = <Value>(): Promise<Value> => new Promise<Value>(() => undefined);

export function mortalProcess({ clock, network, stateFile, crash, fullFrom, note, onFlush }: Options): MortalProcess {
  let isDead = false;
  /** It has ended, and takes its connections with it. */
  let isOver = false;
  let steps = 0;
  const timesOf = new Map<Step, number>();
  let ledger: Ledger | undefined;
  const disk = shadowOf(stateFile, crash?.power === true);
  let declare: (where: string) => void = () => undefined;
  const death = new Promise<string>((done) => (declare = done));
  const die = ({ where, told }: Death): void => {
    if (isDead) return;
    isDead = true;
    note(`${crash?.power === true ? "the power fails" : "the process is killed"} ${told}`);
    declare(where);
  };
  const fate = crash?.at.kind === "time" ? clock.after(crash.at.afterMs, () => die(DEATH_AT_SOME_TIME)) : undefined;

  const alive = <Value>(promise: Promise<Value>): Promise<Value> =>
    promise.then(
      (value) => (isDead ? never<Value>() : value),
      (error: unknown) => {
        if (isDead) return never<Value>();
        throw error;
      },
    );
  const mortalClock: Clock = {
    wallMs: () => clock.wallMs(),
    monotonicMs: () => clock.monotonicMs(),
    sleep: (ms, signal) => alive(clock.sleep(ms, signal)),
    after: (ms, then) => clock.after(ms, () => (isDead ? undefined : then())),
    soon: (then) => clock.soon(() => (isDead ? undefined : then())),
  };

  /** A writing method, at whose moments the process may die. */
  const step = async <Result>(
    method: Step,
    target: SyncLedger | undefined,
    work: () => Promise<Result>,
  ): Promise<Result> => {
    if (isDead) return never();
    steps += 1;
    const times = (timesOf.get(method) ?? 0) + 1;
    timesOf.set(method, times);
    if (steps === fullFrom) note(`the disk is full before ${STEPS[method]}`);
    if (fullFrom !== undefined && steps >= fullFrom) throw new EvenkeelError("LEDGER_FULL", "the disk is full");
    const at = crash?.at;
    const isFatal =
      (at?.kind === "step" && at.number === steps) ||
      (at?.kind === "method" && at.step === method && at.number === times);
    const moment = isFatal ? at.moment : undefined;
    const death = moment === undefined ? DEATH_AT_SOME_TIME : deathAt(moment, method);
    if (moment === "before") die(death);
    if (isDead) return never();
    if (moment === "within" && target !== undefined) {
      stepInside(target, () => {
        stepInside(target, () => undefined);
        die(death);
        throw new Error("the process died");
      });
    }
    disk.holds = moment === "unflushed";
    const working = work();
    if (moment === "unflushed") die(death);
    const result = await alive(working);
    if (moment === "after" || moment === "within") die(death);
    return isDead ? never() : result;
  };

  const mortal = <Target extends object>(target: Target, syncLedger: SyncLedger | undefined): Target =>
    new Proxy(target, {
      get(object, name) {
        const value: unknown = Reflect.get(object, name);
        if (typeof value !== "function") return value;
        const call = (...args: unknown[]): unknown => Reflect.apply(value, object, args);
        if (Object.hasOwn(STEPS, name))
          return (...args: unknown[]) => step(name as Step, syncLedger, () => call(...args) as Promise<unknown>);
        return (...args: unknown[]): unknown => {
          if (isDead) return never();
          const result = call(...args);
          return result instanceof Promise ? alive(result) : result;
        };
      },
    });

  return {
    clock: mortalClock,
    network: {
      dispatch: (options, handler) =>
        isDead ||
        network.dispatch(
          options,
          mortalHandler(handler, () => isDead || isOver),
        ),
      close: async () => undefined,
    },
    async ledgers(options) {
      const opened = await openLedger({ ...options, flush: disk.flush(onFlush) });
      if (options.readOnly === true) return opened;
      ledger = opened;
      return { ...mortal(opened, undefined), of: async (name) => mortal(await opened.of(name), await opened.of(name)) };
    },
    death,
    steps: timesOf,
    get isFull() {
      return fullFrom !== undefined && steps >= fullFrom;
    },
    end() {
      fate?.cancel();
      isOver = true;
    },
    async bury() {
      await ledger?.close();
      disk.restore();
    },
  };
}

/** A request for which a connection comes too late never leaves, and nobody hears of an answer. */
function mortalHandler(handler: Dispatcher.DispatchHandler, isDead: () => boolean): Dispatcher.DispatchHandler {
  return {
    onRequestStart(controller, context) {
      if (isDead()) controller.abort(new Error("the process died"));
      else handler.onRequestStart?.(controller, context);
    },
    onResponseStart(...args) {
      if (!isDead()) handler.onResponseStart?.(...args);
    },
    onResponseData(...args) {
      if (!isDead()) handler.onResponseData?.(...args);
    },
    onResponseEnd(...args) {
      if (!isDead()) handler.onResponseEnd?.(...args);
    },
    onResponseError(...args) {
      if (!isDead()) handler.onResponseError?.(...args);
    },
  };
}

/** The disk under a ledger: what was flushed last, to be put back when the power fails. */
function shadowOf(file: string, isVolatile: boolean) {
  const files = ["", "-wal"];
  const keep = (): void => {
    for (const suffix of files) {
      if (existsSync(file + suffix)) copyFileSync(file + suffix, `${file}${suffix}.flushed`);
      else rmSync(`${file}${suffix}.flushed`, { force: true });
    }
  };
  if (isVolatile) keep();
  const shadow = {
    /** A flush that does not come to its end any more. */
    holds: false,
    flush:
      (onFlush: () => void) =>
      (_fd: number, done: (error: Error | null) => void): void => {
        if (shadow.holds) return;
        if (isVolatile) keep();
        onFlush();
        done(null);
      },
    restore(): void {
      if (!isVolatile) return;
      for (const suffix of [...files, "-shm"]) rmSync(file + suffix, { force: true });
      for (const suffix of files)
        if (existsSync(`${file}${suffix}.flushed`)) copyFileSync(`${file}${suffix}.flushed`, file + suffix);
    },
  };
  return shadow;
}
