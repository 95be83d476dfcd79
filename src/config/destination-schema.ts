import * as z from "zod";
import type {
  AdoptConfig,
  CreateConfig,
  DestinationConfig,
  FindConfig,
  IdempotencyKeyConfig,
  KeyedWriteConfig,
  ListConfig,
  ManyConfig,
  PreconditionConfig,
  ReadConfig,
  ResultsConfig,
  WriteConfig,
} from "./config.ts";
import { expression, expressions, SEES } from "./expression-leaf.ts";
import { map, maybe } from "./leaf.ts";
import { READING, request, requestShape, WRITING } from "./request-schema.ts";
import type { Substitute } from "./secrets.ts";
import { later, paginationOrNone } from "./source-schema.ts";
import type { Values } from "./values.ts";

/** Where records are written, and how they are found again. */
export function destinationSchema(values: Values, substitute: Substitute): z.ZodType<DestinationConfig> {
  const reading = requestShape(substitute, { methods: READING, sees: SEES.write });
  const record = maybe(expression(SEES.input)).describe(
    "Where the record is in the answer's body; the whole body when absent.",
  );
  const write = writeShape(values, substitute);
  const keyed = {
    ...write,
    idempotencyKey: maybe(keySchema(values)).describe("Send a key with which the API recognises a repeated request."),
  };

  const find: z.ZodType<FindConfig> = request({
    ...reading,
    record,
    id: expression(SEES.input).describe("Where the destination's id is in the record found."),
    visibilityLag: values.duration
      .prefault("0s")
      .describe("How long a record just created may stay invisible to this search."),
    unique: values.flag.prefault(false).describe("The API itself refuses a second record with this external id."),
  }).transform(({ visibilityLag, ...given }) => ({ ...given, visibilityLagMs: visibilityLag }));
  const list: z.ZodType<ListConfig> = request({
    ...requestShape(substitute, { methods: READING, sees: undefined }),
    records: expression(SEES.input).prefault("$").describe("Where the list of records is in an answer's body."),
    key: expressions(SEES.input).describe(
      "The value by which a listed record and a mapped record are the same one; the id that the destination assigned, where the mapped record has no such value.",
    ),
    pagination: paginationOrNone(values, "How one page leads to the next."),
    filter: maybe(expression(SEES.input)).describe(
      "Which listed records count: `active = true` where a delete only takes that away. The others are as if the destination did not have them.",
    ),
  });
  const adopt: z.ZodType<AdoptConfig> = map({
    match: maybe(expressions(SEES.input)).describe(
      "The value by which a listed record and a mapped record are the same one, while the ledger knows neither; `list.key` when absent.",
    ),
    id: maybe(expression(SEES.input)).describe(
      "The id that the destination assigned, in a listed record; that of `find` when absent, else `list.key`.",
    ),
  });
  const upsert: z.ZodType<KeyedWriteConfig> = request(keyed);
  const create: z.ZodType<CreateConfig> = request({
    ...keyed,
    id: expression(SEES.input).describe("Where the new record's id is in the answer's body."),
  });
  const many = manySchemas(values, substitute);
  const change: z.ZodType<WriteConfig> = request(write);
  const read: z.ZodType<ReadConfig> = request({ ...reading, record });

  return map({
    connection: values.text.describe("The name of a connection."),
    upsert: maybe(upsert).describe("Creates or replaces a record at its own address: `PUT /items/{sku}`."),
    create: maybe(create).describe("Creates a record where the destination assigns the id."),
    update: maybe(change).describe(
      "Changes a record by the id that the destination assigned: `PATCH /contacts/{$id}`.",
    ),
    find: maybe(find).describe(
      "Finds a record by an external id, to learn whether a create whose answer was lost has taken effect.",
    ),
    delete: maybe(change).describe(
      "Deletes a record: `DELETE /items/{sku}`. A soft delete is an update with a `body`. It sees `$key`, `$id` and the record as it was last written; of what has gone there is no `$source`.",
    ),
    read: maybe(read).describe(
      "Reads one record back, to learn whether a write whose answer was lost has taken effect: `GET /items/{sku}`.",
    ),
    list: maybe(list).describe("All records of the destination, for `evenkeel check` and `evenkeel state adopt`."),
    adopt: maybe(adopt).describe(
      "How records that the destination had before the first run are recognised by `evenkeel state adopt`.",
    ),
    upsertMany: maybe(many.upsert).describe(
      "Creates or replaces many records in one request, besides `upsert` or instead of it: `POST /items/bulk`.",
    ),
    createMany: maybe(many.create).describe("Creates many records in one request, besides `create`."),
    deleteMany: maybe(many.delete).describe("Deletes many records in one request, besides `delete`."),
    precondition: preconditionSchema(values).describe(
      "What a write must be based on to be taken: `etag`, or `{ version: version, send: { body: version } }`. It needs `read` or `find`.",
    ),
    conflict: values
      .choice(["source", "destination", "reject"])
      .prefault("source")
      .describe(
        "What happens when somebody else has changed the record. `source`: it is overwritten. `destination`: it is left until the source changes again. `reject`: nothing is written, and the record goes to the rejects.",
      ),
    omitted: values
      .choice(["cleared", "kept"])
      .prefault("cleared")
      .describe(
        "What a write does to a field that the mapped record leaves out. `cleared`: nothing is there any more, and `evenkeel check` makes sure of that. `kept`: the API lets it be, and whatever is there is as it should be.",
      ),
  });
}

