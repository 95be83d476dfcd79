import { chosenSyncs } from "../chosen-syncs.ts";
import type { LoadedConfig } from "../config/load.ts";
import { createStream } from "../stream.ts";
import type { Break, Rehearsal } from "./rehearsal.ts";

/** What the rehearsal of one sync came to. */
export interface RehearsalResult extends Rehearsal {
  /** Undefined when everything held in every world. */
  readonly broke: Break | undefined;
}

/** A rehearsal under way: iterate it for how far each sync is, await `result` for what it came to. */
export interface Rehearsals extends AsyncIterable<Rehearsal> {
  readonly result: Promise<{
    readonly syncs: readonly RehearsalResult[];
    /** 0 when everything held, 1 when anything did not, 130 when it was stopped. */
    readonly exitCode: number;
  }>;
}

interface Options {
  readonly load: () => Promise<LoadedConfig>;
  readonly syncs: readonly string[] | undefined;
  readonly worlds: number;
  readonly seed: number;
  readonly recordsFile: string | undefined;
  readonly signal: AbortSignal | undefined;
}

const NEVER = new AbortController().signal;

/** Rehearses one sync after the other. The result rejects with EvenkeelError CONFIG_* or USAGE. */
export function rehearseSyncs({ load, syncs, worlds, seed, recordsFile, signal = NEVER }: Options): Rehearsals {
  const progress = createStream<Rehearsal>();
  const work = async (): Promise<Awaited<Rehearsals["result"]>> => {
    const loaded = await load();
    // Loaded for rehearsals alone: everything else of the library is to start without it.
    const [{ recordsIn }, { rehearse }] = await Promise.all([import("./records-file.ts"), import("./rehearsal.ts")]);
    const results: RehearsalResult[] = [];
    for (const sync of chosenSyncs(loaded.config, syncs)) {
      const records = recordsFile === undefined ? undefined : await recordsIn(recordsFile, loaded, sync);
      if (signal.aborted) break;
      const { rehearsal, broke } = await rehearse({
        loaded,
        sync,
        seed,
        worlds,
        records,
        signal,
        onWorld: progress.push,
      });
      results.push({ ...rehearsal, broke });
    }
    const broke = results.some(({ broken }) => broken > 0);
    return { syncs: results, exitCode: signal.aborted ? 130 : broke ? 1 : 0 };
  };
  const result = work().finally(() => progress.end());
  result.catch(() => undefined);
  return { result, [Symbol.asyncIterator]: () => progress[Symbol.asyncIterator]() };
}
