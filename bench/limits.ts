/** How much is used of a limit: one that is announced, on the wire; and others that are found out, in virtual time. */
import { Lane } from "../src/core/lane.ts";
import {
  fixedWindow,
  leakyBucket,
  sendAll,
  slidingWindow,
  tokenBucket,
  type Model,
} from "../src/testing/limited-server.ts";
import { message, start, stop } from "./child.ts";
import type { Task } from "./contestant.ts";
import { copyConfig } from "./copy.ts";
import { FEW_ROUNDS } from "./duel.ts";
import { withServer } from "./neutral-server.ts";
import { median, type Row, type Sized } from "./row.ts";

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** A limit of 50 a second that is announced. */
export function announced(sized: Sized): Promise<readonly Row[]> {
  const limit = 50;
  // Some windows are needed between the first and the last.
  const records = Math.max(5 * limit, sized(1_500));
  return withServer({ records, perSecond: limit }, async ({ base, served }) => {
    const shares: number[] = [];
    let refused = 0;
    for (let round = 0; round < FEW_ROUNDS; round++) {
      // A new process each time, because a ledger remembers the limit. It needs no warming up: it waits for the limit.
      const task: Task = { way: "evenkeel", config: copyConfig(base) };
      const child = start("contestant.ts", task);
      child.send("go");
      await message(child);
      await stop(child);
      const { windows, refused: more } = await served();
      // The server counts in windows of a second. The first and the last are not whole: the process starts and the run ends somewhere in them.
      // All others are those in which the sync could have sent as much as is allowed, and no burst at an edge makes them look better.
      const between = windows.slice(1, -1);
      shares.push(between.reduce((sum, count) => sum + count, 0) / (limit * between.length));
      refused += more;
    }
    return [
      {
        what: `announced limit of ${limit}/s: share of it that is used`,
        value: `${shares.map(percent).join(", ")}`,
        figure: median(shares),
        atLeast: 0.98,
      },
      { what: "requests that it refused", value: `${refused}`, figure: refused, atMost: 0 },
    ];
  });
}

const MINUTE_MS = 60_000;
const RUN_MS = 20 * MINUTE_MS;
const RATES = [2, 10, 100];

/** What is to be used of the capacity, by how a server limits. A leaky bucket has no window. */
const KINDS: readonly (readonly [name: string, model: Model, bar: number, windowsMs: readonly number[]])[] = [
  ["token bucket", tokenBucket, 0.95, [1_000, 10_000, MINUTE_MS]],
  ["fixed window", fixedWindow, 0.9, [1_000, 10_000, MINUTE_MS]],
  ["sliding window", slidingWindow, 0.85, [1_000, 10_000, MINUTE_MS]],
  ["leaky bucket", leakyBucket, 0.95, [1_000]],
];

/** What it serves to somebody who asks every millisecond, whatever the answer: more than that there is not. */
function capacityOf(server: ReturnType<Model>): number {
  let served = 0;
  for (let nowMs = 0; nowMs < RUN_MS; nowMs++) if (server(nowMs).isServed) served += 1;
  return served;
}

/** The share of the capacity that is used in 20 minutes, and that of requests that are refused after the first one. */
function play(server: ReturnType<Model>, capacity: number, latencyMs: number, seed: number): readonly [number, number] {
  let [late, refused] = [0, 0];
  const counting: typeof server = (nowMs) => {
    const verdict = server(nowMs);
    if (nowMs >= MINUTE_MS) late += 1;
    if (nowMs >= MINUTE_MS && !verdict.isServed) refused += 1;
    return verdict;
  };
  const lane = new Lane({ ratePerMs: undefined, concurrency: undefined });
  const sent = sendAll(counting, () => [], { lane, latencyMs, forMs: RUN_MS, seed, retryAfter: false });
  return [sent.served / capacity, refused / late];
}

/** Limits that are not announced. */
export async function unannounced(): Promise<readonly Row[]> {
  return KINDS.flatMap(([name, model, bar, windowsMs]): readonly Row[] => {
    let worst = { used: Number.POSITIVE_INFINITY, usedAt: "", refused: 0, refusedAt: "" };
    for (const perSecond of RATES)
      for (const windowMs of windowsMs) {
        const server = (): ReturnType<Model> => model((perSecond * windowMs) / 1_000, windowMs);
        const capacity = capacityOf(server());
        const at = `${perSecond}/s${windowsMs.length === 1 ? "" : ` in windows of ${windowMs / 1_000} s`}`;
        for (const latencyMs of [20, 60])
          for (const seed of [1, 2]) {
            const [used, refused] = play(server(), capacity, latencyMs, seed);
            if (used < worst.used) worst = { ...worst, used, usedAt: at };
            if (refused > worst.refused) worst = { ...worst, refused, refusedAt: at };
          }
      }
    return [
      {
        what: `unannounced limit, ${name} of ${RATES.join(", ")} a second: share of the capacity in 20 virtual minutes`,
        value: `${percent(worst.used)} at worst, of ${worst.usedAt}`,
        figure: worst.used,
        atLeast: bar,
      },
      {
        what: "share that is refused after the first minute",
        value: `${(worst.refused * 100).toFixed(2)} % at worst, of ${worst.refusedAt}`,
        figure: worst.refused,
        atMost: 0.01,
      },
    ];
  });
}
