/**
 * One way to copy records, in a process of its own: `node bench/contestant.ts TASK`. It copies each time it is told to, and tells how many ms and
 * how much of the processor it took; it ends with the channel to its parent.
 */
import { spawn } from "node:child_process";
import process from "node:process";
import pLimit from "p-limit";
import { Pool, type Dispatcher } from "undici";
import { open, type ConfigInput } from "../src/index.ts";
import { leave, moduleOf } from "./child.ts";
import { withFolder } from "./folder.ts";
import { mapped, PAGE, type Row } from "./records.ts";

export type Task =
  /** Evenkeel: each time a first run. */
  | { readonly way: "evenkeel"; readonly config: ConfigInput }
  | Bare
  /** What people write: `fetch`, p-limit, a page at a time. No retries, no ledger. */
  | { readonly way: "fetch"; readonly base: string; readonly records: number; readonly concurrency: number }
  /** The same in Python, with requests and its Retry. */
  | { readonly way: "requests"; readonly base: string; readonly records: number; readonly threads: number };

/** Requests by undici's dispatcher, of one and the same body: what one process can do at most. */
interface Bare {
  readonly way: "dispatch";
  readonly base: string;
  readonly records: number;
  readonly body: string;
  readonly concurrency: number;
  /** So many copies, one after the other, each of which reads its pages first; without it, one that reads none. */
  readonly copies?: number;
}

/** What it needs for each copy, such as connections, it keeps from one time to the next. */
interface Copier {
  /** Not measured. */
  prepare(): Promise<void>;
  copy(): Promise<void>;
}

const nothing = async (): Promise<void> => undefined;

async function withEvenkeel({ config }: Extract<Task, { way: "evenkeel" }>, folder: string): Promise<Copier> {
  const evenkeel = await open({ cwd: folder, config });
  const name = Object.keys(config.syncs)[0] as string;
  return {
    prepare: () => evenkeel.reset(name, { checkpoint: true, entries: true }),
    async copy() {
      const { exitCode, syncs } = await evenkeel.run().result;
      if (exitCode !== 0 || (syncs[0]?.counts.created ?? 0) === 0) throw new Error(`the run ended with ${exitCode}`);
    },
  };
}

function withDispatch({ base, records, body, concurrency, copies }: Bare): Copier {
  const pool = new Pool(base, { connections: concurrency, pipelining: 1 });
  const send = (options: Dispatcher.DispatchOptions, ended: () => void, failed: (error: Error) => void): boolean =>
    pool.dispatch(options, {
      onRequestStart() {},
      onResponseStart() {},
      onResponseData() {},
      onResponseEnd: ended,
      onResponseError: (_, error) => failed(error),
    });
  const page = (cursor: number): Promise<void> =>
    new Promise((done, failed) => send({ method: "GET", path: `/records?cursor=${cursor}` }, done, failed));
  const writes = (): Promise<void> =>
    new Promise((done, failed) => {
      let started = 0;
      let ended = 0;
      const next = (): void => {
        if (started >= records) return;
        const path = `/items/${started++}`;
        const headers = { "content-type": "application/json" };
        send(
          { method: "PUT", path, headers, body },
          () => {
            ended += 1;
            if (ended === records) done();
            else next();
          },
          failed,
        );
      };
      for (let index = 0; index < concurrency; index++) next();
    });
  return {
    prepare: nothing,
    async copy() {
      if (copies === undefined) return writes();
      for (let copy = 0; copy < copies; copy++) {
        for (let cursor = 0; cursor < records; cursor += PAGE) await page(cursor);
        await writes();
      }
    },
  };
}

function withFetch({ base, records, concurrency }: Extract<Task, { way: "fetch" }>): Copier {
  const limit = pLimit(concurrency);
  const put = async (row: Row): Promise<void> => {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify(mapped(row));
    const answer = await fetch(`${base}/items/${row.id}`, { method: "PUT", headers, body });
    if (!answer.ok) throw new Error(`answered ${answer.status}`);
    await answer.text();
  };
  return {
    prepare: nothing,
    async copy() {
      let copied = 0;
      for (let cursor: string | null = "0"; cursor !== null && copied < records;) {
        const answer = await fetch(`${base}/records?cursor=${cursor}`);
        const page = (await answer.json()) as { readonly data: Row[]; readonly next: string | null };
        const rows = page.data.slice(0, records - copied);
        await Promise.all(rows.map((row) => limit(put, row)));
        copied += rows.length;
        cursor = page.next;
      }
    },
  };
}

function withRequests({ base, records, threads }: Extract<Task, { way: "requests" }>): Copier {
  const script = [moduleOf("requests_sync.py"), base, `${threads}`, `${records}`];
  const copy = (): Promise<void> =>
    new Promise((done, failed) => {
      const child = spawn("python3", script, { stdio: "inherit" });
      child.once("error", failed);
      child.once("exit", (code) => (code === 0 ? done() : failed(new Error(`the script ended with ${code}`))));
    });
  return { prepare: nothing, copy };
}

function copierOf(task: Task, folder: string): Copier | Promise<Copier> {
  switch (task.way) {
    case "evenkeel":
      return withEvenkeel(task, folder);
    case "dispatch":
      return withDispatch(task);
    case "fetch":
      return withFetch(task);
    case "requests":
      return withRequests(task);
  }
}

await withFolder(async (folder) => {
  const copier = await copierOf(JSON.parse(process.argv[2] ?? "{}") as Task, folder);
  const turn = async (): Promise<void> => {
    await copier.prepare();
    const cpu = process.cpuUsage();
    const startedMs = performance.now();
    await copier.copy();
    const ms = performance.now() - startedMs;
    const { user, system } = process.cpuUsage(cpu);
    process.send?.({ ms, cpuMs: (user + system) / 1_000 });
  };
  process.on("message", () => void turn());
  await leave();
});
process.exit();
