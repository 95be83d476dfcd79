import type { Addressed, Destination, DestinationTraits, RenderedWrite, Write } from "../core/destination.ts";
import { andThen, type Eventual } from "../core/eventual.ts";
import type { Expression, Scope } from "../core/expression.ts";
import { scalarText, type Json } from "../core/json.ts";
import type { OperationKind } from "../core/operation.ts";
import type { Attempt } from "../core/outcome.ts";
import type { DesiredRecord } from "../core/record.ts";
import type { RenderedRequest, RequestTemplate } from "../core/url-template.ts";
import type { Unusable } from "../core/url-value.ts";
import type { Connection, Exchange, HeaderLine } from "./connection.ts";
import { encodeForm, FORM } from "./form.ts";
import { lookUpWith, type LookUpRequest } from "./look-up.ts";
import { basedOn, judgedBy, versioned, type PreconditionOptions } from "./precondition.ts";
import { createManyWrites, type ManyRequest } from "./many.ts";

type Target = Pick<DesiredRecord, "key" | "mapped" | "body">;

/** One kind of write, as the config declares it. */
export interface WriteRequest {
  readonly template: RequestTemplate;
  readonly encoding: "json" | "form";
  /** The body instead of the mapped record. */
  readonly body: Expression | undefined;
  /** Whether sending it twice has the effect of sending it once; undefined for what the method says (R2). */
  readonly idempotent: boolean | undefined;
}

/** A delete, real or soft (an update that marks the record as deleted). */
export interface DeleteRequest extends WriteRequest {
  /** Its path is that of `upsert`: then it goes to the address that the record was written to, and needs none of its content (U10). */
  readonly atAddress: boolean;
  readonly needsRecord: boolean;
}

export interface DestinationOptions {
  readonly upsert: WriteRequest | undefined;
  readonly create: WriteRequest | undefined;
  readonly update: WriteRequest | undefined;
  readonly upsertMany: ManyRequest | undefined;
  readonly createMany: ManyRequest | undefined;
  readonly deleteMany: ManyRequest | undefined;
  readonly delete: DeleteRequest | undefined;
  /** Selects the id in a create's answer. */
  readonly createdId: Expression | undefined;
  readonly idempotencyKey:
    | { readonly header: string; readonly quoted: boolean; readonly retentionMs: number }
    | undefined;
  readonly precondition: PreconditionOptions | undefined;
  readonly find: (LookUpRequest & { readonly visibilityLagMs: number; readonly unique: boolean }) | undefined;
  readonly read: LookUpRequest | undefined;
}

/** RFC 9110, 9.2.2: the methods for which twice is the same as once. PATCH is one only with absolute values (R2). */
const IDEMPOTENT_METHODS = new Set(["PUT", "DELETE", "PATCH"]);

