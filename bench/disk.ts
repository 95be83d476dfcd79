/** How much a slow disk, and so the ledger's commits, holds up what is sent. */
import { CREATE } from "./copy.ts";
import { ours } from "./copies.ts";
import { duel, FEW_ROUNDS } from "./duel.ts";
import { withServer } from "./neutral-server.ts";
import type { Row, Sized } from "./row.ts";

const DELAY_MS = 5;

export function disk(sized: Sized): Promise<readonly Row[]> {
  const records = sized(50_000);
  return withServer({ records }, async (server) => {
    const rivals = [ours("PUT", server, records), ours("POST with a key", server, records, CREATE)].flatMap((rival) => [
      { ...rival, rounds: FEW_ROUNDS },
      { ...rival, name: `${rival.name}, slow`, rounds: FEW_ROUNDS, hook: `slow-disk.ts?ms=${DELAY_MS}` },
    ]);
    const result = await duel(server, rivals);
    return ["PUT", "POST with a key"].map((name) => ({
      what: `a ${name} for each record, each flush of the ledger ${DELAY_MS} ms slower, against the same without that`,
      value: result(`${name}, slow`).rate,
      figure: result(`${name}, slow`).perMs / result(name).perMs,
    }));
  });
}
