import type { BuiltSync } from "./config/build.ts";
import type { Config, ListConfig, SourceConfig } from "./config/config.ts";
import type { ExpressionSource } from "./config/expression.ts";
import { combineExitCodes, EXIT, exitCodeOf } from "./core/exit-code.ts";
import type { Ledger } from "./core/ledger.ts";
import type { Probe, RunOptions } from "./evenkeel.ts";
import { announcedQuotas } from "./http/rate-limit-headers.ts";
import { NEVER, type Means } from "./means.ts";
import { probeSync, type Declared, type Observed, type Probed } from "./pipeline/probe.ts";
import { ReadingWatch } from "./reading-progress.ts";
import { createStream, streaming } from "./stream.ts";

/** Probes syncs, one after the other. The ledger is asked only for what lanes remember and what `$ref` finds. */
export function probeSyncs(means: Means, { syncs, signal = NEVER }: Pick<RunOptions, "syncs" | "signal">): Probe {
  const { clock, chance, chosen, looking, config } = means;
  const stream = createStream<Observed>();
  const watch = new ReadingWatch(clock);
  const quotasOf = (headers: Readonly<Record<string, string>>): ReturnType<typeof announcedQuotas> =>
    announcedQuotas(headers, () => clock.wallMs());
  const work = async (ledger: Ledger | undefined): Promise<Awaited<Probe["result"]>> => {
    const built = await means.built(ledger);
    const probed: Probed[] = [];
    for (const name of chosen(syncs)) {
      if (signal.aborted) break;
      const entry = built.get(name) as BuiltSync;
      const ports = { clock, chance, quotasOf, counts: watch.begin(name, entry), waits: watch.waits };
      const settings = { declared: declaredOf(config, name), stop: signal };
      probed.push(await probeSync(entry.sync, ports, settings, stream.push));
    }
    const codes = probed.map(({ error, troubles }) => {
      if (error !== undefined) return exitCodeOf(error.code);
      return troubles > 0 ? EXIT.notLevel : EXIT.level;
    });
    return { syncs: probed, exitCode: combineExitCodes(signal.aborted ? [...codes, EXIT.interrupted] : codes) };
  };
  return { ...streaming(stream, looking(work)), progress: watch.progress };
}

/** What the config says of a sync, as it is written. */
function declaredOf({ syncs, connections }: Config, name: string): Declared {
  const { source, destination } = syncs[name] as Config["syncs"][string];
  const { cursor } = source;
  const rateOf = (connection: string): number | undefined => connections[connection]?.limits.ratePerSecond;
  const listOf = (list: Pick<SourceConfig | ListConfig, "records" | "key" | "pagination">, connection: string) => ({
    records: textOf(list.records),
    key: list.key.map(textOf),
    hasTotal: "total" in list.pagination && list.pagination.total !== undefined,
    ratePerSecond: rateOf(connection),
  });
  return {
    source: {
      ...listOf(source, source.connection),
      cursor: cursor && { field: textOf(cursor.field), type: cursor.type, param: cursor.param },
    },
    list: destination.list && listOf(destination.list, destination.connection),
    hasEtagPrecondition: destination.precondition !== undefined && destination.precondition.version === undefined,
  };
}

const textOf = (source: ExpressionSource): string => (typeof source === "string" ? source : "a function");
