import type { Dispatcher } from "undici";
import { buildSyncs, type BuiltSync } from "./config/build.ts";
import { checkConfig, documentOf } from "./config/load.ts";
import type { Chance, Clock } from "./core/clock.ts";
import { noCounts } from "./core/events.ts";
import { isObject, type Json } from "./core/json.ts";
import type { LikelyPagination } from "./core/paging-clue.ts";
import { Lanes } from "./http/lanes.ts";
import { firstPages, type FirstPages } from "./pipeline/first-pages.ts";
import { emptyLedger, lookingContext } from "./pipeline/looking.ts";
import type { DraftAddress } from "./draft-address.ts";
import { VERSION } from "./own-package.ts";

/** Credentials as a config writes them: `{ type: "bearer", token: "${STORE_TOKEN}" }`. */
export type DraftAuth = Readonly<Record<string, string>> & { readonly type: string };

/** The variables that credentials are read from. */
export const variablesOf = (auth: DraftAuth | undefined): readonly string[] =>
  Object.values(auth ?? {}).flatMap((value) => /^\$\{(\w+)\}$/.exec(value)?.[1] ?? []);

/** A source as a config would declare it. */
export interface DraftSource extends Omit<DraftAddress, "name"> {
  readonly auth: DraftAuth | undefined;
  readonly records: string;
  readonly key: readonly string[];
  readonly pagination: LikelyPagination;
  readonly cursor?: { readonly field: string; readonly type: string; readonly param: string };
}

export interface DraftPorts {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly dispatcher: Pick<Dispatcher, "dispatch">;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the config will be: secrets are looked for beside it. */
  readonly file: string;
  readonly stop: AbortSignal;
}

/** What a draft that does not hold is tried with once more: an API that is busy says so, and one that dislikes a parameter says so twice. */
const RETRY = { attempts: 2, cap: "5s", deadline: "30s" };

const NAME = "source";

/** Reads the first pages of a source that is not in any config yet, through what a run reads with: its client, limits, redaction and rules. */
export class DraftReader {
  /** Requests that were sent. */
  requests = 0;
  readonly #ports: DraftPorts;
  readonly #lanes: Lanes;

  constructor(ports: DraftPorts) {
    this.#ports = ports;
    this.#lanes = new Lanes(ports.clock, []);
  }

  /** Throws EvenkeelError when not even the first page can be had, and CONFIG_* when a variable is not set. */
  async read(
    source: DraftSource,
    { max, since }: { readonly max: number; readonly since?: string },
  ): Promise<FirstPages> {
    const { stop, clock, chance } = this.#ports;
    const { sync } = this.#built(source);
    const counts = noCounts();
    const ports = { clock, chance, ledger: emptyLedger(NAME) };
    const context = lookingContext(sync, ports, counts, stop, { number: 0, kind: "full" });
    const keyOf = async (item: Json): Promise<string | undefined> => {
      const reading = isObject(item) ? await sync.key(item) : undefined;
      return reading?.ok === true ? reading.key : undefined;
    };
    try {
      return await firstPages(context, keyOf, { since, max });
    } finally {
      this.requests += counts.requests;
    }
  }

  /** The source as a sync whose destination is never written to. */
  #built(source: DraftSource): BuiltSync {
    const { env, file, clock, dispatcher } = this.#ports;
    const { baseUrl, auth, query, request, records, key, pagination, cursor } = source;
    const document = {
      connections: { [NAME]: { baseUrl, retry: RETRY, ...(auth === undefined ? {} : { auth }) } },
      syncs: {
        [NAME]: {
          source: {
            connection: NAME,
            request,
            query,
            records,
            key,
            pagination,
            ...(cursor === undefined ? {} : { cursor }),
          },
          destination: { connection: NAME, upsert: "PUT /{$key}" },
        },
      },
    };
    const { config, secrets } = checkConfig(documentOf(document, file), { file, env });
    const userAgent = `evenkeel/${VERSION}`;
    return buildSyncs(config, { clock, dispatcher, lanes: this.#lanes, userAgent, secrets }).get(NAME) as BuiltSync;
  }
}
