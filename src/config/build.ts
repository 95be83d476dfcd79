import type { Dispatcher } from "undici";
import type { Clock } from "../core/clock.ts";
import type { Expression } from "../core/expression.ts";
import type { Json } from "../core/json.ts";
import { fingerprint } from "../core/fingerprint.ts";
import { createMapping } from "../core/mapping.ts";
import type { RetryPolicy, Sync } from "../core/sync.ts";
import type { Auth } from "../http/auth.ts";
import { Auths } from "../http/auths.ts";
import type { TokenStore } from "../core/token-store.ts";
import { createConnection } from "../http/api.ts";
import type { Connection } from "../http/connection.ts";
import { createDestination, type WriteRequest } from "../http/destination.ts";
import type { LookUpRequest } from "../http/look-up.ts";
import type { ManyRequest } from "../http/many.ts";
import type { Lanes } from "../http/lanes.ts";
import { createRedactor } from "../http/redact.ts";
import type {
  Config,
  ConnectionConfig,
  ManyConfig,
  ReadConfig,
  RetryConfig,
  SourceConfig,
  SyncConfig,
  WriteConfig,
} from "./config.ts";
import { keyOf, liveOf } from "./build-list.ts";
import { cursorOf, sourceOf } from "./build-source.ts";
import { optionalExpression, templateOf } from "./build-request.ts";
import { compileCondition, optionalCondition } from "./condition.ts";
import { isAtAddress, needsRecord } from "./delete-rules.ts";
import { mappingOf, type ReferenceOf } from "./build-mapping.ts";
import { compileExpression, type ExpressionSource } from "./expression.ts";

export interface BuildPorts {
  readonly clock: Clock;
  readonly dispatcher: Pick<Dispatcher, "dispatch">;
  /** For a connection with certificates of its own; the common one where it is left out. */
  readonly dispatcherOf?: (connection: string) => Pick<Dispatcher, "dispatch">;
  /** Where refresh tokens are kept; undefined where none is ever replaced. */
  readonly tokens?: TokenStore;
  /** For `$ref`; undefined where nothing is mapped. */
  readonly referenceOf?: ReferenceOf;
  readonly lanes: Lanes;
  readonly userAgent: string;
  /** Values to be redacted, besides the credentials (S6). */
  readonly secrets: readonly string[];
}

/** A sync with the connections that it uses. */
export interface BuiltSync {
  readonly sync: Sync;
  readonly connections: readonly Connection[];
  readonly destination: Connection;
}

/** P4: pages in one read before it is called endless. */
const PAGES_MAX = 1_000_000;

/** Builds what a config declares. The config has been checked, so its expressions and templates compile. */
export function buildSyncs(config: Config, ports: BuildPorts): ReadonlyMap<string, BuiltSync> {
  const redactor = createRedactor(ports.secrets);
  const auths = new Auths({ ...ports, redactor });
  const connections = new Map(
    Object.entries(config.connections).map(([name, options]) => {
      const dispatcher = ports.dispatcherOf?.(name) ?? ports.dispatcher;
      const auth = auths.of(options.auth, { ...options, dispatcher });
      for (const secret of auth.secrets) redactor.keep(secret);
      return [name, connectionOf(name, options, auth, { ...ports, dispatcher, redactor })] as const;
    }),
  );
  return new Map(
    Object.entries(config.syncs).map(([name, options]) => [
      name,
      buildSync(name, options, config, connections, ports.referenceOf),
    ]),
  );
}

