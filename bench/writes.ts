/** Copies of everything: against the bare loop of undici, `fetch` with p-limit, and requests in Python. */
import { spawnSync } from "node:child_process";
import { CONCURRENCY, copyConfig, withServer, type CopyOptions } from "./bed.ts";
import { duel, perSecond, type Rival, type Row } from "./duel.ts";

const RECORDS = 100_000;

const hasPython = spawnSync("python3", ["-c", "import requests"]).status === 0;

/** One PUT a record, and one POST with a key a record. */
export function copies(records: number = RECORDS): Promise<readonly Row[]> {
  return withServer({ records }, async ({ base }) => {
    const create = copyConfig(base, {
      sync: {
        destination: { create: { request: "POST /items", id: "id", idempotencyKey: { header: "Idempotency-Key" } } },
      },
    });
    const rivals: Rival[] = [
      { name: "dispatch", task: { way: "dispatch", base, records, concurrency: CONCURRENCY } },
      { name: "put", task: { way: "evenkeel", config: copyConfig(base) } },
      { name: "create", task: { way: "evenkeel", config: create } },
      { name: "fetch", task: { way: "fetch", base, concurrency: CONCURRENCY }, rounds: 2 },
      ...(hasPython
        ? ([1, 16] as const).map((threads): Rival => ({
            name: `requests ${threads}`,
            task: { way: "requests", base, threads },
            rounds: 1,
          }))
        : []),
    ];
    const turns = await duel(rivals);
    const msOf = (name: string): number => turns.get(name)?.ms ?? Number.NaN;
    const rate = (name: string): string => perSecond(records, msOf(name));
    const against = (name: string, other: string): number => msOf(other) / msOf(name);
    return [
      { what: `bare undici dispatch loop, ${CONCURRENCY} at once`, value: rate("dispatch") },
      { what: "a PUT for each record", value: rate("put"), ratio: against("put", "dispatch"), atLeast: 0.6 },
      {
        what: "a POST with a key for each record",
        value: rate("create"),
        ratio: against("create", "dispatch"),
        atLeast: 0.55,
      },
      { what: "… PUT against `fetch` and p-limit", value: rate("fetch"), ratio: against("put", "fetch"), atLeast: 3.5 },
      ...(hasPython
        ? [
            {
              what: "… PUT against Python requests",
              value: rate("requests 1"),
              ratio: against("put", "requests 1"),
              atLeast: 8,
            },
            { what: "… with 16 threads", value: rate("requests 16"), ratio: against("put", "requests 16"), atLeast: 8 },
          ]
        : []),
    ];
  });
}

/** Answers in 50 ms. */
export async function latency(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const [concurrency, records] of [
    [64, 10_000],
    [256, 40_000],
  ] as const) {
    const [bare, ours] = await withServer({ records, delayMs: 50 }, async ({ base }) => {
      const turns = await duel([
        { name: "dispatch", task: { way: "dispatch", base, records, concurrency } },
        { name: "put", task: { way: "evenkeel", config: copyConfig(base, { concurrency }) } },
      ]);
      return [turns.get("dispatch")?.ms ?? Number.NaN, turns.get("put")?.ms ?? Number.NaN] as const;
    });
    rows.push({
      what: `answers in 50 ms, ${concurrency} at once, against the bare loop`,
      value: perSecond(records, ours),
      ratio: bare / ours,
      atLeast: 0.95,
    });
  }
  return rows;
}

/** A limit of 50 a second that is announced. */
export function announced(): Promise<readonly Row[]> {
  const [records, limit] = [3_000, 50];
  return withServer({ records, perSecond: limit }, async ({ base, served }) => {
    const { ms } = (await duel([{ name: "put", task: { way: "evenkeel", config: copyConfig(base) }, rounds: 1 }])).get(
      "put",
    ) ?? { ms: Number.NaN };
    const { refused } = await served();
    return [
      {
        what: "announced limit of 50/s: share of it that is used",
        value: perSecond(records, ms),
        ratio: records / ms / (limit / 1_000),
        atLeast: 0.98,
      },
      { what: "… refused", value: `${refused}`, ratio: refused, atMost: 0 },
    ];
  });
}

/** Batches of 100 against single writes. */
export function batches(records: number = RECORDS): Promise<readonly Row[]> {
  return withServer({ records, delayMs: 5 }, async ({ base }) => {
    const batched: CopyOptions = {
      sync: { destination: { upsertMany: { request: "PUT /items/batch", size: 100, body: "$" } } },
    };
    const turns = await duel([
      { name: "single", task: { way: "evenkeel", config: copyConfig(base) }, rounds: 2 },
      { name: "batches", task: { way: "evenkeel", config: copyConfig(base, batched) }, rounds: 2 },
    ]);
    const [single, many] = ["single", "batches"].map((name) => turns.get(name)?.ms ?? Number.NaN) as [number, number];
    return [
      {
        what: "batches of 100 against single writes, answers in 5 ms",
        value: perSecond(records, many),
        ratio: single / many,
        atLeast: 10,
      },
    ];
  });
}
