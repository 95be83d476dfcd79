import type { ConflictPolicy, Finding, SendOptions, Write } from "../core/destination.ts";
import type { Expression } from "../core/expression.ts";
import { isObject, scalarText, setMember, type Json } from "../core/json.ts";
import { parseExact } from "../core/exact-json.ts";
import type { Attempt, Outcome } from "../core/outcome.ts";
import { encodeForm, FORM } from "./form.ts";

/** What says which version of a record a write is based on (U4). */
export interface PreconditionOptions {
  readonly conflict: ConflictPolicy;
  /** Undefined for ETags (RFC 9110, 8.8.3). */
  readonly version:
    | {
        /** Selects the version in a record as it was read, or in the answer to a write. */
        readonly select: Expression;
        readonly send: { readonly place: "body" | "query" | "header"; readonly name: string };
      }
    | undefined;
}

type Based = Pick<SendOptions, "tag" | "isNew">;

/**
 * The write with what it is based on: `If-Match`, or `If-None-Match: *` for what must not be there yet (RFC 9110, 13.1), or the version where the
 * config puts it. The stored bytes stay as they are, since the version is learned anew.
 */
export function basedOn(options: PreconditionOptions | undefined, write: Write, { tag, isNew = false }: Based): Write {
  if (options === undefined) return write;
  const { version } = options;
  if (version === undefined) {
    const line =
      tag !== undefined ? { "if-match": tag } : isNew && write.method === "PUT" ? { "if-none-match": "*" } : undefined;
    return line === undefined ? write : { ...write, headers: { ...write.headers, ...line } };
  }
  if (tag === undefined) return write;
  const value = parseExact(tag);
  const { place, name } = version.send;
  // A DELETE mostly has no body that could carry it.
  switch (place === "body" && write.body === undefined ? "query" : place) {
    case "header":
      return { ...write, headers: { ...write.headers, [name.toLowerCase()]: textOf(value) } };
    case "query": {
      const mark = write.url.includes("?") ? "&" : "?";
      return { ...write, url: `${write.url}${mark}${encodeURIComponent(name)}=${encodeURIComponent(textOf(value))}` };
    }
    case "body":
      return { ...write, body: withMember(write, name, value) };
  }
}

const textOf = (value: Json): string => scalarText(value) ?? JSON.stringify(value);

function withMember({ body, headers }: Write, name: string, value: Json): string | undefined {
  if (headers["content-type"] === FORM) return [body, encodeForm({ [name]: value })].filter(Boolean).join("&");
  const members: unknown = body === undefined ? {} : parseExact(body);
  if (!isObject(members)) return body;
  const copy: Record<string, Json> = { ...members };
  setMember(copy, name, value);
  return JSON.stringify(copy);
}

/** What an attempt came to where a precondition is declared: 409, 412 and 428 say that the version is another one, and nothing was done. */
export async function judgedBy(options: PreconditionOptions, attempt: Attempt): Promise<Attempt> {
  const { outcome } = attempt;
  if (outcome.kind === "applied") {
    const { version } = options;
    if (version === undefined) return attempt;
    const { status, body } = outcome;
    const etag = await versionIn(version.select, body);
    return { ...attempt, outcome: { kind: "applied", status, body, ...(etag === undefined ? {} : { etag }) } };
  }
  if (!isConflict(outcome)) return attempt;
  const { status = 0, message } = outcome;
  return { ...attempt, outcome: { kind: "refused", status, reason: "conflict", message } };
}

type NotTaken = Extract<Outcome, { kind: "refused" | "unknown" }>;

/** What the config declares an answer to mean, it means. */
const isConflict = (outcome: Outcome): outcome is NotTaken =>
  (outcome.kind === "unknown" && outcome.status === 409) ||
  (outcome.kind === "refused" &&
    (outcome.reason === "conflict" || (outcome.reason === "other" && outcome.status === 428)));

/** A finding with the version that the config declares. */
export const versioned =
  (options: PreconditionOptions | undefined) =>
  async (finding: Finding): Promise<Finding> => {
    if (options?.version === undefined || finding.kind !== "found") return finding;
    const { etag: _, ...found } = finding;
    const etag = await versionIn(options.version.select, finding.record);
    return etag === undefined ? found : { ...found, etag };
  };

/** As JSON, so that a number is sent as a number again. */
async function versionIn(select: Expression, record: Json | undefined): Promise<string | undefined> {
  if (record === undefined) return undefined;
  const value = await select.evaluate(record);
  return value === undefined || scalarText(value) === undefined ? undefined : JSON.stringify(value);
}
