import type { JsonObject } from "../../src/core/json.ts";
import { checkConfig, documentOf } from "../../src/config/load.ts";
import { REFERENCE } from "../../src/simulation/item.ts";
import { sceneOf, type Scene } from "../../src/simulation/scene.ts";

/** What both APIs are like, and how the sync between them is declared. Plain data. */
export interface Shape {
  readonly source: SourceShape;
  readonly destination: DestinationShape;
  /** What is there already is left as it is. */
  readonly createOnly: boolean;
  /** What is not there is left out. */
  readonly updateOnly: boolean;
  /** The source lists less than it has for a while; the guard is as it is by default then. */
  readonly lapses: boolean;
  /** Records refer to others of the same sync, which may be listed after them. */
  readonly refers: boolean;
  /** The destination lists what it has. */
  readonly listed: boolean;
  /** The mapping is particular, and some records do not suit it. */
  readonly invalids: boolean;
  /**
   * All that an edit does is to leave a note in a record, or to take it away. - `field`: the mapping names it.
   * - `nested`: it is in an object that the mapping takes over. - `whole`: the mapping is one expression.
   */
  readonly notes: "field" | "nested" | "whole" | undefined;
  readonly deletes:
    | {
        readonly mode: "tombstone" | "mirror";
        /** The source can be asked for one record. */
        readonly read: boolean;
        /** A delete is an update. */
        readonly soft: boolean;
        /** The guard withholds every delete. */
        readonly strict: boolean;
      }
    | undefined;
}

export interface SourceShape {
  readonly pagination: "none" | "page" | "offset" | "cursor" | "link" | "nextUrl" | "keyset";
  readonly pageSize: number;
  /** There is a list for each parent, and this is the paging of the list of parents; and whose changes are asked for. */
  readonly parents:
    | { readonly pagination: "none" | "cursor" | "link" | "nextUrl" | "keyset"; readonly asked: boolean }
    | undefined;
  /** So many records of an offset's page are read again with the next one. */
  readonly overlap: number;
  /** Undefined: every run reads everything. */
  readonly cursor:
    | {
        readonly type: "timestamp" | "integer";
        readonly sorted: boolean;
        readonly lookbackMs: number;
        readonly safetyLagMs: number;
        /** Records changed within as much time bear the same cursor value. */
        readonly resolutionMs: number;
      }
    | undefined;
  /** How long after the time that it bears a change can be seen, at most. */
  readonly commitLagMs: number;
}

export interface DestinationShape {
  /**
   * - `upsert`: records have their own address. - `keyedUpsert`: the same by POST, with an idempotency key. - `keys`: POST with an idempotency
   * key, and the destination assigns ids. - `find`: the same with a search by an external id. - `bare`: with neither, which cannot be kept from doubling.
   */
  readonly writes: "upsert" | "keyedUpsert" | "keys" | "find" | "bare";
  /** Of updates; a POST may not be repeated by itself. */
  readonly method: "PUT" | "PATCH" | "POST";
  /** `read` is declared: one record can be looked at. */
  readonly readBack: boolean;
  readonly retentionMs: number;
  readonly visibilityLagMs: number;
  readonly unique: boolean;
  readonly lateWriteMs: number;
  readonly concurrency: number | undefined;
  /** Bodies are form-encoded. */
  readonly form: boolean;
  /** Writes are only taken with the current version: an ETag, or a field of the record, which they bear there. */
  readonly fence: "etag" | "body" | "query" | "header" | undefined;
  /** Who wins where somebody else has written meanwhile. */
  readonly conflict: "source" | "destination" | "reject";
  /** So many records go in one request; `isOnly`: none goes by a request of its own. */
  readonly batch:
    | { readonly size: number; readonly isOnly: boolean; readonly keyed: boolean; readonly tellsAll: boolean }
    | undefined;
}

const ms = (value: number): string => `${value}ms`;

