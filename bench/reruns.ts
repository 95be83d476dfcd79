/** Runs in which nothing has changed, by the command. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "./command.ts";
import { BATCHES, copyConfig, SOURCE, type CopyOptions } from "./copy.ts";
import { ROUNDS } from "./duel.ts";
import { withFolder } from "./folder.ts";
import { withServer } from "./neutral-server.ts";
import { PAGE } from "./records.ts";
import { median, perSecond, whole, type Row, type Sized } from "./row.ts";

const MIRROR: CopyOptions = { sync: { destination: { delete: "DELETE /items/{id}" }, deletes: { mode: "mirror" } } };
/** Only how many records its ledger knows counts, so the first run is short. */
const INCREMENTAL: CopyOptions = {
  sync: { ...BATCHES.sync, source: { ...SOURCE, cursor: { field: "updated_at", type: "timestamp", param: "since" } } },
};

interface Again {
  readonly ms: number;
  readonly cpuMs: number;
  /** Requests that are no pages, of all rounds. */
  readonly writes: number;
}

/** The command, several times after a first run that copies; `pages` is how many each of them reads. */
const again = (records: number, copying: CopyOptions, pages: number): Promise<Again> =>
  withServer({ records, since: copying === INCREMENTAL }, ({ base, served }) =>
    withFolder(async (folder) => {
      writeFileSync(join(folder, "evenkeel.yaml"), JSON.stringify(copyConfig(base, copying)));
      await runCommand(folder, "run");
      await served();
      const turns = [];
      for (let round = 0; round < ROUNDS; round++) turns.push(await runCommand(folder, "run"));
      const { requests } = await served();
      return {
        ms: median(turns.map(({ ms }) => ms)),
        cpuMs: median(turns.map(({ cpuMs }) => cpuMs)),
        writes: requests - pages * ROUNDS,
      };
    }),
  );

export async function reruns(sized: Sized): Promise<readonly Row[]> {
  const records = sized(1_000_000);
  const pages = Math.ceil(records / PAGE);
  const plain = await again(records, {}, pages);
  const mirror = await again(records, MIRROR, pages);
  const incremental = await again(records, INCREMENTAL, 1);
  const sent = ({ writes }: Again): Row => ({
    what: "requests to the destination",
    value: `${writes}`,
    figure: writes,
    atMost: 0,
  });
  const rowsOf = (what: string, turn: Again): readonly Row[] => [
    {
      what: `${what}: records a second`,
      value: perSecond(records, turn.ms),
      figure: (records / turn.ms) * 1_000,
      atLeast: 100_000,
    },
    {
      what: "us of the processor a record",
      value: `${((turn.cpuMs * 1_000) / records).toFixed(1)} us`,
      figure: (turn.cpuMs * 1_000) / records,
      atMost: 10,
    },
    sent(turn),
  ];
  return [
    ...rowsOf(`nothing changed, ${whole(records)} records`, plain),
    ...rowsOf("nothing changed, with a mirror's marks", mirror),
    {
      what: `incremental, nothing new but those of the last instants, ledger of ${whole(records)}: ms in all`,
      value: `${Math.round(incremental.ms)} ms`,
      figure: incremental.ms,
      atMost: 300,
    },
    sent(incremental),
  ];
}
