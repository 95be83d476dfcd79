import type { RequestTemplate } from "../core/url-template.ts";
import type { JsonObject } from "../core/json.ts";
import type { OperationKind } from "../core/operation.ts";
import type { Sync } from "../core/sync.ts";
import type { Content } from "./world.ts";

/** A record of the source as it is from one edit to the next. */
export interface Version {
  readonly id: number;
  readonly content: Content;
  readonly changedMs: number;
  readonly record: JsonObject;
  readonly key: string;
  /** Empty where nothing can be made of the record. */
  readonly mapped: JsonObject;
  /** Where it is in the destination; undefined where that gives ids. */
  readonly address: string | undefined;
}

/** What a request to the destination means by the config. */
export type Meaning =
  | {
      readonly kind: "write";
      readonly operation: "create" | "update" | "delete";
      /** The item that it names by its address or id; undefined for a create that the destination gives an id. */
      readonly item: string | undefined;
      /** What it may be to write, the latest last. They have nothing that the request would show apart. */
      readonly versions: readonly Version[];
    }
  /** Many writes in one request; undefined for one that no version gives. */
  | { readonly kind: "batch"; readonly writes: readonly (WriteMeaning | undefined)[] }
  | { readonly kind: "find"; readonly ids: ReadonlySet<number> }
  | { readonly kind: "read"; readonly item: string }
  | { readonly kind: "list" };

export type WriteMeaning = Extract<Meaning, { kind: "write" }>;

interface Requests {
  readonly sync: Sync;
  readonly find: RequestTemplate | undefined;
  readonly read: RequestTemplate | undefined;
  readonly sourceRead: RequestTemplate | undefined;
}

/**
 * All records of a world in all their versions, and every request that the config makes of them, rendered ahead. A double looks a request up
 * here instead of reading it, so it needs to know nothing of bodies and addresses, and a request that no version gives is noticed.
 */
export class Catalogue {
  readonly #requests: Requests;
  readonly #byId = new Map<number, Version[]>();
  readonly #meanings = new Map<string, Meaning>();
  readonly #bodies = new Map<string, string>();
  readonly #sourceReads = new Map<string, number>();
  /** By what a batch has of each. */
  readonly #elements = new Map<string, readonly Version[]>();

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  /** The versions of a record, the earliest first. */
  versionsOf(id: number): readonly Version[] {
    return this.#byId.get(id) ?? [];
  }

  /** Takes a version of a record into the catalogue, a later one after an earlier one. Throws when the config cannot make one of it. */
  async add(
    { id, content, changedMs }: Pick<Version, "id" | "content" | "changedMs">,
    record: JsonObject,
  ): Promise<Version> {
    const { sync, find, read, sourceRead } = this.#requests;
    const reading = await sync.key(record);
    if (!reading.ok) throw new Unusable(reading.reason, UNREADABLE);
    const { key } = reading;
    const made = await sync.mapping.map(record);
    if (!made.ok && content.flaw === "invalid") {
      const invalid: Version = { id, content, changedMs, record, key, mapped: {}, address: undefined };
      this.#byId.set(id, [...this.versionsOf(id), invalid]);
      return invalid;
    }
    if (!made.ok) throw new Unusable(made.reason, 1 + made.reason.split("; ").length);
    const addressed = await sync.destination.address({ key, mapped: made.mapped, body: record });
    if (!addressed.ok) throw new Unusable(addressed.reason);
    const { address } = addressed;
    const version: Version = { id, content, changedMs, record, key, mapped: made.mapped, address };
    this.#byId.set(id, [...this.versionsOf(id), version]);

    const element = JSON.stringify(version.mapped);
    this.#elements.set(element, [...(this.#elements.get(element) ?? []), version]);
    const isOwn = address !== undefined;
    await this.#write("create", version, undefined);
    if (isOwn && sync.destination.traits.delete !== undefined) await this.#write("delete", version, undefined);
    const scope = { mapped: version.mapped, key, source: record };
    if (address !== undefined && read !== undefined) this.#read(await read.render(scope), read.method, address);
    if (find !== undefined) {
      const rendered = await find.render(scope);
      if (!rendered.ok) throw new Unusable(rendered.reason);
      const name = nameOf(find.method, rendered.path);
      const known = this.#meanings.get(name);
      this.#meanings.set(name, { kind: "find", ids: new Set([...(known?.kind === "find" ? known.ids : []), id]) });
    }
    if (sourceRead !== undefined) {
      const rendered = await sourceRead.render({ mapped: {}, key, source: {} });
      if (rendered.ok) this.#sourceReads.set(nameOf(sourceRead.method, rendered.path), id);
    }
    return version;
  }

