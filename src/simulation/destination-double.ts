import type { DestinationConfig } from "../config/config.ts";
import { isObject, scalarText, type Json, type JsonObject } from "../core/json.ts";
import { dateHeader, jsonAnswer, notFound, type Answer } from "./answer.ts";
import type { Catalogue, Meaning, Version, WriteMeaning } from "./catalogue.ts";
import { Doubts } from "./doubts.ts";
import { Fence } from "./fence.ts";
import { lackedBy, newIds, rowsOf, shownOf, type DestinationRequest, type Item } from "./item.ts";
import { Listing } from "./listing.ts";
import { resultOf, type ResultFaults } from "./result-faults.ts";
import { placeOf, put, type Place } from "./place.ts";
import { RememberedKeys } from "./remembered-keys.ts";
import type { Wording } from "./wording.ts";

interface Options {
  readonly config: DestinationConfig;
  readonly catalogue: Catalogue;
  readonly wording: Pick<Wording, "missing" | "exists">;
  readonly lateWriteMs: number;
  /** A record comes after the one that its `parent` names. */
  readonly refers: boolean;
  readonly results: ResultFaults;
  readonly wallMs: () => number;
}

/** Records on a page of its list. */
const LISTED = 20;

/** The destination API, as the config declares it. Everything happens at the instant at which a request arrives. */
export class DestinationDouble {
  /** What an engine must never do, whatever happens. */
  readonly breaches: string[] = [];
  /** Writes and deletes that were applied. */
  effects = 0;
  /** Writes that changed nothing. */
  repeated = 0;
  /** Those of them for which there was no reason: no fault had met the record, and no process had died. */
  needless = 0;
  readonly doubts: Doubts;
  readonly #options: Options;
  readonly #items = new Map<string, Item>();
  readonly #keys: RememberedKeys;
  readonly #fence: Fence;
  readonly #find: { readonly record: Place; readonly id: Place } | undefined;
  readonly #read: Place;
  readonly #created: Place;
  readonly #listing: Listing | undefined;
  /** Requests that name an item can only be known once it has its id. */
  #indexed: Promise<void> = Promise.resolve();
  readonly #newId: (version: Version) => string;
  #numbers = 0;

  constructor(options: Options) {
    this.#options = options;
    this.doubts = new Doubts(options.lateWriteMs, options.wallMs);
    const { create, upsert, find, read, list } = options.config;
    this.#fence = new Fence(options.config);
    this.#newId = newIds(options.refers, this.#items);
    const onBreach = (text: string): void => void this.breaches.push(text);
    this.#keys = new RememberedKeys(create?.idempotencyKey ?? upsert?.idempotencyKey, options.wallMs, onBreach);
    this.#find = find && { record: placeOf(find.record ?? "$") ?? [], id: placeOf(find.id) ?? [] };
    this.#read = placeOf(read?.record ?? "$") ?? [];
    this.#created = placeOf(create?.id ?? "$") ?? [];
    this.#listing = list && new Listing({ ...list, pageSize: LISTED, isByTime: false });
  }

  get items(): readonly Item[] {
    return [...this.#items.values()];
  }

  /** It had this record before any run. What it calls it. */
  async hold(version: Version): Promise<string> {
    const { catalogue } = this.#options;
    const { address } = version;
    const name = address ?? this.#newId(version);
    const body = catalogue.bodyOf(version, "create", name) ?? "";
    const createdMs = Number.NEGATIVE_INFINITY;
    this.#items.set(name, {
      number: (this.#numbers += 1),
      name,
      version,
      operation: "create",
      body,
      tag: 0,
      createdMs,
    });
    if (address === undefined) await catalogue.addItem(name, version.id);
    return name;
  }

  /** Somebody else changes a record. */
  edit(item: Item, edited: JsonObject): void {
    this.#items.set(item.name, { ...item, edited, body: JSON.stringify(edited), tag: item.tag + 1 });
  }

  /** Somebody else deletes a record. */
  remove({ name }: Item): void {
    this.#items.delete(name);
  }

  /** What a request means by the config; undefined when no config would make it of any record. */
  meaningOf(request: DestinationRequest): Meaning | undefined {
    const { catalogue, config } = this.#options;
    const { method, url, body } = this.#fence.sent(request).plain;
    const { upsertMany, createMany, deleteMany } = config;
    const line = `${method} ${url.pathname}`;
    if (line === config.list?.request) return { kind: "list" };
    const elements = (): readonly Json[] => JSON.parse(body ?? "[]") as readonly Json[];
    if (line === (upsertMany ?? createMany)?.request)
      return { kind: "batch", writes: elements().map((each) => catalogue.elementOf(JSON.stringify(each))) };
    if (line === deleteMany?.request)
      return { kind: "batch", writes: elements().map((key) => this.#deleteOf(scalarText(key) ?? "")) };
    return catalogue.meaningOf(method, url.pathname + url.search, body);
  }

  /** What the element of a batch of deletes means, which is a key. */
  #deleteOf(key: string): WriteMeaning | undefined {
    const item = this.items.find(({ version }) => version.key === key);
    const version = item?.version ?? this.#options.catalogue.versionOfKey(key);
    return version && { kind: "write", operation: "delete", item: item?.name, versions: [version] };
  }

  #writesOf(request: DestinationRequest): readonly WriteMeaning[] {
    const meaning = this.meaningOf(request);
    if (meaning?.kind === "batch") return meaning.writes.filter((write) => write !== undefined);
    return meaning?.kind === "write" ? [meaning] : [];
  }