function connectionOf(
  name: string,
  options: ConnectionConfig,
  auth: Auth,
  ports: Parameters<typeof createConnection>[1],
): Connection {
  const { answers, limits, retry } = options;
  const rules = Object.fromEntries(
    Object.entries(answers).flatMap(([rule, source]) =>
      source === undefined ? [] : [[rule, compileCondition(source)]],
    ),
  );
  return createConnection(
    {
      name,
      baseUrl: options.baseUrl,
      auth,
      headers: Object.fromEntries(
        Object.entries(options.headers).map(([header, value]) => [header.toLowerCase(), value]),
      ),
      timeouts: options.timeouts,
      limits: {
        ratePerMs: limits.ratePerSecond === undefined ? undefined : limits.ratePerSecond / 1_000,
        concurrency: limits.concurrency,
        bodyBytes: limits.bodyBytes,
      },
      answers: { ...rules, also: retry.also, never: retry.never },
      lateWriteMs: options.lateWriteMs,
    },
    ports,
  );
}

function buildSync(
  name: string,
  options: SyncConfig,
  config: Config,
  connections: ReadonlyMap<string, Connection>,
  referenceOf: ReferenceOf | undefined,
): BuiltSync {
  const { source, destination } = options;
  const from = connections.get(source.connection) as Connection;
  const to = connections.get(destination.connection) as Connection;
  const keyParts = source.key.map((part) => compileExpression(part));
  const upsert = destination.upsert && writeOf(destination.upsert);
  const create = destination.create && writeOf(destination.create);
  const update = destination.update && writeOf(destination.update);
  const tombstone = optionalCondition(source.tombstone);
  const filter = optionalCondition(source.filter);
  const keyed = destination.create?.idempotencyKey ?? destination.upsert?.idempotencyKey;

  const mapping = createMapping({
    root: options.mapping === undefined ? undefined : mappingOf(options.mapping, config, referenceOf),
    version: options.mappingVersion,
  });

  const sync: Sync = {
    name,
    source: sourceOf(source, keyParts, from, { pagesMax: PAGES_MAX }),
    destination: createDestination(
      {
        upsert,
        create,
        update,
        upsertMany: destination.upsertMany && manyOf(destination.upsertMany, true, undefined),
        createMany: destination.createMany && manyOf(destination.createMany, false, destination.create?.id),
        deleteMany: destination.deleteMany && manyOf(destination.deleteMany, true, undefined),
        delete: destination.delete && {
          ...writeOf(destination.delete),
          atAddress: isAtAddress(destination, destination.delete),
          needsRecord: needsRecord(destination),
        },
        createdId: destination.create && compileExpression(destination.create.id),
        idempotencyKey: keyed,
        precondition: destination.precondition && {
          conflict: destination.conflict,
          version: destination.precondition.version && {
            ...destination.precondition.version,
            select: compileExpression(destination.precondition.version.select),
          },
        },
        find: destination.find && {
          ...lookUpOf(destination.find, config.connections[destination.connection]?.answers.missing !== undefined),
          id: compileExpression(destination.find.id),
          visibilityLagMs: destination.find.visibilityLagMs,
          unique: destination.find.unique,
        },
        read: destination.read && {
          ...lookUpOf(destination.read),
          atAddress: isAtAddress(destination, destination.read),
        },
      },
      to,
    ),
    key: keyOf(keyParts),
    live: destination.list && liveOf(destination.list, destination, to),
    cursor: cursorOf(source),
    mapping,
    reading: readingOf(options, from.baseUrl, mapping.fingerprint),
    writes: options.writes,
    deletes: options.deletes,
    omitted: destination.omitted,
    tombstone: tombstone && ((record) => tombstone.evaluate(record)),
    filter: filter && ((record) => filter.evaluate(record)),
    retry: {
      source: policyOf(config.connections[source.connection]?.retry),
      destination: policyOf(config.connections[destination.connection]?.retry),
    },
    hashSource: [
      upsert,
      create,
      update,
      destination.upsertMany && manyOf(destination.upsertMany, true, undefined),
    ].some(
      (write) => write !== undefined && (write.template.uses.has("source") || write.body?.uses.has("source") === true),
    ),
    identity: identityOf(options, keyParts, to.baseUrl),
    pagesMax: PAGES_MAX,
  };
  return { sync, connections: [...new Set([from, to])], destination: to };
}

