import type { PaginationConfig, SourceConfig } from "../config/config.ts";
import { scalarText, type Json } from "../core/json.ts";
import { dateHeader, jsonAnswer, notFound, type Answer } from "./answer.ts";
import type { Catalogue, Version } from "./catalogue.ts";
import { at, placeOf, put, type Place } from "./place.ts";

interface Options {
  readonly config: SourceConfig;
  readonly catalogue: Catalogue;
  /** The path of the list. */
  readonly path: string;
  readonly pageSize: number;
  readonly wallMs: () => number;
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

/** The source API, as the config declares it: records that change, listed by page. */
export class SourceDouble {
  readonly #options: Options;
  readonly #rows = new Map<number, Version>();
  /** What it shows of records that are deleted. */
  readonly #tombstones = new Map<number, Version>();
  readonly #records: Place;
  readonly #shownMs = new Map<number, number>();
  /** When anything changed last. */
  changedMs = 0;

  constructor(options: Options) {
    this.#options = options;
    this.#records = placeOf(options.config.records) ?? NOWHERE;
  }

  /** The records as they are, by their ids. */
  get records(): ReadonlyMap<number, Version> {
    return this.#rows;
  }

  put(version: Version): void {
    this.#rows.set(version.id, version);
    this.#tombstones.delete(version.id);
    this.#shownMs.set(version.id, this.#options.wallMs());
    this.changedMs = this.#options.wallMs();
  }

  delete(id: number, tombstone: Version | undefined): void {
    this.#rows.delete(id);
    if (tombstone !== undefined) this.#tombstones.set(id, tombstone);
    this.#shownMs.set(id, this.#options.wallMs());
    this.changedMs = this.#options.wallMs();
  }

  /** The records that it marks as deleted. */
  get tombstones(): ReadonlyMap<number, Version> {
    return this.#tombstones;
  }

  /** Since when a record is shown as it is. */
  shownSinceMs(id: number): number {
    return this.#shownMs.get(id) ?? Number.POSITIVE_INFINITY;
  }

  /** Whether a request asks for a page by a position that an earlier page gave. */
  isFollowing(url: URL): boolean {
    const { pagination } = this.#options.config;
    return url.searchParams.has("param" in pagination ? pagination.param : POSITION);
  }

  /** `repeats`: a page names its own position as the next one. */
  answer(method: string, url: URL, repeats = false): Answer {
    const { path, config, pageSize, catalogue } = this.#options;
    if (url.pathname === path && config.request.startsWith(`${method} `)) {
      const { pagination } = config;
      const size = "size" in pagination ? pagination.size : undefined;
      const asked = size?.param === undefined ? null : url.searchParams.get(size.param);
      return this.#page(this.#listed(url), Number(asked ?? size?.value ?? pageSize), url, repeats);
    }
    const id = catalogue.readAtSource(method, url.pathname + url.search);
    const row = id === undefined ? undefined : this.#rows.get(id);
    const place = placeOf(config.read?.record ?? "$") ?? NOWHERE;
    return row === undefined ? notFound : this.#dated(jsonAnswer(200, put(undefined, place, row.record)));
  }

  /** The rows in the order of the list. */
  #listed(url: URL): readonly Version[] {
    const { cursor, pagination } = this.#options.config;
    const since = cursor === undefined ? null : url.searchParams.get(cursor.param);
    const sinceMs = since === null ? undefined : cursor?.type === "integer" ? Number(since) : Date.parse(since);
    const rows = [...this.#rows.values(), ...this.#tombstones.values()].filter(
      ({ changedMs }) => sinceMs === undefined || changedMs >= sinceMs,
    );
    const byId = (a: Version, b: Version): number => a.id - b.id;
    const from = pagination.type === "keyset" ? placeOf(pagination.from) : undefined;
    if (from !== undefined)
      return rows.toSorted((a, b) => compare(at(a.record, from), at(b.record, from)) || byId(a, b));
    return rows.toSorted(cursor?.sorted === true ? (a, b) => a.changedMs - b.changedMs || byId(a, b) : byId);
  }

  #page(rows: readonly Version[], size: number, url: URL, repeats: boolean): Answer {
    const { pagination } = this.#options.config;
    const asked = url.searchParams;
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
  #following(rows: readonly Version[], size: number, url: URL, { pagination, repeats }: Following): Answer {
    const isSorted = this.#options.config.cursor?.sorted === true;
    const param = pagination.type === "cursor" ? pagination.param : POSITION;
    const token = url.searchParams.get(param);
    const [afterMs, afterId] = token === null ? [-Infinity, -Infinity] : (JSON.parse(atob(token)) as [number, number]);
    const rest = rows.filter(({ changedMs, id }) =>
      isSorted ? changedMs > afterMs || (changedMs === afterMs && id > afterId) : id > afterId,
    );
    const page = rest.slice(0, size);
    const last = rest.length <= size ? undefined : page.at(-1);
    const following = last === undefined ? null : btoa(JSON.stringify([last.changedMs, last.id]));
    const next = repeats && token !== null ? token : following;
    const place = "next" in pagination ? (placeOf(pagination.next) ?? NOWHERE) : NOWHERE;
    if (next === null || pagination.type === "cursor")
      return this.#list(page, pagination.type === "link" ? {} : { members: [[place, next]] });
    const address = new URL(url);
    address.searchParams.set(param, next);
    if (pagination.type === "nextUrl") return this.#list(page, { members: [[place, address.href]] });
    return this.#list(page, { headers: { link: `<${address.href}>; rel="next"` } });
  }

  #list(rows: readonly Version[], { members = [], headers = {} }: Extra = {}): Answer {
    let body = put(
      undefined,
      this.#records,
      rows.map(({ record }) => record),
    );
    for (const [place, value] of members) body = put(body, place, value);
    return this.#dated(jsonAnswer(200, body, headers));
  }

  #dated({ status, headers, body }: Answer): Answer {
    return { status, headers: { ...dateHeader(this.#options.wallMs()), ...headers }, body };
  }
}

/** Numbers by their value, everything else by its text; what came in an address is a text. */
function compare(a: Json | undefined, b: Json | undefined): number {
  const [left, right] = [scalarText(a) ?? "", scalarText(b) ?? ""];
  const byNumber = Number(left) - Number(right);
  if (!Number.isNaN(byNumber) && left !== "" && right !== "") return byNumber;
  return left < right ? -1 : left > right ? 1 : 0;
}
