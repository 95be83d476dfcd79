import * as z from "zod";
import { parseDuration } from "../core/duration.ts";
import { isObject, type JsonObject } from "../core/json.ts";
import type { CursorConfig, PageSize, PaginationConfig, ParentsConfig, ReadConfig, SourceConfig } from "./config.ts";
import { expression, expressions, SEES } from "./expression-leaf.ts";
import { found, leaf, map, maybe } from "./leaf.ts";
import { READING, request, requestShape } from "./request-schema.ts";
import type { Substitute } from "./secrets.ts";
import { NOT_YET, type Values } from "./values.ts";

/** Where records are read: the list, and how it is paged and asked for changes. */
export function sourceSchema(values: Values, substitute: Substitute): z.ZodType<SourceConfig> {
  return map({
    connection: values.text.describe("The name of a connection."),
    ...requestShape(substitute, { methods: READING, sees: SEES.input }),
    records: expression(SEES.input)
      .prefault("$")
      .describe("Where the list of records is in an answer's body; `$` when the body is the list."),
    key: expressions(SEES.input).describe("The primary key of a record, or a list of its parts."),
    pagination: paginationOrNone(values, "How one page leads to the next."),
    cursor: maybe(cursorSchema(values)).describe(
      "How to ask for what changed since the last run. Without it every run reads everything.",
    ),
    read: maybe(readSchema(substitute)).describe(
      "One record by its key, to confirm that it is gone: `GET /products/{$key}`.",
    ),
    body: maybe(jsonBody).describe(
      "What a POST asks with, as it is written: a query, or GraphQL's `query` and `variables`. Then parameters of paging and cursor are set in it, at their paths: `param: variables.after`.",
    ),
    format: values
      .choice(["json", "ndjson"])
      .prefault("json")
      .describe("How an answer's body is written: JSON, or one JSON value a line. Told by the `Content-Type` too."),
    filter: maybe(expression(SEES.input)).describe(
      "Which records are read: `status = 'active'`. The others are as if the source did not have them.",
    ),
    parents: maybe(parentsSchema(values, substitute)).describe(
      "The list of what the records belong to, where each has a list of its own: `GET /orders`. The request sees one as `parent`, `GET /orders/{parent.id}/items`, and each record has it as a member.",
    ),
    tombstone: maybe(expression(SEES.input)).describe(
      "Whether the source marks a record as deleted: `deleted_at != null`. Such a record is never written, and deleted as `deletes` says.",
    ),
  });
}

function parentsSchema(values: Values, substitute: Substitute): z.ZodType<ParentsConfig> {
  return map({
    ...requestShape(substitute, { methods: READING, sees: undefined }),
    records: expression(SEES.input).prefault("$").describe("Where the list of parents is in an answer's body."),
    key: expressions(SEES.input).describe("The primary key of a parent, or a list of its parts."),
    pagination: paginationOrNone(values, "How one page of parents leads to the next."),
    filter: maybe(expression(SEES.input)).describe("Which parents' lists are read."),
    as: values.text.prefault("parent").describe("The member of each record that its parent is put into."),
  });
}

/** A JSON value as it is written. */
const jsonBody: z.ZodType<JsonObject> = leaf({ type: "object", additionalProperties: true }, (raw) =>
  isObject(raw) ? { ok: true, value: raw } : { ok: false, reason: `takes a map; ${found(raw)}` },
);

function readSchema(substitute: Substitute): z.ZodType<ReadConfig> {
  return request({
    ...requestShape(substitute, { methods: READING, sees: SEES.key }),
    record: maybe(expression(SEES.input)).describe(
      "Where the record is in the answer's body; the whole body when absent.",
    ),
  });
}

/** A key whose meaning is designed but not built: using it is an error, and never ignored. */
export function later(what: string): z.ZodType<undefined> {
  return leaf({ description: what }, () => ({ ok: false, reason: NOT_YET }));
}

/** Whoever declares nothing has perhaps not looked; `none` says that one page is all there is. */
export const paginationOrNone = (values: Values, description: string): z.ZodType<PaginationConfig> =>
  paginationSchema(values)
    .optional()
    .transform((given): PaginationConfig => given ?? { type: "none", isAssumed: true })
    .meta({ "x-default": "`type: none`" })
    .describe(description);

