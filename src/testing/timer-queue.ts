/** A timer of the virtual clock. */
export interface QueuedTimer {
  readonly dueMs: number;
  /** Of creation: timers that are due together fire in this order. */
  readonly order: number;
  readonly fire: () => void;
  isOff: boolean;
}

/** Timers by time, then by order of creation. */
export interface TimerQueue {
  /** Timers that are neither taken nor cancelled. */
  readonly size: number;
  add(timer: QueuedTimer): void;
  cancel(timer: QueuedTimer): void;
  /** The earliest timer, if it is due by then. */
  take(untilMs: number): QueuedTimer | undefined;
}

/** Smaller heaps are not worth sweeping. */
const SWEEP_FROM = 64;

/**
 * A binary heap. Most timers are cancelled (every request sets one), so a cancelled one is only marked, and once they are the most they are
 * swept out.
 */
export function timerQueue(): TimerQueue {
  let heap: QueuedTimer[] = [];
  let live = 0;

  const push = (timer: QueuedTimer): void => {
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(timer, heap[parent] as QueuedTimer)) break;
      heap[at] = heap[parent] as QueuedTimer;
      at = parent;
    }
    heap[at] = timer;
  };

  const dropFirst = (): void => {
    const last = heap.pop() as QueuedTimer;
    if (heap.length === 0) return;
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && isBefore(heap[child + 1] as QueuedTimer, heap[child] as QueuedTimer)) child += 1;
      if (!isBefore(heap[child] as QueuedTimer, last)) break;
      heap[at] = heap[child] as QueuedTimer;
      at = child;
    }
    heap[at] = last;
  };

  return {
    get size() {
      return live;
    },
    add(timer) {
      live += 1;
      push(timer);
    },
    cancel(timer) {
      if (timer.isOff) return;
      timer.isOff = true;
      live -= 1;
      if (heap.length < SWEEP_FROM || live > heap.length / 2) return;
      const kept = heap.filter(({ isOff }) => !isOff);
      heap = [];
      for (const each of kept) push(each);
    },
    take(untilMs) {
      for (let first = heap[0]; first !== undefined; first = heap[0]) {
        if (!first.isOff && first.dueMs > untilMs) return undefined;
        dropFirst();
        if (first.isOff) continue;
        first.isOff = true;
        live -= 1;
        return first;
      }
      return undefined;
    },
  };
}

const isBefore = (left: QueuedTimer, right: QueuedTimer): boolean =>
  left.dueMs < right.dueMs || (left.dueMs === right.dueMs && left.order < right.order);