  /** The keys of the records that a request may be about. */
  keysOf(request: DestinationRequest): readonly string[] {
    const meaning = this.meaningOf(request);
    const { catalogue } = this.#options;
    const writes = this.#writesOf(request);
    if (writes.length > 0) return [...new Set(writes.flatMap(({ versions }) => versions.map(({ key }) => key)))];
    if (meaning?.kind === "find")
      return [...meaning.ids].flatMap((id) => catalogue.versionsOf(id).slice(0, 1)).map(({ key }) => key);
    const item = meaning?.kind === "read" ? this.#items.get(meaning.item) : undefined;
    return item === undefined ? [] : [item.version.key];
  }

  /** The same for each record that a request would write. */
  writtenKeys(request: DestinationRequest): readonly (readonly string[])[] {
    const writes = this.#writesOf(request);
    if (writes.length === 0) return [this.keysOf(request)];
    return writes.map(({ versions }) => [...new Set(versions.map(({ key }) => key))]);
  }

  /** Whether a request would change something: by its method alone where no config makes it of any record. */
  isWrite(request: DestinationRequest): boolean {
    const meaning = this.meaningOf(request);
    return meaning === undefined ? request.method !== "GET" : meaning.kind === "write" || meaning.kind === "batch";
  }

  /** Whether a request would delete a record. */
  isDelete(request: DestinationRequest): boolean {
    return this.#writesOf(request).some(({ operation }) => operation === "delete");
  }

  /** Whether a request bears a key by which it is known again. */
  hasKey(request: DestinationRequest): boolean {
    return this.#keys.keyOf(request) !== undefined;
  }

