/**
 * One way to copy all records, in a process of its own: `node bench/contestant.ts TASK`. It copies each time it is told to, and tells how many
 * ms it took; it ends with the channel to its parent.
 */
import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import pLimit from "p-limit";
import { Pool } from "undici";
import { open, type ConfigInput } from "../src/index.ts";
import { withFolder } from "./bed.ts";

export type Task =
  /** Evenkeel; `again`: what it did once, it does again, as nothing has changed. */
  | { readonly way: "evenkeel"; readonly config: ConfigInput; readonly again?: boolean }
  /** As many requests as there are records, of one and the same body, by undici's dispatcher: what one process can do at most. */
  | { readonly way: "dispatch"; readonly base: string; readonly records: number; readonly concurrency: number }
  /** What people write: `fetch`, p-limit, a page at a time. No retries, no ledger. */
  | { readonly way: "fetch"; readonly base: string; readonly concurrency: number }
  /** The same in Python, with requests and its Retry. */
  | { readonly way: "requests"; readonly base: string; readonly threads: number };

/** What it needs for each copy, such as connections, it keeps from one time to the next. */
interface Copier {
  /** Not measured. */
  prepare(): Promise<void>;
  copy(): Promise<void>;
}

const nothing = async (): Promise<void> => undefined;

async function withEvenkeel(
  { config, again = false }: Extract<Task, { way: "evenkeel" }>,
  folder: string,
): Promise<Copier> {
  const evenkeel = await open({ cwd: folder, config });
  const run = async (): Promise<void> => {
    const { exitCode, syncs } = await evenkeel.run().result;
    const counts = syncs[0]?.counts;
    if (exitCode !== 0 || counts === undefined) throw new Error(`the run ended with ${exitCode}`);
    if (counts.created > 0 !== isFirst) throw new Error(`the run created ${counts.created}`);
  };
  let isFirst = true;
  const name = Object.keys(config.syncs)[0] as string;
  return {
    async prepare() {
      if (!again) return evenkeel.reset(name, { checkpoint: true, entries: true });
      if (isFirst) await run();
      isFirst = false;
    },
    copy: run,
  };
}

function withDispatch({ base, records, concurrency }: Extract<Task, { way: "dispatch" }>): Copier {
  const pool = new Pool(base, { connections: concurrency, pipelining: 1 });
  const body = JSON.stringify({ name: "record", note: "x".repeat(460) });
  const copy = (): Promise<void> =>
    new Promise((done, failed) => {
      let started = 0;
      let ended = 0;
      const next = (): void => {
        if (started >= records) return;
        const id = started++;
        pool.dispatch(
          { method: "PUT", path: `/items/${id}`, headers: { "content-type": "application/json" }, body },
          {
            onRequestStart() {},
            onResponseStart() {},
            onResponseData() {},
            onResponseEnd() {
              ended += 1;
              if (ended === records) done();
              else next();
            },
            onResponseError: (_, error) => failed(error),
          },
        );
      };
      for (let index = 0; index < concurrency; index++) next();
    });
  return { prepare: nothing, copy };
}

interface Row {
  readonly [name: string]: unknown;
  readonly id: number;
  readonly price: number;
  readonly quantity: number;
  readonly city: string;
  readonly name: string;
}

const mapped = ({ id, name, email, active, updated_at, note, price, quantity, city }: Row): unknown => ({
  id,
  name,
  email,
  active,
  updated: updated_at,
  note,
  total: Math.round(price * quantity * 100) / 100,
  label: `${city.toUpperCase()} / ${name}`,
});

function withFetch({ base, concurrency }: Extract<Task, { way: "fetch" }>): Copier {
  const limit = pLimit(concurrency);
  const put = async (row: Row): Promise<void> => {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${base}/items/${row.id}`, {
      method: "PUT",
      headers,
      body: JSON.stringify(mapped(row)),
    });
    await answer.text();
  };
  return {
    prepare: nothing,
    async copy() {
      for (let cursor: string | null = "0"; cursor !== null;) {
        const page = (await (await fetch(`${base}/records?cursor=${cursor}`)).json()) as {
          data: Row[];
          next: string | null;
        };
        await Promise.all(page.data.map((row) => limit(put, row)));
        cursor = page.next;
      }
    },
  };
}

function withRequests({ base, threads }: Extract<Task, { way: "requests" }>): Copier {
  const script = fileURLToPath(new URL("requests_sync.py", import.meta.url));
  const copy = (): Promise<void> =>
    new Promise((done, failed) => {
      const child = spawn("python3", [script, base, `${threads}`], { stdio: "inherit" });
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
  await new Promise<void>((done) => process.once("disconnect", done));
});
process.exit();
