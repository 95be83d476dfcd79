import type { Clock } from "./core/clock.ts";
import type { SyncLedger } from "./core/ledger.ts";

/** How a ledger's time went, over all of its syncs. */
export class LedgerTimes {
  readonly #clock: Pick<Clock, "monotonicMs">;
  #busyMs = 0;
  #waiting = 0;
  #sinceMs = 0;
  #diskMs = 0;

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  /** How long it let nothing else go on. */
  get busyMs(): number {
    return this.#busyMs;
  }

  /** How long at least one of its calls, having done that, waited for the disk; other things went on meanwhile. */
  get diskMs(): number {
    return this.#diskMs;
  }

  /** The ledger, with its time added here. */
  of(ledger: SyncLedger): SyncLedger {
    return new Proxy(ledger, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        return (...values: readonly unknown[]): unknown =>
          this.#waitedFor(this.#timed(() => Reflect.apply(member, target, values)));
      },
    });
  }

  #timed(call: () => unknown): unknown {
    const startedMs = this.#clock.monotonicMs();
    try {
      return call();
    } finally {
      this.#busyMs += this.#clock.monotonicMs() - startedMs;
    }
  }

  #waitedFor(result: unknown): unknown {
    if (!(result instanceof Promise)) return result;
    if (this.#waiting === 0) this.#sinceMs = this.#clock.monotonicMs();
    this.#waiting += 1;
    const ended = (): void => {
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#diskMs += this.#clock.monotonicMs() - this.#sinceMs;
    };
    result.then(ended, ended);
    return result;
  }
}
