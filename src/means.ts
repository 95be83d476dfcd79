import { existsSync } from "node:fs";
import { chosenSyncs } from "./chosen-syncs.ts";
import { buildSyncs, type BuiltSync } from "./config/build.ts";
import type { ReferenceOf } from "./config/build-mapping.ts";
import type { LoadedConfig } from "./config/load.ts";
import type { Chance, Clock } from "./core/clock.ts";
import { wasThere, type Ledger } from "./core/ledger.ts";
import type { Lease } from "./core/lease.ts";
import { Lanes } from "./http/lanes.ts";
import { systemPlanFiles, type PlanFiles } from "./plan-file.ts";
import { systemNetwork, type Network } from "./runtime/network.ts";
import type { ProxyOptions } from "./runtime/proxy.ts";
import { systemHolder } from "./runtime/process.ts";
import { fileTokenStore } from "./sqlite/token-files.ts";
import { openLedger, type LedgerOptions } from "./sqlite/ledger.ts";
import { VERSION } from "./own-package.ts";

export interface OpenedOptions {
  readonly loaded: LoadedConfig;
  readonly configFile: string | undefined;
  readonly stateFile: string;
  readonly clock: Clock;
  readonly chance: Chance;
  /** What `$ref` finds; what the ledger knows where it is left out. */
  readonly referenceOf?: ReferenceOf | undefined;
  /** How requests leave a company's network; directly where it is left out. */
  readonly proxy?: ProxyOptions | undefined;
  /** The real network where it is left out. */
  readonly network?: Network;
  /** Where plans are kept; the real file system where it is left out. */
  readonly planFiles?: PlanFiles;
  /** SQLite on the real file system where it is left out. */
  readonly ledgers?: (options: LedgerOptions) => Promise<Ledger>;
}

/** What everything that the library does is done with: the two APIs, the ledger, and the clock. */
export interface Means {
  readonly config: LoadedConfig["config"];
  readonly clock: Clock;
  readonly chance: Chance;
  readonly planFiles: PlanFiles;
  /** The syncs of the config over these lanes; references are looked up in the ledger. */
  build(lanes: Lanes, ledger: Ledger | undefined): ReadonlyMap<string, BuiltSync>;
  /** The syncs with what their lanes remember. */
  built(ledger: Ledger | undefined): Promise<ReadonlyMap<string, BuiltSync>>;
  /** Names of syncs in the config's order; all when none is given. Throws `USAGE` for an unknown one. */
  chosen(syncs: readonly string[] | undefined): readonly string[];
  /** The ledger, only to be read; undefined when there is none yet. */
  readable(): Promise<Ledger | undefined>;
  /** Opens the ledger to look into it, for as long as `look` takes. */
  looking<Result>(look: (ledger: Ledger | undefined) => Promise<Result>): Promise<Result>;
  /** Opens the ledger for writing, under the lease, for as long as `work` takes. */
  writing<Result>(purpose: string, work: (ledger: Ledger) => Promise<Result>): Promise<Result>;
  /** Signals and answers have their turn, and whoever reads keeps up. */
  breatheWith(stream: { readonly breathe: () => Promise<void> }): () => Promise<void>;
  close(): Promise<void>;
}

export function createMeans(options: OpenedOptions): Means {
  const { loaded, stateFile, clock, chance, ledgers = openLedger, planFiles = systemPlanFiles } = options;
  const { config, secrets } = loaded;
  const connectMs = longestConnectMs(config);
  const dispatcher = options.network ?? systemNetwork({ connectMs, proxy: options.proxy });
  const own = options.network === undefined ? ownNetworks(config, connectMs, options.proxy) : new Map();
  const tokens = fileTokenStore(`${stateFile}.tokens`, clock);
  const build: Means["build"] = (lanes, ledger) =>
    buildSyncs(config, {
      referenceOf: options.referenceOf ?? referencesIn(ledger, config),
      clock,
      dispatcher,
      dispatcherOf: (name) => own.get(name) ?? dispatcher,
      tokens,
      lanes,
      userAgent: `evenkeel/${VERSION}`,
      secrets,
    });
  const readable: Means["readable"] = async () =>
    existsSync(stateFile) ? ledgers({ file: stateFile, bodies: config.state.bodies, readOnly: true }) : undefined;
  return {
    config,
    clock,
    chance,
    planFiles,
    build,
    built: async (ledger) => build(new Lanes(clock, (await ledger?.lanes()) ?? []), ledger),
    chosen: (syncs) => chosenSyncs(config, syncs),
    readable,
    async looking(look) {
      const ledger = await readable();
      try {
        return await look(ledger);
      } finally {
        await ledger?.close();
      }
    },
    async writing(purpose, work) {
      const ledger = await ledgers({ file: stateFile, bodies: config.state.bodies });
      let lease: Lease | undefined;
      try {
        lease = await ledger.acquire({ ...systemHolder(), startedMs: clock.wallMs(), purpose });
        return await work(ledger);
      } finally {
        await lease?.release();
        await ledger.close();
      }
    },
    breatheWith:
      ({ breathe }) =>
      () =>
        clock.sleep(0).then(breathe),
    async close() {
      await Promise.all([dispatcher, ...own.values()].map((each) => each.close()));
    },
  };
}

/** A record is called by the id that the destination gave it, or by its key where it has an address of its own. */
function referencesIn(ledger: Ledger | undefined, { syncs }: LoadedConfig["config"]): ReferenceOf {
  return async (sync, key) => {
    const entry = await (await ledger?.of(sync))?.entry(key);
    if (entry === undefined || !wasThere(entry)) return undefined;
    return syncs[sync]?.destination.create === undefined ? entry.key : entry.destinationId;
  };
}

/** Networks of connections that have certificates of their own. */
function ownNetworks(
  { connections }: LoadedConfig["config"],
  connectMs: number,
  proxy: ProxyOptions | undefined,
): Map<string, Network> {
  const own = Object.entries(connections).filter(([, { tls }]) => Object.values(tls).some((pem) => pem !== undefined));
  return new Map(own.map(([name, { tls }]) => [name, systemNetwork({ connectMs, proxy, tls })]));
}

const longestConnectMs = ({ connections }: LoadedConfig["config"]): number =>
  Math.max(...Object.values(connections).map(({ timeouts }) => timeouts.connectMs));

export const NEVER: AbortSignal = new AbortController().signal;