function manySchemas(values: Values, substitute: Substitute) {
  const result = (what: string) => maybe(expression(SEES.input)).describe(what);
  const results: z.ZodType<ResultsConfig> = map({
    each: expression(SEES.input).describe("Where the list of results is in the answer's body, one for each record."),
    key: result(
      "The value by which a result and a mapped record belong together; where it is absent, they have the same position.",
    ),
    ok: result(
      "Whether a result says that its record was written. When absent, its `status` says so, or that it has no `error`; with none of these, every one does.",
    ),
    missing: result("Whether a result says that there is no such record: then it counts as deleted."),
    exists: result("Whether a result says that the record is there already: then it is looked up."),
    status: result(
      "The status of a result, as HTTP has it: 429 is tried again, and what 409 and 5xx came to is found out.",
    ),
    error: result("What a result says was wrong; the whole result when absent."),
    id: result("The id that the destination gave the record; that of `create` when absent."),
  });
  const manyOf = (idempotent: string): z.ZodType<ManyConfig> =>
    request({
      ...requestShape(substitute, { methods: WRITING, sees: undefined, isStored: true }),
      size: values.integer({ min: 1, max: 10_000 }).prefault(100).describe("Records in one request at most."),
      bytes: values.bytes.prefault("1MiB").describe("Bytes of records in one request at most, about."),
      body: maybe(expression(SEES.write)).describe(
        "The body, as an expression over the list of mapped records; the list itself when absent. `$key`, `$id` and `$source` are lists in the same order.",
      ),
      results: maybe(results).describe(
        "What became of each record; when absent, a 2xx answer says that all were written, and any other that none was.",
      ),
      idempotent: maybe(values.flag).describe(idempotent),
    });
  const isLike = "Whether sending it twice has the effect of sending it once. Taken for";
  return {
    upsert: manyOf(`${isLike} true.`),
    create: manyOf(`${isLike} false.`),
    delete: manyOf(`${isLike} true.`),
  };
}

function writeShape(values: Values, substitute: Substitute) {
  return {
    ...requestShape(substitute, { methods: WRITING, sees: SEES.write, isStored: true }),
    body: maybe(expression(SEES.write)).describe(
      "The body, as an expression over the mapped record; the mapped record itself when absent.",
    ),
    encoding: values.choice(["json", "form"]).prefault("json").describe("How the body is written."),
    idempotent: maybe(values.flag).describe(
      "Whether sending it twice has the effect of sending it once. Taken for true of PUT, PATCH and DELETE, and for false of POST: declare `false` for a PATCH that adds to a number, `true` for a POST that changes a record at its own address. A `create` is never declared `true`.",
    ),
  };
}

function keySchema(values: Values): z.ZodType<IdempotencyKeyConfig> {
  return map({
    header: values.headerName.prefault("Idempotency-Key").describe("The header that carries the key."),
    quoted: values.flag
      .prefault(false)
      .describe("Write it in double quotes, as the IETF draft has it and most APIs do not."),
    retention: values.duration.prefault("24h").describe("How long the API remembers a key."),
    body: maybe(later("A member of the body that carries the key.")).describe("Not supported in this version yet."),
  }).transform(({ body: _, retention, ...given }) => ({ ...given, retentionMs: retention }));
}

function preconditionSchema(values: Values): z.ZodType<PreconditionConfig | undefined> {
  const name = (what: string) => maybe(values.text).describe(what);
  const send = map({
    body: name("A member of the body."),
    query: name("A query parameter."),
    header: maybe(values.headerName).describe("A header."),
  }).transform((given, context) => {
    const named = (["body", "query", "header"] as const).filter((place) => given[place] !== undefined);
    const [place] = named;
    if (place !== undefined && named.length === 1) return { place, name: given[place] as string };
    context.addIssue({ code: "custom", message: "takes one of `body`, `query` and `header`" });
    return z.NEVER;
  });
  const long = map({
    type: values
      .choice(["none", "etag", "version"])
      .prefault("version")
      .describe("Text alone stands for it: `precondition: etag`."),
    version: maybe(expression(SEES.input)).describe(
      "Where a record, as it is read or as a write answers it, has its version; for `version`.",
    ),
    send: maybe(send).describe("Where a write carries it; for `version`."),
  }).transform(({ type, version: select, send: where }, context): PreconditionConfig | undefined => {
    if (type === "none") return undefined;
    if (type === "etag") return { version: undefined };
    if (select !== undefined && where !== undefined) return { version: { select, send: where } };
    context.addIssue({
      code: "custom",
      message: "needs `version` and `send`: `{ version: version, send: { body: version } }`",
    });
    return z.NEVER;
  });
  return z
    .preprocess((raw) => (typeof raw === "string" ? { type: raw } : raw), long)
    .prefault("none")
    .meta({ "x-or": "precondition" });
}
