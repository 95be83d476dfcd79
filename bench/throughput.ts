/**
 * 10,000 PUTs to a loopback server: Evenkeel against a plain `fetch` loop with p-limit at the same concurrency. Server and contestants have
 * a process each; the contestants take turns, and their first rounds, while V8 compiles, are shown but not counted.
 */
import { fork, type ChildProcess } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { BYTES, CONCURRENCY, median, withServer } from "./bed.ts";

const RECORDS = 10_000;
const ROUNDS = 5;
const WARM_UP_ROUNDS = 3;
const NAMES = ["fetch", "evenkeel"] as const;

export async function throughput(): Promise<void> {
  const [plain, ours] = await withServer(RECORDS, async (base) => {
    const contestants = NAMES.map((name) =>
      fork(fileURLToPath(new URL("contestant.ts", import.meta.url)), [name, base]),
    );
    const rates: [number[], number[]] = [[], []];
    for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++)
      for (const [index, contestant] of contestants.entries()) rates[index as 0 | 1].push(await rateOf(contestant));
    for (const contestant of contestants) contestant.disconnect();
    return rates;
  });
  const counted = (rates: readonly number[]): number => median(rates.slice(WARM_UP_ROUNDS));
  const line = (name: string, rates: readonly number[]): string =>
    `  ${name.padEnd(16)} ${Math.round(counted(rates))}/s (first round: ${Math.round(rates[0] as number)}/s)\n`;
  process.stdout.write(
    `${RECORDS} PUTs of ${BYTES} bytes, ${CONCURRENCY} at once, median of ${ROUNDS} after ${WARM_UP_ROUNDS} to warm up\n` +
      line("fetch + p-limit", plain) +
      line("evenkeel", ours) +
      `  ${"ratio".padEnd(16)} ${(counted(ours) / counted(plain)).toFixed(2)} (first round: ${((ours[0] as number) / (plain[0] as number)).toFixed(2)})\n`,
  );
}

/** One round, in records a second. */
async function rateOf(contestant: ChildProcess): Promise<number> {
  const ms = await new Promise<number>((done, failed) => {
    contestant.once("message", (message) => done(message as number));
    contestant.once("exit", (code) => failed(new Error(`a contestant ended with ${code}`)));
    contestant.send("go");
  });
  contestant.removeAllListeners("exit");
  return (RECORDS / ms) * 1_000;
}