  /** Applies the request now; that its answer takes a moment to be written changes nothing any more. */
  async answer(request: DestinationRequest): Promise<Answer> {
    const answer = this.#apply(request);
    await this.#indexed;
    return { ...answer, headers: { ...dateHeader(this.#options.wallMs()), ...answer.headers } };
  }

  /** Whoever sent this write has reason to doubt what it came to. */
  doubt(request: DestinationRequest): void {
    this.#doubtEach(this.#writesOf(request));
  }

  #doubtEach(writes: readonly (WriteMeaning | undefined)[]): void {
    this.doubts.add(writes.flatMap((write) => write?.versions ?? []).map(({ id }) => id));
  }

  #apply(request: DestinationRequest): Answer {
    const meaning = this.meaningOf(request);
    if (meaning?.kind === "list")
      return this.#listing?.answer(rowsOf(this.items, this.#created), request.url) ?? notFound;
    if (meaning?.kind === "find") return this.#search(meaning.ids);
    if (meaning?.kind === "read") {
      const item = this.#items.get(meaning.item);
      if (item === undefined) return this.#options.wording.missing;
      const shown = this.#fence.with(shownOf(item), item);
      return jsonAnswer(200, put(undefined, this.#read, shown), this.#fence.headersOf(item));
    }
    if (meaning?.kind === "batch") return this.#writeEach(meaning.writes, request);
    if (meaning?.kind === "write") return this.#keys.once(request, () => this.#based(meaning, request));
    if (request.method !== "GET")
      this.breaches.push(`no version of any record makes ${request.method} ${request.url.pathname} ${request.body}`);
    return notFound;
  }

  #search(ids: ReadonlySet<number>): Answer {
    const { record, id } = this.#find ?? { record: [], id: [] };
    const seenMs = this.#options.wallMs() - (this.#options.config.find?.visibilityLagMs ?? 0);
    const item = this.items.find(({ version, createdMs }) => ids.has(version.id) && createdMs <= seenMs);
    if (item === undefined && record.length === 0) return this.#options.wording.missing;
    // An empty list says that there is none, or null where it would stand.
    const none = record.some(({ index }) => index !== undefined) ? undefined : null;
    const found = item === undefined ? none : put(this.#fence.with(shownOf(item), item), id, item.name);
    return jsonAnswer(200, put(undefined, record, found), item && this.#fence.headersOf(item));
  }

  #based(meaning: WriteMeaning, request: DestinationRequest): Answer {
    const { item: named, operation } = meaning;
    const itemNow = (): Item | undefined => (named === undefined ? undefined : this.#items.get(named));
    const refusal = this.#fence.refusal(request, itemNow(), operation === "delete");
    if (refusal !== undefined) return refusal;
    const answer = this.#write(meaning, this.#fence.sent(request).plain);
    const after = itemNow();
    if (after === undefined || answer.status >= 300) return answer;
    return { ...answer, headers: { ...answer.headers, ...this.#fence.headersOf(after) } };
  }

  /** Each comes to its own end, and is told of in its place. */
  #writeEach(writes: readonly (WriteMeaning | undefined)[], request: DestinationRequest): Answer {
    const elements = JSON.parse(request.body ?? "[]") as readonly Json[];
    const results = writes.flatMap((write, index): Json | readonly Json[] => {
      const element = elements[index] as Json;
      if (write === undefined) {
        this.breaches.push(`no version of any record makes ${JSON.stringify(element)} of a batch`);
        return { status: 400, ok: false };
      }
      const { operation, item: name = "" } = write;
      const own = isObject(element) ? element : {};
      const refused = this.#fence.resultOf(this.#items.get(name));
      if (refused !== undefined) return { ...own, ...refused };
      const fault = this.#options.results.draw();
      if (fault === "throttled") return { ...own, ...resultOf(429) };
      if (fault !== undefined) this.#doubtEach(fault === "leftOut" ? writes : [write]);
      if (fault === "unwritten") return { ...own, ...resultOf(503) };
      const version = this.#versionNow(write);
      const body = operation === "delete" ? undefined : this.#options.catalogue.bodyOf(version, "create", name);
      const { status, body: said } = this.#write(write, { ...request, method: "POST", body });
      if (fault === "leftOut") return [];
      if (fault === "unsure") return { ...own, ...resultOf(503) };
      const created = said === "" ? {} : (JSON.parse(said) as JsonObject);
      const isMissing = operation === "delete" && status >= 400;
      const isThere = operation !== "delete" && status === this.#options.wording.exists.status;
      return { ...own, ...created, status, ok: status < 300, missing: isMissing, exists: isThere };
    });
    return jsonAnswer(207, { results });
  }

  #versionNow({ versions }: WriteMeaning): Version {
    const nowMs = this.#options.wallMs();
    return versions.findLast(({ changedMs }) => changedMs <= nowMs) ?? (versions[0] as Version);
  }

  #write(meaning: WriteMeaning, { method, body = "" }: Pick<DestinationRequest, "method" | "body">): Answer {
    const { operation, item: named, versions } = meaning;
    if (operation === "delete") return this.#delete(named, versions);
    const nowMs = this.#options.wallMs();
    const version = this.#versionNow(meaning);
    const { create, find } = this.#options.config;
    // A PUT replaces what is at its address, though it is the destination that gives the record its id.
    const replaced = method === "PUT" ? this.items.find((item) => item.version.id === version.id) : undefined;
    const before = named === undefined ? replaced : this.#items.get(named);
    if (named !== undefined && before === undefined && create !== undefined) return notFound;
    if (named === undefined && find?.unique === true && this.items.some((item) => item.version.id === version.id))
      return this.#options.wording.exists;
    const lacks = this.#options.refers && lackedBy(version, this.#items.values());
    if (typeof lacks === "string")
      this.breaches.push(`record ${version.key} comes before ${lacks}, to which it refers`);
    if (version.content.flaw === "refused") return jsonAnswer(422, { code: "invalid", message: "no such name" });
    const name = named ?? before?.name ?? this.#newId(version);
    if (before !== undefined && this.#bodyAs(before, operation) === body) this.#repeat(version);
    const tag = (before?.tag ?? 0) + 1;
    this.effects += 1;
    const number = before?.number ?? (this.#numbers += 1);
    this.#items.set(name, { number, name, version, operation, body, tag, createdMs: before?.createdMs ?? nowMs });
    const said = this.#fence.with({}, { tag });
    if (named !== undefined) return jsonAnswer(before === undefined ? 201 : 200, said);
    if (before === undefined)
      this.#indexed = this.#indexed.then(() => this.#options.catalogue.addItem(name, version.id));
    return jsonAnswer(201, put(said, this.#created, name));
  }

  #delete(named: string | undefined, [version]: readonly Version[]): Answer {
    this.effects += 1;
    if (named !== undefined && this.#items.delete(named)) return { status: 204, headers: {}, body: "" };
    this.#repeat(version as Version);
    return this.#options.wording.missing;
  }

  #repeat({ id }: Version): void {
    this.repeated += 1;
    if (!this.doubts.has(id)) this.needless += 1;
  }

  /** The body with which this operation would write what the item holds. */
  #bodyAs({ name, version, operation, body, edited }: Item, asked: Item["operation"]): string | undefined {
    return asked === operation || edited !== undefined ? body : this.#options.catalogue.bodyOf(version, asked, name);
  }
}
