import { EvenkeelError } from "../core/errors.ts";
import type { Expression } from "../core/expression.ts";
import { isObject, type Json, type JsonObject } from "../core/json.ts";
import { nextPageSign, signIn } from "../core/next-page-sign.ts";
import { untried, type Evidence } from "../core/outcome.ts";
import type { Page, PageAttempt, ReadRequest, Source } from "../core/source.ts";
import type { RequestTemplate } from "../core/url-template.ts";
import type { Answer, Connection } from "./connection.ts";
import { duplicateNames } from "./duplicate-names.ts";
import { bodyOf, jsonOf, type BodyFormat } from "./answer-body.ts";
import { ACCEPTED_LINES } from "./ndjson.ts";
import { noRecords } from "./no-records.ts";
import { isGraphql, pageName, pageRequest, type PageRequest } from "./page-request.ts";
import type { Following, PageParam, Pagination } from "./paginate/pagination.ts";

export interface SourceOptions {
  readonly request: RequestTemplate;
  readonly records: Expression;
  readonly pagination: Pagination;
  /** The expressions that the pagination goes by. */
  readonly followed: readonly Expression[];
  /** The parameter that takes the cursor value, and whether that is a number; undefined without a cursor. */
  readonly since: { readonly param: string; readonly isNumber: boolean } | undefined;
  /** Of a POST, in which parameters are set. */
  readonly body: JsonObject | undefined;
  readonly format: BodyFormat;
  /** Names of members that keys and cursors are read from, where they are plain: a record in which one occurs twice is refused (S5). */
  readonly decisiveNames: readonly string[];
  /** One record by its key, and where it stands in the answer. */
  readonly read: { readonly request: RequestTemplate; readonly record: Expression | undefined } | undefined;
}

/** Of a parent's list whose request cannot be built. */
const UNASKABLE = "READ_RECORDS_MISSING";

const NO_SCOPE = { mapped: {}, key: "", source: {} };

/** A source API: asks for one page at a time and says what came back. */
export function createSource(options: SourceOptions, connection: Connection): Source {
  const { pagination, request, read } = options;

  const requestOf = async (asked: ReadRequest): Promise<Asking | EvenkeelError> => {
    const rendered = await request.render({ ...NO_SCOPE, mapped: asked.within ?? {} });
    if (!rendered.ok)
      return new EvenkeelError(
        asked.within === undefined ? "CONFIG_INVALID" : UNASKABLE,
        `the source's request cannot be built: ${rendered.reason}`,
      );
    const headers = options.body === undefined ? rendered.headers : { ...rendered.headers, "content-type": JSON_TYPE };
    const address = pagination.address(asked.position, asked.size);
    const name = pageName(address, pagination.address(undefined, asked.size));
    if (address.kind === "url") {
      // S3: credentials are attached by origin, so an address elsewhere would read without them, and from a stranger.
      if (!connection.allows(new URL(address.url))) return foreign(address.url, connection);
      return { headers, name, ...pageRequest(address.url, options.body, []) };
    }
    const { since } = options;
    const from: readonly PageParam[] =
      since === undefined || asked.since === undefined ? [] : [[since.param, asked.since, since.isNumber]];
    const url = connection.baseUrl + rendered.path;
    return { headers, name, ...pageRequest(url, options.body, [...address.params, ...from]) };
  };

  const page = async (asked: ReadRequest): Promise<PageAttempt> => {
    const target = await requestOf(asked);
    if (target instanceof EvenkeelError)
      return { kind: "broken", error: target, ...(target.code === UNASKABLE ? { isUnaskable: true } : {}) };
    const { attempt, answer } = await connection.exchange(
      {
        method: request.method,
        url: target.url,
        headers: target.headers,
        body: target.body,
        purpose: "read",
        repeatable: true,
        keyHeader: undefined,
        ...(isGraphql(options.body) ? { isGraphql: true as const } : {}),
        ...(options.format === "ndjson" ? { accept: ACCEPTED_LINES } : {}),
      },
      asked,
    );
    const { outcome, evidence } = attempt;
    if (outcome.kind === "refused" && isPastEnd(outcome.status) && pagination.mayBePastEnd(asked.position)) {
      return { kind: "page", page: emptyPage(target, evidence, answer) };
    }
    if (outcome.kind !== "applied") return { kind: "failed", outcome, evidence };
    if (answer === undefined)
      return { kind: "failed", outcome: { kind: "unknown", message: "the answer was not complete" }, evidence };
    return readAnswer(answer, target, asked, evidence);
  };

  const readAnswer = async (
    answer: Answer,
    asking: Asking,
    asked: ReadRequest,
    evidence: Evidence,
  ): Promise<PageAttempt> => {
    const parsed = bodyOf(answer, options.format);
    if (!parsed.ok)
      return {
        kind: "broken",
        error: new EvenkeelError(parsed.error.code, `${connection.name}: ${parsed.error.message}`, {
          evidence,
          ...(parsed.error.next === undefined ? {} : { next: parsed.error.next }),
        }),
      };
    const body = parsed.value;
    const records = await options.records.evaluate(body);
    if (!Array.isArray(records))
      return { kind: "broken", error: noRecords(options.records, records, body, evidence), body };
    const list = records as readonly Json[];
    const follows = await pagination.follow({
      body,
      headers: answer.headers,
      records: list,
      url: asking.url,
      position: asked.position,
      size: asked.size,
    });
    if (follows.kind === "broken")
      return {
        kind: "broken",
        error: new EvenkeelError("READ_NEXT_INVALID", `where the next page is cannot be told: ${follows.reason}`, {
          evidence,
          next: follows.next ?? NEXT_HINT,
        }),
        body,
      };
    const problem = foreignNext(follows, connection);
    if (problem !== undefined) return { kind: "broken", error: problem, body };
    const found =
      follows.kind === "end"
        ? nextPageSign({
            status: answer.status,
            headers: answer.headers,
            body,
            count: list.length,
            isFirst: asked.position === undefined,
            isWhole: asked.since === undefined,
            type: pagination.paging.type,
            followed: options.followed,
          })
        : undefined;
    const sign = signIn(found, pagination.paging);
    const page = pageOf(answer, list, follows, asking, evidence);
    return {
      kind: "page",
      page: { ...page, body, ...(sign === undefined ? {} : { goesOn: sign }) },
    };
  };

  const pageOf = (
    answer: Answer,
    records: readonly Json[],
    follows: Exclude<Following, { kind: "broken" }>,
    asking: Asking,
    evidence: Evidence,
  ): Page => ({
    records,
    next: follows.kind === "next" ? follows.position : undefined,
    ...identityOf(asking),
    dateMs: answer.dateMs,
    total: follows.total,
    ...(follows.overlap === undefined ? {} : { overlap: follows.overlap }),
    ...(follows.unproven === undefined ? {} : { unproven: follows.unproven }),
    duplicateNames: duplicateNames(jsonOf(answer, options.format), records, options.decisiveNames),
    bytes: answer.bytes,
    evidence,
  });

  return {
    connection: connection.name,
    paging: { ...pagination.paging, records: options.records.text },
    page,
    ...(read === undefined
      ? {}
      : {
          readOne: (key, source, sending) => readOne(read, key, source, sending, connection),
        }),
  };
}