/** A destination API: renders writes from records, sends them, and looks records up. */
export function createDestination(options: DestinationOptions, connection: Connection): Destination {
  const { upsert, create, update, upsertMany, createMany, deleteMany, find, read, idempotencyKey, precondition } =
    options;
  const isOwn = upsert !== undefined || upsertMany !== undefined;
  const sizes = [upsertMany, createMany, deleteMany].flatMap((request) => request?.size ?? []);

  const traits: DestinationTraits = {
    addressing: isOwn ? "own" : "assigned",
    updates: isOwn || update !== undefined,
    upsert: upsertTrait(prepared(upsert) ?? upsertMany),
    together: sizes.length === 0 ? undefined : Math.max(...sizes),
    delete: options.delete && {
      needsRecord: options.delete.needsRecord,
      knowsPlace: (options.delete.atAddress || !usesKey(options.delete)) && deleteMany?.body?.uses.has("key") !== true,
    },
    idempotencyKey: idempotencyKey && { retentionMs: idempotencyKey.retentionMs },
    find: find && { visibilityLagMs: find.visibilityLagMs, unique: find.unique },
    precondition: precondition && { conflict: precondition.conflict },
    readBack: read !== undefined,
    lateWriteMs: connection.lateWriteMs,
  };

  const writes = {
    upsert: prepared(upsert),
    create: prepared(create),
    update: prepared(update),
    delete: prepared(options.delete),
  };
  const together = {
    upsert: upsertMany && createManyWrites(upsertMany, upsert === undefined, connection),
    create: createMany && createManyWrites(createMany, false, connection),
    delete: deleteMany && createManyWrites(deleteMany, false, connection),
  };
  const many: Destination["many"] = (kind) =>
    kind === "delete" ? together.delete : isOwn ? together.upsert : kind === "create" ? together.create : undefined;
  const requestOf = (kind: OperationKind): PreparedWrite => {
    const request = kind === "delete" ? writes.delete : (writes.upsert ?? writes[kind]);
    if (request === undefined) throw new TypeError(`${connection.name} declares no request for ${kind}`);
    return request;
  };

  const address: Destination["address"] = (record) => {
    if (upsert !== undefined) return andThen(upsert.template.render(scopeOf(record, undefined)), addressed);
    return upsertMany === undefined ? ASSIGNED : placeInBatch(upsertMany, record);
  };

  const render: Destination["render"] = (kind, record, destinationId) => {
    const batch = many(kind);
    if (batch?.isOnly === true) return batch.render([{ record, destinationId }]);
    const request = requestOf(kind);
    const { template } = request;
    // The record's own address is its rendered path, and rendering it again would give the same.
    const isAtAddress = kind === "delete" ? options.delete?.atAddress === true : upsert !== undefined;
    const rendered =
      isAtAddress && record.address !== undefined && template.fixedHeaders !== undefined
        ? { ok: true as const, path: record.address, headers: template.fixedHeaders }
        : template.render(scopeOf(record, destinationId));
    return andThen(rendered, (made) => {
      if (!made.ok) return { ok: false, code: "ADDRESS_UNUSABLE", reason: made.reason };
      return andThen(bodyOf(request, record, destinationId), (body) => writeOf(request, made, body));
    });
  };

  const writeOf = (
    { template, repeatable, fixedHeaders, contentType }: PreparedWrite,
    { path, headers }: Extract<RenderedRequest, { ok: true }>,
    body: string | Unusable | undefined,
  ): RenderedWrite => {
    if (typeof body === "object") return { ok: false, code: "MAPPING_FAILED", reason: body.reason };
    const write: Write = {
      method: template.method,
      url: connection.baseUrl + path,
      headers: fixedHeaders ?? { ...headers, ...typed(contentType) },
      body,
      repeatable,
    };
    return { ok: true, write };
  };

  const send: Destination["send"] = (write, sending) => {
    const key = sending.idempotencyKey;
    const { method, url, headers, body, repeatable } = basedOn(precondition, write, sending);
    const keyHeader = key === undefined || idempotencyKey === undefined ? undefined : keyHeaderOf(idempotencyKey, key);
    const request = { method, url, headers, body, repeatable, purpose: "write" as const, keyHeader };
    const made = connection.exchange(request, sending).then(attemptOf);
    return precondition === undefined ? made : made.then((attempt) => judgedBy(precondition, attempt));
  };

  const lookUp = lookUpRequest(options);
  return {
    connection: connection.name,
    traits,
    address,
    render,
    many,
    send,
    idOf: (body) =>
      body === undefined || options.createdId === undefined
        ? undefined
        : andThen(options.createdId.evaluate(body), scalarText),
    ...(read === undefined
      ? {}
      : {
          readBack: (record, destinationId, sending) =>
            lookUpWith(read, scopeOf(record, destinationId), record.address, connection, sending).then(
              versioned(precondition),
            ),
        }),
    ...(lookUp === undefined
      ? {}
      : {
          lookUp: (record, destinationId, sending) =>
            // A record whose id is known is read at its own address; otherwise it is found by its external id.
            lookUpWith(
              destinationId !== undefined && read !== undefined ? read : lookUp,
              scopeOf(record, destinationId),
              record.address,
              connection,
              sending,
            ).then(versioned(precondition)),
        }),
  };
}

