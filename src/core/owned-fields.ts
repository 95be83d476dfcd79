import { isExactNumber, isObject, type Json, type JsonObject } from "./json.ts";

/** The members of an object; what the items of a list have is in the list's own place. */
export interface Fields {
  readonly within: ReadonlyMap<string, Fields>;
  /** The mapping's text names them, so there are no others. */
  readonly isNamed: boolean;
}

/** Which fields a sync has made, as it is kept from one run to the next. */
export interface StoredFields {
  /** Fingerprint of the mapping that made them: those of another one say nothing. */
  readonly mapping: string;
  /** Opaque JSON. */
  readonly names: string;
}

interface Growing extends Fields {
  readonly within: Map<string, Growing>;
  isNamed: boolean;
  /** Its members' names are data: nothing is known of them. */
  isData: boolean;
}

/** An object with more different members than this uses data as their names, such as prices by product. */
export const MEMBERS_MAX = 300;

/** Of all objects together. */
const FIELDS_MAX = 10_000;

/** What a mapping's text says of a field: the fields within it; null where the source decides, and `data` where what there is differs from place to place. */
export type Outline = null | "data" | { readonly [name: string]: Outline };

/**
 * The fields that a mapping owns in the destination: those that its text names, and those that it has been seen to make, where it takes over whole
 * objects or the record as it is. A field that one record has is owned in all: where another leaves it out, the destination is to hold nothing there.
 */
export class OwnedFields {
  readonly #mapping: string;
  readonly #fields: Growing = noFields();
  #size = 0;
  #isGrown = true;
  #isRestored = false;

  /** @param mapping its fingerprint */
  constructor(mapping: string, outline: Outline) {
    this.#mapping = mapping;
    this.#sketch(outline, this.#fields);
  }

  get fields(): Fields {
    return this.#fields;
  }

  /** What earlier runs have made under this mapping is known; until then each record tells, whether it is written or not. */
  get isRestored(): boolean {
    return this.#isRestored;
  }

  /** Takes in the fields of a mapped record. */
  learn(mapped: JsonObject): void {
    this.#learn(mapped, this.#fields);
  }

  /** What is not kept yet; undefined when there is nothing new. */
  get unkept(): StoredFields | undefined {
    return this.#isGrown ? { mapping: this.#mapping, names: JSON.stringify(namesOf(this.#fields)) } : undefined;
  }

  kept({ names }: StoredFields): void {
    if (this.unkept?.names === names) this.#isGrown = false;
  }

  /** Takes in what was kept. */
  restore({ mapping, names }: StoredFields): void {
    if (mapping !== this.#mapping) return;
    this.#sketch(JSON.parse(names) as Outline, this.#fields, false);
    this.#isRestored = true;
    this.#isGrown = JSON.stringify(namesOf(this.#fields)) !== names;
  }

  #sketch(outline: Outline, into: Growing, isText = true): void {
    if (outline === "data") return this.#forget(into);
    if (outline === null) return;
    if (isText) into.isNamed = true;
    for (const [name, inner] of Object.entries(outline)) this.#sketch(inner, this.#member(name, into), isText);
  }

  #learn(value: Json, into: Growing): void {
    if (into.isData) return;
    if (Array.isArray(value)) for (const item of value as readonly Json[]) this.#learn(item, into);
    else if (isObject(value))
      for (const name of Object.keys(value)) {
        let field = into.within.get(name);
        if (field === undefined) {
          if (this.#size >= FIELDS_MAX) continue;
          if (into.within.size >= MEMBERS_MAX && !into.isNamed) return this.#forget(into);
          field = this.#member(name, into);
        }
        const inner = value[name];
        if (typeof inner === "object" && inner !== null && !isExactNumber(inner)) this.#learn(inner, field);
      }
  }

  #member(name: string, into: Growing): Growing {
    const known = into.within.get(name);
    if (known !== undefined) return known;
    const field = noFields();
    into.within.set(name, field);
    this.#size += 1;
    this.#isGrown = true;
    return field;
  }

  #forget(into: Growing): void {
    this.#size -= sizeOf(into);
    into.within.clear();
    into.isData = true;
    this.#isGrown = true;
  }
}

const noFields = (): Growing => ({ within: new Map(), isNamed: false, isData: false });

const sizeOf = ({ within }: Fields): number => [...within.values()].reduce((sum, field) => sum + 1 + sizeOf(field), 0);

/** Where nothing is known of the members. */
const UNKNOWN: Fields = noFields();

/** The fields of a member. */
export const fieldsWithin = (fields: Fields | undefined, name: string): Fields | undefined =>
  fields && (fields.within.get(name) ?? UNKNOWN);

/** Whether a value says no more than that there is none: null, an empty text or list, or an object that has none in any field of the mapping's. */
function isNothing(value: Json | undefined, fields: Fields): boolean {
  if (value === undefined || value === null || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  if (!isObject(value)) return false;
  if (fields.within.size === 0) return Object.keys(value).length === 0;
  return Object.keys(value).every((name) => {
    const field = fields.within.get(name);
    return field === undefined || isNothing(value[name], field);
  });
}

/**
 * The members that `found` has in the place of what `wanted` leaves out.
 *
 * @param owned those that may be such
 * @param isForeign nothing of this mapping has been written there: where its text does not name them, any member may be one that it would have cleared
 */
export function leftOver(found: JsonObject, wanted: JsonObject, owned: Fields, isForeign: boolean): readonly string[] {
  const isAny = isForeign && !owned.isNamed;
  return Object.keys(found).filter((name) => {
    if (Object.hasOwn(wanted, name)) return false;
    const field = owned.within.get(name);
    return (isAny || field !== undefined) && !isNothing(found[name], field ?? UNKNOWN);
  });
}

const namesOf = ({ within, isData }: Growing): Outline =>
  isData ? "data" : Object.fromEntries([...within].map(([name, field]) => [name, namesOf(field)]));
