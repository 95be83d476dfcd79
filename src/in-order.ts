/** A piece of work with a name, and the names of those that come before it where they are among the others. */
interface Ordered {
  readonly name: string;
  readonly after: readonly string[];
}

interface Limits {
  /** So many at once; one where it is less. */
  readonly atOnce: number;
  /** Once it is aborted, nothing more begins. */
  readonly stop: AbortSignal;
}

/**
 * Does all of it, in its order as far as it may, and gives what came of those that began, in that order too. What is named before what waits for it comes to
 * an end, however it ends. When one throws, nothing more begins; it is thrown again once all that began has ended, so that whoever called can put away what they use.
 */
export async function inOrder<Item extends Ordered, Result>(
  items: readonly Item[],
  { atOnce, stop }: Limits,
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const names = new Set(items.map(({ name }) => name));
  const waiting = [...items];
  const running = new Set<Promise<void>>();
  const results = new Map<Item, Result>();
  const ended = new Set<string>();
  const isReady = ({ after }: Item): boolean => after.every((name) => ended.has(name) || !names.has(name));

  const begin = (item: Item): void => {
    const whole = work(item).then((result) => {
      results.set(item, result);
      ended.add(item.name);
      running.delete(whole);
    });
    running.add(whole);
  };

  try {
    for (;;) {
      while ((running.size === 0 || running.size < atOnce) && !stop.aborted) {
        const next = waiting.findIndex(isReady);
        if (next === -1) break;
        for (const item of waiting.splice(next, 1)) begin(item);
      }
      if (running.size === 0) break;
      await Promise.race(running);
    }
  } finally {
    await Promise.allSettled(running);
  }
  return items.flatMap((item) => (results.has(item) ? [results.get(item) as Result] : []));
}
