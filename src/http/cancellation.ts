/** What is to be done when a signal is aborted: one listener a signal, however many requests hang on it. */
const watched = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `then` once when the signal is aborted, unless `forget` is called with it first. The signal must not be aborted yet.
 *
 * All requests of a run share one signal. An event target looks through all of its listeners for each one that is added or removed, which
 * would make a request cost more the more of them wait.
 */
export function onAbort(signal: AbortSignal, then: () => void): void {
  const known = watched.get(signal);
  if (known !== undefined) {
    known.add(then);
    return;
  }
  const all = new Set([then]);
  watched.set(signal, all);
  signal.addEventListener(
    "abort",
    () => {
      watched.delete(signal);
      for (const each of all) each();
    },
    { once: true },
  );
}

/** The opposite of {@link onAbort}; harmless when it was called already. */
export function forget(signal: AbortSignal, then: () => void): void {
  watched.get(signal)?.delete(then);
}