/** Where nothing has an address of its own, a record is told apart by what its result is told apart by. */
function placeInBatch({ template, results }: ManyRequest, { key, mapped }: Target): Eventual<Addressed> {
  const name = results?.key === undefined ? key : andThen(results.key.evaluate(mapped), scalarText);
  return andThen(name, (text) =>
    text === undefined
      ? { ok: false, reason: `\`results.key\` gives nothing for it: ${results?.key?.text}` }
      : { ok: true, address: `${template.text.replace(/^\S+\s+/, "")}#${encodeURIComponent(text)}`, addressKey: text },
  );
}

/** What a look-up uses when the destination's id is not known: `find`, or `read` where the record has its own address. */
const lookUpRequest = ({ find, read, upsert, upsertMany }: DestinationOptions): LookUpRequest | undefined =>
  find ?? (upsert === undefined && upsertMany === undefined ? undefined : read);

const scopeOf = (record: Target, destinationId: string | undefined): Scope => ({
  mapped: record.mapped,
  key: record.key,
  source: record.body,
  destinationId,
});

/** A write's request with what is the same for all of its writes. */
interface PreparedWrite extends WriteRequest {
  /** Undefined for a request without a body. */
  readonly contentType: string | undefined;
  readonly repeatable: boolean;
  /** One object for all of them where the headers do not depend on the record: what is made of it is made once. */
  readonly fixedHeaders: Readonly<Record<string, string>> | undefined;
}

function prepared(request: WriteRequest | undefined): PreparedWrite | undefined {
  if (request === undefined) return undefined;
  const { template, encoding, idempotent } = request;
  const contentType = !hasBody(request) ? undefined : encoding === "form" ? FORM : "application/json";
  return {
    ...request,
    contentType,
    repeatable: idempotent ?? IDEMPOTENT_METHODS.has(template.method),
    fixedHeaders: template.fixedHeaders && { ...template.fixedHeaders, ...typed(contentType) },
  };
}

const upsertTrait = (
  request: Pick<PreparedWrite, "template" | "repeatable"> | undefined,
): DestinationTraits["upsert"] => request && { method: request.template.method, isRepeatable: request.repeatable };

/** RFC 9110, 9.3.5: content in a DELETE has no defined meaning, so it has none unless one is declared. */
const hasBody = ({ template, body }: WriteRequest): boolean => template.method !== "DELETE" || body !== undefined;

const usesKey = ({ template, body }: WriteRequest): boolean =>
  template.uses.has("key") || body?.uses.has("key") === true;

const typed = (contentType: string | undefined): { readonly "content-type"?: string } =>
  contentType === undefined ? {} : { "content-type": contentType };

const ASSIGNED: Addressed = { ok: true, address: undefined, addressKey: undefined };

const addressed = (rendered: RenderedRequest): Addressed =>
  rendered.ok ? { ok: true, address: rendered.path, addressKey: rendered.onlyValue } : rendered;

const attemptOf = ({ attempt }: Exchange): Attempt => attempt;

function bodyOf(
  request: WriteRequest,
  record: Target,
  destinationId: string | undefined,
): Eventual<string | Unusable | undefined> {
  const { body } = request;
  if (body === undefined) return hasBody(request) ? encode(request, record.mapped) : undefined;
  const bindings = { key: record.key, id: destinationId, source: record.body };
  return andThen(body.evaluate(record.mapped, bindings), (value) =>
    value === undefined
      ? { reason: `the expression of \`body\` gives nothing for it: ${body.text}` }
      : encode(request, value),
  );
}

const encode = (request: WriteRequest, value: Json): string =>
  request.encoding === "form" ? encodeForm(value) : JSON.stringify(value);

/** The IETF draft (draft-ietf-httpapi-idempotency-key-header) quotes the key as a structured-field String; most vendors do not (K6). */
function keyHeaderOf(declared: NonNullable<DestinationOptions["idempotencyKey"]>, key: string): HeaderLine {
  return [declared.header.toLowerCase(), declared.quoted ? `"${key}"` : key];
}
