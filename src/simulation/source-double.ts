import { dateHeader, jsonAnswer, notFound, type Answer } from "./answer.ts";
import type { SourceShape } from "./shape.ts";

/** A record of the source, as it lists it. */
export interface SourceItem {
  readonly id: number;
  readonly name: string;
  /** Counts the edits of the world; an edit that takes a change back has the number of what it restores. */
  readonly edit: number;
  /** As the source writes it: a timestamp or a number. */
  readonly changed: string | number;
}

interface Row {
  readonly item: SourceItem;
  readonly changedMs: number;
}

/** What an edit makes of a record; an undefined content deletes it. */
export interface Content {
  readonly name: string;
  readonly edit: number;
}

/** The source API: records that change, listed by page. */
export class SourceDouble {
  readonly #shape: SourceShape;
  readonly #wallMs: () => number;
  readonly #rows = new Map<number, Row>();

  constructor(shape: SourceShape, wallMs: () => number) {
    this.#shape = shape;
    this.#wallMs = wallMs;
  }

  /** The records as they are, by their ids. */
  get records(): ReadonlyMap<number, SourceItem> {
    return new Map([...this.#rows].map(([id, { item }]) => [id, item]));
  }

  /** Makes a change visible; `stampedMs` is the time that the record bears. */
  put(id: number, content: Content | undefined, stampedMs: number): void {
    if (content === undefined) {
      this.#rows.delete(id);
      return;
    }
    const { cursor } = this.#shape;
    const resolutionMs = cursor?.resolutionMs ?? 1;
    const changedMs = Math.floor(stampedMs / resolutionMs) * resolutionMs;
    const changed = cursor?.type === "integer" ? Math.floor(changedMs) : new Date(changedMs).toISOString();
    this.#rows.set(id, { item: { id, ...content, changed }, changedMs });
  }

  answer(url: URL): Answer {
    if (url.pathname !== "/records") return notFound;
    const rows = this.#listed(url.searchParams.get("since"));
    const size =
      this.#shape.pagination === "none" ? rows.length : Number(url.searchParams.get("limit") ?? this.#shape.pageSize);
    return this.#page(rows, size, url);
  }

  #listed(since: string | null): readonly Row[] {
    const { cursor } = this.#shape;
    const sinceMs = since === null ? undefined : cursor?.type === "integer" ? Number(since) : Date.parse(since);
    const rows = [...this.#rows.values()].filter(({ changedMs }) => sinceMs === undefined || changedMs >= sinceMs);
    const byId = (a: Row, b: Row): number => a.item.id - b.item.id;
    return rows.toSorted(cursor?.sorted === true ? (a, b) => a.changedMs - b.changedMs || byId(a, b) : byId);
  }

  #page(rows: readonly Row[], size: number, url: URL): Answer {
    const { pagination, cursor } = this.#shape;
    const asked = url.searchParams;
    const isSorted = cursor?.sorted === true;
    const isAfter = ({ changedMs, item }: Row, [afterMs, afterId]: readonly [number, number]): boolean =>
      isSorted ? changedMs > afterMs || (changedMs === afterMs && item.id > afterId) : item.id > afterId;
    switch (pagination) {
      case "none":
        return this.#list(rows, undefined, {});
      case "page":
      case "offset": {
        const from =
          pagination === "page" ? (Number(asked.get("page") ?? 1) - 1) * size : Number(asked.get("offset") ?? 0);
        return this.#list(rows.slice(from, from + size), undefined, {});
      }
      case "keyset": {
        const after = asked.get("after");
        const rest = rows.filter((row) => after === null || isAfter(row, [row.changedMs, Number(after)]));
        return this.#list(rest.slice(0, size), undefined, {});
      }
      case "cursor":
      case "link":
      case "nextUrl": {
        const token = asked.get("cursor");
        const after = token === null ? undefined : (JSON.parse(atob(token)) as readonly [number, number]);
        const rest = after === undefined ? rows : rows.filter((row) => isAfter(row, after));
        const last = rest[size - 1];
        const next =
          last === undefined || rest.length <= size ? undefined : btoa(JSON.stringify([last.changedMs, last.item.id]));
        if (next === undefined || pagination === "cursor") return this.#list(rest.slice(0, size), next ?? null, {});
        const address = new URL(url);
        address.searchParams.set("cursor", next);
        if (pagination === "nextUrl") return this.#list(rest.slice(0, size), address.href, {});
        return this.#list(rest.slice(0, size), undefined, { link: `<${address.href}>; rel="next"` });
      }
    }
  }

  #list(rows: readonly Row[], next: string | null | undefined, headers: Readonly<Record<string, string>>): Answer {
    const body = { data: rows.map(({ item }) => item), meta: next === undefined ? {} : { next } };
    return jsonAnswer(200, body, { ...dateHeader(this.#wallMs()), ...headers });
  }
}
