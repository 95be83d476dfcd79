import type { Expression } from "../core/expression.ts";
import { isObject, type JsonObject } from "../core/json.ts";
import type { Source } from "../core/source.ts";
import type { CursorSpec, Sync } from "../core/sync.ts";
import type { Connection } from "../http/connection.ts";
import { createNestedSource } from "../http/nested.ts";
import { createSource } from "../http/source.ts";
import { followedBy, keyOf, paginationOf } from "./build-list.ts";
import { optionalExpression, templateOf } from "./build-request.ts";
import { optionalCondition } from "./condition.ts";
import type { ParentsConfig, SourceConfig } from "./config.ts";
import { compileExpression } from "./expression.ts";

/** The source as it is declared: one list, or one for each parent of another. */
export function sourceOf(
  source: SourceConfig,
  keyParts: readonly Expression[],
  connection: Connection,
  { pagesMax }: Pick<Sync, "pagesMax">,
): Source {
  const { parents, cursor } = source;
  const since = cursor && { param: cursor.param, isNumber: cursor.type === "integer" };
  const cursorField = cursor && compileExpression(cursor.field);
  const list = createSource(
    {
      request: templateOf(source),
      records: compileExpression(source.records),
      pagination: paginationOf(source.pagination),
      followed: followedBy(source.pagination),
      since: cursor?.of === "parents" ? undefined : since,
      body: source.body,
      format: source.format,
      decisiveNames: [...keyParts, cursorField].flatMap((part) => part?.path?.at(-1) ?? []),
      read: source.read && { request: templateOf(source.read), record: optionalExpression(source.read.record) },
    },
    connection,
  );
  if (parents === undefined) return list;
  return createNestedSource({
    parents: parentsOf(parents, cursor?.of === "parents" ? since : undefined, connection),
    children: list,
    as: parents.as,
    keyOf: keyOf(parents.key.map((part) => compileExpression(part))),
    asksParents: cursor?.of === "parents",
    filter: optionalCondition(parents.filter),
    pagesMax,
  });
}

type Since = { readonly param: string; readonly isNumber: boolean } | undefined;

function parentsOf(parents: ParentsConfig, since: Since, connection: Connection): Source {
  return createSource(
    {
      request: templateOf(parents),
      records: compileExpression(parents.records),
      pagination: paginationOf(parents.pagination),
      followed: followedBy(parents.pagination),
      since,
      body: undefined,
      format: "json",
      decisiveNames: [],
      read: undefined,
    },
    connection,
  );
}

/** How the records of a source are ordered in time; undefined where it is not asked for changes. */
export function cursorOf({ cursor, parents }: SourceConfig): CursorSpec | undefined {
  if (cursor === undefined) return undefined;
  const { type, lookback, sorted, safetyLagMs } = cursor;
  const field = compileExpression(cursor.field);
  const as = cursor.of === "parents" ? parents?.as : undefined;
  const within = (record: JsonObject): JsonObject => {
    const parent = as === undefined ? record : record[as];
    return isObject(parent) ? parent : {};
  };
  return {
    field: as === undefined ? field.text : `${as}.${field.text}`,
    type,
    lookback,
    sorted,
    safetyLagMs,
    read: (record) => field.evaluate(within(record)),
  };
}
