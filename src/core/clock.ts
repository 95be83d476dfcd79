/** Something that {@link Clock.after} started and that may be cancelled; cancelling twice is harmless. */
export interface Timer {
  cancel(): void;
}

/**
 * The only way to time (T1). `runtime/` has the real one, `testing/` a virtual one.
 * Two notions of time are kept apart (R6): waits and limits use `monotonicMs`, which never jumps;
 * only what is stored or compared with a server's clock uses `wallMs`.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch; may jump. */
  wallMs(): number;
  /** Milliseconds since an arbitrary start; never goes back. */
  monotonicMs(): number;
  /**
   * Resolves after `ms` (at once when 0 or less). Delays over 2^31-1 ms are split (R6).
   * Rejects with the signal's reason when it is or becomes aborted.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `then` once after `ms` unless cancelled. Keeps the process alive: somebody waits for it. */
  after(ms: number, then: () => void): Timer;
  /** Calls `then` once, as soon as all that has come already is taken in: for what is better done for all of it together. */
  soon(then: () => void): void;
}

/** The only way to chance (T1). */
export interface Chance {
  /** Uniform in [0, 1). */
  random(): number;
  /** A random UUID (version 4), for idempotency keys (K3). */
  uuid(): string;
}