  /** The requests that name an item by the id that the destination gave it. */
  async addItem(item: string, id: number): Promise<void> {
    const { sync, read } = this.#requests;
    for (const version of this.versionsOf(id)) {
      if (version.content.flaw === "invalid") continue;
      if (sync.destination.traits.updates) await this.#write("update", version, item);
      if (sync.destination.traits.delete !== undefined) await this.#write("delete", version, item);
      const scope = { mapped: version.mapped, key: version.key, source: version.record, destinationId: item };
      if (read !== undefined) this.#read(await read.render(scope), read.method, item);
    }
  }

  /** Undefined for a request that the config does not make of any record. */
  meaningOf(method: string, path: string, body: string | undefined): Meaning | undefined {
    return this.#meanings.get(nameOf(method, path, body));
  }

  /** Some version of the record with this key. */
  versionOfKey(key: string): Version | undefined {
    for (const versions of this.#byId.values()) if (versions[0]?.key === key) return versions.at(-1);
    return undefined;
  }

  /** What an element of a batch of records means; undefined when no version gives it. */
  elementOf(element: string): WriteMeaning | undefined {
    const versions = this.#elements.get(element);
    return versions && { kind: "write", operation: "create", item: versions[0]?.address, versions };
  }

  /** The record that a look-up at the source is about. */
  readAtSource(method: string, path: string): number | undefined {
    return this.#sourceReads.get(nameOf(method, path));
  }

  /** The body with which a version is written to an item. */
  bodyOf(version: Version, operation: "create" | "update", item: string): string | undefined {
    return this.#bodies.get(this.#bodyName(version, operation, item));
  }

  async #write(operation: OperationKind, version: Version, item: string | undefined): Promise<void> {
    const { destination } = this.#requests.sync;
    const { address } = version;
    const body = operation === "delete" ? {} : version.record;
    const rendered = await destination.render(operation, { ...version, body }, item);
    if (!rendered.ok) throw new Unusable(rendered.reason);
    const { method, url, body: sent = "" } = rendered.write;
    const { pathname, search } = new URL(url);
    const name = nameOf(method, pathname + search, sent);
    const known = this.#meanings.get(name);
    const versions = [...(known?.kind === "write" ? known.versions : []), version];
    this.#meanings.set(name, { kind: "write", operation, item: address ?? item, versions });
    if (operation !== "delete") this.#bodies.set(this.#bodyName(version, operation, item), sent);
  }

  #read(rendered: Awaited<ReturnType<RequestTemplate["render"]>>, method: string, item: string): void {
    if (rendered.ok) this.#meanings.set(nameOf(method, rendered.path), { kind: "read", item });
  }

  #bodyName(version: Version, operation: "create" | "update", item = ""): string {
    // A create does not know its item yet, and an address is part of no body.
    const named = operation === "create" ? "" : item;
    return `${operation} ${version.id} ${this.versionsOf(version.id).indexOf(version)} ${named}`;
  }
}

/** Without a key nothing else can be looked at. */
const UNREADABLE = 1_000;

/** A record of which the config makes no request. */
export class Unusable extends Error {
  /** The more of it is wrong the more. */
  readonly weight: number;

  constructor(reason: string, weight = 1) {
    super(reason);
    this.weight = weight;
  }
}

const nameOf = (method: string, path: string, body = ""): string => `${method} ${path} ${body}`;
