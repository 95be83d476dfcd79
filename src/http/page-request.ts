import { parseExact } from "../core/exact-json.ts";
import { isObject, setMember, type Json, type JsonObject } from "../core/json.ts";
import type { PageAddress, PageParam } from "./paginate/pagination.ts";

/** A page's request, as far as paging and cursor make it. */
export interface PageRequest {
  readonly url: string;
  readonly body: string | undefined;
}

/** Puts parameters into a page's request: into the query, or where a body is declared, at their paths in it (`variables.after`). */
export function pageRequest(address: string, body: JsonObject | undefined, params: readonly PageParam[]): PageRequest {
  const url = new URL(address);
  if (body === undefined) {
    for (const [name, value] of params) url.searchParams.set(name, String(value));
    return { url: url.href, body: undefined };
  }
  const filled = params.reduce<JsonObject>((filling, [name, value, isNumber]) => {
    const given = isNumber === true ? parseExact(String(value)) : value;
    return withValue(filling, name.split("."), given);
  }, body);
  return { url: url.href, body: JSON.stringify(filled) };
}

/** What tells a page from the first one, for messages: `cursor=abc`, or its address. Undefined for the first one. */
export function pageName(address: PageAddress, first: PageAddress): string | undefined {
  if (address.kind === "url") return address.url;
  const usual = new Set(first.kind === "query" ? first.params.map(([name, value]) => `${name}=${value}`) : []);
  const own = address.params.map(([name, value]) => `${name}=${value}`).filter((param) => !usual.has(param));
  return own.length === 0 ? undefined : own.join("&");
}

/** Whether a body asks in GraphQL: its documents have braces, and a `query` that others search by is seldom a text with some. */
export const isGraphql = (body: JsonObject | undefined): boolean =>
  typeof body?.["query"] === "string" && body["query"].includes("{");

/** A copy with the value at a path; what has to be there around it is made. */
function withValue(object: JsonObject, [name = "", ...rest]: readonly string[], value: Json): JsonObject {
  const copy: Record<string, Json> = { ...object };
  const inner = Object.hasOwn(object, name) ? object[name] : undefined;
  setMember(copy, name, rest.length === 0 ? value : withValue(isObject(inner) ? inner : {}, rest, value));
  return copy;
}