function paginationSchema(values: Values): z.ZodType<PaginationConfig> {
  const { text, integer } = values;
  const size = maybe(sizeSchema(values)).describe(
    "The page size to ask for: `{ param: per_page, value: 100 }`; without `param` it is only known.",
  );
  const param = text.describe("The query parameter that it is asked with.");
  const numbered = { param, size };
  const next = expression(SEES.page);
  const more = maybe(expression(SEES.page)).describe(
    "Whether there is a next page, where an answer tells that apart: `data.pageInfo.hasNextPage`. Then it alone is the end. It has to be true or false on every page, and where it is true, `next` has to be there; anything else ends the read with an error.",
  );
  const total = (what: string) =>
    maybe(expression(SEES.input)).describe(`${what} When absent, an empty page is the end.`);
  const first = (from: number) => integer({ min: 0, max: 1_000_000 }).prefault(from);
  return z.discriminatedUnion("type", [
    map({ type: z.literal("none") }).describe("One page is all there is."),
    map({
      type: z.literal("page"),
      ...numbered,
      first: first(1).describe("The first page's number."),
      total: total("Where the number of pages is in the body."),
    }).describe("Numbered pages, `?page=2`. Records may shift between pages while the source changes."),
    map({
      type: z.literal("offset"),
      ...numbered,
      first: first(0).describe("The first offset."),
      total: total("Where the number of records is in the body."),
      overlap: integer({ min: 0, max: 1_000 })
        .prefault(0)
        .describe(
          "So many records at the end of a page are read again with the next one: when they are others by then, records have moved between the pages, and the read does not count as complete.",
        ),
    }).describe("Offsets, `?offset=200`. Records may shift between pages while the source changes."),
    map({
      type: z.literal("cursor"),
      next: next.describe(
        "Where the next page's token is in the body, or in a header: ``$headers.`x-next` ``; absent or null on the last page.",
      ),
      more,
      param,
      size,
    }).describe("A token from one page to the next, `?cursor=...`."),
    map({ type: z.literal("link"), size }).describe('A `Link` header with `rel="next"` (RFC 8288).'),
    map({
      type: z.literal("nextUrl"),
      next: next.describe(
        "Where the next page's address is in the body, or in a header; absent or null on the last page.",
      ),
      more,
      size,
    }).describe("The next page's address in the body."),
    map({
      type: z.literal("keyset"),
      param,
      from: expression(SEES.input).describe("The value of a record that the next page begins after."),
      size,
    }).describe("The next page begins after the last record's value, `?after_id=...`."),
  ]);
}

function sizeSchema({ text, integer }: Values): z.ZodType<PageSize> {
  return map({
    param: maybe(text).describe("The query parameter for it; when absent, the size is only known, not asked for."),
    value: integer({ min: 1, max: 100_000 }).describe("Records a page."),
  });
}

/** Not every record is committed in the order of its timestamp; two minutes catch what usually is late. */
const LOOKBACK = "2m";
const SAFETY_LAG = "10s";

function cursorSchema(values: Values): z.ZodType<CursorConfig> {
  return map({
    field: expression(SEES.input).describe("The field of a record by which the source orders its changes."),
    type: values
      .choice(["timestamp", "integer", "text"])
      .describe("How its values compare; kept as the source writes them."),
    param: values.text.describe("The query parameter that takes the value to ask from."),
    lookback: maybe(lookback)
      .meta({ "x-default": `\`${LOOKBACK}\` for timestamps, else \`0\`` })
      .describe(
        "How far before the last value to ask, to meet records that were committed late. A duration for timestamps, a number for integers.",
      ),
    of: values
      .choice(["records", "parents"])
      .prefault("records")
      .describe("Whose field and parameter it is: with `parents`, only the lists of those that have changed are read."),
    sorted: values.flag
      .prefault(false)
      .describe(
        "The source promises ascending order of the field. Then the cursor moves while reading; else only at the end.",
      ),
    safetyLag: maybe(values.duration)
      .meta({ "x-default": `\`${SAFETY_LAG}\` for timestamps, else \`0s\`` })
      .describe("The cursor is not stored past the source's own clock less this. For timestamps."),
  }).transform(({ lookback: given, safetyLag, ...cursor }, context): CursorConfig => {
    const back = lookbackOf(given ?? (cursor.type === "timestamp" ? LOOKBACK : 0), cursor.type);
    if (typeof back === "string") {
      context.addIssue({ code: "custom", message: back, path: ["lookback"] });
      return z.NEVER;
    }
    const lagMs = cursor.type === "timestamp" ? (safetyLag ?? lagDefault) : 0;
    return { ...cursor, lookback: back, safetyLagMs: lagMs };
  });
}

const lagDefault = Number(parsed(SAFETY_LAG));

function parsed(text: string): number | string {
  const reading = parseDuration(text);
  return reading.ok ? reading.value : reading.reason;
}

const lookback = leaf<string | number>({ type: ["string", "integer"] }, (raw) =>
  typeof raw === "string" || typeof raw === "number"
    ? { ok: true, value: raw }
    : { ok: false, reason: "takes a duration such as `2m`, or a number for integers" },
);

/** In ms for timestamps, in plain units for integers; a text says why it cannot be. */
function lookbackOf(given: string | number, type: CursorConfig["type"]): number | string {
  if (type === "timestamp") {
    const ms = parsed(String(given));
    return typeof ms === "number" ? ms : `is not readable: ${ms}`;
  }
  const number = Number(given);
  if (!Number.isSafeInteger(number) || number < 0)
    return "takes a whole number for a cursor of integers, in the units of the field";
  return type === "text" && number !== 0
    ? "has no meaning for a cursor of text, from which nothing can be subtracted"
    : number;
}
