/** A queue between what happens and who looks: values pushed before or while somebody iterates, in order. */
export interface Stream<Value> extends AsyncIterable<Value> {
  push(value: Value): void;
  /** Resolves when somebody reads and has kept up, or nobody reads: for whoever has more to say than may wait here. */
  breathe(): Promise<void>;
  end(): void;
}

/** Values that nobody reads are dropped beyond this, oldest first: a run must not grow because its events are ignored. */
const UNREAD_MAX = 100_000;

/** With more unread values than this, whoever breathes waits for the reader. */
const BREATH_MAX = 10_000;

export function createStream<Value>(): Stream<Value> {
  let unread: Value[] = [];
  let ended = false;
  let wake: (() => void) | undefined;
  let isRead = false;
  const waiting: (() => void)[] = [];
  const release = (): void => {
    for (const go of waiting.splice(0)) go();
  };
  return {
    async breathe() {
      if (isRead && !ended && unread.length > BREATH_MAX) await new Promise<void>((go) => waiting.push(go));
    },
    push(value) {
      unread.push(value);
      if (unread.length > UNREAD_MAX) unread = unread.slice(UNREAD_MAX / 2);
      wake?.();
    },
    end() {
      ended = true;
      wake?.();
    },
    async *[Symbol.asyncIterator]() {
      isRead = true;
      try {
        yield* values();
      } finally {
        isRead = false;
        release();
      }
    },
  };

  async function* values(): AsyncGenerator<Value> {
    for (;;) {
      const batch = unread;
      unread = [];
      release();
      yield* batch;
      if (unread.length > 0) continue;
      if (ended) return;
      await new Promise<void>((done) => (wake = done));
    }
  }
}

/** Values as they come, and what they come to in the end: the stream ends when the work does. */
export function streaming<Value, Result>(
  stream: Stream<Value>,
  work: Promise<Result>,
): AsyncIterable<Value> & { readonly result: Promise<Result> } {
  const result = work.finally(() => stream.end());
  // Whoever only iterates must not be surprised by an unhandled rejection; whoever awaits still gets it.
  result.catch(() => undefined);
  return { result, [Symbol.asyncIterator]: () => stream[Symbol.asyncIterator]() };
}
