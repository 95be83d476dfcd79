import type { DestinationConfig, ManyConfig, PaginationConfig, ReadConfig, SourceConfig } from "../config/config.ts";
import type { ExpressionSource } from "../config/expression.ts";
import { isWithin, placeOf } from "./place.ts";

/** A source that a double can be, with what no answer can be made up to suit replaced, and told of. */
export function plainSource(source: SourceConfig, replaced: ExpressionSource[], nests: boolean): SourceConfig {
  const { pagination, cursor, read, tombstone, parents } = source;
  const records = placeOf(source.records);
  // What lies within the list of records cannot be set without changing one of them.
  const isPlain = (each: ExpressionSource): boolean => {
    const place = placeOf(each);
    return place !== undefined && records !== undefined && !isWithin(place, records);
  };
  const turned = [
    ...(records === undefined ? [source.records] : []),
    ...expressionsOf(pagination).filter((each) => !isPlain(each)),
  ];
  replaced.push(...turned);
  return {
    ...source,
    ...(turned.length === 0 ? {} : { records: "records", pagination: plainPagination(pagination) }),
    ...(parents === undefined || nests ? {} : { request: "GET /all", query: {}, headers: {} }),
    cursor: cursor && {
      ...cursor,
      ...(nests ? {} : { of: "records" }),
      field: plain(cursor.field, "changed_at", replaced),
    },
    read: read && plainRead(read, replaced),
    // Every record that is made up passes, and a body is one more place for parameters.
    filter: undefined,
    parents: nests ? parents : undefined,
    body: undefined,
    format: "json",
    tombstone: tombstone === undefined ? undefined : plain(tombstone, "gone_from_the_source", replaced),
  };
}

/** What a pagination reads from an answer. */
function expressionsOf(pagination: PaginationConfig): readonly ExpressionSource[] {
  switch (pagination.type) {
    case "cursor":
    case "nextUrl":
      return pagination.more === undefined ? [pagination.next] : [pagination.next, pagination.more];
    case "page":
    case "offset":
      return pagination.total === undefined ? [] : [pagination.total];
    case "none":
    case "link":
    case "keyset":
      return [];
  }
}

function plainPagination(pagination: PaginationConfig): PaginationConfig {
  switch (pagination.type) {
    case "cursor":
    case "nextUrl":
      return { ...pagination, next: "next", more: pagination.more === undefined ? undefined : "more" };
    case "page":
    case "offset":
      return pagination.total === undefined ? pagination : { ...pagination, total: "total" };
    case "none":
    case "link":
    case "keyset":
      return pagination;
  }
}

/** The same of a destination. */
export function plainDestination(destination: DestinationConfig, replaced: ExpressionSource[]): DestinationConfig {
  const { create, find, read, upsertMany, createMany, deleteMany, precondition } = destination;
  return {
    ...destination,
    create: create && { ...create, id: plain(create.id, "id", replaced) },
    find: find && { ...plainRead(find, replaced), id: plain(find.id, "id", replaced) },
    read: read && plainRead(read, replaced),
    upsertMany: upsertMany && plainMany(upsertMany, undefined, replaced),
    createMany: createMany && plainMany(createMany, undefined, replaced),
    // Of what has gone, the double knows the key.
    deleteMany: deleteMany && plainMany(deleteMany, "$key", replaced),
    precondition: precondition && {
      version: precondition.version && {
        ...precondition.version,
        select: plain(precondition.version.select, "version", replaced),
      },
    },
    // A double is empty at first, and no run reads its list after that.
    list: undefined,
    adopt: undefined,
  };
}

/** A batch as a bare list, whose results say plainly what became of each. */
function plainMany(many: ManyConfig, body: ExpressionSource | undefined, replaced: ExpressionSource[]): ManyConfig {
  const { results } = many;
  if (many.body !== undefined) replaced.push(many.body);
  const isKeyed = body === undefined && results?.key !== undefined && placeOf(results.key) !== undefined;
  return {
    ...many,
    query: {},
    body,
    results: results && {
      each: "results",
      key: isKeyed ? results.key : undefined,
      ok: "ok",
      missing: "missing",
      exists: "exists",
      status: results.status === undefined ? undefined : "status",
      error: undefined,
      id: results.id === undefined ? undefined : plain(results.id, "id", replaced),
    },
  };
}

const plainRead = <Read extends ReadConfig>(read: Read, replaced: ExpressionSource[]): Read => ({
  ...read,
  record: read.record === undefined ? undefined : plain(read.record, "record", replaced),
});

function plain(source: ExpressionSource, otherwise: string, replaced: ExpressionSource[]): ExpressionSource {
  if (placeOf(source) !== undefined) return source;
  replaced.push(source);
  return otherwise;
}
