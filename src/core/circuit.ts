/** R7: every failure is a repetition to come, paid from a budget: 20 % of requests plus 10 a second. */
const BUDGET_PER_REQUEST = 0.2;
const BUDGET_PER_MS = 0.01;
/** Ten seconds of the allowance, so that a hiccup of everything under way does not open the circuit. */
const BUDGET_MAX = 100;
/** After a recovery, the next outage is noticed after this many failures. */
const BUDGET_RECOVERED = 20;

/** While the circuit is open, single probes go out at these intervals. */
const PROBE_BASE_MS = 1_000;
const PROBE_CAP_MS = 30_000;

/**
 * Notices that an API is down (R7): when failures outrun the budget, requests stop and single probes go out, until one comes back. So records
 * wait instead of failing one after the other. Pure; times are ms on the monotonic clock.
 *
 * ```
 * closed ── budget spent ──▶ open, for 1 s, 2 s, ... 30 s ──▶ one probe ──▶ closed
 *                              ▲──────────────────────────── it failed
 * ```
 */
export class Circuit {
  #budget = BUDGET_MAX;
  #budgetAtMs = 0;
  #failedProbes = 0;
  #openUntilMs: number | undefined;

  /** Until when no request may go; undefined when the circuit is closed. Past that moment, one request at a time may. */
  get openUntilMs(): number | undefined {
    return this.#openUntilMs;
  }

  succeeded(nowMs: number): void {
    this.#refill(nowMs, BUDGET_PER_REQUEST);
    if (this.#openUntilMs === undefined) return;
    this.#openUntilMs = undefined;
    this.#failedProbes = 0;
    this.#budget = BUDGET_RECOVERED;
  }

  /** @param startedMs when the failed request began: one that began before the circuit opened says nothing new */
  failed(startedMs: number, nowMs: number): void {
    this.#refill(nowMs, BUDGET_PER_REQUEST - 1);
    if (this.#openUntilMs === undefined ? this.#budget > 0 : startedMs < this.#openUntilMs) return;
    this.#openUntilMs = nowMs + Math.min(PROBE_CAP_MS, PROBE_BASE_MS * 2 ** this.#failedProbes);
    this.#failedProbes += 1;
  }

  #refill(nowMs: number, change: number): void {
    const refilled = this.#budget + (nowMs - this.#budgetAtMs) * BUDGET_PER_MS + change;
    this.#budget = Math.max(0, Math.min(BUDGET_MAX, refilled));
    this.#budgetAtMs = nowMs;
  }
}
