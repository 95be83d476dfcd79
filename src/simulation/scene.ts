import { buildSyncs } from "../config/build.ts";
import type { ReferenceOf } from "../config/build-mapping.ts";
import { templateOf } from "../config/build-request.ts";
import type { Config, ConnectionConfig, DestinationConfig, SourceConfig, SyncConfig } from "../config/config.ts";
import type { ExpressionSource } from "../config/expression.ts";
import type { LoadedConfig } from "../config/load.ts";
import type { Clock } from "../core/clock.ts";
import type { JsonObject } from "../core/json.ts";
import type { Sync } from "../core/sync.ts";
import { Lanes } from "../http/lanes.ts";
import { Catalogue } from "./catalogue.ts";
import { idInWorld } from "./item.ts";
import { placeOf, put } from "./place.ts";
import { plainDestination, plainSource } from "./plain-config.ts";
import { parentName } from "./source-lists.ts";
import { wordingOf, type Wording } from "./wording.ts";
import type { Content } from "./world.ts";

export const SOURCE_ORIGIN = "https://source.example";
export const DESTINATION_ORIGIN = "https://destination.example";
export const FOREIGN_ORIGIN = "https://elsewhere.example";

/** A record of the source, as it lists it. */
export type RecordMaker = (id: number, content: Content, changedMs: number) => JsonObject;

/** One sync between two doubles: what a world is played on. */
export interface Scene {
  /** The config with this sync alone, and each side at an origin of its own. */
  readonly loaded: LoadedConfig;
  readonly name: string;
  readonly source: SourceConfig;
  readonly destination: DestinationConfig;
  readonly sync: Sync;
  /** The path of the source's list. */
  readonly path: string;
  /** The paths of its lists, by the numbers of their parents, where there is one for each parent. */
  readonly nested: ReadonlyMap<string, number> | undefined;
  readonly wording: { readonly source: Wording; readonly destination: Wording };
  readonly lateWriteMs: number;
  readonly record: RecordMaker;
  /** What `$ref` finds for the engine; what its ledger knows where it is undefined. */
  readonly referenceOf: ReferenceOf | undefined;
  /** A record as the source shows it once it is deleted; undefined where it shows it no more. */
  readonly tombstoneOf: ((record: JsonObject) => JsonObject) | undefined;
  /** What is played in another way than it is declared, a sentence each. */
  readonly notes: readonly string[];
}

/** A fresh catalogue of what this sync's requests mean. */
export function catalogueOf({ sync, source, destination }: Scene): Catalogue {
  return new Catalogue({
    sync,
    find: destination.find && templateOf(destination.find),
    read: destination.read && templateOf(destination.read),
    sourceRead: source.read && templateOf(source.read),
  });
}

export interface Stage {
  /** The destination's list is played too. */
  readonly lists?: boolean;
  /** Records refer to others of the same sync, whose keys are their numbers, and the engine finds out which are there. */
  readonly refers?: boolean;
  /** There is a list for each of so many parents; otherwise they are played as one. */
  readonly parents?: number;
}

/** Sets the stage for a sync of a config. A double can only give answers that say things at plain paths; see {@link Scene.notes}. */
export async function sceneOf(
  loaded: LoadedConfig,
  name: string,
  record: RecordMaker,
  { lists = false, refers = false, parents = 0 }: Stage = {},
): Promise<Scene> {
  const declared = loaded.config.syncs[name] as SyncConfig;
  const replaced: ExpressionSource[] = [];
  const left: ExpressionSource[] = [];
  const source = { ...plainSource(declared.source, replaced, parents > 0), connection: "source" };
  const destination = {
    ...plainDestination(declared.destination, replaced),
    connection: "destination",
    ...(lists ? { list: declared.destination.list } : {}),
  };
  const from = loaded.config.connections[declared.source.connection] as ConnectionConfig;
  const to = loaded.config.connections[declared.destination.connection] as ConnectionConfig;
  const [atSource, atDestination] = [await wordingOf(from, left), await wordingOf(to, left)];
  const connections = {
    source: played(from, SOURCE_ORIGIN, atSource.answers),
    destination: played(to, DESTINATION_ORIGIN, atDestination.answers),
  };
  const config: Config = {
    connections,
    syncs: { [name]: { ...declared, source, destination } },
    state: { file: undefined, bodies: loaded.config.state.bodies },
  };
  const dispatcher = { dispatch: () => false };
  const lanes = new Lanes(STANDING, []);
  const ports = {
    clock: STANDING,
    dispatcher,
    lanes,
    userAgent: "",
    secrets: [],
    referenceOf: refers ? ownReference(destination) : ANY_REFERENCE,
  };
  const built = buildSyncs(config, ports);
  const rendered = await templateOf(source).render(NO_RECORD);
  return {
    loaded: { ...loaded, config, secrets: [] },
    name,
    source,
    destination,
    sync: (built.get(name) as { readonly sync: Sync }).sync,
    nested: parents === 0 ? undefined : await nestedPaths(source, parents),
    path: rendered.ok ? new URL(SOURCE_ORIGIN + rendered.path).pathname : "/",
    wording: { source: atSource.wording, destination: atDestination.wording },
    lateWriteMs: connections.destination.lateWriteMs,
    record,
    referenceOf: refers ? undefined : ANY_REFERENCE,
    tombstoneOf: tombstonesOf(source.tombstone),
    notes: [
      ...(declared.source.parents === undefined || parents > 0
        ? []
        : ["The lists of all parents are played as one list."]),
      ...notesOn(replaced, left, isSlow(from) || isSlow(to)),
    ],
  };
}

