import { addressOf } from "./draft-address.ts";
import { findCursor, type FoundCursor } from "./draft-cursor.ts";
import { findPaging, recordsOf, type FirstAnswer, type FoundPaging } from "./draft-paging.ts";
import { DraftReader, variablesOf, type DraftAuth, type DraftPorts, type DraftSource } from "./draft-reading.ts";
import { EvenkeelError } from "./core/errors.ts";
import { likelyKey } from "./core/field-proposal.ts";
import { listed } from "./core/observation.ts";
import { isObject, type Json, type JsonObject } from "./core/json.ts";
import { readKey } from "./core/key.ts";
import type { Evidence } from "./core/outcome.ts";
import { fromTheBeginning } from "./core/paging-guess.ts";
import { likelyList, pathExpression, valueAt, type FoundList } from "./core/record-list.ts";
import { fieldsOf, type FieldShape } from "./core/record-shape.ts";

/** A config's source, as an API's own answers propose it. */
export interface Draft {
  /** What the records are called. */
  readonly name: string;
  readonly source: DraftSource;
  readonly paging: Pick<FoundPaging, "seen" | "certainty" | "mayBeLeftOut">;
  readonly cursor: FoundCursor | undefined;
  readonly fields: readonly FieldShape[];
  /** Records that were looked at. */
  readonly records: number;
  readonly requests: number;
}

export interface DraftPlan extends DraftPorts {
  readonly url: string;
  readonly auth: DraftAuth | undefined;
}

/**
 * Reads an API's list and drafts the source of a config from it: where the records are, their key, paging, cursor. Sends GETs alone. Throws
 * EvenkeelError: USAGE for an address that cannot be used, API_* and READ_* for an answer that is no list, or tells too little.
 */
export async function draftSource({ url, auth, ...ports }: DraftPlan): Promise<Draft> {
  const { name, ...address } = addressOf(url);
  const reader = new DraftReader(ports);
  const query = fromTheBeginning(address.query);
  const bare: DraftSource = { ...address, query, auth, records: "$", key: ["id"], pagination: { type: "none" } };
  const { headers, body, list } = await firstAnswer(reader, bare);
  const records = list.items.filter((item): item is JsonObject => isObject(item));
  const parts = likelyKey(records);
  const key = parts.map(pathExpression);
  if (key.length === 0) throw noKey(records);
  const plain = { ...bare, records: pathExpression(list.path), key };
  const first: FirstAnswer = { headers, body, keys: keysOf(records, parts) };
  const paging = await findPaging(reader, plain, first);
  const sample = paging.pages === undefined ? records : recordsOf(paging.pages);
  const looked = sample.length > records.length ? sample : records;
  const cursor = await findCursor(reader, paging.source, looked);
  const source =
    cursor?.param === undefined ? paging.source : { ...paging.source, cursor: { ...cursor, param: cursor.param } };
  return {
    name,
    source,
    paging: {
      seen: paging.seen,
      certainty: paging.certainty,
      ...(paging.mayBeLeftOut === undefined ? {} : { mayBeLeftOut: paging.mayBeLeftOut }),
    },
    cursor,
    fields: fieldsOf(looked),
    records: looked.length,
    requests: reader.requests,
  };
}

const keysOf = (records: readonly JsonObject[], parts: readonly (readonly string[])[]): readonly string[] =>
  records.flatMap((record) => {
    const reading = readKey(parts.map((part) => valueAt(record, part)));
    return reading.ok ? [reading.key] : [];
  });

interface Answered {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Json;
  readonly list: FoundList;
}

/** The first answer, whatever it is, as long as there is a list of records in it. */
async function firstAnswer(reader: DraftReader, source: DraftSource): Promise<Answered> {
  try {
    const { pages, broken, brokenBody } = await reader.read(source, { max: 1 });
    const evidence = pages[0]?.page.evidence ?? broken?.evidence;
    const body = pages[0]?.body ?? brokenBody;
    if (body === undefined) throw broken ?? new EvenkeelError("API_NOT_JSON", "the answer has no body");
    const list = likelyList(body);
    if (list === undefined || !(list.items.length === 0 || list.items.some(isObject))) throw noList(body, broken);
    if (list.items.length === 0) throw emptyList(list, broken);
    return { headers: evidence?.answer?.headers ?? {}, body, list };
  } catch (thrown) {
    const error = EvenkeelError.from(thrown);
    throw error.code === "CONFIG_SECRET_MISSING" ? notSet(error) : explained(error, source.auth);
  }
}

