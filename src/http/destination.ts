import type { Destination, DestinationTraits, Finding, SendOptions, Write } from "../core/destination.ts";
import type { Expression, Scope } from "../core/expression.ts";
import { isObject, scalarText, type Json, type JsonObject } from "../core/json.ts";
import type { Attempt } from "../core/outcome.ts";
import type { DesiredRecord } from "../core/record.ts";
import type { RenderedRequest, RequestTemplate } from "../core/url-template.ts";
import type { Connection, Exchange } from "./connection.ts";
import { encodeForm } from "./form.ts";

type Target = Pick<DesiredRecord, "key" | "mapped" | "body">;

/** One kind of write, as the config declares it. */
export interface WriteRequest {
  readonly template: RequestTemplate;
  readonly encoding: "json" | "form";
  /** The body instead of the mapped record. */
  readonly body: Expression | undefined;
  /** False for a PATCH whose body is not of absolute values. */
  readonly idempotent: boolean;
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

  const requestOf = (kind: "create" | "update" | "delete"): WriteRequest => {
    const request = upsert ?? (kind === "create" ? create : update);
    if (request === undefined) throw new TypeError(`${connection.name} declares no request for ${kind}`);
    return request;
  };

  const address: Destination["address"] = async (record) => {
    if (upsert === undefined) return { ok: true, address: undefined };
    const rendered = await upsert.template.render(scopeOf(record, undefined));
    return rendered.ok ? { ok: true, address: rendered.path } : { ok: false, reason: rendered.reason };
  };

  const render: Destination["render"] = async (kind, record, destinationId) => {
    const request = requestOf(kind);
    const scope = scopeOf(record, destinationId);
    const rendered = await request.template.render(scope);
    if (!rendered.ok) return { ok: false, code: "ADDRESS_UNUSABLE", reason: rendered.reason };
    const body = await bodyOf(request, record, destinationId);
    if (body.problem !== undefined) return { ok: false, code: "MAPPING_FAILED", reason: body.problem };
    const { method } = request.template;
    const write: Write = {
      method,
      url: connection.baseUrl + rendered.path,
      headers: { ...rendered.headers, ...contentHeaders(request, body.text) },
      body: body.text,
      repeatable: IDEMPOTENT_METHODS.has(method) && request.idempotent,
    };
    return { ok: true, write };
  };

  const send: Destination["send"] = async (write, sending) => {
    const keyHeaders =
      sending.idempotencyKey === undefined || idempotencyKey === undefined
        ? {}
        : keyHeader(idempotencyKey, sending.idempotencyKey);
    const request = {
      ...write,
      headers: { ...write.headers, ...keyHeaders },
      purpose: "write" as const,
      keyed: sending.idempotencyKey !== undefined,
    };
    return (await connection.exchange(request, sending)).attempt;
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
    idOf: async (body) =>
      body === undefined || options.createdId === undefined
        ? undefined
        : scalarText(await options.createdId.evaluate(body)),
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

async function bodyOf(
  request: WriteRequest,
  record: Target,
  destinationId: string | undefined,
): Promise<{ text: string | undefined; problem?: string }> {
  if (request.body === undefined) return { text: encode(request, record.mapped) };
  const bindings = { key: record.key, id: destinationId, source: record.body };
  const value = await request.body.evaluate(record.mapped, bindings);
  if (value === undefined)
    return { text: undefined, problem: `the expression of \`body\` gives nothing for it: ${request.body.text}` };
  return { text: encode(request, value) };
}

const encode = (request: WriteRequest, value: Json): string =>
  request.encoding === "form" ? encodeForm(value) : JSON.stringify(value);

function contentHeaders({ encoding }: WriteRequest, text: string | undefined): Record<string, string> {
  if (text === undefined) return {};
  return { "content-type": encoding === "form" ? "application/x-www-form-urlencoded" : "application/json" };
}

/** The IETF draft (draft-ietf-httpapi-idempotency-key-header) quotes the key as a structured-field String; most vendors do not (K6). */
function keyHeader(declared: NonNullable<DestinationOptions["idempotencyKey"]>, key: string): Record<string, string> {
  return { [declared.header.toLowerCase()]: declared.quoted ? `"${key}"` : key };
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
    keyed: false,
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
