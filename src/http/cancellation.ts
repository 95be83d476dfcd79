/** Something that waits and can be told that it need not. */
export interface Abandonable {
  abandon(): void;
}

/** Who is to be told when a signal is aborted: one listener a signal, however many requests hang on it. */
const watched = new WeakMap<AbortSignal, Set<Abandonable>>();

/**
 * Tells `waiting` once when the signal is aborted, unless `forget` is called with it first. The signal must not be aborted yet.
 *
 * All requests of a run share one signal. An event target looks through all of its listeners for each one that is added or removed, which
 * would make a request cost more the more of them wait.
 */
export function onAbort(signal: AbortSignal, waiting: Abandonable): void {
  const known = watched.get(signal);
  if (known !== undefined) {
    known.add(waiting);
    return;
  }
  const all = new Set([waiting]);
  watched.set(signal, all);
  signal.addEventListener(
    "abort",
    () => {
      watched.delete(signal);
      for (const each of all) each.abandon();
    },
    { once: true },
  );
}

/** The opposite of {@link onAbort}; harmless when it was called already. */
export function forget(signal: AbortSignal, waiting: Abandonable): void {
  watched.get(signal)?.delete(waiting);
}
