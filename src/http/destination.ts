import type {
  Addressed,
  Destination,
  DestinationTraits,
  Finding,
  RenderedWrite,
  SendOptions,
  Write,
} from "../core/destination.ts";
import { andThen, type Eventual } from "../core/eventual.ts";
import type { Expression, Scope } from "../core/expression.ts";
import { isObject, scalarText, type Json, type JsonObject } from "../core/json.ts";
import type { Attempt } from "../core/outcome.ts";
import type { DesiredRecord } from "../core/record.ts";
import type { RenderedRequest, RequestTemplate } from "../core/url-template.ts";
import type { Unusable } from "../core/url-value.ts";
import type { Connection, Exchange, HeaderLine } from "./connection.ts";
import { encodeForm } from "./form.ts";

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

/** A look-up in the live destination: `find` by external id, or `read` by address. */
export interface LookUpRequest {
  readonly template: RequestTemplate;
  /** Selects the record in the answer; the whole body when undefined. */
  readonly record: Expression | undefined;
  /** Selects the id in the record found. */
  readonly id: Expression | undefined;
}

export interface DestinationOptions {
  readonly upsert: WriteRequest | undefined;
  readonly create: WriteRequest | undefined;
  readonly update: WriteRequest | undefined;
  /** Selects the id in a create's answer. */
  readonly createdId: Expression | undefined;
  readonly idempotencyKey:
    | { readonly header: string; readonly quoted: boolean; readonly retentionMs: number }
    | undefined;
  readonly find: (LookUpRequest & { readonly visibilityLagMs: number; readonly unique: boolean }) | undefined;
  readonly read: LookUpRequest | undefined;
}

/** RFC 9110, 9.2.2: the methods for which twice is the same as once. PATCH is one only with absolute values (R2). */
const IDEMPOTENT_METHODS = new Set(["PUT", "DELETE", "PATCH"]);

/** A destination API: renders writes from records, sends them, and looks records up. */
export function createDestination(options: DestinationOptions, connection: Connection): Destination {
  const { upsert, create, update, find, read, idempotencyKey } = options;

  const traits: DestinationTraits = {
    addressing: upsert === undefined ? "assigned" : "own",
    updates: upsert !== undefined || update !== undefined,
    idempotencyKey: idempotencyKey && { retentionMs: idempotencyKey.retentionMs },
    find: find && { visibilityLagMs: find.visibilityLagMs, unique: find.unique },
    readBack: read !== undefined,
    lateWriteMs: connection.lateWriteMs,
  };

  const writes = { upsert: prepared(upsert), create: prepared(create), update: prepared(update) };
  const requestOf = (kind: "create" | "update" | "delete"): PreparedWrite => {
    const request = writes.upsert ?? (kind === "create" ? writes.create : writes.update);
    if (request === undefined) throw new TypeError(`${connection.name} declares no request for ${kind}`);
    return request;
  };

  const address: Destination["address"] = (record) =>
    upsert === undefined ? ASSIGNED : andThen(upsert.template.render(scopeOf(record, undefined)), addressed);

  const render: Destination["render"] = (kind, record, destinationId) => {
    const request = requestOf(kind);
    const { template } = request;
    // The record's own address is its rendered path, and rendering it again would give the same.
    const rendered =
      upsert !== undefined && record.address !== undefined && template.fixedHeaders !== undefined
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
    body: string | Unusable,
  ): RenderedWrite => {
    if (typeof body !== "string") return { ok: false, code: "MAPPING_FAILED", reason: body.reason };
    const write: Write = {
      method: template.method,
      url: connection.baseUrl + path,
      headers: fixedHeaders ?? { ...headers, "content-type": contentType },
      body,
      repeatable,
    };
    return { ok: true, write };
  };

  const send: Destination["send"] = (write, sending) => {
    const key = sending.idempotencyKey;
    const { method, url, headers, body, repeatable } = write;
    const keyHeader = key === undefined || idempotencyKey === undefined ? undefined : keyHeaderOf(idempotencyKey, key);
    const request = { method, url, headers, body, repeatable, purpose: "write" as const, keyHeader };
    return connection.exchange(request, sending).then(attemptOf);
  };

  const lookUpWith = async (
    request: LookUpRequest,
    record: Target,
    destinationId: string | undefined,
    sending: Omit<SendOptions, "idempotencyKey">,
  ): Promise<Finding> => {
    const rendered = await request.template.render(scopeOf(record, destinationId));
    if (!rendered.ok) return { kind: "unclear", attempt: unusable(rendered.reason, request) };
    const exchange = await connection.exchange(readRequest(connection, request.template.method, rendered), sending);
    return findingOf(exchange, request, destinationId);
  };

  const lookUp = lookUpRequest(options);
  return {
    connection: connection.name,
    traits,
    address,
    render,
    send,
    idOf: (body) =>
      body === undefined || options.createdId === undefined
        ? undefined
        : andThen(options.createdId.evaluate(body), scalarText),
    ...(lookUp === undefined
      ? {}
      : {
          lookUp: (record, destinationId, sending) =>
            // A record whose id is known is read at its own address; otherwise it is found by its external id.
            lookUpWith(
              destinationId !== undefined && read !== undefined ? read : lookUp,
              record,
              destinationId,
              sending,
            ),
        }),
  };
}

