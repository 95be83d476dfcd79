import type { Clock } from "./core/clock.ts";
import type { SyncLedger } from "./core/ledger.ts";

/** How long a ledger kept the process busy, ms. */
export interface Spent {
  ms: number;
}

/** The ledger, with the time added to `spent` in which its calls let nothing else go on. What they wait for afterwards is not counted. */
export function timed(ledger: SyncLedger, clock: Pick<Clock, "monotonicMs">, spent: Spent): SyncLedger {
  return new Proxy(ledger, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...values: readonly unknown[]): unknown => {
        const startedMs = clock.monotonicMs();
        try {
          return Reflect.apply(member, target, values) as unknown;
        } finally {
          spent.ms += clock.monotonicMs() - startedMs;
        }
      };
    },
  });
}