const NEXT_HINT = "Compare `pagination` with an answer of the API: `evenkeel plan --limit 1 --trace` shows one.";

/** A page's request. */
interface Asking extends PageRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly name: string | undefined;
}

const JSON_TYPE = "application/json";

/** What is asked the same is the same page (P4). */
const identityOf = ({ url, body, name }: Asking): Pick<Page, "token" | "name"> => ({
  token: body === undefined ? url : `${url}\n${body}`,
  ...(name === undefined ? {} : { name }),
});

/** APIs answer an address past their last page with 400 or 404 (or 416, for those that think in ranges). */
const isPastEnd = (status: number): boolean => status === 400 || status === 404 || status === 416;

const emptyPage = (asking: Asking, evidence: Evidence, answer: Answer | undefined): Page => ({
  records: [],
  next: undefined,
  ...identityOf(asking),
  dateMs: answer?.dateMs,
  total: undefined,
  duplicateNames: new Set(),
  bytes: answer?.bytes ?? 0,
  evidence,
});

function foreignNext(follows: Following, connection: Connection): EvenkeelError | undefined {
  if (follows.kind !== "next") return undefined;
  const value: unknown = JSON.parse(follows.position);
  if (typeof value !== "string" || !/^[a-z][a-z0-9+.-]*:\/\//i.test(value) || !URL.canParse(value)) return undefined;
  return connection.allows(new URL(value)) ? undefined : foreign(value, connection);
}

const foreign = (url: string, connection: Connection): EvenkeelError =>
  new EvenkeelError(
    "API_FOREIGN_ADDRESS",
    `${connection.name} names a next page at another origin: ${new URL(url).origin}`,
    {
      next: `Only ${new URL(connection.baseUrl).origin} is read with this connection's credentials. If the API really moved there, change \`baseUrl\`.`,
    },
  );

/** How long a single look at the source may wait for its lane. */
const READ_ONE_PATIENCE_MS = 60_000;

const readOne = async (
  read: NonNullable<SourceOptions["read"]>,
  key: string,
  source: JsonObject | undefined,
  sending: Pick<ReadRequest, "signal" | "stop">,
  connection: Connection,
): ReturnType<NonNullable<Source["readOne"]>> => {
  const rendered = await read.request.render({ mapped: source ?? {}, key, source: source ?? {} });
  if (!rendered.ok) {
    const evidence = untried({ method: read.request.method, url: read.request.text }, rendered.reason);
    return { outcome: { kind: "refused", status: 0, reason: "other", message: rendered.reason }, evidence };
  }
  const url = connection.baseUrl + rendered.path;
  const { attempt, answer } = await connection.exchange(
    {
      method: read.request.method,
      url,
      headers: rendered.headers,
      body: undefined,
      purpose: "read",
      repeatable: true,
      keyHeader: undefined,
    },
    { ...sending, patienceMs: READ_ONE_PATIENCE_MS },
  );
  const parsed = attempt.outcome.kind === "applied" ? answer?.json() : undefined;
  if (parsed?.ok !== true) return attempt;
  const record = read.record === undefined ? parsed.value : await read.record.evaluate(parsed.value);
  return isObject(record) ? { ...attempt, record } : attempt;
};
