import type { Finding, SendOptions } from "../core/destination.ts";
import type { Expression, Scope } from "../core/expression.ts";
import { isObject, scalarText, type JsonObject } from "../core/json.ts";
import { untried, type Attempt } from "../core/outcome.ts";
import type { RenderedRequest, RequestTemplate } from "../core/url-template.ts";
import type { Connection, Exchange } from "./connection.ts";

/** A look-up in the live destination: `find` by external id, or `read` by address. */
export interface LookUpRequest {
  readonly template: RequestTemplate;
  /** Selects the record in the answer; the whole body when undefined. */
  readonly record: Expression | undefined;
  /** Selects the id in the record found. */
  readonly id: Expression | undefined;
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
  const evidence = untried({ method: request.template.method, url: request.template.text }, reason);
  return {
    outcome: { kind: "refused", status: 0, reason: "other", message: `its look-up address cannot be built: ${reason}` },
    evidence,
  };
}
