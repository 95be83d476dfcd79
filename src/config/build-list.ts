import { allOf, andThen, orElse, type Eventual } from "../core/eventual.ts";
import { isShort, whyFailed, type Expression } from "../core/expression.ts";
import type { Json, JsonObject } from "../core/json.ts";
import { readKey } from "../core/key.ts";
import { namesText } from "../core/record-shape.ts";
import type { KeyReading } from "../core/record.ts";
import type { Live } from "../core/sync.ts";
import type { Connection } from "../http/connection.ts";
import { cursorTokens, keysets, links, nextUrls, singlePage } from "../http/paginate/followed.ts";
import { offsets, pageNumbers } from "../http/paginate/numbered.ts";
import type { Pagination } from "../http/paginate/pagination.ts";
import { createSource } from "../http/source.ts";
import { optionalExpression, templateOf } from "./build-request.ts";
import { optionalCondition } from "./condition.ts";
import type { DestinationConfig, ListConfig, PaginationConfig } from "./config.ts";
import { compileExpression, type ExpressionSource } from "./expression.ts";
import { SEES } from "./expression-leaf.ts";
import { nextPageOf } from "./next-page.ts";

/** Reads the key of a record, or the value that it is matched by. A record for which an expression fails has none. */
export const keyOf =
  (parts: readonly Expression[]) =>
  (record: JsonObject): Eventual<KeyReading> =>
    orElse(
      () =>
        andThen(allOf(parts.map((part) => part.evaluate(record))), (values) =>
          explained(readKey(values), values, parts, record),
        ),
      (error): KeyReading => ({ ok: false, code: "KEY_UNUSABLE", reason: whyFailed(error) }),
    );

/** A key that is missing, with the expression that gives nothing, and what it might have been. */
function explained(
  reading: KeyReading,
  values: readonly (Json | undefined)[],
  parts: readonly Expression[],
  record: JsonObject,
): KeyReading {
  if (reading.ok || reading.code !== "KEY_MISSING") return reading;
  const missing = parts.find((_, index) => [undefined, null, ""].includes(values[index] as string));
  const named = missing === undefined || !isShort(missing) ? "" : ` (\`${missing.text}\`)`;
  return { ...reading, reason: `${reading.reason}${named}; the record has ${namesText(Object.keys(record))}` };
}

/** The destination's list, which is read as a source is. */
export function liveOf(list: ListConfig, { adopt, find }: Adopting, connection: Connection): Live {
  const source = createSource(
    {
      request: templateOf(list),
      records: compileExpression(list.records),
      pagination: paginationOf(list.pagination),
      followed: followedBy(list.pagination),
      since: undefined,
      body: undefined,
      format: "json",
      decisiveNames: [],
      read: undefined,
    },
    connection,
  );
  const match = matchOf(list.key);
  const id = optionalExpression(adopt?.id ?? find?.id);
  const filter = optionalCondition(list.filter);
  return {
    source,
    match,
    filter: filter && ((record) => filter.evaluate(record)),
    adopt: {
      match: adopt?.match === undefined ? match : matchOf(adopt.match),
      id: id && ((record) => id.evaluate(record)),
    },
  };
}

type Adopting = Pick<DestinationConfig, "adopt" | "find">;

const matchOf = (parts: readonly ExpressionSource[]): Live["match"] =>
  keyOf(parts.map((part) => compileExpression(part)));

/** The expressions by which a pagination tells whether a page follows. */
export const followedBy = (options: PaginationConfig): readonly Expression[] =>
  ["next", "more", "total"].flatMap((name) => {
    const source = (options as Readonly<Record<string, unknown>>)[name] as ExpressionSource | undefined;
    return source === undefined ? [] : [compileExpression(source, SEES.page)];
  });

export function paginationOf(options: PaginationConfig): Pagination {
  switch (options.type) {
    case "none":
      return singlePage(options.isAssumed !== true);
    case "page":
      return pageNumbers({ ...options, total: optionalExpression(options.total) });
    case "offset":
      return offsets({ ...options, total: optionalExpression(options.total) });
    case "cursor":
      return cursorTokens({ ...options, ...nextPageOf(options.next, options.more) });
    case "link":
      return links(options);
    case "nextUrl":
      return nextUrls({ ...options, ...nextPageOf(options.next, options.more) });
    case "keyset":
      return keysets({ ...options, from: compileExpression(options.from) });
  }
}