/** What a look-up uses when the destination's id is not known: `find`, or `read` where the record has its own address. */
const lookUpRequest = ({ find, read, upsert }: DestinationOptions): LookUpRequest | undefined =>
  find ?? (upsert === undefined ? undefined : read);

const scopeOf = (record: Target, destinationId: string | undefined): Scope => ({
  mapped: record.mapped,
  key: record.key,
  source: record.body,
  destinationId,
});

/** A write's request with what is the same for all of its writes. */
interface PreparedWrite extends WriteRequest {
  readonly contentType: string;
  readonly repeatable: boolean;
  /** One object for all of them where the headers do not depend on the record: what is made of it is made once. */
  readonly fixedHeaders: Readonly<Record<string, string>> | undefined;
}

function prepared(request: WriteRequest | undefined): PreparedWrite | undefined {
  if (request === undefined) return undefined;
  const { template, encoding, idempotent } = request;
  const contentType = encoding === "form" ? "application/x-www-form-urlencoded" : "application/json";
  return {
    ...request,
    contentType,
    repeatable: idempotent ?? IDEMPOTENT_METHODS.has(template.method),
    fixedHeaders: template.fixedHeaders && { ...template.fixedHeaders, "content-type": contentType },
  };
}

const ASSIGNED: Addressed = { ok: true, address: undefined, addressKey: undefined };

const addressed = (rendered: RenderedRequest): Addressed =>
  rendered.ok ? { ok: true, address: rendered.path, addressKey: rendered.onlyValue } : rendered;

const attemptOf = ({ attempt }: Exchange): Attempt => attempt;

function bodyOf(request: WriteRequest, record: Target, destinationId: string | undefined): Eventual<string | Unusable> {
  const { body } = request;
  if (body === undefined) return encode(request, record.mapped);
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

function readRequest(connection: Connection, method: string, rendered: Extract<RenderedRequest, { ok: true }>) {
  const url = connection.baseUrl + rendered.path;
  return {
    method,
    url,
    headers: rendered.headers,
    body: undefined,
    purpose: "read",
    repeatable: true,
    keyHeader: undefined,
  } as const;
}

async function findingOf(
  exchange: Exchange,
  request: LookUpRequest,
  destinationId: string | undefined,
): Promise<Finding> {
  const { attempt, answer } = exchange;
  const { outcome } = attempt;
  // A 410 on a page means an expired position; on one record it means that the record is gone (RFC 9110, 15.5.11).
  const isGone = outcome.kind === "refused" && (outcome.reason === "missing" || outcome.reason === "cursorExpired");
  if (isGone) return { kind: "absent" };
  if (outcome.kind !== "applied" || answer === undefined) return { kind: "unclear", attempt };
  const parsed = answer.json();
  if (!parsed.ok)
    return { kind: "unclear", attempt: { ...attempt, outcome: { kind: "unknown", message: parsed.error.message } } };
  const record = request.record === undefined ? parsed.value : await request.record.evaluate(parsed.value);
  // An empty search is an answer; a body without the selected part is the same, since JSONata gives nothing for both.
  if (record === undefined || record === null) return { kind: "absent" };
  if (!isObject(record))
    return {
      kind: "unclear",
      attempt: {
        ...attempt,
        outcome: {
          kind: "unknown",
          message: `the look-up gives no record but ${JSON.stringify(record).slice(0, SHOWN)}`,
        },
      },
    };
  const id = request.id === undefined ? destinationId : scalarText(await request.id.evaluate(record));
  const { etag } = outcome;
  return { kind: "found", destinationId: id, record: record as JsonObject, ...(etag === undefined ? {} : { etag }) };
}

/** Characters of an unexpected value that a message shows. */
const SHOWN = 80;

function unusable(reason: string, request: LookUpRequest): Attempt {
  const evidence = {
    request: { method: request.template.method, url: request.template.text, headers: {} },
    failure: reason,
    durationMs: 0,
  };
  return {
    outcome: { kind: "refused", status: 0, reason: "other", message: `its look-up address cannot be built: ${reason}` },
    evidence,
  };
}
