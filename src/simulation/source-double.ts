import type { SourceConfig } from "../config/config.ts";
import { dateHeader, jsonAnswer, notFound, type Answer } from "./answer.ts";
import type { Catalogue, Version } from "./catalogue.ts";
import type { Lapse } from "./world.ts";
import { placeOf, put, type Place } from "./place.ts";
import { SourceLists } from "./source-lists.ts";

interface Options {
  readonly config: SourceConfig;
  readonly catalogue: Catalogue;
  /** See {@link SourceLists}. */
  readonly path: string;
  readonly nested: ReadonlyMap<string, number> | undefined;
  readonly pageSize: number;
  readonly wallMs: () => number;
  readonly lapses: readonly Lapse[];
  /** Whether the guard would notice that such records are left out: fewer than it counts are not promised to survive. */
  readonly isNoticed: (isLeftOut: (id: number) => boolean) => boolean;
  /** When the world began, by that clock. */
  readonly epochMs: number;
}

const NOWHERE: Place = [];

const isOdd = (id: number): boolean => id % 2 === 1;

/** The source API, as the config declares it: records that change, listed by page. */
export class SourceDouble {
  readonly #options: Options;
  readonly #rows = new Map<number, Version>();
  /** What it shows of records that are deleted. */
  readonly #tombstones = new Map<number, Version>();
  readonly #lists: SourceLists;
  readonly #shownMs = new Map<number, number>();
  /** When anything changed last. */
  changedMs = 0;

  constructor(options: Options) {
    this.#options = options;
    this.#lists = new SourceLists(options);
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

  /** What every read that began then (wall clock), or later, has been shown as it is. */
  shownSince(startedMs: number): readonly Version[] {
    if (this.hasLapsedSince(startedMs)) return [];
    return [...this.#rows.values()].filter(({ id }) => this.shownSinceMs(id) < startedMs);
  }

  /** Whether a request asks for a page by a position that an earlier page gave. */
  isFollowing(url: URL): boolean {
    return this.#lists.isFollowing(url);
  }

  /** `repeats`: a page names its own position as the next one. */
  answer(method: string, url: URL, repeats = false): Answer {
    const { config, catalogue } = this.#options;
    const all = [...this.#rows.values(), ...this.#tombstones.values()];
    const asked = this.#lists.asked(method, url, all, (rows) => this.#admitted(rows));
    if (asked !== undefined) return this.#dated(asked.listing.answer(asked.rows, url, repeats));
    const id = catalogue.readAtSource(method, url.pathname + url.search);
    const row = id === undefined ? undefined : this.#rows.get(id);
    const place = placeOf(config.read?.record ?? "$") ?? NOWHERE;
    return row === undefined ? notFound : this.#dated(jsonAnswer(200, put(undefined, place, row.record)));
  }

  /** Whether a read that began then (wall clock) may have been shown less than there is. */
  hasLapsedSince(startedMs: number): boolean {
    return this.#options.lapses.some(({ toMs }) => startedMs < this.#options.epochMs + toMs);
  }

  /** What it admits to having just now. */
  #admitted(rows: readonly Version[]): readonly Version[] {
    const { lapses, epochMs, wallMs, isNoticed } = this.#options;
    const nowMs = wallMs() - epochMs;
    const lapse = lapses.find(({ fromMs, toMs }) => fromMs <= nowMs && nowMs < toMs);
    if (lapse === undefined) return rows;
    if (lapse.kind === "empty") return [];
    return isNoticed(isOdd) ? rows.filter(({ id }) => !isOdd(id)) : rows;
  }

  #dated({ status, headers, body }: Answer): Answer {
    return { status, headers: { ...dateHeader(this.#options.wallMs()), ...headers }, body };
  }
}
