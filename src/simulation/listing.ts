import type { ListConfig, PaginationConfig } from "../config/config.ts";
import { scalarText, type Json } from "../core/json.ts";
import { jsonAnswer, type Answer } from "./answer.ts";
import type { Version } from "./catalogue.ts";
import { at, placeOf, put, type Place } from "./place.ts";

/** What is listed, in the order of the list. */
export type Row = Pick<Version, "id" | "changedMs" | "record">;

interface Options extends Pick<ListConfig, "records" | "pagination"> {
  /** How many are on a page where nobody asks for another number. */
  readonly pageSize: number;
  /** The list is in the order of the times of its rows, and of their ids within one; in that of the ids otherwise. */
  readonly isByTime: boolean;
}

/** What a page has besides its records. */
interface Extra {
  readonly members?: readonly (readonly [place: Place, value: Json])[];
  readonly headers?: Readonly<Record<string, string>>;
}

interface Following {
  readonly pagination: Extract<PaginationConfig, { type: "cursor" | "link" | "nextUrl" }>;
  readonly repeats: boolean;
}

/** The parameter under which addresses of next pages carry their position. */
const POSITION = "position";

const NOWHERE: Place = [];

/** A list of an API, page by page, as the config declares its pagination. */
export class Listing {
  readonly #options: Options;
  readonly #records: Place;

  constructor(options: Options) {
    this.#options = options;
    this.#records = placeOf(options.records) ?? NOWHERE;
  }

  /** Whether a request asks for a page by a position that an earlier page gave. */
  isFollowing(url: URL): boolean {
    const { pagination } = this.#options;
    return url.searchParams.has("param" in pagination ? pagination.param : POSITION);
  }

  /** The page that is asked for. `repeats`: it names its own position as the next one. */
  answer(rows: readonly Row[], url: URL, repeats = false): Answer {
    const { pagination, pageSize } = this.#options;
    const asked = url.searchParams;
    const declared = "size" in pagination ? pagination.size : undefined;
    const askedSize = declared?.param === undefined ? null : asked.get(declared.param);
    const size = Number(askedSize ?? declared?.value ?? pageSize);
    switch (pagination.type) {
      case "none":
        return this.#list(rows);
      case "page":
      case "offset": {
        const isPage = pagination.type === "page";
        const number = Number(asked.get(pagination.param) ?? pagination.first) - pagination.first;
        const from = isPage ? number * size : number;
        const total = isPage ? Math.ceil(rows.length / size) : rows.length;
        const place = pagination.total === undefined ? undefined : placeOf(pagination.total);
        return this.#list(rows.slice(from, from + size), place === undefined ? {} : { members: [[place, total]] });
      }
      case "keyset": {
        const after = asked.get(pagination.param);
        const from = placeOf(pagination.from) ?? NOWHERE;
        const rest = rows.filter(({ record }) => after === null || compare(at(record, from), after) > 0);
        return this.#list(rest.slice(0, size));
      }
      case "cursor":
      case "link":
      case "nextUrl":
        return this.#following(rows, size, url, { pagination, repeats });
    }
  }

  /** A page that says where the next one is. */
  #following(rows: readonly Row[], size: number, url: URL, { pagination, repeats }: Following): Answer {
    const { isByTime } = this.#options;
    const param = pagination.type === "cursor" ? pagination.param : POSITION;
    const token = url.searchParams.get(param);
    const [afterMs, afterId] = token === null ? [-Infinity, -Infinity] : (JSON.parse(atob(token)) as [number, number]);
    const rest = rows.filter(({ changedMs, id }) =>
      isByTime ? changedMs > afterMs || (changedMs === afterMs && id > afterId) : id > afterId,
    );
    const page = rest.slice(0, size);
    const last = rest.length <= size ? undefined : page.at(-1);
    const following = last === undefined ? null : btoa(JSON.stringify([last.changedMs, last.id]));
    const next = repeats && token !== null ? token : following;
    const address = new URL(url);
    if (next !== null) address.searchParams.set(param, next);
    if (pagination.type === "link")
      return this.#list(page, next === null ? {} : { headers: { link: `<${address.href}>; rel="next"` } });
    const named = next === null || pagination.type === "cursor" ? next : address.href;
    const place = placeOf(pagination.next) ?? NOWHERE;
    const flag = pagination.more === undefined ? undefined : placeOf(pagination.more);
    const more = flag === undefined ? [] : [[flag, next !== null] as const];
    return this.#list(page, { members: [[place, named], ...more] });
  }

  #list(rows: readonly Row[], { members = [], headers = {} }: Extra = {}): Answer {
    let body = put(
      undefined,
      this.#records,
      rows.map(({ record }) => record),
    );
    for (const [place, value] of members) body = put(body, place, value);
    return jsonAnswer(200, body, headers);
  }
}

/** Numbers by their value, everything else by its text; what came in an address is a text. */
export function compare(a: Json | undefined, b: Json | undefined): number {
  const [left, right] = [scalarText(a) ?? "", scalarText(b) ?? ""];
  const byNumber = Number(left) - Number(right);
  if (!Number.isNaN(byNumber) && left !== "" && right !== "") return byNumber;
  return left < right ? -1 : left > right ? 1 : 0;
}
