import type { BuiltSync } from "./config/build.ts";
import { exitCodeOf, EXIT } from "./core/exit-code.ts";
import type { Ledger } from "./core/ledger.ts";
import type { Sync } from "./core/sync.ts";
import type { Adopted, Adopting, Adoption, AdoptOptions, Evenkeel } from "./evenkeel.ts";
import { readKeyMap } from "./key-map-file.ts";
import { NEVER, type Means } from "./means.ts";
import { adoptSync, declineAdoption } from "./pipeline/adopt.ts";
import { exportKeys, importKeys } from "./pipeline/key-map.ts";
import { ReadingWatch } from "./reading-progress.ts";
import { createPairing } from "./sqlite/pairing.ts";
import { createStream, streaming } from "./stream.ts";

/** What the library does with the key map: adopts, exports, imports. */
export function adoptionsOf(means: Means): Pick<Evenkeel, "adopt" | "declineAdoption" | "exportKeys" | "importKeys"> {
  const { clock, chance, chosen, looking, writing, breatheWith } = means;
  const nameOf = (sync: string): string => chosen([sync])[0] as string;

  const adopt = (sync: string, { dryRun = false, signal = NEVER }: AdoptOptions = {}): Adopting => {
    const adoptions = createStream<Adoption>();
    const watch = new ReadingWatch(clock);
    const name = nameOf(sync);
    const work = async (ledger: Ledger | undefined): Promise<Result> => {
      const built = (await means.built(ledger)).get(name) as BuiltSync;
      const ports = {
        clock,
        chance,
        ledger: await ledger?.of(name),
        counts: watch.begin(name, built),
        waits: watch.waits,
        pairing: createPairing,
        breathe: breatheWith(adoptions),
      };
      return withExitCode(await adoptSync(built.sync, ports, { dryRun, stop: signal }, adoptions.push));
    };
    const working = dryRun ? looking(work) : writing(`state adopt ${name}`, work);
    return { ...streaming(adoptions, working), progress: watch.progress };
  };

  /** Works on one sync under the ledger's lease. */
  const upon = <Result>(
    command: string,
    name: string,
    work: (sync: Sync, ports: Parameters<typeof declineAdoption>[1]) => Promise<Result>,
  ): Promise<Result> =>
    writing(`${command} ${name}`, async (ledger) => {
      const { sync } = (await means.built(ledger)).get(name) as BuiltSync;
      return work(sync, { clock, ledger: await ledger.of(name) });
    });

  return {
    adopt,
    declineAdoption: (sync) => upon("state adopt", nameOf(sync), declineAdoption),
    async *exportKeys(sync) {
      const name = nameOf(sync);
      const ledger = await means.readable();
      try {
        if (ledger !== undefined) yield* exportKeys(await ledger.of(name));
      } finally {
        await ledger?.close();
      }
    },
    async importKeys(sync, file) {
      const name = nameOf(sync);
      const read = (built: Sync): ReturnType<typeof readKeyMap> =>
        readKeyMap(file, built.destination.traits.addressing === "assigned");
      return upon("state import", name, async (built, ports) => {
        // The whole file is looked at before anything of it counts.
        for await (const _ of read(built));
        return importKeys(built, ports, read(built), "it was imported");
      });
    },
  };
}

type Result = Adopted & { readonly exitCode: number };

const withExitCode = (adopted: Adopted): Result => {
  const { ambiguous, invalid, error } = adopted;
  const code = ambiguous + invalid > 0 ? EXIT.notLevel : EXIT.level;
  return { ...adopted, exitCode: error === undefined ? code : exitCodeOf(error.code) };
};
