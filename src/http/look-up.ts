import type { Finding, SendOptions } from "../core/destination.ts";
import type { Expression, Scope } from "../core/expression.ts";
import { isObject, member, scalarText, type Json, type JsonObject } from "../core/json.ts";
import { untried, type Attempt } from "../core/outcome.ts";
import { pathExpression } from "../core/record-list.ts";
import type { RenderedRequest, RequestTemplate } from "../core/url-template.ts";
import type { Connection, Exchange } from "./connection.ts";

/** A look-up in the live destination: `find` by external id, or `read` by address. */
export interface LookUpRequest {
  readonly template: RequestTemplate;
  /** Selects the record in the answer; the whole body when undefined. */
  readonly record: Expression | undefined;
  /** Selects the id in the record found. */
  readonly id: Expression | undefined;
  /** Whether 404 says that there is no such record; otherwise that the address is wrong. */
  readonly isMissingAt404: boolean;
  /** Its path is that of `upsert`: then it goes to the address that the record was written to, and needs none of its content (U10). */
  readonly atAddress?: boolean;
}

/** Looks a record up. Never throws for what an API does. */
export async function lookUpWith(
  request: LookUpRequest,
  scope: Scope,
  address: string | undefined,
  connection: Connection,
  sending: Omit<SendOptions, "idempotencyKey">,
): Promise<Finding> {
  const { template, atAddress } = request;
  const rendered =
    atAddress === true && address !== undefined && template.fixedHeaders !== undefined
      ? { ok: true as const, path: address, headers: template.fixedHeaders }
      : await template.render(scope);
  if (!rendered.ok) return { kind: "unclear", attempt: unusable(rendered.reason, request) };
  const exchange = await connection.exchange(readRequest(connection, request.template.method, rendered), sending);
  return findingOf(exchange, request, scope.destinationId);
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
  const unclear = (message: string, isFinal = true): Finding => ({
    kind: "unclear",
    attempt: {
      ...attempt,
      outcome: isFinal ? { kind: "refused", status: 200, reason: "other", message } : { kind: "unknown", message },
    },
  });
  // A 410 on a page means an expired position; on one record it means that the record is gone (RFC 9110, 15.5.11).
  const isGone = outcome.kind === "refused" && (outcome.reason === "missing" || outcome.reason === "cursorExpired");
  if (isGone && outcome.status === 404 && !request.isMissingAt404) return unclear(`${outcome.message}${NO_SEARCH}`);
  if (isGone) return { kind: "absent" };
  if (outcome.kind !== "applied" || answer === undefined) return { kind: "unclear", attempt };
  const parsed = answer.json();
  if (!parsed.ok) return unclear(parsed.error.message, false);
  const record = request.record === undefined ? parsed.value : await request.record.evaluate(parsed.value);
  if (record === undefined || record === null) {
    const missing = record === undefined ? missingIn(parsed.value, request.record) : undefined;
    return missing === undefined ? { kind: "absent" } : unclear(lacks(missing, request.record?.text ?? "$"));
  }
  if (!isObject(record))
    return unclear(`the look-up gives no record but ${JSON.stringify(record).slice(0, SHOWN)}`, false);
  const id = request.id === undefined ? destinationId : scalarText(await request.id.evaluate(record));
  if (request.id !== undefined && id === undefined)
    return unclear(`the record that was found has no id at \`${request.id.text}\`, where \`find.id\` says that it is`);
  const { etag } = outcome;
  return { kind: "found", destinationId: id, record: record as JsonObject, ...(etag === undefined ? {} : { etag }) };
}

const NO_SEARCH =
  "; the address of the search is the same for every record, so this does not say that one is missing: if it does here, declare `answers: { missing: status = 404 }` on the connection";

const lacks = (path: string, text: string): string =>
  `the answer has no \`${path}\`, so \`record: ${text}\` does not say whether there is such a record; if the API leaves it out when there is none, write \`record: $exists(${path}) ? ${text}\``;

/** What an answer lacks of what an expression needs; an empty list and null are there, and say that there is nothing (P5). */
const missingIn = (body: Json, record: Expression | undefined): string | undefined =>
  (record?.path === undefined ? (record?.needs ?? []) : [record.path])
    .map((path) => lackedPart(body, path))
    .find((part) => part !== undefined);

function lackedPart(body: Json, path: readonly string[]): string | undefined {
  let here: readonly Json[] = [body];
  for (const [index, name] of path.entries()) {
    const holders = here.flatMap(opened).filter((holder) => holder !== null);
    if (holders.length === 0) return undefined;
    here = holders.map((holder) => member(holder, name)).filter((value) => value !== undefined);
    if (here.length === 0) return pathExpression(path.slice(0, index + 1));
  }
  return undefined;
}

/** The items of a list, and of the lists in it; otherwise the value itself. */
const opened = (value: Json): readonly Json[] =>
  Array.isArray(value) ? (value as readonly Json[]).flatMap(opened) : [value];

/** Characters of an unexpected value that a message shows. */
const SHOWN = 80;

function unusable(reason: string, request: LookUpRequest): Attempt {
  const evidence = untried({ method: request.template.method, url: request.template.text }, reason);
  return {
    outcome: { kind: "refused", status: 0, reason: "other", message: `its look-up address cannot be built: ${reason}` },
    evidence,
  };
}