async function nestedPaths(source: SourceConfig, parents: number): Promise<ReadonlyMap<string, number>> {
  const paths = new Map<string, number>();
  for (let number = 1; number <= parents; number++) {
    const rendered = await templateOf(source).render({ ...NO_RECORD, mapped: { parent: { id: parentName(number) } } });
    if (rendered.ok) paths.set(new URL(SOURCE_ORIGIN + rendered.path).pathname, number);
  }
  return paths;
}

const NO_RECORD = { mapped: {}, key: "", source: {} };

function tombstonesOf(mark: ExpressionSource | undefined): Scene["tombstoneOf"] {
  const place = mark === undefined ? undefined : placeOf(mark);
  return place && ((record) => put(record, place, true) as JsonObject);
}

/** Other syncs are not played: each of their records is taken to be there. */
const ANY_REFERENCE: ReferenceOf = async (sync, key) => `${sync}-${key}`;

/** A record with an address of its own is called by its key; any other by the id that the destination gives it. */
const ownReference =
  ({ upsert, upsertMany }: DestinationConfig): ReferenceOf =>
  async (_, key) =>
    upsert !== undefined || upsertMany !== undefined ? key : idInWorld(Number(key));

/** A clock for what is only built, and sends nothing. */
const STANDING: Clock = {
  wallMs: () => 0,
  monotonicMs: () => 0,
  sleep: () => Promise.resolve(),
  after: () => ({ cancel: () => undefined }),
  soon: () => undefined,
};

/** The connection at the origin of its double. */
const played = (
  connection: ConnectionConfig,
  baseUrl: string,
  answers: ConnectionConfig["answers"],
): ConnectionConfig => ({
  ...connection,
  baseUrl,
  auth: { type: "bearer", token: `the-token-for-${new URL(baseUrl).hostname}` },
  headers: {},
  limits: isSlow(connection) ? { ...connection.limits, ratePerSecond: RATE_MIN } : connection.limits,
  answers,
});

/** With fewer requests a second a world's few hundred would take days of its time, and prove no more. */
const RATE_MIN = 1;

const isSlow = ({ limits: { ratePerSecond } }: ConnectionConfig): boolean =>
  ratePerSecond !== undefined && ratePerSecond < RATE_MIN;

function notesOn(
  replaced: readonly ExpressionSource[],
  left: readonly ExpressionSource[],
  isFaster: boolean,
): readonly string[] {
  const names = (sources: readonly ExpressionSource[]): string =>
    sources.map((each) => `\`${typeof each === "function" ? each.name || "a function" : String(each)}\``).join(", ");
  return [
    ...(replaced.length === 0
      ? []
      : [`What ${names(replaced)} reads cannot be made up to suit it, and is played at a plain path instead.`]),
    ...(left.length === 0
      ? []
      : [`No answer can be made up to suit ${names(left)} of \`answers\`: the API never gives one.`]),
    ...(isFaster
      ? [`\`limits.rate\` is played as ${RATE_MIN}/s: at less, a world would take days of its own time.`]
      : []),
  ];
}