/** P10: what a read covers; the look-back and the size of pages may change without a record being missed. */
function readingOf({ source }: SyncConfig, baseUrl: string, mapping: string): string {
  const { request, query, records, cursor, tombstone, body, filter: condition, parents } = source;
  const text = (value: unknown): string => (typeof value === "function" ? String(value) : JSON.stringify(value));
  const textsOf = (values: SourceConfig["query"]): Json =>
    Object.entries(values).map(([name, value]) => [name, text(value)]);
  const filter = textsOf(query);
  const order = cursor === undefined ? null : { field: text(cursor.field), type: cursor.type, param: cursor.param };
  const marks = {
    ...(tombstone === undefined ? {} : { tombstone: text(tombstone) }),
    ...(body === undefined ? {} : { body }),
    ...(condition === undefined ? {} : { condition: text(condition) }),
    ...(parents === undefined
      ? {}
      : {
          parents: {
            request: parents.request,
            filter: textsOf(parents.query),
            condition: text(parents.filter ?? null),
            records: text(parents.records),
            as: parents.as,
            of: cursor?.of ?? null,
            paging: pagingOf(parents),
          },
        }),
  };
  const paging = pagingOf(source);
  return fingerprint({ mapping, baseUrl, request, filter, records: text(records), paging, order, ...marks });
}

/** Where one page leads to another than before, what follows was perhaps never read, and a position means nothing. */
const pagingOf = ({ pagination }: Pick<SourceConfig, "pagination">): Json =>
  Object.entries(pagination)
    .filter(([name, value]) => name !== "size" && name !== "overlap" && value !== undefined)
    .map(([name, value]) => [name, typeof value === "function" ? String(value) : (value as Json)]);

/** P10: another key or another destination makes the ledger describe something else. */
function identityOf({ destination }: SyncConfig, keyParts: readonly Expression[], baseUrl: string): string {
  const { upsert, create, update, upsertMany } = destination;
  const batch = upsert === undefined && upsertMany !== undefined ? { upsertMany: upsertMany.request } : {};
  return fingerprint({
    ...batch,
    key: keyParts.map(({ text }) => text),
    baseUrl,
    upsert: upsert?.request ?? null,
    create: create?.request ?? null,
    update: update?.request ?? null,
  });
}

function policyOf(retry: RetryConfig | undefined): RetryPolicy {
  const { attempts, baseMs, throttledBaseMs, capMs, deadlineMs } = retry as RetryConfig;
  return { attempts, baseMs, throttledBaseMs, capMs, deadlineMs };
}

const writeOf = (write: WriteConfig): WriteRequest => ({
  template: templateOf(write),
  encoding: write.encoding,
  body: optionalExpression(write.body),
  idempotent: write.idempotent,
});

function manyOf(
  { size, bytes, results, ...many }: ManyConfig,
  repeatable: boolean,
  id: ExpressionSource | undefined,
): ManyRequest {
  return {
    template: templateOf(many),
    size,
    bytes,
    body: optionalExpression(many.body),
    results: results && {
      each: compileExpression(results.each),
      key: optionalExpression(results.key),
      ok: optionalCondition(results.ok),
      missing: optionalCondition(results.missing),
      exists: optionalCondition(results.exists),
      status: optionalExpression(results.status),
      error: optionalExpression(results.error),
      id: optionalExpression(results.id ?? id),
    },
    repeatable: many.idempotent ?? repeatable,
  };
}

/** `isMissingDeclared`: what says that there is no such record stands in `answers.missing`, whatever the address. */
function lookUpOf(read: ReadConfig, isMissingDeclared = true): LookUpRequest {
  const template = templateOf(read);
  const isMissingAt404 = isMissingDeclared || !template.isFixedPath;
  return { template, record: optionalExpression(read.record), id: undefined, isMissingAt404 };
}