/** The config that a user would write for this shape. */
function configOf({
  source,
  destination,
  createOnly,
  updateOnly,
  lapses,
  refers,
  listed,
  invalids,
  notes,
  deletes,
}: Shape): Record<string, unknown> {
  const { cursor } = source;
  return {
    connections: {
      source: {
        baseUrl: "https://from.example",
        timeouts: { total: "20s" },
        retry: { deadline: "2m" },
      },
      destination: {
        baseUrl: "https://to.example",
        timeouts: { total: "20s" },
        retry: { deadline: "2m" },
        lateWrite: ms(destination.lateWriteMs),
        ...(destination.concurrency === undefined ? {} : { limits: { concurrency: destination.concurrency } }),
        answers: { exists: "status = 409 and body.code = 'exists'" },
      },
    },
    syncs: {
      records: {
        source: {
          connection: "source",
          ...listOfSource(source),
          records: "data",
          key: "id",
          pagination: paginationOf(source),
          ...(deletes?.mode === "tombstone" ? { tombstone: "gone" } : {}),
          ...(deletes?.read === true ? { read: "GET /records/{$key}" } : {}),
          ...(cursor === undefined
            ? {}
            : {
                cursor: {
                  ...(source.parents?.asked === true ? { of: "parents" } : {}),
                  field: "changed",
                  type: cursor.type,
                  param: "since",
                  sorted: cursor.sorted,
                  // A look-back of an integer is a number.
                  lookback: cursor.type === "timestamp" ? ms(cursor.lookbackMs) : cursor.lookbackMs,
                  ...(cursor.type === "timestamp" ? { safetyLag: ms(cursor.safetyLagMs) } : {}),
                },
              }),
        },
        mapping: mappingOf(
          {
            ref: "id",
            name: "name",
            ...(notes === undefined
              ? { edit: "edit" }
              : notes === "nested"
                ? { about: "about" }
                : { note: "about.note" }),
            ...(invalids ? { amount: "$number(amount)" } : {}),
            ...(refers ? { [REFERENCE]: "$ref('records', after)" } : {}),
          },
          notes === "whole",
        ),
        ...(createOnly ? { writes: "createOnly" } : updateOnly ? { writes: "updateOnly" } : {}),
        destination: {
          connection: "destination",
          ...writesOf(destination),
          ...deleteOf(destination, deletes),
          ...preconditionOf(destination),
          ...(listed ? { list: listOf(destination) } : {}),
        },
        ...(deletes === undefined
          ? {}
          : { deletes: { mode: deletes.mode, ...(lapses ? {} : guardOf(deletes)), fullRefresh: "1m" } }),
      },
    },
  };
}

const mappingOf = (fields: Readonly<Record<string, string>>, isWhole: boolean): object | string =>
  isWhole
    ? `{ ${Object.entries(fields)
        .map(([name, text]) => `'${name}': ${text}`)
        .join(", ")} }`
    : fields;

function listOfSource({ parents, pageSize }: SourceShape): object {
  if (parents === undefined) return { request: "GET /records" };
  const pagination = paginationOf({ pagination: parents.pagination, pageSize, overlap: 0 });
  return {
    request: "GET /parents/{parent.id}/records",
    parents: { request: "GET /parents", records: "data", key: "id", pagination },
  };
}

/** So many parents there may be. */
const PARENTS = 60;

function paginationOf({
  pagination,
  pageSize,
  overlap,
}: Pick<SourceShape, "pagination" | "pageSize" | "overlap">): Record<string, unknown> {
  const size = { param: "limit", value: pageSize };
  switch (pagination) {
    case "none":
      return { type: "none" };
    case "page":
      return { type: "page", param: "page", size };
    case "offset":
      return { type: "offset", param: "offset", size, ...(overlap > 0 ? { overlap } : {}) };
    case "cursor":
      return { type: "cursor", next: "meta.next", param: "cursor", size };
    case "link":
      return { type: "link" };
    case "nextUrl":
      return { type: "nextUrl", next: "meta.next" };
    case "keyset":
      return { type: "keyset", param: "after", from: "id", size };
  }
}

function writesOf(shape: DestinationShape): object {
  const { writes, method, readBack, form, retentionMs, visibilityLagMs, unique, batch } = shape;
  const idempotencyKey = { header: "Idempotency-Key", retention: ms(retentionMs) };
  const encoding = form ? "form" : "json";
  const read = readBack ? { read: "GET /items/{ref}" } : {};
  if (writes === "upsert" && batch !== undefined) {
    const single = batch.isOnly ? {} : { upsert: { request: `${method} /items/{ref}`, encoding } };
    return { ...single, upsertMany: manyOf(shape, "POST /items/bulk"), ...read };
  }
  if (writes === "upsert") return { upsert: { request: `${method} /items/{ref}`, encoding }, ...read };
  if (writes === "keyedUpsert") return { upsert: { request: "POST /items/{ref}", encoding, idempotencyKey }, ...read };
  return {
    create: { request: "POST /items", id: "id", encoding, ...(writes === "keys" ? { idempotencyKey } : {}) },
    update: { request: `${method} /items/{$id}`, encoding },
    ...(writes === "find" && batch !== undefined ? { createMany: manyOf(shape, "POST /items/bulk") } : {}),
    ...(readBack ? { read: "GET /items/{$id}" } : {}),
    ...(writes === "find"
      ? {
          find: {
            request: "GET /items",
            query: { ref: "{ref}" },
            record: "data[0]",
            id: "id",
            visibilityLag: ms(visibilityLagMs),
            unique,
          },
        }
      : {}),
  };
}

