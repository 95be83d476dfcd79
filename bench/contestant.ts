/**
 * One way to copy all records, in a process of its own: `node bench/contestant.ts NAME ADDRESS`. It copies each time it is told to, and tells
 * how many ms it took.
 */
import process from "node:process";
import pLimit from "p-limit";
import { open } from "../src/index.ts";
import { CONCURRENCY, copyConfig, withFolder } from "./bed.ts";

type Copy = (base: string) => Promise<void>;

/** What people write: `fetch`, p-limit, a page at a time. No retries, no ledger. */
const withFetch: Copy = async (base) => {
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
};

/** A new ledger each time, its opening and closing included. */
const withEvenkeel: Copy = (base) =>
  withFolder(async (folder) => {
    const evenkeel = await open({ cwd: folder, config: copyConfig(base) });
    const { exitCode } = await evenkeel.run().result;
    await evenkeel.close();
    if (exitCode !== 0) throw new Error(`the run ended with ${exitCode}`);
  });

const [name, base = ""] = process.argv.slice(2);
const copy = name === "evenkeel" ? withEvenkeel : withFetch;
process.on("message", () => {
  const startedMs = performance.now();
  void copy(base).then(() => process.send?.(performance.now() - startedMs));
});
