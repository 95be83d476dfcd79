/**
 * One way to copy all records, in a process of its own: `node bench/contestant.ts NAME ADDRESS`. It copies each time it is told to, and tells
 * how many ms it took; it ends with the channel to its parent.
 */
import process from "node:process";
import pLimit from "p-limit";
import { open } from "../src/index.ts";
import { CONCURRENCY, copyConfig, withFolder } from "./bed.ts";

/** Copies everything each time it is called. What it needs for that, such as connections, it keeps from one time to the next. */
interface Contestant {
  /** Not measured. */
  prepare(): Promise<void>;
  copy(): Promise<void>;
}

/** What people write: `fetch`, p-limit, a page at a time. No retries, no ledger. */
const withFetch = (base: string): Contestant => ({ prepare: async () => undefined, copy: () => fetchAll(base) });

async function fetchAll(base: string): Promise<void> {
  const limit = pLimit(CONCURRENCY);
  for (let cursor: string | null = "0"; cursor !== null;) {
    const page = (await (await fetch(`${base}/records?cursor=${cursor}`)).json()) as {
      data: Record<string, unknown>[];
      next: string | null;
    };
    await Promise.all(
      page.data.map((each) =>
        limit(async () => {
          const answer = await fetch(`${base}/items/${String(each["id"])}`, {
            method: "PUT",
            headers: { "content-type": "application/json" },
            body: JSON.stringify(each),
          });
          await answer.text();
        }),
      ),
    );
    cursor = page.next;
  }
}

/** The ledger knows nothing each time; its opening and closing are included. */
async function withEvenkeel(base: string, folder: string): Promise<Contestant> {
  const evenkeel = await open({ cwd: folder, config: copyConfig(base) });
  return {
    prepare: () => evenkeel.reset("records", { checkpoint: true, entries: true }),
    async copy() {
      const { exitCode, syncs } = await evenkeel.run().result;
      const created = syncs[0]?.counts.created ?? 0;
      if (exitCode !== 0 || created === 0) throw new Error(`the run ended with ${exitCode} and created ${created}`);
    },
  };
}

const [name, base = ""] = process.argv.slice(2);
await withFolder(async (folder) => {
  const contestant = name === "evenkeel" ? await withEvenkeel(base, folder) : withFetch(base);
  const turn = async (): Promise<void> => {
    await contestant.prepare();
    const startedMs = performance.now();
    await contestant.copy();
    process.send?.(performance.now() - startedMs);
  };
  process.on("message", () => void turn());
  await new Promise<void>((done) => process.once("disconnect", done));
});
process.exit();