function preconditionOf({ fence, conflict }: DestinationShape): object {
  if (fence === undefined) return {};
  const send = { [fence]: fence === "header" ? "X-Version" : "version" };
  return { precondition: fence === "etag" ? fence : { version: "version", send }, conflict };
}

function listOf({ writes, unique }: DestinationShape): object {
  const isByRef = writes === "upsert" || writes === "keyedUpsert" || unique;
  const pagination = { type: "cursor", next: "next", param: "after" };
  return { request: "GET /list", records: "items", key: isByRef ? "ref" : "id", pagination };
}

function manyOf({ batch, fence }: Pick<DestinationShape, "batch" | "fence">, request: string): object {
  const key = batch?.keyed === true ? { key: "ref" } : {};
  const status = fence === undefined && batch?.tellsAll !== false ? {} : { status: "status" };
  const results = { each: "results", ok: "ok", missing: "missing", exists: "exists", ...key, ...status };
  return { request, size: batch?.size, results };
}

function deleteOf(shape: DestinationShape, deletes: Shape["deletes"]): object {
  const { writes, form, batch, fence } = shape;
  if (deletes === undefined) return {};
  const isOwn = writes === "upsert" || writes === "keyedUpsert";
  // Where nothing is ever written to the record's own address, the ledger does not know it.
  const path = !isOwn ? "/items/{$id}" : batch?.isOnly === true ? "/items/{$key}" : "/items/{ref}";
  const encoding = form ? "form" : "json";
  // After a crash, what was last sent of a record may not be known, and only a mark of the source still shows it.
  const body = deletes.mode === "mirror" ? "{ 'active': false }" : "{ 'ref': ref, 'active': false }";
  const goAlone = batch === undefined || deletes.soft || fence !== undefined;
  const many = goAlone ? {} : { deleteMany: manyOf(shape, "POST /items/bulk-delete") };
  return { delete: deletes.soft ? { request: `PATCH ${path}`, body, encoding } : `DELETE ${path}`, ...many };
}

function guardOf({ strict }: NonNullable<Shape["deletes"]>): object {
  const limit = strict ? 0 : 100;
  return { guard: { count: limit, percent: limit, percentMax: 100 } };
}

/** The sync that this shape describes, between two doubles. */
export async function stageOf(shape: Shape): Promise<Scene> {
  const name = "evenkeel.config.ts";
  const loaded = checkConfig(documentOf(configOf(shape), name), { file: name, env: {} });
  const isInteger = shape.source.cursor?.type === "integer";
  return sceneOf(
    loaded,
    "records",
    (id, { edit, flaw }, changedMs) => ({
      id,
      name: flaw === "refused" ? "refuse me" : `record ${id}`,
      ...(shape.notes === undefined ? { edit } : noted(edit)),
      amount: flaw === "invalid" ? "much" : "12.50",
      ...(shape.deletes?.mode === "tombstone" ? { gone: false } : {}),
      ...(shape.refers ? { after: referredTo(id) } : {}),
      changed: isInteger ? changedMs : new Date(changedMs).toISOString(),
    }),
    { lists: shape.listed, refers: shape.refers, parents: shape.source.parents === undefined ? 0 : PARENTS },
  );
}

/** An edit of an odd number leaves a note, and one of an even number none. */
const noted = (edit: number): JsonObject => ({
  about: { state: "new", ...(edit % 2 === 0 ? {} : { note: `of edit ${edit}` }) },
});

/** Records near by, before it or after it, of which the first with a lower rank is referred to: so no two refer to each other in a circle. */
function referredTo(id: number): number | null {
  const near = [3, -1, 5, -4].map((distance) => id + distance);
  return near.find((other) => other > 0 && other <= REFERRED_MAX && rankOf(other) < rankOf(id)) ?? null;
}

/** All of these are there from the beginning. */
const REFERRED_MAX = 50;

const rankOf = (id: number): number => (id * 7_919) % 1_009;
