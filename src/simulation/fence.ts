import type { DestinationConfig, PreconditionConfig } from "../config/config.ts";
import { isObject, scalarText, type Json, type JsonObject } from "../core/json.ts";
import { jsonAnswer, type Answer } from "./answer.ts";
import type { DestinationRequest, Item } from "./item.ts";
import { placeOf, put, type Place } from "./place.ts";

interface Sent {
  /** The request as it would be without it. */
  readonly plain: DestinationRequest;
  /** As it was sent: an ETag in its quotes, or a version as text. */
  readonly version: string | undefined;
}

/** What a double wants of writes where a precondition is declared: the current version, as an ETag or where the config has it borne (U4). */
export class Fence {
  readonly #declared: PreconditionConfig | undefined;
  /** Where a record has its version; undefined for ETags. */
  readonly #place: Place | undefined;
  /** Results of a batch have a status. */
  readonly #tellsStatus: boolean;

  constructor({ precondition, upsertMany }: Pick<DestinationConfig, "precondition" | "upsertMany">) {
    this.#declared = precondition;
    this.#place = precondition?.version && placeOf(precondition.version.select);
    this.#tellsStatus = upsertMany?.results?.status !== undefined;
  }

  /** Why a write is not taken: 412, and 428 where nothing is said (RFC 9110, 13.1); 409 where the version is a field. */
  refusal(request: DestinationRequest, item: Item | undefined, isDelete: boolean): Answer | undefined {
    if (this.#declared === undefined) return undefined;
    const { version } = this.sent(request);
    const isTagged = this.#declared.version === undefined;
    const refused = (code: string, tagged = 412): Answer => jsonAnswer(isTagged ? tagged : 409, { code });
    const isNew = isTagged && request.headers["if-none-match"] === "*";
    if (item === undefined) {
      if (version !== undefined && !isDelete) return refused("gone");
      return isTagged && request.method === "PUT" && !isNew ? refused("version_required", 428) : undefined;
    }
    if (isNew) return refused("there");
    if (version === undefined) return refused("version_required", 428);
    return version === (isTagged ? tagOf(item) : String(item.tag)) ? undefined : refused("stale");
  }

  /** What a batch, which bears no versions, has as the result of a record that is there; undefined where it is taken. */
  resultOf(item: Item | undefined): JsonObject | undefined {
    if (this.#declared === undefined || item === undefined) return undefined;
    return { status: 428, ok: false, exists: !this.#tellsStatus };
  }

  /** The headers of an answer that shows a record. */
  headersOf(item: Item): Readonly<Record<string, string>> {
    return this.#declared === undefined || this.#declared.version !== undefined ? {} : { etag: tagOf(item) };
  }

  /** A record, or what is said of one, with its version where that is a field. */
  with(said: JsonObject, { tag }: Pick<Item, "tag">): JsonObject {
    return this.#place === undefined ? said : (put(said, this.#place, tag) as JsonObject);
  }

  /** The version that a request says it is based on, where the config has it say that (U4). */
  sent(request: DestinationRequest): Sent {
    if (this.#declared?.version === undefined) return { plain: request, version: request.headers["if-match"] };
    const { place, name } = this.#declared.version.send;
    const { url, headers, body } = request;
    if (place === "header") return { plain: request, version: headers[name.toLowerCase()] };
    if (place === "query" || body === undefined || body === "") {
      const { rest, value } = withoutLast(url.search, name);
      const plain = new URL(url);
      plain.search = rest;
      return { plain: { ...request, url: plain }, version: value };
    }
    if (!body.startsWith("{")) {
      const { rest, value } = withoutLast(body, name);
      return { plain: { ...request, body: rest }, version: value };
    }
    const members = JSON.parse(body) as Json;
    if (!isObject(members) || members[name] === undefined) return { plain: request, version: undefined };
    const { [name]: value, ...others } = members;
    return { plain: { ...request, body: JSON.stringify(others) }, version: scalarText(value) };
  }
}

const tagOf = ({ tag }: Item): string => `"${tag}"`;

/** Parameters without the last one, where it is this one. */
function withoutLast(parameters: string, name: string): { readonly rest: string; readonly value: string | undefined } {
  const [, rest, value] = new RegExp(`^(.*?)[?&]?${name}=([^&]*)$`).exec(parameters) ?? [];
  return rest === undefined ? { rest: parameters, value: undefined } : { rest, value };
}