/** There is no file yet that reads the variable: the command line names it. */
function notSet({ code, problems }: EvenkeelError): EvenkeelError {
  const [first] = problems;
  const reads = first?.message.replace(/^.* reads the variable /, "").replace("beside the config", "in this folder");
  return new EvenkeelError(code, `\`--auth\` names ${reads}`, first?.next === undefined ? {} : { next: first.next });
}

/** The same error, with what to do about it where no config is there yet. */
function explained(error: EvenkeelError, auth: DraftAuth | undefined): EvenkeelError {
  const { code, message, evidence } = error;
  const next = nextFor(error, auth);
  return next === undefined
    ? error
    : new EvenkeelError(code, message, { next, ...(evidence === undefined ? {} : { evidence }) });
}

function nextFor({ code, evidence, next }: EvenkeelError, auth: DraftAuth | undefined): string | undefined {
  const answer = evidence?.answer;
  if (code === "API_CREDENTIALS_REFUSED" || answer?.status === 403)
    return auth === undefined ? credentialsNext(answer?.headers["www-authenticate"]) : refusedNext(auth);
  // Who stands in the way, such as a proxy, is told as such; any other advice is about a connection of a config.
  if (code === "API_UNREACHABLE")
    return next?.includes("connections.") === false ? undefined : "Check the address, and that the API is up.";
  if (code === "API_NOT_JSON")
    return "This address has no JSON: look for the API's own address of the list in its documentation.";
  if (code === "API_BODY_TOO_LARGE") return "Ask for fewer records with the API's own parameter, such as `?limit=100`.";
  if (answer !== undefined && answer.status >= 300 && answer.status < 400) return "Give the address that it leads to.";
  if (answer?.status === 404) return "There is nothing at this address: compare it with the API's documentation.";
  return code === "API_REFUSED" ? "Compare the address with the API's documentation." : undefined;
}

/** RFC 9110, 11.6.1: the answer names the schemes that it takes. */
function credentialsNext(schemes: string | undefined): string {
  const how =
    /\bbasic\b/i.test(schemes ?? "") && !/\bbearer\b/i.test(schemes ?? "")
      ? "basic:API_USER:API_PASSWORD"
      : "bearer:API_TOKEN";
  return `Put the credentials into environment variables, or into a file .env in this folder, and name them: --auth ${how} (or header:X-Api-Key:API_KEY, query:api_key:API_KEY). Only the names are written.`;
}

/** They were named already, and sent. */
function refusedNext(auth: DraftAuth): string {
  const names = variablesOf(auth).map((name) => `\`${name}\``);
  const [hold, were, at] = names.length > 1 ? ["hold", "were", "them"] : ["holds", "was", "it"];
  return `What ${listed(names)} ${hold} ${were} sent and refused: look at ${at}, and at the kind of credentials that the API takes (bearer, header, query or basic).`;
}

function noList(body: Json, broken: EvenkeelError | undefined): EvenkeelError {
  const members = isObject(body) ? Object.keys(body).slice(0, MEMBERS_SHOWN) : [];
  const message = isObject(body)
    ? `the answer is one object, and has no list of records (its members: ${members.join(", ") || "none"})`
    : "the answer is no list of records";
  return new EvenkeelError("READ_RECORDS_MISSING", message, {
    next: "Give the address of a list; one record by itself cannot be kept level.",
    ...evidenceOf(broken),
  });
}

const MEMBERS_SHOWN = 20;

const emptyList = ({ path }: FoundList, broken: EvenkeelError | undefined): EvenkeelError =>
  new EvenkeelError(
    "READ_LIST_EMPTY",
    `the list at \`${pathExpression(path)}\` is empty, so nothing can be told of its records`,
    {
      next: "Give an address whose list has records (many leave out drafts, closed or archived ones), or write a starter with `evenkeel init` and fill it in.",
      ...evidenceOf(broken),
    },
  );

const noKey = (records: readonly JsonObject[]): EvenkeelError =>
  new EvenkeelError(
    "READ_KEY_UNKNOWN",
    `no field tells all ${records.length} records apart (fields: ${fieldsOf(records)
      .slice(0, MEMBERS_SHOWN)
      .map(({ path }) => pathExpression(path))
      .join(", ")})`,
    {
      next: "A sync needs a key: ask the API for the field that identifies a record, or write a starter with `evenkeel init` and fill it in.",
    },
  );

const evidenceOf = (error: EvenkeelError | undefined): { readonly evidence?: Evidence } =>
  error?.evidence === undefined ? {} : { evidence: error.evidence };
